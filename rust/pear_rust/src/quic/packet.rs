//! Packets that belong to no connection.

use quiche::{ConnectionId, Header, Type};

#[derive(Clone, Copy)]
pub enum PacketType {
    Initial = 1,
    ZeroRtt = 2,
    Handshake = 3,
    Short = 4,
    Other = 5,
}

impl From<Type> for PacketType {
    fn from(packet: Type) -> PacketType {
        match packet {
            Type::Initial => PacketType::Initial,
            Type::ZeroRTT => PacketType::ZeroRtt,
            Type::Handshake => PacketType::Handshake,
            Type::Short => PacketType::Short,
            Type::Retry | Type::VersionNegotiation => PacketType::Other,
        }
    }
}

/// Of the first packet of a datagram.
pub fn header(datagram: &mut [u8], id_bytes: usize) -> Option<Header<'static>> {
    Header::from_slice(datagram, id_bytes).ok()
}

/// A packet that names the versions which are spoken here (RFC 9000, section 17.2.1).
pub fn negotiate_version(source: &[u8], destination: &[u8], out: &mut [u8]) -> Option<usize> {
    quiche::negotiate_version(
        &ConnectionId::from_ref(source),
        &ConnectionId::from_ref(destination),
        out,
    )
    .ok()
}

/// The answer to a first packet with these ids (RFC 9000, section 17.2.5).
pub struct First<'a> {
    pub source: &'a [u8],
    pub destination: &'a [u8],
    pub version: u32,
}

pub fn retry(first: &First, new_source: &[u8], token: &[u8], out: &mut [u8]) -> Option<usize> {
    quiche::retry(
        &ConnectionId::from_ref(first.source),
        &ConnectionId::from_ref(first.destination),
        &ConnectionId::from_ref(new_source),
        token,
        first.version,
        out,
    )
    .ok()
}
