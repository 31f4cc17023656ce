//! One request of an instance: where its response stands.

use super::body::Held;
use super::error_code::ErrorCode;
use super::field_list::FieldList;
use super::{Account, State};
use crate::abi::{CallRef, RequestView, WINDOW_GONE};
use crate::fault::{Fault, Kind};
use std::task::Poll;
use wasmtime::component::Resource;

/// Types of wasi:http/types that have no state but the call's: their handles carry its number.
pub enum IncomingRequest {}
pub enum ResponseOutparam {}

pub struct Call {
    pub number: u32,
    pub host: CallRef,
    pub request: RequestView,
    pub body_taken: bool,
    pub answer: Answer,
    /// Body bytes that were written before there was room for them.
    pub held: Held,
    end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    None,
    Response { status: u16 },
    Error,
}

/// How the response's body ends, once everything held is sent.
enum End {
    Open,
    Finish(FieldList),
    Abort,
    /// The host knows.
    Told,
}

impl Call {
    pub fn new(request: RequestView, host: CallRef) -> Call {
        Call {
            number: 0,
            host,
            request,
            body_taken: false,
            answer: Answer::None,
            held: Held::default(),
            end: End::Open,
        }
    }

    /// Whether the response carries no body by its nature, whatever its content-length says.
    pub fn bodiless(&self, status: u16) -> bool {
        self.request.method == "HEAD" || matches!(status, 204 | 304)
    }

    pub fn fail(&mut self, code: &ErrorCode) {
        self.answer = Answer::Error;
        self.end = End::Told;
        self.host.response_error(code.name());
    }

    pub fn finish(&mut self, account: &mut Account, trailers: FieldList) {
        self.end = End::Finish(trailers);
        self.drain(account);
    }

    pub fn abort(&mut self, account: &mut Account) {
        self.end = End::Abort;
        self.drain(account);
    }

    /// Sends what is held as far as the host takes it, then the end when it is known.
    pub fn drain(&mut self, account: &mut Account) {
        while self.held.len() > 0 {
            let window = self.host.body_window();
            if window == 0 {
                return;
            }
            if window == WINDOW_GONE {
                self.held.release(account);
                if !matches!(self.end, End::Open | End::Told) {
                    self.end = End::Abort;
                }
                break;
            }
            let unsent = self.held.unsent();
            let count = unsent.len().min(window as usize);
            self.host.body_write(&unsent[..count]);
            self.held.advance(count);
        }
        self.held.release(account);
        match std::mem::replace(&mut self.end, End::Told) {
            End::Open => self.end = End::Open,
            End::Finish(trailers) => {
                self.host.body_finish(&trailers.views());
                trailers.release(account);
            }
            End::Abort => self.host.body_abort(),
            End::Told => {}
        }
    }
}

impl State {
    /// A new request: gives the handles of its two resources.
    pub fn begin(
        &mut self,
        mut call: Call,
    ) -> (Resource<IncomingRequest>, Resource<ResponseOutparam>) {
        // Numbers come again after 2^32 requests of one instance; max_requests_per_instance is far
        // below.
        self.call_number = self.call_number.wrapping_add(1);
        call.number = self.call_number;
        self.slots.request_children = 0;
        self.slots.request_number = call.number;
        self.call = Some(call);
        (Resource::new_own(self.call_number), Resource::new_own(self.call_number))
    }

    /// `handle` has returned: the response must be set, and what is open of its body is cut.
    pub fn returned(&mut self) -> Result<(), Fault> {
        let Some(call) = self.call.as_mut() else { return Ok(()) };
        if call.answer == Answer::None {
            return Err(Fault::new(Kind::Host, "returned without a response"));
        }
        if matches!(call.end, End::Open) {
            call.abort(&mut self.account);
        }
        Ok(())
    }

    pub fn poll_response_sent(&mut self) -> Poll<()> {
        let Some(call) = self.call.as_mut() else { return Poll::Ready(()) };
        call.drain(&mut self.account);
        if matches!(call.end, End::Told) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// The call is over: what it lent is not touched again.
    pub fn end(&mut self) {
        self.call = None;
    }
}
