//! QUIC: connections and what they have in common.

use super::address::{PearAddress, SystemAddress};
use super::{PearQuic, copied, counted};
use crate::abi::exports::guarded;
use crate::abi::view::PearBytes;
use crate::fault::keep_panics;
use crate::quic::{self, Config, Connection, DONE, FAILED, Options};
use std::ffi::c_void;
use std::fs::File;
use std::os::fd::FromRawFd;
use std::slice;

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

// ---- Configuration.

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_config_new(options: *const Options) -> *mut Config {
    keep_panics();
    guarded(std::ptr::null_mut(), || {
        // SAFETY: see the head of mod.rs.
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
        // SAFETY: see the head of mod.rs.
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
            // SAFETY: see the head of mod.rs.
            let (ticket, parameters) =
                unsafe { (start.ticket.view(), start.ticket_parameters.view()) };
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
    // SAFETY: see the head of mod.rs.
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
    // SAFETY: see the head of mod.rs.
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
    // SAFETY: see the head of mod.rs.
    let quic = unsafe { &*quic };
    guarded(0, || quic.connection.send_quantum())
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_timeout_ns(quic: *const PearQuic) -> u64 {
    // SAFETY: see the head of mod.rs.
    let quic = unsafe { &*quic };
    guarded(u64::MAX, || quic.connection.timeout_ns().unwrap_or(u64::MAX))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_on_timeout(quic: *mut PearQuic) {
    // SAFETY: see the head of mod.rs.
    unsafe { &mut *quic }.enter((), Connection::on_timeout);
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_state(quic: *const PearQuic) -> u32 {
    const CLOSED: u32 = 8;
    // SAFETY: see the head of mod.rs.
    let quic = unsafe { &*quic };
    if quic.broken { CLOSED } else { guarded(CLOSED, || quic.connection.state()) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_close(quic: *mut PearQuic, application: bool, code: u64) {
    // SAFETY: see the head of mod.rs.
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
    // SAFETY: see the head of mod.rs.
    let (quic, error) = unsafe { (&*quic, &mut *error) };
    guarded(false, || tell(quic.connection.local_error(), error))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_peer_error(
    quic: *const PearQuic,
    error: *mut PearQuicError,
) -> bool {
    // SAFETY: see the head of mod.rs.
    let (quic, error) = unsafe { (&*quic, &mut *error) };
    guarded(false, || tell(quic.connection.peer_error(), error))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_ids_wanted(quic: *const PearQuic) -> usize {
    // SAFETY: see the head of mod.rs.
    let quic = unsafe { &*quic };
    if quic.broken { 0 } else { guarded(0, || quic.connection.ids_wanted()) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_add_id(
    quic: *mut PearQuic,
    id: PearBytes,
    reset_token: *const [u8; 16],
) -> bool {
    // SAFETY: see the head of mod.rs.
    let (quic, id, token) = unsafe { (&mut *quic, id.view(), *reset_token) };
    quic.enter(false, |connection| connection.add_id(id, token))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_next_retired_id(
    quic: *mut PearQuic,
    out: *mut u8,
    out_bytes: usize,
) -> i64 {
    // SAFETY: see the head of mod.rs.
    let (quic, out) = unsafe { (&mut *quic, slice::from_raw_parts_mut(out, out_bytes)) };
    quic.enter(DONE, |connection| {
        connection.next_retired_id().and_then(|id| copied(&id, out)).unwrap_or(DONE)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_quic_moved(quic: *mut PearQuic, peer: *mut PearAddress) -> bool {
    // SAFETY: see the head of mod.rs.
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
    // SAFETY: see the head of mod.rs; the descriptor's owner gave it away.
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
    // SAFETY: see the head of mod.rs.
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
