//! wasi:io/poll. Pollables of ours are conditions that are looked at whenever the instance is polled;
//! the host polls it when one may have come true (a timer, a piece of body, room for one).

use super::body::{FutureTrailers, InputStream, Room};
use super::slots::{Parent, is_ours};
use super::{Cx, State, wait};
use crate::abi::monotonic_ns;
use crate::fault::rule;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use wasmtime::component::{Linker, Resource, ResourceTable, ResourceType, WasmList};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi_io::bindings::wasi::io::poll::{Host, HostPollable};
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

    fn ready(&mut self, rep: u32) -> Result<bool> {
        Ok(match self.slots.get::<Pollable>(rep)?.wanted {
            Wanted::Time(deadline) => {
                let ready = monotonic_ns() >= deadline;
                if !ready {
                    self.host.wake_at(deadline);
                }
                ready
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

    pub fn input_ready(&mut self, stream: u32) -> Result<bool> {
        let stream = self.slots.get::<InputStream>(stream)?;
        let (number, ended) = (stream.call, stream.ended);
        Ok(ended || self.call(number).is_none_or(|call| call.host.body_readable()))
    }
}

/// At most so many handles in one call of poll; handles_max bounds it further.
const POLLED_MAX: usize = 16 << 10;

/// The pollables that the guest gave, by owner, each with its place in the list.
struct Listed {
    ours: Vec<(u32, u32)>,
    theirs: Vec<Resource<DynPollable>>,
    their_places: Vec<u32>,
}

fn listed(cx: &mut Cx, list: &WasmList<Resource<DynPollable>>) -> Result<Listed> {
    if list.len() == 0 {
        return Err(rule("called poll with an empty list"));
    }
    if list.len() > POLLED_MAX {
        return Err(rule("called poll with more than 16384 pollables"));
    }
    let mut listed = Listed { ours: Vec::new(), theirs: Vec::new(), their_places: Vec::new() };
    for place in 0..list.len() {
        let Some(pollable) = list.get(&mut *cx, place) else { break };
        let pollable = pollable?;
        if is_ours(pollable.rep()) {
            listed.ours.push((pollable.rep(), place as u32));
        } else {
            listed.their_places.push(place as u32);
            listed.theirs.push(pollable);
        }
    }
    Ok(listed)
}

impl State {
    fn ready_of(&mut self, ours: &[(u32, u32)]) -> Result<Vec<u32>> {
        let mut ready = Vec::new();
        for (rep, place) in ours {
            if self.ready(*rep)? {
                ready.push(*place);
            }
        }
        Ok(ready)
    }
}

async fn poll(mut cx: Cx<'_>, list: WasmList<Resource<DynPollable>>) -> Result<(Vec<u32>,)> {
    let Listed { ours, theirs, their_places } = listed(&mut cx, &list)?;
    if theirs.is_empty() {
        let ready = wait(&mut cx, |state| match state.ready_of(&ours) {
            Ok(ready) if ready.is_empty() => Poll::Pending,
            ready => Poll::Ready(ready),
        });
        return Ok((ready.await?,));
    }
    // Theirs are asked through the table, which a future of theirs borrows: it is lent to it, and the
    // state works without meanwhile.
    let mut table = std::mem::replace(&mut cx.data_mut().table, ResourceTable::new());
    let outcome = {
        let mut future = pin!(Host::poll(&mut table, theirs));
        poll_fn(|context| {
            let mut ready = match cx.data_mut().ready_of(&ours) {
                Ok(ready) => ready,
                Err(error) => return Poll::Ready(Err(error)),
            };
            match future.as_mut().poll(context) {
                Poll::Ready(Ok(more)) => {
                    ready.extend(more.iter().filter_map(|index| their_places.get(*index as usize)));
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending if ready.is_empty() => return Poll::Pending,
                Poll::Pending => {}
            }
            ready.sort_unstable();
            Poll::Ready(Ok(ready))
        })
        .await
    };
    cx.data_mut().table = table;
    Ok((outcome?,))
}

async fn block(mut cx: StoreContextMut<'_, State>, pollable: Resource<DynPollable>) -> Result<()> {
    if !is_ours(pollable.rep()) {
        return HostPollable::block(&mut cx.data_mut().table, pollable).await;
    }
    wait(&mut cx, |state| match state.ready(pollable.rep()) {
        Ok(false) => Poll::Pending,
        Ok(true) => Poll::Ready(Ok(())),
        Err(error) => Poll::Ready(Err(error)),
    })
    .await
}

async fn ready(
    mut cx: StoreContextMut<'_, State>,
    pollable: Resource<DynPollable>,
) -> Result<(bool,)> {
    if is_ours(pollable.rep()) {
        return Ok((cx.data_mut().ready(pollable.rep())?,));
    }
    Ok((HostPollable::ready(&mut cx.data_mut().table, pollable).await?,))
}

pub fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    let mut io = linker.instance("wasi:io/poll@0.2.12")?;
    io.resource("pollable", ResourceType::host::<DynPollable>(), |mut cx, rep| {
        if is_ours(rep) {
            return cx.data_mut().slots.remove::<Pollable>(rep).map(drop);
        }
        HostPollable::drop(&mut cx.data_mut().table, Resource::new_own(rep))
    })?;
    io.func_wrap_async("poll", |cx: Cx<'_>, (list,): (WasmList<Resource<DynPollable>>,)| {
        Box::new(poll(cx, list))
    })?;
    io.func_wrap_async("[method]pollable.block", |cx: Cx<'_>, (it,): (Resource<DynPollable>,)| {
        Box::new(block(cx, it))
    })?;
    io.func_wrap_async("[method]pollable.ready", |cx: Cx<'_>, (it,): (Resource<DynPollable>,)| {
        Box::new(ready(cx, it))
    })
}
