//! wasi:io/error, and the failures of our own streams.

use super::error_code::ErrorCode;
use super::slots::{TAG, is_ours};
use super::{Cx, State};
use wasmtime::Result;
use wasmtime::component::{Linker, Resource, ResourceType};
use wasmtime_wasi_io::bindings::wasi::io::error::HostError;
pub use wasmtime_wasi_io::bindings::wasi::io::streams::StreamError;
use wasmtime_wasi_io::streams::Error;

/// Why a stream of ours failed. It has no state, so the handle itself is all there is of it.
#[derive(Clone, Copy)]
pub enum Failure {
    ClientGone = 1,
    RequestCut = 2,
    BodyTooLong = 3,
    OutgoingDenied = 4,
}

impl Failure {
    fn of(rep: u32) -> Failure {
        match rep & !TAG {
            1 => Failure::ClientGone,
            2 => Failure::RequestCut,
            3 => Failure::BodyTooLong,
            _ => Failure::OutgoingDenied,
        }
    }

    fn text(self) -> &'static str {
        match self {
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
        }
    }

    pub fn stream_error(self) -> StreamError {
        StreamError::LastOperationFailed(Resource::new_own(TAG | self as u32))
    }
}

/// For wasi:http/types.http-error-code.
pub fn http_error_code(rep: u32) -> Option<ErrorCode> {
    is_ours(rep).then(|| Failure::of(rep).code())
}

pub fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    let mut error = linker.instance("wasi:io/error@0.2.12")?;
    error.resource("error", ResourceType::host::<Error>(), |mut cx, rep| {
        if is_ours(rep) {
            return Ok(());
        }
        HostError::drop(&mut cx.data_mut().table, Resource::new_own(rep))
    })?;
    error.func_wrap("[method]error.to-debug-string", |mut cx: Cx, (error,): (Resource<Error>,)| {
        if is_ours(error.rep()) {
            return Ok((Failure::of(error.rep()).text().to_string(),));
        }
        Ok((HostError::to_debug_string(&mut cx.data_mut().table, error)?,))
    })
}
