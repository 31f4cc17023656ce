//! wasi:io/streams: what input and output streams share.

use super::io_error::StreamError;
use super::{State, streams_in, streams_out};
use wasmtime::Result;
use wasmtime::component::Linker;

/// What a guest is told of a stream operation. The outer Result, where there is one, ends the guest.
pub type Told<T> = std::result::Result<T, StreamError>;

pub fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    let mut streams = linker.instance("wasi:io/streams@0.2.12")?;
    streams_in::add_to_linker(&mut streams)?;
    streams_out::add_to_linker(&mut streams)
}
