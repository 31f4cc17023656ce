//! wasi:io/streams: input-stream.

use super::body::{InputStream, READ_MAX};
use super::file_streams::Piece;
use super::io_error::{Failure, StreamError};
use super::poll::{Pollable, Wanted};
use super::slots::Parent;
use super::streams::Told;
use super::{Cx, State, wait};
use crate::abi::{Read, until_lowered};
use std::task::Poll;
use wasmtime::Result;
use wasmtime::component::{LinkerInstance, Resource, ResourceType};
use wasmtime_wasi_io::poll::DynPollable;
use wasmtime_wasi_io::streams::DynInputStream;

type Input = Resource<DynInputStream>;

/// Bytes for a guest: those of a request stay where the host keeps them until they are written into
/// the guest's memory.
pub type Bytes = &'static [u8];

impl State {
    /// The next bytes of a stream: none where there are none yet.
    pub fn read(&mut self, rep: u32, max: u64) -> Result<Told<Bytes>> {
        let stream = self.slots.get_mut::<InputStream>(rep)?;
        let (number, ended) = (stream.call, stream.ended);
        if ended {
            return Ok(Err(StreamError::Closed));
        }
        if max == 0 {
            return Ok(Ok(&[]));
        }
        let max = max.min(READ_MAX);
        let error = if let Some(mut file) = stream.file.take() {
            let piece = file.read(self, max as usize);
            self.slots.get_mut::<InputStream>(rep)?.file = Some(file);
            match piece {
                Piece::Pending => return Ok(Ok(&[])),
                Piece::Bytes(bytes) => {
                    self.lowered = bytes;
                    return Ok(Ok(until_lowered(&self.lowered)));
                }
                Piece::End => StreamError::Closed,
                Piece::Failed(code) => Failure::File(code).stream_error(),
            }
        } else {
            let Some(call) = self.call(number) else { return Ok(Err(StreamError::Closed)) };
            match call.host.body_read(max) {
                Read::Bytes(bytes) => return Ok(Ok(bytes)),
                Read::Pending => return Ok(Ok(&[])),
                Read::End => StreamError::Closed,
                Read::Failed => Failure::RequestCut.stream_error(),
            }
        };
        self.slots.get_mut::<InputStream>(rep)?.ended = true;
        Ok(Err(error))
    }

    /// Reads, or says that it has to be waited for.
    pub fn poll_read(&mut self, rep: u32, max: u64) -> Poll<Result<Told<Bytes>>> {
        match self.read(rep, max) {
            Ok(Ok([])) if max > 0 => Poll::Pending,
            read => Poll::Ready(read),
        }
    }

    /// Whether a read would give something.
    pub fn input_ready(&mut self, rep: u32) -> Result<bool> {
        let stream = self.slots.get_mut::<InputStream>(rep)?;
        let (number, ended) = (stream.call, stream.ended);
        if let Some(mut file) = stream.file.take() {
            let ready = ended || file.poll(self, READ_MAX as usize);
            self.slots.get_mut::<InputStream>(rep)?.file = Some(file);
            return Ok(ready);
        }
        Ok(ended || self.call(number).is_none_or(|call| call.host.body_readable()))
    }
}

fn count(read: Told<Bytes>) -> Told<u64> {
    read.map(|bytes| bytes.len() as u64)
}

fn read(mut cx: Cx, (stream, max): (Input, u64)) -> Result<(Told<Bytes>,)> {
    Ok((cx.data_mut().read(stream.rep(), max)?,))
}

async fn blocking_read(mut cx: Cx<'_>, (stream, max): (Input, u64)) -> Result<(Told<Bytes>,)> {
    let rep = stream.rep();
    Ok((wait(&mut cx, |state| state.poll_read(rep, max)).await?,))
}

fn skip(mut cx: Cx, (stream, max): (Input, u64)) -> Result<(Told<u64>,)> {
    Ok((count(cx.data_mut().read(stream.rep(), max)?),))
}

async fn blocking_skip(cx: Cx<'_>, given: (Input, u64)) -> Result<(Told<u64>,)> {
    Ok((count(blocking_read(cx, given).await?.0),))
}

fn subscribe(mut cx: Cx, (stream,): (Input,)) -> Result<(Resource<DynPollable>,)> {
    let state = cx.data_mut();
    let rep = stream.rep();
    state.slots.get::<InputStream>(rep)?;
    Ok((state.new_pollable(Pollable { wanted: Wanted::Input(rep) }, Parent::Slot(rep))?,))
}

pub fn add_to_linker(streams: &mut LinkerInstance<'_, State>) -> Result<()> {
    let ty = ResourceType::host::<DynInputStream>();
    streams.resource("input-stream", ty, |mut cx, rep| {
        let state = cx.data_mut();
        if let Some(mut file) = state.slots.remove::<InputStream>(rep)?.file {
            file.release(&mut state.account);
        }
        Ok(())
    })?;
    streams.func_wrap("[method]input-stream.read", read)?;
    streams.func_wrap_async(
        "[method]input-stream.blocking-read",
        |cx: Cx<'_>, given: (Input, u64)| Box::new(blocking_read(cx, given)),
    )?;
    streams.func_wrap("[method]input-stream.skip", skip)?;
    streams.func_wrap_async(
        "[method]input-stream.blocking-skip",
        |cx: Cx<'_>, given: (Input, u64)| Box::new(blocking_skip(cx, given)),
    )?;
    streams.func_wrap("[method]input-stream.subscribe", subscribe)
}
