//! The HTTP/3 of a connection.

use super::connection::{Config, Connection};
use super::{BLOCKED, DONE, FAILED};
use quiche::Shutdown;
use quiche::h3::{self, Error, NameValue, Priority};

#[derive(Clone, Copy, PartialEq)]
pub enum EventKind {
    Nothing = 0,
    Head = 1,
    Body = 2,
    End = 3,
    Reset = 4,
    Priority = 5,
    GoAway = 6,
    Failed = 7,
}

pub struct Event {
    pub kind: EventKind,
    pub stream: u64,
    pub code: u64,
    pub more: bool,
}

impl Event {
    pub fn bare(kind: EventKind) -> Event {
        Event { kind, stream: 0, code: 0, more: false }
    }
}

/// How a head is to be sent.
pub struct Head {
    pub first: bool,
    pub end: bool,
    pub urgency: u8,
    pub incremental: bool,
}

/// Urgency (0 to 7) and whether it is incremental, by RFC 9218, section 4: members that are not of
/// their type, or out of range, count as absent.
pub fn parse_priority(value: &[u8]) -> Option<(u8, bool)> {
    let members = sfv::Parser::parse_dictionary(value).ok()?;
    let item = |name: &str| match members.get(name) {
        Some(sfv::ListEntry::Item(item)) => Some(&item.bare_item),
        _ => None,
    };
    let urgency = item("u").and_then(sfv::BareItem::as_int).and_then(|u| u8::try_from(u).ok());
    let incremental = item("i").and_then(sfv::BareItem::as_bool).unwrap_or(false);
    Some((urgency.filter(|u| *u <= 7).unwrap_or(3), incremental))
}

fn outcome<T>(result: Result<T, Error>, count: impl FnOnce(T) -> i64) -> i64 {
    match result {
        Ok(value) => count(value),
        Err(Error::Done | Error::StreamBlocked) => BLOCKED,
        Err(_) => FAILED,
    }
}

fn counted(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

impl Connection {
    pub fn open_http3(&mut self, config: &Config) -> bool {
        match h3::Connection::with_transport(&mut self.quic, &config.http3) {
            Ok(http3) => {
                self.http3 = Some(http3);
                true
            }
            Err(_) => false,
        }
    }

    /// The fields of the last head.
    pub fn head(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.head.iter().map(|field| (field.name(), field.value()))
    }

    pub fn next_event(&mut self) -> Event {
        self.head.clear();
        let Some(http3) = self.http3.as_mut() else {
            return Event::bare(EventKind::Nothing);
        };
        let (stream, event) = match http3.poll(&mut self.quic) {
            Ok(found) => found,
            Err(Error::Done) => return Event::bare(EventKind::Nothing),
            Err(_) => return Event::bare(EventKind::Failed),
        };
        let said = |kind| Event { kind, stream, code: 0, more: false };
        match event {
            h3::Event::Headers { list, more_frames } => {
                self.head = list;
                Event { more: more_frames, ..said(EventKind::Head) }
            }
            h3::Event::Data => said(EventKind::Body),
            h3::Event::Finished => said(EventKind::End),
            h3::Event::Reset(code) => Event { code, ..said(EventKind::Reset) },
            h3::Event::PriorityUpdate => said(EventKind::Priority),
            h3::Event::GoAway => said(EventKind::GoAway),
        }
    }

    pub fn read_body(&mut self, stream: u64, out: &mut [u8]) -> i64 {
        let Some(http3) = self.http3.as_mut() else { return FAILED };
        match http3.recv_body(&mut self.quic, stream, out) {
            Ok(bytes) => counted(bytes),
            Err(Error::Done) => DONE,
            Err(_) => FAILED,
        }
    }

    pub fn take_priority(&mut self, stream: u64) -> Option<Vec<u8>> {
        self.http3.as_mut()?.take_last_priority_update(stream).ok()
    }

    pub fn send_head<T: NameValue>(&mut self, stream: u64, fields: &[T], head: &Head) -> i64 {
        let Some(http3) = self.http3.as_mut() else { return FAILED };
        let priority = Priority::new(head.urgency, head.incremental);
        let (quic, end) = (&mut self.quic, head.end);
        let sent = if head.first {
            http3.send_response_with_priority(quic, stream, fields, &priority, end)
        } else {
            http3.send_additional_headers_with_priority(quic, stream, fields, &priority, false, end)
        };
        outcome(sent, |()| 0)
    }

    pub fn send_trailers<T: NameValue>(&mut self, stream: u64, fields: &[T]) -> i64 {
        let Some(http3) = self.http3.as_mut() else { return FAILED };
        outcome(http3.send_additional_headers(&mut self.quic, stream, fields, true, true), |()| 0)
    }

    pub fn request<T: NameValue>(&mut self, fields: &[T], end: bool) -> i64 {
        let Some(http3) = self.http3.as_mut() else { return FAILED };
        match http3.send_request(&mut self.quic, fields, end) {
            Err(Error::TransportError(quiche::Error::StreamLimit)) => BLOCKED,
            sent => outcome(sent, |stream| i64::try_from(stream).unwrap_or(FAILED)),
        }
    }

    pub fn send_body(&mut self, stream: u64, bytes: &[u8], end: bool) -> i64 {
        let Some(http3) = self.http3.as_mut() else { return FAILED };
        outcome(http3.send_body(&mut self.quic, stream, bytes, end), counted)
    }

    /// How many bytes `write` takes on a stream now. Where they are less than `least`: 0, and
    /// `next_writable` names the stream when there is room for so many.
    pub fn room(&mut self, stream: u64, least: usize) -> i64 {
        match self.quic.stream_capacity(stream) {
            // This is also what makes quiche look out for the stream.
            Ok(bytes) if bytes < least => {
                self.quic.stream_writable(stream, least).map_or(FAILED, |_| 0)
            }
            Ok(bytes) => counted(bytes),
            Err(_) => FAILED,
        }
    }

    /// Bytes of a stream as they are: frames that quiche's HTTP/3 would not send in pieces. It knows
    /// nothing of them, and so it sends nothing on a stream that began like this.
    pub fn write(&mut self, stream: u64, bytes: &[u8], end: bool) -> i64 {
        match self.quic.stream_send(stream, bytes, end) {
            Ok(taken) => counted(taken),
            Err(quiche::Error::Done) => BLOCKED,
            Err(_) => FAILED,
        }
    }

    /// What the peer takes of a field section; u64::MAX where it has not said so.
    pub fn field_section_max(&self) -> u64 {
        /// SETTINGS_MAX_FIELD_SECTION_SIZE (RFC 9114, section 7.2.4.1).
        const SETTING: u64 = 0x6;
        let settings = self.http3.as_ref().and_then(h3::Connection::peer_settings_raw);
        let found = settings.unwrap_or_default().iter().find(|(id, _)| *id == SETTING);
        found.map_or(u64::MAX, |(_, value)| *value)
    }

    pub fn set_priority(&mut self, stream: u64, urgency: u8, incremental: bool) {
        // As quiche does with a response: below its own streams. Of a stream that is gone there is
        // nothing to do.
        const PRIORITY_BASE: u8 = 124;
        let _ = self.quic.stream_priority(stream, PRIORITY_BASE + urgency.min(7), incremental);
    }

    pub fn next_writable(&mut self) -> Option<u64> {
        self.quic.stream_writable_next()
    }

    pub fn reset(&mut self, stream: u64, sending: bool, receiving: bool, code: u64) {
        // Done: that direction has ended.
        if receiving {
            let _ = self.quic.stream_shutdown(stream, Shutdown::Read, code);
        }
        if sending {
            let _ = self.quic.stream_shutdown(stream, Shutdown::Write, code);
        }
    }

    pub fn stops(&self) -> u64 {
        self.quic.stats().stopped_stream_count_remote
    }

    pub fn is_stopped(&mut self, stream: u64) -> bool {
        self.quic.stream_capacity(stream).is_err()
    }

    pub fn go_away(&mut self, id: u64) -> i64 {
        let Some(http3) = self.http3.as_mut() else { return FAILED };
        outcome(http3.send_goaway(&mut self.quic, id), |()| 0)
    }
}
