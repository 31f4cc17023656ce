//! QUIC and HTTP/3: quiche, without its policy: which client may do what, and when, is C++'s business.

mod connection;
mod http3;
mod packet;

pub use connection::{Config, Connection, Options, delay_ns};
pub use http3::{Event, EventKind, Head, parse_priority};
pub use packet::{First, PacketType, header, negotiate_version, retry};

/// What a call came to, as pear_quic.h counts.
pub const DONE: i64 = -1;
pub const FAILED: i64 = -2;
pub const BLOCKED: i64 = -3;
