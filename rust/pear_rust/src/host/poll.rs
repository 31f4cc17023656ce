//! wasi:io/poll. Pollables of ours are conditions that are looked at whenever the instance is polled;
//! the host polls it when one may have come true (a timer, a piece of body, room for one).

use super::body::{FutureTrailers, Room};
use super::slots::Parent;
use super::{Cx, State, wait};
use crate::abi::monotonic_ns;
use crate::fault::rule;
use std::task::Poll;
use wasmtime::Result;
use wasmtime::component::{Linker, Resource, ResourceType, WasmList};
use wasmtime_wasi_io::poll::DynPollable;

pub struct Pollable {
    pub wanted: Wanted,
}

#[derive(Clone, Copy)]
pub enum Wanted {
    /// CLOCK_MONOTONIC.
    Time(u64),
    Input(u32),
    Output(u32),
    Trailers(u32),
}

impl State {
    pub fn new_pollable(&mut self, it: Pollable, parent: Parent) -> Result<Resource<DynPollable>> {
        Ok(Resource::new_own(self.slots.push(&mut self.account, it, parent)?))
    }

    /// Whether a pollable is ready at the time `now`. One that waits for a later time asks for it in
    /// `wake`.
    fn ready(&mut self, rep: u32, now: u64, wake: &mut u64) -> Result<bool> {
        Ok(match self.slots.get::<Pollable>(rep)?.wanted {
            Wanted::Time(deadline) => {
                if now < deadline {
                    *wake = deadline.min(*wake);
                }
                now >= deadline
            }
            Wanted::Input(stream) => self.input_ready(stream)?,
            Wanted::Output(stream) => !matches!(self.peek_room(stream)?, Room::Bytes(0)),
            Wanted::Trailers(future) => {
                let future = self.slots.get::<FutureTrailers>(future)?;
                let (number, taken) = (future.call, future.taken);
                taken || self.trailers_ready(number).unwrap_or(true)
            }
        })
    }

    /// The places of those pollables that are ready. Where none is, the host is told when to look again.
    fn ready_of(&mut self, list: &[u32]) -> Result<Vec<u32>> {
        let mut ready = Vec::new();
        let (now, mut wake) = (monotonic_ns(), u64::MAX);
        for (place, rep) in list.iter().enumerate() {
            if self.ready(*rep, now, &mut wake)? {
                ready.push(place as u32);
            }
        }
        if ready.is_empty() && wake < u64::MAX {
            self.host.wake_at(wake);
        }
        Ok(ready)
    }
}

/// At most so many handles in one call of poll; handles_max bounds it further.
const POLLED_MAX: usize = 16 << 10;

async fn poll(mut cx: Cx<'_>, list: WasmList<Resource<DynPollable>>) -> Result<(Vec<u32>,)> {
    if list.len() == 0 {
        return Err(rule("called poll with an empty list"));
    }
    if list.len() > POLLED_MAX {
        return Err(rule("called poll with more than 16384 pollables"));
    }
    let mut pollables = Vec::with_capacity(list.len());
    for place in 0..list.len() {
        let Some(pollable) = list.get(&mut cx, place) else { break };
        pollables.push(pollable?.rep());
    }
    let ready = wait(&mut cx, |state| match state.ready_of(&pollables) {
        Ok(ready) if ready.is_empty() => Poll::Pending,
        ready => Poll::Ready(ready),
    });
    Ok((ready.await?,))
}

async fn block(mut cx: Cx<'_>, pollable: Resource<DynPollable>) -> Result<()> {
    wait(&mut cx, |state| match state.ready_of(&[pollable.rep()]) {
        Ok(ready) if ready.is_empty() => Poll::Pending,
        Ok(_) => Poll::Ready(Ok(())),
        Err(error) => Poll::Ready(Err(error)),
    })
    .await
}

pub fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    let mut io = linker.instance("wasi:io/poll@0.2.12")?;
    io.resource("pollable", ResourceType::host::<DynPollable>(), |mut cx, rep| {
        cx.data_mut().slots.remove::<Pollable>(rep).map(drop)
    })?;
    io.func_wrap_async("poll", |cx: Cx<'_>, (list,): (WasmList<Resource<DynPollable>>,)| {
        Box::new(poll(cx, list))
    })?;
    io.func_wrap_async("[method]pollable.block", |cx: Cx<'_>, (it,): (Resource<DynPollable>,)| {
        Box::new(block(cx, it))
    })?;
    io.func_wrap("[method]pollable.ready", |mut cx: Cx, (it,): (Resource<DynPollable>,)| {
        Ok((!cx.data_mut().ready_of(&[it.rep()])?.is_empty(),))
    })
}
