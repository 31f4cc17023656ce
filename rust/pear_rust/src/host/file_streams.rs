//! Streams that read and write files: one piece at a time is on its way, on a file thread.

use super::files::{PIECE_MAX, Waiting};
use super::io_error::Failure;
use super::{Account, State};
use crate::abi::HostRef;
use crate::files::open::Open;
use std::sync::Arc;
use std::task::Poll;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

/// Where a stream reads from a file.
pub struct FileInput {
    open: Arc<Open>,
    position: u64,
    state: Reading,
    charged: u64,
}

enum Reading {
    Nothing,
    Waiting(Waiting<FsResult<Vec<u8>>>),
    Bytes { bytes: Vec<u8>, taken: usize },
    End,
    Failed(ErrorCode),
}

/// What there is of a stream's file.
pub enum Piece {
    Pending,
    Bytes(Vec<u8>),
    End,
    Failed(ErrorCode),
}

fn code_of<T>(outcome: Result<FsResult<T>, ErrorCode>) -> Result<T, ErrorCode> {
    outcome?.map_err(|error| error.downcast().unwrap_or(ErrorCode::Io))
}

impl FileInput {
    pub fn new(open: Arc<Open>, position: u64) -> FileInput {
        FileInput { open, position, state: Reading::Nothing, charged: 0 }
    }

    /// Whether a read would give something; else a piece of at most `max` is on its way.
    pub fn poll(&mut self, state: &mut State, max: usize) -> bool {
        if matches!(self.state, Reading::Nothing) {
            self.state = self.begin(state, max.clamp(1, PIECE_MAX));
        }
        if let Reading::Waiting(waiting) = &self.state {
            let Poll::Ready(outcome) = waiting.poll(state.host) else { return false };
            self.state = match code_of(outcome) {
                Ok(bytes) if bytes.is_empty() => Reading::End,
                Ok(bytes) => Reading::Bytes { bytes, taken: 0 },
                Err(code) => Reading::Failed(code),
            };
        }
        true
    }

    fn begin(&mut self, state: &mut State, length: usize) -> Reading {
        if let Err(code) = state.charge_file(length as u64) {
            return Reading::Failed(code);
        }
        self.charged += length as u64;
        let (open, position) = (self.open.clone(), self.position);
        match state.begin_call(move || open.read_at(length, position)) {
            Ok(waiting) => Reading::Waiting(waiting),
            Err(code) => Reading::Failed(code),
        }
    }

    /// At most `max` bytes of what is there, or the beginning of a read.
    pub fn read(&mut self, state: &mut State, max: usize) -> Piece {
        if !self.poll(state, max) {
            return Piece::Pending;
        }
        let piece = match &mut self.state {
            Reading::Nothing | Reading::Waiting(_) => return Piece::Pending,
            Reading::Bytes { bytes, taken } => {
                let rest = bytes.len() - *taken;
                let count = rest.min(max);
                self.position += count as u64;
                if count < rest {
                    let given = bytes[*taken..*taken + count].to_vec();
                    *taken += count;
                    return Piece::Bytes(given);
                }
                if *taken == 0 {
                    Piece::Bytes(std::mem::take(bytes))
                } else {
                    Piece::Bytes(bytes.split_off(*taken))
                }
            }
            Reading::End => Piece::End,
            Reading::Failed(code) => Piece::Failed(*code),
        };
        self.state = Reading::Nothing;
        self.release(&mut state.account);
        piece
    }

    pub fn release(&mut self, account: &mut Account) {
        account.release(std::mem::take(&mut self.charged));
    }
}

#[derive(Clone, Copy)]
pub enum Mode {
    At(u64),
    Append,
}

/// Where a stream writes to a file.
pub struct FileOutput {
    open: Arc<Open>,
    mode: Mode,
    writing: Option<Waiting<FsResult<()>>>,
    charged: u64,
}

impl FileOutput {
    pub fn new(open: Arc<Open>, mode: Mode) -> FileOutput {
        FileOutput { open, mode, writing: None, charged: 0 }
    }

    /// What it takes now: nothing while a piece is on its way.
    pub fn room(&mut self, host: HostRef, account: &mut Account) -> Result<u64, Failure> {
        let Some(writing) = &self.writing else { return Ok(PIECE_MAX as u64) };
        let Poll::Ready(outcome) = writing.poll(host) else { return Ok(0) };
        self.writing = None;
        self.release(account);
        code_of(outcome).map(|()| PIECE_MAX as u64).map_err(Failure::File)
    }

    /// Begins to write a piece, which there is room for.
    pub fn write(&mut self, state: &mut State, bytes: Vec<u8>) -> Result<(), Failure> {
        let length = bytes.len() as u64;
        state.charge_file(length).map_err(Failure::File)?;
        self.charged += length;
        let (open, mode) = (self.open.clone(), self.mode);
        if let Mode::At(position) = &mut self.mode {
            *position += length;
        }
        let begun = state.begin_call(move || write_piece(&open, mode, &bytes));
        self.writing = Some(begun.map_err(Failure::File)?);
        Ok(())
    }

    pub fn release(&mut self, account: &mut Account) {
        account.release(std::mem::take(&mut self.charged));
    }
}

/// Blocks.
fn write_piece(open: &Open, mode: Mode, bytes: &[u8]) -> FsResult<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let count = match mode {
            Mode::At(position) => {
                open.write_at(rest, position + (bytes.len() - rest.len()) as u64)?
            }
            Mode::Append => open.append(rest)?,
        };
        rest = &rest[count..];
    }
    Ok(())
}
