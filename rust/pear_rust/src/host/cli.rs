//! wasi:cli/stdout and stderr, and everything that wasmtime-wasi serves.

use super::body::{OutputStream, Target};
use super::slots::Parent;
use super::{Cx, State};
use crate::abi::{GrantsView, HostRef, Stream};
use wasmtime::Result;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, random, sockets};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView as _};
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView as _};
use wasmtime_wasi::{FsPerms, WasiCtx};
use wasmtime_wasi_io::streams::DynOutputStream;

/// Random bytes that a guest can have at once: the host makes them while the guest's core waits.
const RANDOM_BYTES_MAX: u64 = 1 << 20;

/// The state of wasmtime-wasi for one instance. A folder that cannot be opened is left out, and the
/// guest's stderr says so: the guest finds what it was granted, or nothing.
pub fn wasi_context(host: HostRef, grants: GrantsView) -> WasiCtx {
    let mut wasi = WasiCtx::builder();
    wasi.max_random_size(RANDOM_BYTES_MAX)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false);
    for (name, value) in grants.environment() {
        wasi.env(name, value);
    }
    for directory in grants.directories() {
        let permitted = if directory.writable { FsPerms::ReadWrite } else { FsPerms::ReadOnly };
        let opened = wasi.preopened_dir(directory.host_path, directory.guest_path, permitted);
        if let Err(error) = opened {
            let (path, cause) = (directory.guest_path, error.root_cause());
            let text = format!("pear: the folder {path} cannot be opened: {cause}\n");
            host.log(Stream::Stderr, text.as_bytes());
        }
    }
    wasi.build()
}

fn add_log(linker: &mut Linker<State>, interface: &str, name: &str, stream: Stream) -> Result<()> {
    linker.instance(interface)?.func_wrap(name, move |mut cx: Cx, ()| {
        let State { slots, account, .. } = cx.data_mut();
        let it = OutputStream { target: Target::Log(stream), failed: false };
        let rep = slots.push(account, it, Parent::None)?;
        Ok((Resource::<DynOutputStream>::new_own(rep),))
    })
}

pub fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    add_log(linker, "wasi:cli/stdout@0.2.12", "get-stdout", Stream::Stdout)?;
    add_log(linker, "wasi:cli/stderr@0.2.12", "get-stderr", Stream::Stderr)?;

    let l = linker;
    clocks::wall_clock::add_to_linker::<State, WasiClocks>(l, State::clocks)?;
    random::random::add_to_linker::<State, WasiRandom>(l, State::random)?;
    random::insecure::add_to_linker::<State, WasiRandom>(l, State::random)?;
    random::insecure_seed::add_to_linker::<State, WasiRandom>(l, State::random)?;
    filesystem::preopens::add_to_linker::<State, WasiFilesystem>(l, State::filesystem)?;
    filesystem::types::add_to_linker::<State, WasiFilesystem>(l, State::filesystem)?;
    cli::exit::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::environment::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;
    let network = sockets::network::LinkOptions::default();
    sockets::network::add_to_linker::<State, WasiSockets>(l, &network, State::sockets)?;
    sockets::instance_network::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::ip_name_lookup::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::tcp::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::tcp_create_socket::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::udp::add_to_linker::<State, WasiSockets>(l, State::sockets)?;
    sockets::udp_create_socket::add_to_linker::<State, WasiSockets>(l, State::sockets)
}
