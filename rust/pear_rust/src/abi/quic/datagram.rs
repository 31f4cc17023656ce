//! Datagrams that belong to no connection.

use super::counted;
use crate::abi::exports::guarded;
use crate::abi::view::PearBytes;
use crate::quic::{self, FAILED, First, PacketType};
use std::slice;

#[repr(C)]
pub struct PearQuicHeader {
    kind: u32,
    version: u32,
    version_known: bool,
    destination: PearBytes,
    source: PearBytes,
    token: PearBytes,
}

/// Where `part` lies in the datagram that it was read from.
fn place(datagram: &[u8], at: usize, part: &[u8]) -> PearBytes {
    datagram
        .get(at..at + part.len())
        .filter(|bytes| *bytes == part)
        .map_or(PearBytes::EMPTY, PearBytes::lend)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_header(
    datagram: PearBytes,
    id_bytes: usize,
    out: *mut PearQuicHeader,
) -> bool {
    guarded(false, || {
        // SAFETY: see the head of mod.rs. quiche asks for bytes that it may write to, and only reads.
        let (bytes, out) = unsafe {
            (slice::from_raw_parts_mut(datagram.data.cast_mut(), datagram.len), &mut *out)
        };
        let Some(header) = quic::header(bytes, id_bytes) else { return false };
        let long = header.ty != quiche::Type::Short;
        let id_at = if long { 6 } else { 1 };
        let source_at = id_at + header.dcid.len() + 1;
        out.kind = PacketType::from(header.ty) as u32;
        out.version = header.version;
        out.version_known = quiche::version_is_supported(header.version);
        out.destination = place(bytes, id_at, &header.dcid);
        out.source = if long { place(bytes, source_at, &header.scid) } else { PearBytes::EMPTY };
        out.token = match header.token.as_deref() {
            Some(token) if !token.is_empty() => {
                let length_at = source_at + header.scid.len();
                // A variable-length integer whose first two bits say how long it is.
                let length_bytes = 1 << (bytes[length_at] >> 6);
                place(bytes, length_at + length_bytes, token)
            }
            _ => PearBytes::EMPTY,
        };
        true
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_negotiate_version(
    header: *const PearQuicHeader,
    out: *mut u8,
    out_bytes: usize,
) -> i64 {
    guarded(FAILED, || {
        // SAFETY: see the head of mod.rs.
        let (source, destination, out) = unsafe {
            let header = &*header;
            let out = slice::from_raw_parts_mut(out, out_bytes);
            (header.source.view(), header.destination.view(), out)
        };
        quic::negotiate_version(source, destination, out).map_or(FAILED, counted)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_retry(
    header: *const PearQuicHeader,
    new_source: PearBytes,
    token: PearBytes,
    out: *mut u8,
    out_bytes: usize,
) -> i64 {
    guarded(FAILED, || {
        // SAFETY: see the head of mod.rs.
        let (first, new_source, token, out) = unsafe {
            let header = &*header;
            let first = First {
                source: header.source.view(),
                destination: header.destination.view(),
                version: header.version,
            };
            let out = slice::from_raw_parts_mut(out, out_bytes);
            (first, new_source.view(), token.view(), out)
        };
        quic::retry(&first, new_source, token, out).map_or(FAILED, counted)
    })
}
