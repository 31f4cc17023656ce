//! wasi:io/streams: input-stream.

use super::body::{InputStream, READ_MAX};
use super::io_error::{Failure, StreamError};
use super::poll::{Pollable, Wanted};
use super::slots::{Parent, is_ours};
use super::streams::{Told, told};
use super::{Cx, State, wait};
use crate::abi::{Read, until_lowered};
use std::task::Poll;
use wasmtime::Result;
use wasmtime::component::{LinkerInstance, Resource, ResourceType};
use wasmtime_wasi_io::bindings::wasi::io::streams::HostInputStream;
use wasmtime_wasi_io::poll::DynPollable;
use wasmtime_wasi_io::streams::DynInputStream;

type Input = Resource<DynInputStream>;

/// Bytes for a guest: those of a request stay where the host keeps them until they are written into
/// the guest's memory.
pub type Bytes = &'static [u8];

impl State {
    /// The next bytes of a stream of ours: none where there are none yet.
    pub fn read(&mut self, rep: u32, max: u64) -> Result<Told<Bytes>> {
        let stream = self.slots.get::<InputStream>(rep)?;
        let (number, ended) = (stream.call, stream.ended);
        let Some(call) = self.call(number).filter(|_| !ended) else {
            return Ok(Err(StreamError::Closed));
        };
        if max == 0 {
            return Ok(Ok(&[]));
        }
        let error = match call.host.body_read(max.min(READ_MAX)) {
            Read::Bytes(bytes) => return Ok(Ok(bytes)),
            Read::Pending => return Ok(Ok(&[])),
            Read::End => StreamError::Closed,
            Read::Failed => Failure::RequestCut.stream_error(),
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
}

fn count(read: Told<Bytes>) -> Told<u64> {
    read.map(|bytes| bytes.len() as u64)
}

// Bytes of wasmtime-wasi's streams are owned; those of ours are lent. A guest gets a list either way.
fn lent(state: &mut State, bytes: Vec<u8>) -> Bytes {
    state.lowered = bytes;
    until_lowered(&state.lowered)
}

fn read(mut cx: Cx, (stream, max): (Input, u64)) -> Result<(Told<Bytes>,)> {
    let state = cx.data_mut();
    if is_ours(stream.rep()) {
        return Ok((state.read(stream.rep(), max)?,));
    }
    let read = HostInputStream::read(&mut state.table, stream, max);
    let read = told(&mut state.table, read)?;
    Ok((read.map(|bytes| lent(state, bytes)),))
}

async fn blocking_read(mut cx: Cx<'_>, (stream, max): (Input, u64)) -> Result<(Told<Bytes>,)> {
    let rep = stream.rep();
    if is_ours(rep) {
        return Ok((wait(&mut cx, |state| state.poll_read(rep, max)).await?,));
    }
    let state = cx.data_mut();
    let read = HostInputStream::blocking_read(&mut state.table, stream, max).await;
    let read = told(&mut state.table, read)?;
    Ok((read.map(|bytes| lent(state, bytes)),))
}

fn skip(mut cx: Cx, (stream, max): (Input, u64)) -> Result<(Told<u64>,)> {
    let state = cx.data_mut();
    if is_ours(stream.rep()) {
        return Ok((count(state.read(stream.rep(), max)?),));
    }
    let skipped = HostInputStream::skip(&mut state.table, stream, max);
    Ok((told(&mut state.table, skipped)?,))
}

async fn blocking_skip(mut cx: Cx<'_>, (stream, max): (Input, u64)) -> Result<(Told<u64>,)> {
    let rep = stream.rep();
    if is_ours(rep) {
        return Ok((count(wait(&mut cx, |state| state.poll_read(rep, max)).await?),));
    }
    let table = &mut cx.data_mut().table;
    let skipped = HostInputStream::blocking_skip(table, stream, max).await;
    Ok((told(table, skipped)?,))
}

fn subscribe(mut cx: Cx, (stream,): (Input,)) -> Result<(Resource<DynPollable>,)> {
    let state = cx.data_mut();
    let rep = stream.rep();
    if !is_ours(rep) {
        return Ok((HostInputStream::subscribe(&mut state.table, stream)?,));
    }
    state.slots.get::<InputStream>(rep)?;
    Ok((state.new_pollable(Pollable { wanted: Wanted::Input(rep) }, Parent::Slot(rep))?,))
}

async fn dropped(mut cx: Cx<'_>, rep: u32) -> Result<()> {
    let state = cx.data_mut();
    if is_ours(rep) {
        return state.slots.remove::<InputStream>(rep).map(drop);
    }
    HostInputStream::drop(&mut state.table, Resource::new_own(rep)).await
}

pub fn add_to_linker(streams: &mut LinkerInstance<'_, State>) -> Result<()> {
    let ty = ResourceType::host::<DynInputStream>();
    streams.resource_async("input-stream", ty, |cx, rep| Box::new(dropped(cx, rep)))?;
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
