//! The functions of pear_quic.h.
//!
//! `datagram` holds those for datagrams that belong to no connection, `connection` those for QUIC,
//! `http3` those for HTTP/3; `address` says how an address passes.
//!
//! SAFETY, for all of them: the caller keeps what the header says of pointers, threads and lifetimes.
//! Panics are caught; a connection whose code panicked is not entered again.

mod address;
mod connection;
mod datagram;
mod http3;

use super::view::FieldView;
use crate::quic::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A connection, as C++ holds it.
pub struct PearQuic {
    connection: Connection,
    /// Of the event that was asked for last; into `connection`.
    fields: Vec<FieldView>,
    /// Its code panicked.
    broken: bool,
}

impl PearQuic {
    fn enter<T>(&mut self, otherwise: T, work: impl FnOnce(&mut Connection) -> T) -> T {
        if self.broken {
            return otherwise;
        }
        match catch_unwind(AssertUnwindSafe(|| work(&mut self.connection))) {
            Ok(value) => value,
            Err(_) => {
                self.broken = true;
                otherwise
            }
        }
    }
}

fn counted(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Copies what fits; None where it does not.
fn copied(from: &[u8], out: &mut [u8]) -> Option<i64> {
    out.get_mut(..from.len())?.copy_from_slice(from);
    Some(counted(from.len()))
}
