//! wasi:cli: the standard streams by hand, the rest by wasmtime-wasi.

use super::body::{InputStream, OutputStream, Target};
use super::slots::Parent;
use super::{Cx, State};
use crate::abi::{GrantsView, Stream};
use wasmtime::Result;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::p2::bindings::cli;
use wasmtime_wasi_io::streams::{DynInputStream, DynOutputStream};

/// The state of wasmtime-wasi for one instance.
pub fn wasi_context(grants: GrantsView) -> WasiCtx {
    let mut wasi = WasiCtx::builder();
    wasi.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
    for (name, value) in grants.environment() {
        wasi.env(name, value);
    }
    wasi.build()
}

fn add_log(linker: &mut Linker<State>, interface: &str, name: &str, stream: Stream) -> Result<()> {
    linker.instance(interface)?.func_wrap(name, move |mut cx: Cx, ()| {
        let State { slots, account, .. } = cx.data_mut();
        let it = OutputStream::new(Target::Log(stream));
        let rep = slots.push(account, it, Parent::None)?;
        Ok((Resource::<DynOutputStream>::new_own(rep),))
    })
}

pub fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    add_log(linker, "wasi:cli/stdout@0.2.12", "get-stdout", Stream::Stdout)?;
    add_log(linker, "wasi:cli/stderr@0.2.12", "get-stderr", Stream::Stderr)?;

    linker.instance("wasi:cli/stdin@0.2.12")?.func_wrap("get-stdin", |mut cx: Cx, ()| {
        let State { slots, account, .. } = cx.data_mut();
        let rep = slots.push(account, InputStream::empty(), Parent::None)?;
        Ok((Resource::<DynInputStream>::new_own(rep),))
    })?;

    let l = linker;
    cli::exit::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::environment::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(l, State::cli)
}
