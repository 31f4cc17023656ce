//! wasi:clocks. Guests see time in microseconds: with finer clocks they could measure what others leave in
//! the processor's caches.

use super::poll::{Pollable, Wanted};
use super::slots::Parent;
use super::{Cx, State};
use crate::abi::monotonic_ns;
use std::time::{SystemTime, UNIX_EPOCH};
use wasmtime::Result;
use wasmtime::component::{ComponentType, Linker, Lower};

const RESOLUTION_NS: u64 = 1_000;

fn coarse(ns: u64) -> u64 {
    ns - ns % RESOLUTION_NS
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

fn wall_time() -> Datetime {
    // Before 1970 it is 1970.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let nanoseconds = coarse(u64::from(now.subsec_nanos())) as u32;
    Datetime { seconds: now.as_secs(), nanoseconds }
}

pub fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    // Guests see the time since the engine was made, not since the machine was started.
    let start = monotonic_ns();
    let mut clock = linker.instance("wasi:clocks/monotonic-clock@0.2.12")?;
    clock.func_wrap("now", move |_: Cx, ()| Ok((coarse(monotonic_ns().saturating_sub(start)),)))?;
    clock.func_wrap("resolution", |_: Cx, ()| Ok((RESOLUTION_NS,)))?;
    clock.func_wrap("subscribe-instant", move |mut cx: Cx, (when,): (u64,)| {
        let pollable = Pollable { wanted: Wanted::Time(start.saturating_add(when)) };
        Ok((cx.data_mut().new_pollable(pollable, Parent::None)?,))
    })?;
    clock.func_wrap("subscribe-duration", |mut cx: Cx, (duration,): (u64,)| {
        let pollable = Pollable { wanted: Wanted::Time(monotonic_ns().saturating_add(duration)) };
        Ok((cx.data_mut().new_pollable(pollable, Parent::None)?,))
    })?;
    let mut wall = linker.instance("wasi:clocks/wall-clock@0.2.12")?;
    wall.func_wrap("now", |_: Cx, ()| Ok((wall_time(),)))?;
    wall.func_wrap("resolution", |_: Cx, ()| {
        Ok((Datetime { seconds: 0, nanoseconds: RESOLUTION_NS as u32 },))
    })
}
