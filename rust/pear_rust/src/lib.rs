//! pear_rust: the engines that exist only in Rust, behind the C faces in `include/`.
//!
//! Mechanism only: what is allowed, how much, and what to do next is told to it or asked of it by the
//! C++ side. All `unsafe` code is in `abi`; every other module is checked to have none.

mod abi;
#[deny(unsafe_code)]
mod bulk;
#[deny(unsafe_code)]
mod componentize;
#[deny(unsafe_code)]
mod engine;
#[deny(unsafe_code)]
mod fault;
#[deny(unsafe_code)]
mod files;
#[deny(unsafe_code)]
mod host;
#[deny(unsafe_code)]
mod image;
#[deny(unsafe_code)]
mod inbox;
#[deny(unsafe_code)]
mod instance;
#[deny(unsafe_code)]
mod quic;
#[deny(unsafe_code)]
mod share;
#[deny(unsafe_code)]
mod tools;
