//! wasi:io/streams: output-stream.

use super::body::{Flow, OutputStream, READ_MAX, Room, Target};
use super::io_error::StreamError;
use super::poll::{Pollable, Wanted};
use super::slots::Parent;
use super::streams::Told;
use super::{Cx, State, wait};
use crate::fault::rule;
use std::task::Poll;
use wasmtime::Result;
use wasmtime::component::{LinkerInstance, Resource, ResourceType, WasmList};
use wasmtime_wasi_io::poll::DynPollable;
use wasmtime_wasi_io::streams::{DynInputStream, DynOutputStream};

type Input = Resource<DynInputStream>;
type Output = Resource<DynOutputStream>;

/// The most that the functions which write and flush in one take (WIT).
const BLOCKING_MAX: u64 = 4096;
static ZEROES: [u8; READ_MAX as usize] = [0; READ_MAX as usize];

impl State {
    fn check_write(&mut self, rep: u32) -> Result<Told<u64>> {
        Ok(match self.room(rep)? {
            Room::Bytes(count) => Ok(count),
            Room::Failed(failure) => Err(failure.stream_error()),
            Room::Closed => Err(StreamError::Closed),
        })
    }

    fn poll_room(&mut self, rep: u32) -> Poll<Result<Told<u64>>> {
        match self.check_write(rep) {
            Ok(Ok(0)) => Poll::Pending,
            room => Poll::Ready(room),
        }
    }

    /// Bytes to where they go, once count_written has let them.
    fn flow(&mut self, flow: Flow, bytes: &[u8]) -> Result<Told<()>> {
        match flow {
            Flow::Log(stream) => self.host.log(stream, bytes),
            Flow::File(stream) => return self.write_file(stream, bytes.to_vec()),
            Flow::Send => {
                if let Some(call) = &self.call {
                    call.host.body_write(bytes);
                }
            }
            Flow::Hold(stream) => {
                let mut held = self.take_held(stream)?;
                held.append(&mut self.account, bytes)?;
                self.put_held(stream, held)?;
            }
            Flow::Forget => {}
        }
        Ok(Ok(()))
    }

    fn flush(&mut self, rep: u32) -> Result<Told<()>> {
        let stream = self.slots.get::<OutputStream>(rep)?;
        if stream.failed {
            return Ok(Err(StreamError::Closed));
        }
        if matches!(self.flow_of(rep)?, Flow::Send)
            && let Some(call) = &self.call
        {
            call.host.body_flush();
        }
        Ok(Ok(()))
    }

    /// Writes bytes of the host's own (zeroes, what a splice read).
    fn write_own(&mut self, rep: u32, bytes: &[u8]) -> Result<Told<()>> {
        match self.count_written(rep, bytes.len() as u64)? {
            Ok(flow) => self.flow(flow, bytes),
            Err(failure) => Ok(Err(failure.stream_error())),
        }
    }
}

/// Writes a part of a list that lies in the guest's memory, without a copy where it goes to the host.
fn write_part(
    cx: &mut Cx,
    rep: u32,
    list: &WasmList<u8>,
    from: usize,
    to: usize,
) -> Result<Told<()>> {
    let flow = match cx.data_mut().count_written(rep, (to - from) as u64)? {
        Ok(flow) => flow,
        Err(failure) => return Ok(Err(failure.stream_error())),
    };
    match flow {
        Flow::Send => {
            let host = cx.data().call.as_ref().map(|call| call.host);
            if let Some(host) = host {
                host.body_write(&list.as_le_slice(&*cx)[from..to]);
            }
        }
        Flow::Log(stream) => cx.data().host.log(stream, &list.as_le_slice(&*cx)[from..to]),
        Flow::File(stream) => {
            let bytes = list.as_le_slice(&*cx)[from..to].to_vec();
            return cx.data_mut().write_file(stream, bytes);
        }
        Flow::Hold(_) => {
            // The list is in the store, and so is the account: the bytes are copied in between.
            let bytes = list.as_le_slice(&*cx)[from..to].to_vec();
            return cx.data_mut().flow(flow, &bytes);
        }
        Flow::Forget => {}
    }
    Ok(Ok(()))
}

fn check_write(mut cx: Cx, (stream,): (Output,)) -> Result<(Told<u64>,)> {
    Ok((cx.data_mut().check_write(stream.rep())?,))
}

const TOO_MUCH: &str = "wrote more to a stream than check-write permitted";

fn write(mut cx: Cx, (stream, list): (Output, WasmList<u8>)) -> Result<(Told<()>,)> {
    let rep = stream.rep();
    match cx.data_mut().check_write(rep)? {
        Err(error) => Ok((Err(error),)),
        Ok(room) if (list.len() as u64) > room => Err(rule(TOO_MUCH)),
        Ok(_) => Ok((write_part(&mut cx, rep, &list, 0, list.len())?,)),
    }
}

fn write_zeroes(mut cx: Cx, (stream, count): (Output, u64)) -> Result<(Told<()>,)> {
    let rep = stream.rep();
    let state = cx.data_mut();
    match state.check_write(rep)? {
        Err(error) => return Ok((Err(error),)),
        Ok(room) if count > room => return Err(rule(TOO_MUCH)),
        Ok(_) => {}
    }
    let mut left = count;
    while left > 0 {
        let step = left.min(ZEROES.len() as u64);
        if let Err(error) = state.write_own(rep, &ZEROES[..step as usize])? {
            return Ok((Err(error),));
        }
        left -= step;
    }
    Ok((Ok(()),))
}

async fn blocking_write(
    mut cx: Cx<'_>,
    (stream, list): (Output, WasmList<u8>),
) -> Result<(Told<()>,)> {
    let rep = stream.rep();
    if list.len() as u64 > BLOCKING_MAX {
        return Err(rule("gave blocking-write-and-flush more than 4096 bytes"));
    }
    let mut from = 0;
    while from < list.len() {
        let room = match wait(&mut cx, |state| state.poll_room(rep)).await? {
            Ok(room) => room,
            Err(error) => return Ok((Err(error),)),
        };
        let to = list.len().min(from.saturating_add(room as usize));
        if let Err(error) = write_part(&mut cx, rep, &list, from, to)? {
            return Ok((Err(error),));
        }
        from = to;
    }
    blocking_flush(cx, (stream,)).await
}

async fn blocking_write_zeroes(
    mut cx: Cx<'_>,
    (stream, count): (Output, u64),
) -> Result<(Told<()>,)> {
    let rep = stream.rep();
    if count > BLOCKING_MAX {
        return Err(rule("gave blocking-write-zeroes-and-flush more than 4096 bytes"));
    }
    let mut left = count;
    while left > 0 {
        let room = match wait(&mut cx, |state| state.poll_room(rep)).await? {
            Ok(room) => room,
            Err(error) => return Ok((Err(error),)),
        };
        let step = left.min(room);
        if let Err(error) = cx.data_mut().write_own(rep, &ZEROES[..step as usize])? {
            return Ok((Err(error),));
        }
        left -= step;
    }
    blocking_flush(cx, (stream,)).await
}

fn flush(mut cx: Cx, (stream,): (Output,)) -> Result<(Told<()>,)> {
    Ok((cx.data_mut().flush(stream.rep())?,))
}

/// A body is flushed at once. A piece that is on its way to a file has arrived.
async fn blocking_flush(mut cx: Cx<'_>, (stream,): (Output,)) -> Result<(Told<()>,)> {
    let rep = stream.rep();
    if matches!(cx.data().slots.get::<OutputStream>(rep)?.target, Target::File)
        && let Err(error) = wait(&mut cx, |state| state.poll_room(rep)).await?
    {
        return Ok((Err(error),));
    }
    Ok((cx.data_mut().flush(rep)?,))
}

fn subscribe(mut cx: Cx, (stream,): (Output,)) -> Result<(Resource<DynPollable>,)> {
    let state = cx.data_mut();
    let rep = stream.rep();
    state.slots.get::<OutputStream>(rep)?;
    Ok((state.new_pollable(Pollable { wanted: Wanted::Output(rep) }, Parent::Slot(rep))?,))
}

/// One step of a splice: as many bytes as both ends have and take. Ok(0) where one has to wait.
fn splice_step(cx: &mut Cx, output: u32, input: u32, max: u64) -> Result<Told<u64>> {
    let state = cx.data_mut();
    let max = match state.check_write(output)? {
        Ok(room) => room.min(max).min(READ_MAX),
        Err(error) => return Ok(Err(error)),
    };
    if max == 0 {
        return Ok(Ok(0));
    }
    let bytes = match state.read(input, max)? {
        Ok(bytes) => bytes,
        Err(error) => return Ok(Err(error)),
    };
    if bytes.is_empty() {
        return Ok(Ok(0));
    }
    Ok(state.write_own(output, bytes)?.map(|()| bytes.len() as u64))
}

fn splice(mut cx: Cx, (output, input, max): (Output, Input, u64)) -> Result<(Told<u64>,)> {
    Ok((splice_step(&mut cx, output.rep(), input.rep(), max)?,))
}

async fn blocking_splice(
    mut cx: Cx<'_>,
    (output, input, max): (Output, Input, u64),
) -> Result<(Told<u64>,)> {
    let (output, input) = (output.rep(), input.rep());
    if max == 0 {
        return Ok((Ok(0),));
    }
    loop {
        if let Err(error) = wait(&mut cx, |state| state.poll_room(output)).await? {
            return Ok((Err(error),));
        }
        wait(&mut cx, |state| match state.input_ready(input) {
            Ok(false) => Poll::Pending,
            other => Poll::Ready(other),
        })
        .await?;
        match splice_step(&mut cx, output, input, max)? {
            Ok(0) => {}
            moved => return Ok((moved,)),
        }
    }
}

/// What is on its way to a file arrives first, as far as it is waited for.
async fn dropped(mut cx: Cx<'_>, rep: u32) -> Result<()> {
    if matches!(cx.data().slots.get::<OutputStream>(rep)?.target, Target::File) {
        let _told_to_nobody = wait(&mut cx, |state| state.poll_room(rep)).await?;
    }
    cx.data_mut().drop_output(rep)
}

type Spliced = (Output, Input, u64);

pub fn add_to_linker(streams: &mut LinkerInstance<'_, State>) -> Result<()> {
    let ty = ResourceType::host::<DynOutputStream>();
    streams.resource_async("output-stream", ty, |cx, rep| Box::new(dropped(cx, rep)))?;
    streams.func_wrap("[method]output-stream.check-write", check_write)?;
    streams.func_wrap("[method]output-stream.write", write)?;
    streams.func_wrap_async(
        "[method]output-stream.blocking-write-and-flush",
        |cx: Cx<'_>, given: (Output, WasmList<u8>)| Box::new(blocking_write(cx, given)),
    )?;
    streams.func_wrap("[method]output-stream.flush", flush)?;
    streams.func_wrap_async(
        "[method]output-stream.blocking-flush",
        |cx: Cx<'_>, given: (Output,)| Box::new(blocking_flush(cx, given)),
    )?;
    streams.func_wrap("[method]output-stream.subscribe", subscribe)?;
    streams.func_wrap("[method]output-stream.write-zeroes", write_zeroes)?;
    streams.func_wrap_async(
        "[method]output-stream.blocking-write-zeroes-and-flush",
        |cx: Cx<'_>, given: (Output, u64)| Box::new(blocking_write_zeroes(cx, given)),
    )?;
    streams.func_wrap("[method]output-stream.splice", splice)?;
    streams
        .func_wrap_async("[method]output-stream.blocking-splice", |cx: Cx<'_>, given: Spliced| {
            Box::new(blocking_splice(cx, given))
        })
}
