//! The functions of pear_quic.h.
//!
//! SAFETY, for all of them: the caller keeps what the header says of pointers, threads and lifetimes.
//! Panics are caught; a connection whose code panicked is not entered again.

use super::exports::guarded;
use super::view::{FieldView, PearBytes, PearField};
use crate::fault::keep_panics;
use crate::quic::{
    self, Config, Connection, DONE, Event, EventKind, FAILED, First, Head, Options, PacketType,
};
use quiche::h3::NameValue;
use std::ffi::c_void;
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::FromRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;

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

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PearAddress {
    ip: [u8; 16],
    scope: u32,
    port: u16,
    v6: bool,
}

impl From<SocketAddr> for PearAddress {
    fn from(address: SocketAddr) -> PearAddress {
        let mut out = PearAddress { ip: [0; 16], scope: 0, port: address.port(), v6: false };
        match address {
            SocketAddr::V4(v4) => out.ip[..4].copy_from_slice(&v4.ip().octets()),
            SocketAddr::V6(v6) => {
                out.ip = v6.ip().octets();
                out.scope = v6.scope_id();
                out.v6 = true;
            }
        }
        out
    }
}

impl From<PearAddress> for SocketAddr {
    fn from(address: PearAddress) -> SocketAddr {
        if address.v6 {
            let ip = Ipv6Addr::from(address.ip);
            return SocketAddrV6::new(ip, address.port, 0, address.scope).into();
        }
        let [a, b, c, d, ..] = address.ip;
        SocketAddr::new(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), address.port)
    }
}

/// The same for system calls.
union SystemAddress {
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
}

impl SystemAddress {
    fn of(address: &PearAddress) -> (SystemAddress, libc::socklen_t) {
        let port = address.port.to_be();
        if address.v6 {
            let v6 = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: port,
                sin6_flowinfo: 0,
                sin6_addr: libc::in6_addr { s6_addr: address.ip },
                sin6_scope_id: address.scope,
            };
            return (SystemAddress { v6 }, size_of::<libc::sockaddr_in6>() as libc::socklen_t);
        }
        let [a, b, c, d, ..] = address.ip;
        let v4 = libc::sockaddr_in {
            sin_family: libc::AF_INET as libc::sa_family_t,
            sin_port: port,
            sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes([a, b, c, d]) },
            sin_zero: [0; 8],
        };
        (SystemAddress { v4 }, size_of::<libc::sockaddr_in>() as libc::socklen_t)
    }
}

unsafe extern "C" {
    // Of quiche's own C face: the only way to give it an SSL without the crate `boring`.
    fn quiche_conn_new_with_tls(
        scid: *const u8,
        scid_len: usize,
        odcid: *const u8,
        odcid_len: usize,
        local: *const libc::sockaddr,
        local_len: libc::socklen_t,
        peer: *const libc::sockaddr,
        peer_len: libc::socklen_t,
        config: *const c_void,
        ssl: *mut c_void,
        is_server: bool,
    ) -> *mut c_void;
}

fn counted(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Copies what fits; None where it does not.
fn copied(from: &[u8], out: &mut [u8]) -> Option<i64> {
    out.get_mut(..from.len())?.copy_from_slice(from);
    Some(counted(from.len()))
}

// ---- Datagrams that belong to no connection.

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
        // SAFETY: see the head of the file. quiche asks for bytes that it may write to, and only reads.
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
        // SAFETY: see the head of the file.
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
        // SAFETY: see the head of the file.
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

// ---- Configuration.

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_config_new(options: *const Options) -> *mut Config {
    keep_panics();
    guarded(std::ptr::null_mut(), || {
        // SAFETY: see the head of the file.
        let options = unsafe { &*options };
        Config::new(options).map_or(std::ptr::null_mut(), |config| Box::into_raw(Box::new(config)))
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_config_free(config: *mut Config) {
    if !config.is_null() {
        // SAFETY: made by pear_quic_config_new, and used no more.
        guarded((), || drop(unsafe { Box::from_raw(config) }));
    }
}

// ---- Connection.

#[repr(C)]
pub struct PearQuicStart {
    id: PearBytes,
    original: PearBytes,
    reset_token: [u8; 16],
    local: PearAddress,
    peer: PearAddress,
    ssl: *mut c_void,
    is_server: bool,
    ticket: PearBytes,
    ticket_parameters: PearBytes,
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_new(
    config: *mut Config,
    start: *const PearQuicStart,
) -> *mut PearQuic {
    guarded(std::ptr::null_mut(), || {
        // SAFETY: see the head of the file.
        let (config, start) = unsafe { (&mut *config, &*start) };
        if start.is_server {
            let token = u128::from_be_bytes(start.reset_token);
            config.transport.set_stateless_reset_token(Some(token));
        }
        let (local, local_size) = SystemAddress::of(&start.local);
        let (peer, peer_size) = SystemAddress::of(&start.peer);
        // SAFETY: the pointers are to values that live until the call returns; the SSL's owner gave it
        // away. The connection is a Box of quiche's, as its C face makes them.
        let made = unsafe {
            let quic = quiche_conn_new_with_tls(
                start.id.data,
                start.id.len,
                start.original.data,
                start.original.len,
                (&raw const local).cast(),
                local_size,
                (&raw const peer).cast(),
                peer_size,
                (&raw const config.transport).cast(),
                start.ssl,
                start.is_server,
            );
            if quic.is_null() {
                None
            } else {
                Some(*Box::from_raw(quic.cast::<quiche::Connection>()))
            }
        };
        made.map_or(std::ptr::null_mut(), |quic| {
            let mut connection = Connection::new(quic);
            // SAFETY: see the head of the file.
            let (ticket, parameters) = unsafe { (start.ticket.view(), start.ticket_parameters.view()) };
            if !ticket.is_empty() && !connection.offer_ticket(ticket, parameters) {
                return std::ptr::null_mut();
            }
            Box::into_raw(Box::new(PearQuic { connection, fields: Vec::new(), broken: false }))
        })
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_free(quic: *mut PearQuic) {
    if !quic.is_null() {
        // SAFETY: made by pear_quic_new, and used no more.
        guarded((), || drop(unsafe { Box::from_raw(quic) }));
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_receive(
    quic: *mut PearQuic,
    datagram: *mut u8,
    bytes: usize,
    from: *const PearAddress,
    to: *const PearAddress,
) -> i64 {
    // SAFETY: see the head of the file.
    let (quic, datagram, from, to) =
        unsafe { (&mut *quic, slice::from_raw_parts_mut(datagram, bytes), *from, *to) };
    quic.enter(FAILED, |connection| connection.receive(datagram, from.into(), to.into()))
}

#[repr(C)]
pub struct PearQuicSend {
    from: PearAddress,
    to: PearAddress,
    delay_ns: u64,
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_send(
    quic: *mut PearQuic,
    out: *mut u8,
    out_bytes: usize,
    sent: *mut PearQuicSend,
) -> i64 {
    // SAFETY: see the head of the file.
    let (quic, out, sent) =
        unsafe { (&mut *quic, slice::from_raw_parts_mut(out, out_bytes), &mut *sent) };
    quic.enter(FAILED, |connection| match connection.send(out) {
        Ok((bytes, how)) => {
            *sent = PearQuicSend {
                from: how.from.into(),
                to: how.to.into(),
                delay_ns: quic::delay_ns(&how),
            };
            counted(bytes)
        }
        Err(outcome) => outcome,
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_send_quantum(quic: *const PearQuic) -> usize {
    // SAFETY: see the head of the file.
    let quic = unsafe { &*quic };
    guarded(0, || quic.connection.send_quantum())
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_timeout_ns(quic: *const PearQuic) -> u64 {
    // SAFETY: see the head of the file.
    let quic = unsafe { &*quic };
    guarded(u64::MAX, || quic.connection.timeout_ns().unwrap_or(u64::MAX))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_on_timeout(quic: *mut PearQuic) {
    // SAFETY: see the head of the file.
    unsafe { &mut *quic }.enter((), Connection::on_timeout);
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_state(quic: *const PearQuic) -> u32 {
    const CLOSED: u32 = 8;
    // SAFETY: see the head of the file.
    let quic = unsafe { &*quic };
    if quic.broken { CLOSED } else { guarded(CLOSED, || quic.connection.state()) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_close(quic: *mut PearQuic, application: bool, code: u64) {
    // SAFETY: see the head of the file.
    unsafe { &mut *quic }.enter((), |connection| connection.close(application, code));
}

#[repr(C)]
pub struct PearQuicError {
    code: u64,
    reason: PearBytes,
    application: bool,
}

fn tell(error: Option<&quiche::ConnectionError>, out: &mut PearQuicError) -> bool {
    error.is_some_and(|error| {
        *out = PearQuicError {
            code: error.error_code,
            reason: PearBytes::lend(&error.reason),
            application: error.is_app,
        };
        true
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_local_error(
    quic: *const PearQuic,
    error: *mut PearQuicError,
) -> bool {
    // SAFETY: see the head of the file.
    let (quic, error) = unsafe { (&*quic, &mut *error) };
    guarded(false, || tell(quic.connection.local_error(), error))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_peer_error(
    quic: *const PearQuic,
    error: *mut PearQuicError,
) -> bool {
    // SAFETY: see the head of the file.
    let (quic, error) = unsafe { (&*quic, &mut *error) };
    guarded(false, || tell(quic.connection.peer_error(), error))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_ids_wanted(quic: *const PearQuic) -> usize {
    // SAFETY: see the head of the file.
    let quic = unsafe { &*quic };
    if quic.broken { 0 } else { guarded(0, || quic.connection.ids_wanted()) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_add_id(
    quic: *mut PearQuic,
    id: PearBytes,
    reset_token: *const [u8; 16],
) -> bool {
    // SAFETY: see the head of the file.
    let (quic, id, token) = unsafe { (&mut *quic, id.view(), *reset_token) };
    quic.enter(false, |connection| connection.add_id(id, token))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_next_retired_id(
    quic: *mut PearQuic,
    out: *mut u8,
    out_bytes: usize,
) -> i64 {
    // SAFETY: see the head of the file.
    let (quic, out) = unsafe { (&mut *quic, slice::from_raw_parts_mut(out, out_bytes)) };
    quic.enter(DONE, |connection| {
        connection.next_retired_id().and_then(|id| copied(&id, out)).unwrap_or(DONE)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_moved(quic: *mut PearQuic, peer: *mut PearAddress) -> bool {
    // SAFETY: see the head of the file.
    let (quic, peer) = unsafe { (&mut *quic, &mut *peer) };
    quic.enter(false, |connection| {
        connection.moved().is_some_and(|address| {
            *peer = address.into();
            true
        })
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_write_qlog(quic: *mut PearQuic, fd: i32) {
    // SAFETY: see the head of the file; the descriptor's owner gave it away.
    let (quic, file) = unsafe { (&mut *quic, File::from_raw_fd(fd)) };
    quic.enter((), |connection| connection.write_qlog(file));
}

#[repr(C)]
pub struct PearQuicStats {
    packets_received: u64,
    packets_sent: u64,
    packets_lost: u64,
    bytes_received: u64,
    bytes_sent: u64,
    rtt_ns: u64,
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_stats(quic: *const PearQuic, out: *mut PearQuicStats) {
    // SAFETY: see the head of the file.
    let (quic, out) = unsafe { (&*quic, &mut *out) };
    guarded((), || {
        let (stats, rtt_ns) = quic.connection.stats();
        *out = PearQuicStats {
            packets_received: stats.recv as u64,
            packets_sent: stats.sent as u64,
            packets_lost: stats.lost as u64,
            bytes_received: stats.recv_bytes,
            bytes_sent: stats.sent_bytes,
            rtt_ns,
        };
    });
}

// ---- HTTP/3.

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_open(quic: *mut PearQuic, config: *const Config) -> bool {
    // SAFETY: see the head of the file.
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
    // SAFETY: see the head of the file.
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
    // SAFETY: see the head of the file.
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
    // SAFETY: see the head of the file.
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
    // SAFETY: see the head of the file.
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
    // SAFETY: see the head of the file.
    let (quic, fields) = unsafe { (&mut *quic, FieldView::list(fields, count)) };
    quic.enter(FAILED, |connection| connection.send_trailers(stream, fields))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_request(
    quic: *mut PearQuic,
    head: *const PearHttp3Head,
) -> i64 {
    // SAFETY: see the head of the file.
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
    // SAFETY: see the head of the file.
    let (quic, bytes) = unsafe { (&mut *quic, bytes.view()) };
    quic.enter(FAILED, |connection| connection.send_body(stream, bytes, end))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_set_priority(
    quic: *mut PearQuic,
    stream: u64,
    urgency: u8,
    incremental: bool,
) {
    // SAFETY: see the head of the file.
    let quic = unsafe { &mut *quic };
    quic.enter((), |connection| connection.set_priority(stream, urgency, incremental));
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_parse_priority(
    value: PearBytes,
    urgency: *mut u8,
    incremental: *mut bool,
) -> bool {
    // SAFETY: see the head of the file.
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
    // SAFETY: see the head of the file.
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
    // SAFETY: see the head of the file.
    let quic = unsafe { &mut *quic };
    quic.enter((), |connection| connection.reset(stream, sending, receiving, code));
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_stops(quic: *const PearQuic) -> u64 {
    // SAFETY: see the head of the file.
    let quic = unsafe { &*quic };
    guarded(0, || quic.connection.stops())
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_is_stopped(quic: *mut PearQuic, stream: u64) -> bool {
    // SAFETY: see the head of the file.
    unsafe { &mut *quic }.enter(true, |connection| connection.is_stopped(stream))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_http3_go_away(quic: *mut PearQuic, id: u64) -> i64 {
    // SAFETY: see the head of the file.
    unsafe { &mut *quic }.enter(FAILED, |connection| connection.go_away(id))
}
