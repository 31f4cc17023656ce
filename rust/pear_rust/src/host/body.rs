//! Bodies and their streams: what is kept of each, and how much an output stream takes.

use super::call::Call;
use super::field_list::FieldList;
use super::file_streams::{FileInput, FileOutput};
use super::io_error::{Failure, StreamError};
use super::streams::Told;
use super::{Account, State};
use crate::abi::{Stream, WINDOW_GONE};
use wasmtime::Result;

/// Body bytes that a guest may write before it has set its response.
pub const HELD_MAX: usize = 64 << 10;
/// Bytes that one read of a request body, or one step of a splice, moves.
pub const READ_MAX: u64 = 64 << 10;
/// The most that check-write permits at once.
const PERMIT_MAX: u64 = 1 << 20;
const CHARGE_STEP: u64 = 4096;

pub struct OutgoingResponse {
    pub status: u16,
    pub fields: FieldList,
    pub content_length: Option<u64>,
    pub body: ResponseBody,
}

/// Where the body of a response stands that is not set yet.
pub enum ResponseBody {
    Untaken,
    /// The guest holds it, in this slot.
    Taken(u32),
    Finished(Held, FieldList),
    Cut,
}

/// Bytes that wait in the host, charged to the instance.
#[derive(Default)]
pub struct Held {
    bytes: Vec<u8>,
    sent: usize,
    charged: u64,
}

impl Held {
    pub fn append(&mut self, account: &mut Account, bytes: &[u8]) -> Result<()> {
        let needed = (self.bytes.len() + bytes.len()) as u64;
        if needed > self.charged {
            let more = needed.next_multiple_of(CHARGE_STEP) - self.charged;
            account.charge(more)?;
            self.charged += more;
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    pub fn unsent(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    pub fn advance(&mut self, count: usize) {
        self.sent += count;
    }

    pub fn release(&mut self, account: &mut Account) {
        account.release(self.charged);
        *self = Held::default();
    }
}

pub struct OutgoingBody {
    pub stream_taken: bool,
    pub content_length: Option<u64>,
    pub written: u64,
    pub sink: Sink,
}

/// Where the bytes of a body go.
pub enum Sink {
    /// Into the host's hands until the response in this slot is set.
    Held(Held, u32),
    /// To the client of the call with this number.
    Call(u32),
    /// An outgoing request, which will not be sent; bytes are counted and forgotten.
    Request,
    Nowhere,
}

pub struct OutputStream {
    pub target: Target,
    pub failed: bool,
    // None where the target is no file, and while it is worked with.
    file: Option<Box<FileOutput>>,
}

#[derive(Clone, Copy)]
pub enum Target {
    Body(u32),
    Log(Stream),
    File,
}

impl OutputStream {
    pub fn new(target: Target) -> OutputStream {
        OutputStream { target, failed: false, file: None }
    }

    pub fn to_file(file: FileOutput) -> OutputStream {
        OutputStream { target: Target::File, failed: false, file: Some(Box::new(file)) }
    }
}

pub struct IncomingBody {
    pub call: u32,
    pub stream_taken: bool,
}

pub struct InputStream {
    pub call: u32,
    pub ended: bool,
    // None where it reads a request, and while it is worked with.
    pub file: Option<Box<FileInput>>,
}

impl InputStream {
    /// The body of the call with this number.
    pub fn of_call(call: u32) -> InputStream {
        InputStream { call, ended: false, file: None }
    }

    pub fn of_file(file: FileInput) -> InputStream {
        InputStream { call: 0, ended: false, file: Some(Box::new(file)) }
    }

    /// Nothing at all.
    pub fn empty() -> InputStream {
        InputStream { call: 0, ended: true, file: None }
    }
}

pub struct FutureTrailers {
    pub call: u32,
    pub taken: bool,
}

/// What an output stream of ours takes now.
pub enum Room {
    Bytes(u64),
    Failed(Failure),
    Closed,
}

impl State {
    /// As room, without telling the stream of its failure.
    pub fn peek_room(&mut self, rep: u32) -> Result<Room> {
        let stream = self.slots.get::<OutputStream>(rep)?;
        if stream.failed {
            return Ok(Room::Closed);
        }
        let body = match stream.target {
            Target::Log(_) => return Ok(Room::Bytes(HELD_MAX as u64)),
            Target::File => return self.file_room(rep),
            Target::Body(body) => body,
        };
        let body = self.slots.get::<OutgoingBody>(body)?;
        Ok(match &body.sink {
            Sink::Held(held, _) => Room::Bytes((HELD_MAX - held.len()) as u64),
            Sink::Request if body.written >= HELD_MAX as u64 => {
                Room::Failed(Failure::OutgoingDenied)
            }
            Sink::Request => Room::Bytes(HELD_MAX as u64 - body.written),
            Sink::Nowhere => Room::Closed,
            Sink::Call(number) => {
                let number = *number;
                match self.call.as_mut().filter(|call| call.number == number) {
                    Some(call) => call.room(&mut self.account),
                    None => Room::Closed,
                }
            }
        })
    }

    fn file_room(&mut self, rep: u32) -> Result<Room> {
        let State { slots, account, host, .. } = self;
        let Some(file) = &mut slots.get_mut::<OutputStream>(rep)?.file else {
            return Ok(Room::Closed);
        };
        Ok(match file.room(*host, account) {
            Ok(count) => Room::Bytes(count),
            Err(failure) => Room::Failed(failure),
        })
    }

    /// Begins to write a piece to the file behind a stream, for Flow::File.
    pub fn write_file(&mut self, rep: u32, bytes: Vec<u8>) -> Result<Told<()>> {
        if bytes.is_empty() {
            return Ok(Ok(())); // Permitted while a piece is on its way.
        }
        let Some(mut file) = self.slots.get_mut::<OutputStream>(rep)?.file.take() else {
            return Ok(Err(StreamError::Closed));
        };
        let begun = file.write(self, bytes);
        let stream = self.slots.get_mut::<OutputStream>(rep)?;
        stream.file = Some(file);
        stream.failed = begun.is_err();
        Ok(begun.map_err(Failure::stream_error))
    }

    /// Takes an output stream away.
    pub fn drop_output(&mut self, rep: u32) -> Result<()> {
        if let Some(mut file) = self.slots.remove::<OutputStream>(rep)?.file {
            file.release(&mut self.account);
        }
        Ok(())
    }

    /// What the stream takes now. A failure is reported once; from then on the stream is closed.
    pub fn room(&mut self, rep: u32) -> Result<Room> {
        let room = self.peek_room(rep)?;
        if matches!(room, Room::Failed(_)) {
            self.slots.get_mut::<OutputStream>(rep)?.failed = true;
        }
        Ok(room)
    }

    /// Checks that `count` bytes may follow those written to the stream, and counts them. Gives where
    /// they go.
    pub fn count_written(
        &mut self,
        rep: u32,
        count: u64,
    ) -> Result<std::result::Result<Flow, Failure>> {
        let target = self.slots.get::<OutputStream>(rep)?.target;
        let body = match target {
            Target::Log(stream) => return Ok(Ok(Flow::Log(stream))),
            Target::File => return Ok(Ok(Flow::File(rep))),
            Target::Body(body) => self.slots.get_mut::<OutgoingBody>(body)?,
        };
        // A stream of an earlier request never gets here: it has no room.
        body.written += count;
        if body.content_length.is_some_and(|length| body.written > length) {
            self.slots.get_mut::<OutputStream>(rep)?.failed = true;
            return Ok(Err(Failure::BodyTooLong));
        }
        Ok(Ok(self.flow_of(rep)?))
    }

    pub fn flow_of(&self, rep: u32) -> Result<Flow> {
        let body = match self.slots.get::<OutputStream>(rep)?.target {
            Target::Log(stream) => return Ok(Flow::Log(stream)),
            Target::File => return Ok(Flow::File(rep)),
            Target::Body(body) => self.slots.get::<OutgoingBody>(body)?,
        };
        Ok(match &body.sink {
            Sink::Held(..) => Flow::Hold(rep),
            Sink::Call(_) => Flow::Send,
            Sink::Request | Sink::Nowhere => Flow::Forget,
        })
    }

    /// The bytes held for the body behind a stream, for Flow::Hold.
    pub fn take_held(&mut self, stream: u32) -> Result<Held> {
        if let Target::Body(body) = self.slots.get::<OutputStream>(stream)?.target
            && let Sink::Held(held, _) = &mut self.slots.get_mut::<OutgoingBody>(body)?.sink
        {
            return Ok(std::mem::take(held));
        }
        Ok(Held::default())
    }

    pub fn put_held(&mut self, stream: u32, given: Held) -> Result<()> {
        if let Target::Body(body) = self.slots.get::<OutputStream>(stream)?.target
            && let Sink::Held(held, _) = &mut self.slots.get_mut::<OutgoingBody>(body)?.sink
        {
            *held = given;
        }
        Ok(())
    }
}

/// Where bytes that were counted go now.
#[derive(Clone, Copy)]
pub enum Flow {
    Log(Stream),
    /// To the file behind the stream in this slot.
    File(u32),
    /// Held for the body behind the stream in this slot.
    Hold(u32),
    Send,
    Forget,
}

impl Call {
    fn room(&mut self, account: &mut Account) -> Room {
        self.drain(account);
        if self.held.len() > 0 {
            return Room::Bytes(0);
        }
        match self.host.body_window() {
            WINDOW_GONE => Room::Failed(Failure::ClientGone),
            window => Room::Bytes(window.min(PERMIT_MAX)),
        }
    }
}
