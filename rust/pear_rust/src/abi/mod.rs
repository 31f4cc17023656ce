//! The C ABI of `include/pear_rust.h`: the only module with `unsafe` code.
//!
//! `view` holds what C++ lends (the host table, a request, grants) behind safe methods; `exports` the
//! functions that C++ calls, `quic` those of `pear_quic.h`; `os` the few system calls.

mod exports;
mod os;
mod quic;
mod view;

pub use os::{fill_random, monotonic_ns};
pub use view::{
    CallRef, EngineOptions, FieldView, GrantsView, HostRef, Read, RequestView, Stream, WINDOW_GONE,
    WakeRef, until_lowered,
};
