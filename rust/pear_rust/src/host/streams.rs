//! wasi:io/streams: what input and output streams share.

use super::io_error::StreamError;
use super::{State, streams_in, streams_out};
use wasmtime::Result;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi_io::bindings::wasi::io::streams::Host;
use wasmtime_wasi_io::streams::StreamResult;

/// What a guest is told of a stream operation. The outer Result, where there is one, ends the guest.
pub type Told<T> = std::result::Result<T, StreamError>;

/// The outcome of a stream of wasmtime-wasi in the guest's terms.
pub fn told<T>(table: &mut ResourceTable, outcome: StreamResult<T>) -> Result<Told<T>> {
    match outcome {
        Ok(value) => Ok(Ok(value)),
        Err(error) => Ok(Err(Host::convert_stream_error(table, error)?)),
    }
}

pub fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    let mut streams = linker.instance("wasi:io/streams@0.2.12")?;
    streams_in::add_to_linker(&mut streams)?;
    streams_out::add_to_linker(&mut streams)
}
