//! wasi:sockets: there, so that components that only might use them run, and denied where they begin.
//! A socket that is never made costs no descriptor.

use super::{Cx, State};
use crate::fault::rule;
use wasmtime::Result;
use wasmtime::component::{Linker, Resource, ResourceType};
use wasmtime_wasi::p2::bindings::sockets;
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::ResolveAddressStream;
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, IpAddress, IpAddressFamily};
use wasmtime_wasi::p2::{Network, TcpSocket, UdpSocket};
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView as _};
use wasmtime_wasi_io::poll::DynPollable;
use wasmtime_wasi_io::streams::Error;

type Stream = Resource<ResolveAddressStream>;
type Next = std::result::Result<Option<IpAddress>, ErrorCode>;
type Denied<T> = std::result::Result<Resource<T>, ErrorCode>;

const NO_STREAM: &str = "used a resolve-address-stream, of which there is none";

fn denied<T>() -> Result<(Denied<T>,)> {
    Ok((Err(ErrorCode::AccessDenied),))
}

pub fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    // A network has no state: there is one, and it leads nowhere.
    let mut network = linker.instance("wasi:sockets/network@0.2.12")?;
    network.resource("network", ResourceType::host::<Network>(), |_, _| Ok(()))?;
    network.func_wrap("network-error-code", |_: Cx, (_,): (Resource<Error>,)| {
        Ok((None::<ErrorCode>,))
    })?;
    linker
        .instance("wasi:sockets/instance-network@0.2.12")?
        .func_wrap("instance-network", |_: Cx, ()| Ok((Resource::<Network>::new_own(0),)))?;
    linker
        .instance("wasi:sockets/tcp-create-socket@0.2.12")?
        .func_wrap("create-tcp-socket", |_: Cx, (_,): (IpAddressFamily,)| denied::<TcpSocket>())?;
    linker
        .instance("wasi:sockets/udp-create-socket@0.2.12")?
        .func_wrap("create-udp-socket", |_: Cx, (_,): (IpAddressFamily,)| denied::<UdpSocket>())?;
    let mut names = linker.instance("wasi:sockets/ip-name-lookup@0.2.12")?;
    names.resource(
        "resolve-address-stream",
        ResourceType::host::<ResolveAddressStream>(),
        |_, _| Ok(()),
    )?;
    names.func_wrap("resolve-addresses", |_: Cx, (_, _): (Resource<Network>, String)| {
        denied::<ResolveAddressStream>()
    })?;
    names.func_wrap(
        "[method]resolve-address-stream.resolve-next-address",
        |_: Cx, (_,): (Stream,)| Err::<(Next,), _>(rule(NO_STREAM)),
    )?;
    names.func_wrap("[method]resolve-address-stream.subscribe", |_: Cx, (_,): (Stream,)| {
        Err::<(Resource<DynPollable>,), _>(rule(NO_STREAM))
    })?;
    sockets::tcp::add_to_linker::<State, WasiSockets>(linker, State::sockets)?;
    sockets::udp::add_to_linker::<State, WasiSockets>(linker, State::sockets)
}
