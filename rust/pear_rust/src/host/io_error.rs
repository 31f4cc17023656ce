//! wasi:io/error, and the failures of our own streams.

use super::error_code::ErrorCode;
use super::{Cx, State};
use wasmtime::Result;
use wasmtime::component::{Linker, Resource, ResourceType};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode as FileError;
pub use wasmtime_wasi_io::bindings::wasi::io::streams::StreamError;
use wasmtime_wasi_io::streams::Error;

/// Why a stream of ours failed. It has no state, so the handle itself is all there is of it.
#[derive(Clone, Copy)]
pub enum Failure {
    ClientGone,
    RequestCut,
    BodyTooLong,
    OutgoingDenied,
    File(FileError),
}

/// Handles of failures of files begin here.
const FILES: u32 = 16;

/// In the order of wasi:filesystem/types.
const FILE_ERRORS: [FileError; 37] = [
    FileError::Access,
    FileError::WouldBlock,
    FileError::Already,
    FileError::BadDescriptor,
    FileError::Busy,
    FileError::Deadlock,
    FileError::Quota,
    FileError::Exist,
    FileError::FileTooLarge,
    FileError::IllegalByteSequence,
    FileError::InProgress,
    FileError::Interrupted,
    FileError::Invalid,
    FileError::Io,
    FileError::IsDirectory,
    FileError::Loop,
    FileError::TooManyLinks,
    FileError::MessageSize,
    FileError::NameTooLong,
    FileError::NoDevice,
    FileError::NoEntry,
    FileError::NoLock,
    FileError::InsufficientMemory,
    FileError::InsufficientSpace,
    FileError::NotDirectory,
    FileError::NotEmpty,
    FileError::NotRecoverable,
    FileError::Unsupported,
    FileError::NoTty,
    FileError::NoSuchDevice,
    FileError::Overflow,
    FileError::NotPermitted,
    FileError::Pipe,
    FileError::ReadOnly,
    FileError::InvalidSeek,
    FileError::TextFileBusy,
    FileError::CrossDevice,
];

impl Failure {
    fn of(rep: u32) -> Failure {
        match rep {
            1 => Failure::ClientGone,
            2 => Failure::RequestCut,
            3 => Failure::BodyTooLong,
            FILES.. => {
                let error = FILE_ERRORS.get((rep - FILES) as usize);
                Failure::File(error.copied().unwrap_or(FileError::Io))
            }
            _ => Failure::OutgoingDenied,
        }
    }

    fn rep(self) -> u32 {
        match self {
            Failure::ClientGone => 1,
            Failure::RequestCut => 2,
            Failure::BodyTooLong => 3,
            Failure::OutgoingDenied => 4,
            Failure::File(error) => {
                let place = FILE_ERRORS.iter().position(|it| *it == error);
                FILES + place.unwrap_or(FILE_ERRORS.len()) as u32
            }
        }
    }

    fn text(self) -> &'static str {
        match self {
            Failure::File(error) => error.message(),
            Failure::ClientGone => "the client went away before the response was complete",
            Failure::RequestCut => "the request's body ended before it was complete",
            Failure::BodyTooLong => "more was written than the content-length says",
            Failure::OutgoingDenied => "outgoing requests are not permitted",
        }
    }

    pub fn code(self) -> ErrorCode {
        match self {
            Failure::ClientGone | Failure::RequestCut => ErrorCode::ConnectionTerminated,
            Failure::BodyTooLong => ErrorCode::HttpResponseBodySize(None),
            Failure::OutgoingDenied => ErrorCode::HttpRequestDenied,
            Failure::File(error) => ErrorCode::InternalError(Some(error.name().into())),
        }
    }

    pub fn stream_error(self) -> StreamError {
        StreamError::LastOperationFailed(Resource::new_own(self.rep()))
    }
}

/// For wasi:http/types.http-error-code.
pub fn http_error_code(rep: u32) -> Option<ErrorCode> {
    match Failure::of(rep) {
        Failure::File(_) => None,
        failure => Some(failure.code()),
    }
}

/// For wasi:filesystem/types.filesystem-error-code.
pub fn file_error_code(rep: u32) -> Option<FileError> {
    match Failure::of(rep) {
        Failure::File(error) => Some(error),
        _ => None,
    }
}

pub fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    let mut error = linker.instance("wasi:io/error@0.2.12")?;
    error.resource("error", ResourceType::host::<Error>(), |_, _| Ok(()))?;
    error.func_wrap("[method]error.to-debug-string", |_: Cx, (error,): (Resource<Error>,)| {
        Ok((Failure::of(error.rep()).text(),))
    })
}
