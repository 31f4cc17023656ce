//! HTTP/3 over a connection.

use super::{PearQuic, copied};
use crate::abi::exports::guarded;
use crate::abi::view::{FieldView, PearBytes, PearField};
use crate::quic::{self, Config, Connection, DONE, Event, EventKind, FAILED, Head};
use quiche::h3::NameValue;
use std::slice;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_open(quic: *mut PearQuic, config: *const Config) -> bool {
    // SAFETY: see the head of mod.rs.
    let (quic, config) = unsafe { (&mut *quic, &*config) };
    quic.enter(false, |connection| connection.open_http3(config))
}

#[repr(C)]
pub struct PearHttp3Event {
    stream: u64,
    code: u64,
    fields: *const FieldView,
    field_count: usize,
    kind: u32,
    more: bool,
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_next_event(quic: *mut PearQuic, out: *mut PearHttp3Event) {
    // SAFETY: see the head of mod.rs.
    let (quic, out) = unsafe { (&mut *quic, &mut *out) };
    quic.fields.clear();
    let event = quic.enter(Event::bare(EventKind::Failed), Connection::next_event);
    if event.kind == EventKind::Head {
        let head = quic.connection.head();
        quic.fields.extend(head.map(|(name, value)| FieldView::lend(name, value)));
    }
    *out = PearHttp3Event {
        stream: event.stream,
        code: event.code,
        fields: quic.fields.as_ptr(),
        field_count: quic.fields.len(),
        kind: event.kind as u32,
        more: event.more,
    };
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_read_body(
    quic: *mut PearQuic,
    stream: u64,
    out: *mut u8,
    out_bytes: usize,
) -> i64 {
    // SAFETY: see the head of mod.rs.
    let (quic, out) = unsafe { (&mut *quic, slice::from_raw_parts_mut(out, out_bytes)) };
    quic.enter(FAILED, |connection| connection.read_body(stream, out))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_take_priority(
    quic: *mut PearQuic,
    stream: u64,
    out: *mut u8,
    out_bytes: usize,
) -> i64 {
    // SAFETY: see the head of mod.rs.
    let (quic, out) = unsafe { (&mut *quic, slice::from_raw_parts_mut(out, out_bytes)) };
    quic.enter(DONE, |connection| {
        connection.take_priority(stream).and_then(|value| copied(&value, out)).unwrap_or(DONE)
    })
}

#[repr(C)]
pub struct PearHttp3Head {
    fields: *const PearField,
    field_count: usize,
    first: bool,
    end: bool,
    urgency: u8,
    incremental: bool,
}

impl NameValue for FieldView {
    fn name(&self) -> &[u8] {
        self.name()
    }
    fn value(&self) -> &[u8] {
        self.value()
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_send_head(
    quic: *mut PearQuic,
    stream: u64,
    head: *const PearHttp3Head,
) -> i64 {
    // SAFETY: see the head of mod.rs.
    let (quic, head, fields) = unsafe {
        let head = &*head;
        (&mut *quic, head, FieldView::list(head.fields, head.field_count))
    };
    let how = Head {
        first: head.first,
        end: head.end,
        urgency: head.urgency,
        incremental: head.incremental,
    };
    quic.enter(FAILED, |connection| connection.send_head(stream, fields, &how))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_send_trailers(
    quic: *mut PearQuic,
    stream: u64,
    fields: *const PearField,
    count: usize,
) -> i64 {
    // SAFETY: see the head of mod.rs.
    let (quic, fields) = unsafe { (&mut *quic, FieldView::list(fields, count)) };
    quic.enter(FAILED, |connection| connection.send_trailers(stream, fields))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_request(
    quic: *mut PearQuic,
    head: *const PearHttp3Head,
) -> i64 {
    // SAFETY: see the head of mod.rs.
    let (quic, end, fields) = unsafe {
        let head = &*head;
        (&mut *quic, head.end, FieldView::list(head.fields, head.field_count))
    };
    quic.enter(FAILED, |connection| connection.request(fields, end))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_send_body(
    quic: *mut PearQuic,
    stream: u64,
    bytes: PearBytes,
    end: bool,
) -> i64 {
    // SAFETY: see the head of mod.rs.
    let (quic, bytes) = unsafe { (&mut *quic, bytes.view()) };
    quic.enter(FAILED, |connection| connection.send_body(stream, bytes, end))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_room(quic: *mut PearQuic, stream: u64, least: usize) -> i64 {
    // SAFETY: see the head of mod.rs.
    unsafe { &mut *quic }.enter(FAILED, |connection| connection.room(stream, least))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_write(
    quic: *mut PearQuic,
    stream: u64,
    bytes: PearBytes,
    end: bool,
) -> i64 {
    // SAFETY: see the head of mod.rs.
    let (quic, bytes) = unsafe { (&mut *quic, bytes.view()) };
    quic.enter(FAILED, |connection| connection.write(stream, bytes, end))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_field_section_max(quic: *const PearQuic) -> u64 {
    // SAFETY: see the head of mod.rs.
    let quic = unsafe { &*quic };
    guarded(u64::MAX, || quic.connection.field_section_max())
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_set_priority(
    quic: *mut PearQuic,
    stream: u64,
    urgency: u8,
    incremental: bool,
) {
    // SAFETY: see the head of mod.rs.
    let quic = unsafe { &mut *quic };
    quic.enter((), |connection| connection.set_priority(stream, urgency, incremental));
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_parse_priority(
    value: PearBytes,
    urgency: *mut u8,
    incremental: *mut bool,
) -> bool {
    // SAFETY: see the head of mod.rs.
    let (value, urgency, incremental) = unsafe { (value.view(), &mut *urgency, &mut *incremental) };
    guarded(false, || {
        quic::parse_priority(value).is_some_and(|parsed| {
            (*urgency, *incremental) = parsed;
            true
        })
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_next_writable(quic: *mut PearQuic) -> i64 {
    // SAFETY: see the head of mod.rs.
    unsafe { &mut *quic }.enter(DONE, |connection| {
        connection.next_writable().and_then(|stream| i64::try_from(stream).ok()).unwrap_or(DONE)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_reset(
    quic: *mut PearQuic,
    stream: u64,
    sending: bool,
    receiving: bool,
    code: u64,
) {
    // SAFETY: see the head of mod.rs.
    let quic = unsafe { &mut *quic };
    quic.enter((), |connection| connection.reset(stream, sending, receiving, code));
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_stops(quic: *const PearQuic) -> u64 {
    // SAFETY: see the head of mod.rs.
    let quic = unsafe { &*quic };
    guarded(0, || quic.connection.stops())
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_is_stopped(quic: *mut PearQuic, stream: u64) -> bool {
    // SAFETY: see the head of mod.rs.
    unsafe { &mut *quic }.enter(true, |connection| connection.is_stopped(stream))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_go_away(quic: *mut PearQuic, id: u64) -> i64 {
    // SAFETY: see the head of mod.rs.
    unsafe { &mut *quic }.enter(FAILED, |connection| connection.go_away(id))
}
