//! wasi:clocks/monotonic-clock.

use super::poll::{Pollable, Wanted};
use super::slots::Parent;
use super::{Cx, State};
use crate::abi::monotonic_ns;
use wasmtime::Result;
use wasmtime::component::Linker;

/// What `resolution` says: the granularity of the host's timers is coarser, that of `now` is this.
const RESOLUTION_NS: u64 = 1;

pub fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    // Guests see the time since the engine was made, not since the machine was started.
    let start = monotonic_ns();
    let mut clock = linker.instance("wasi:clocks/monotonic-clock@0.2.12")?;
    clock.func_wrap("now", move |_: Cx, ()| Ok((monotonic_ns().saturating_sub(start),)))?;
    clock.func_wrap("resolution", |_: Cx, ()| Ok((RESOLUTION_NS,)))?;
    clock.func_wrap("subscribe-instant", move |mut cx: Cx, (when,): (u64,)| {
        let pollable = Pollable { wanted: Wanted::Time(start.saturating_add(when)) };
        Ok((cx.data_mut().new_pollable(pollable, Parent::None)?,))
    })?;
    clock.func_wrap("subscribe-duration", |mut cx: Cx, (duration,): (u64,)| {
        let pollable = Pollable { wanted: Wanted::Time(monotonic_ns().saturating_add(duration)) };
        Ok((cx.data_mut().new_pollable(pollable, Parent::None)?,))
    })
}
