//! One connection: datagrams in and out, its ids, its end.

use super::{DONE, FAILED};
use quiche::{ConnectionError, ConnectionId, Error, PathEvent, RecvInfo, SendInfo};
use std::fs::File;
use std::io::BufWriter;
use std::net::SocketAddr;
use std::time::Instant;

#[repr(C)]
pub struct Options {
    pub idle_timeout_ms: u64,
    pub streams_max: u64,
    pub stream_window: u64,
    pub connection_window: u64,
    pub field_section_max: u64,
    pub ids_max: u64,
    pub datagram_bytes_max: u64,
    pub congestion: u32,
    pub pacing: bool,
}

/// Of HTTP/3's three streams a peer opens control and two for QPACK; others are of types to come.
const UNI_STREAMS_MAX: u64 = 8;
/// Enough for SETTINGS and priorities.
const UNI_STREAM_WINDOW: u64 = 16 * 1024;

fn took_early_data(quic: &quiche::Connection) -> bool {
    /// BoringSSL's ssl_early_data_accepted.
    const ACCEPTED: u32 = 2;
    quic.early_data_reason() == ACCEPTED
}

pub struct Config {
    pub transport: quiche::Config,
    pub http3: quiche::h3::Config,
}

impl Config {
    pub fn new(options: &Options) -> quiche::Result<Config> {
        let mut transport = quiche::Config::new(quiche::PROTOCOL_VERSION)?;
        transport.set_max_idle_timeout(options.idle_timeout_ms);
        transport.set_initial_max_streams_bidi(options.streams_max);
        transport.set_initial_max_streams_uni(UNI_STREAMS_MAX);
        transport.set_initial_max_stream_data_bidi_local(options.stream_window);
        transport.set_initial_max_stream_data_bidi_remote(options.stream_window);
        transport.set_initial_max_stream_data_uni(UNI_STREAM_WINDOW);
        transport.set_initial_max_data(options.connection_window);
        transport.set_max_stream_window(options.stream_window);
        transport.set_max_connection_window(options.connection_window);
        transport.set_active_connection_id_limit(options.ids_max);
        let datagram = usize::try_from(options.datagram_bytes_max).unwrap_or(usize::MAX);
        transport.set_max_send_udp_payload_size(datagram);
        transport.discover_pmtu(true);
        transport.enable_pacing(options.pacing);
        transport.grease(false);
        transport.set_cc_algorithm(match options.congestion {
            1 => quiche::CongestionControlAlgorithm::Reno,
            2 => quiche::CongestionControlAlgorithm::Bbr2Gcongestion,
            _ => quiche::CongestionControlAlgorithm::CUBIC,
        });
        let mut http3 = quiche::h3::Config::new().map_err(|_| Error::InvalidState)?;
        http3.set_max_field_section_size(options.field_section_max);
        http3.set_qpack_max_table_capacity(0);
        http3.set_qpack_blocked_streams(0);
        Ok(Config { transport, http3 })
    }
}

pub struct Connection {
    pub(super) quic: quiche::Connection,
    pub(super) http3: Option<quiche::h3::Connection>,
    /// Fields of the last event.
    pub(super) head: Vec<quiche::h3::Header>,
    moved: Option<SocketAddr>,
}

impl Connection {
    pub fn new(quic: quiche::Connection) -> Connection {
        Connection { quic, http3: None, head: Vec::new(), moved: None }
    }

    /// Offers a ticket of an earlier connection, with the transport parameters that the server had then.
    pub fn offer_ticket(&mut self, ticket: &[u8], parameters: &[u8]) -> bool {
        // Both behind their lengths: quiche's own form of a session.
        let mut session = Vec::with_capacity(16 + ticket.len() + parameters.len());
        for part in [ticket, parameters] {
            session.extend_from_slice(&(part.len() as u64).to_be_bytes());
            session.extend_from_slice(part);
        }
        self.quic.set_session(&session).is_ok()
    }

    pub fn receive(&mut self, datagram: &mut [u8], from: SocketAddr, to: SocketAddr) -> i64 {
        let outcome = self.quic.recv(datagram, RecvInfo { from, to });
        self.note_paths();
        match outcome {
            Ok(_) | Err(Error::Done) => DONE,
            Err(_) => FAILED,
        }
    }

    pub fn send(&mut self, out: &mut [u8]) -> Result<(usize, SendInfo), i64> {
        self.quic.send(out).map_err(|error| if error == Error::Done { DONE } else { FAILED })
    }

    pub fn send_quantum(&self) -> usize {
        self.quic.send_quantum()
    }

    pub fn timeout_ns(&self) -> Option<u64> {
        self.quic.timeout().map(|left| u64::try_from(left.as_nanos()).unwrap_or(u64::MAX))
    }

    pub fn on_timeout(&mut self) {
        self.quic.on_timeout();
        self.note_paths();
    }

    pub fn state(&self) -> u32 {
        let quic = &self.quic;
        u32::from(quic.is_established())
            | u32::from(quic.is_in_early_data()) << 1
            | u32::from(quic.is_draining()) << 2
            | u32::from(quic.is_closed()) << 3
            | u32::from(quic.is_timed_out()) << 4
            | u32::from(quic.is_resumed()) << 5
            | u32::from(quic.is_established() && took_early_data(quic)) << 6
    }

    pub fn close(&mut self, application: bool, code: u64) {
        // Done: it ends already.
        let _ = self.quic.close(application, code, b"");
    }

    pub fn local_error(&self) -> Option<&ConnectionError> {
        self.quic.local_error()
    }

    pub fn peer_error(&self) -> Option<&ConnectionError> {
        self.quic.peer_error()
    }

    pub fn ids_wanted(&self) -> usize {
        if self.quic.is_established() { self.quic.scids_left() } else { 0 }
    }

    pub fn add_id(&mut self, id: &[u8], reset_token: [u8; 16]) -> bool {
        let token = u128::from_be_bytes(reset_token);
        self.quic.new_scid(&ConnectionId::from_ref(id), token, false).is_ok()
    }

    pub fn next_retired_id(&mut self) -> Option<ConnectionId<'static>> {
        self.quic.retired_scid_next()
    }

    /// The validated address that the peer has moved to since the last call.
    pub fn moved(&mut self) -> Option<SocketAddr> {
        self.moved.take()
    }

    pub fn write_qlog(&mut self, file: File) {
        let title = "pear".to_string();
        self.quic.set_qlog(Box::new(BufWriter::new(file)), title.clone(), title);
    }

    pub fn stats(&self) -> (quiche::Stats, u64) {
        let rtt = self
            .quic
            .path_stats()
            .find(|path| path.active)
            .map_or(0, |path| u64::try_from(path.rtt.as_nanos()).unwrap_or(u64::MAX));
        (self.quic.stats(), rtt)
    }

    fn note_paths(&mut self) {
        while let Some(event) = self.quic.path_event_next() {
            if let PathEvent::PeerMigrated(_, peer) = event {
                self.moved = Some(peer);
            }
        }
    }
}

/// How long a datagram would wait, were it sent when pacing says.
pub fn delay_ns(sent: &SendInfo) -> u64 {
    let wait = sent.at.saturating_duration_since(Instant::now());
    u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX)
}
