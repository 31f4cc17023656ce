//! wasi:http/types: outgoing-body, incoming-body and future-trailers.

use super::body::{
    FutureTrailers, Held, IncomingBody, InputStream, OutgoingBody, OutgoingResponse, OutputStream,
    READ_MAX, ResponseBody, Sink, Target,
};
use super::error_code::ErrorCode;
use super::field_list::FieldList;
use super::fields::Fields;
use super::io_error::Failure;
use super::poll::{Pollable, Wanted};
use super::slots::Parent;
use super::{Cx, State};
use crate::abi::Read;
use wasmtime::Result;
use wasmtime::component::{LinkerInstance, Resource, ResourceType};
use wasmtime_wasi_io::poll::DynPollable;
use wasmtime_wasi_io::streams::{DynInputStream, DynOutputStream};

type Told<T> = std::result::Result<T, ErrorCode>;

/// How a body ended, and what goes with it.
enum Ended {
    Finished(FieldList),
    Cut,
}

impl State {
    /// Whether the body of the response in a slot, or of the running call, may stay unwritten.
    fn bodiless(&self, body: &OutgoingBody) -> bool {
        let Some(call) = &self.call else { return false };
        match (&body.sink, call.answer) {
            (Sink::Held(_, response), _) => self
                .slots
                .get::<OutgoingResponse>(*response)
                .is_ok_and(|response| call.bodiless(response.status)),
            (Sink::Call(_), super::call::Answer::Response { status }) => call.bodiless(status),
            _ => false,
        }
    }

    fn finish_body(&mut self, rep: u32, trailers: Option<Resource<Fields>>) -> Result<Told<()>> {
        let body = self.slots.remove::<OutgoingBody>(rep)?;
        let trailers = match trailers {
            Some(fields) => self.consume_fields(fields.rep())?,
            None => FieldList::default(),
        };
        let fits = match body.content_length {
            Some(length) => body.written == length || (body.written == 0 && self.bodiless(&body)),
            None => true,
        };
        if fits {
            self.end_body(body.sink, Ended::Finished(trailers))?;
            return Ok(Ok(()));
        }
        trailers.release(&mut self.account);
        let error = match body.sink {
            Sink::Request => ErrorCode::HttpRequestBodySize(Some(body.written)),
            _ => ErrorCode::HttpResponseBodySize(Some(body.written)),
        };
        self.end_body(body.sink, Ended::Cut)?;
        Ok(Err(error))
    }

    fn end_body(&mut self, sink: Sink, ended: Ended) -> Result<()> {
        match (sink, ended) {
            (Sink::Call(number), ended) => {
                let Some(call) = self.call.as_mut().filter(|call| call.number == number) else {
                    return Ok(());
                };
                match ended {
                    Ended::Finished(trailers) => call.finish(&mut self.account, trailers),
                    Ended::Cut => call.abort(&mut self.account),
                }
            }
            (Sink::Held(held, response), Ended::Finished(trailers)) => {
                let response = self.slots.get_mut::<OutgoingResponse>(response)?;
                response.body = ResponseBody::Finished(held, trailers);
            }
            (Sink::Held(mut held, response), Ended::Cut) => {
                Held::release(&mut held, &mut self.account);
                self.slots.get_mut::<OutgoingResponse>(response)?.body = ResponseBody::Cut;
            }
            (Sink::Request | Sink::Nowhere, Ended::Finished(trailers)) => {
                trailers.release(&mut self.account);
            }
            (Sink::Request | Sink::Nowhere, Ended::Cut) => {}
        }
        Ok(())
    }

    /// Whether the trailers of a call are known: its body is read to the end, what the guest left of
    /// it is thrown away.
    pub fn trailers_ready(&mut self, number: u32) -> std::result::Result<bool, Failure> {
        let Some(call) = self.call(number) else { return Err(Failure::RequestCut) };
        // What the host holds is bounded; so is the time that this takes.
        for _ in 0..STEPS_MAX {
            match call.host.body_read(READ_MAX) {
                Read::Bytes(_) => {}
                Read::Pending => return Ok(false),
                Read::End => return Ok(true),
                Read::Failed => return Err(Failure::RequestCut),
            }
        }
        Ok(false)
    }
}

const STEPS_MAX: u32 = 64;

type Got = Option<std::result::Result<Told<Option<Resource<Fields>>>, ()>>;

fn get_trailers(mut cx: Cx, (future,): (Resource<FutureTrailers>,)) -> Result<(Got,)> {
    let state = cx.data_mut();
    let it = state.slots.get::<FutureTrailers>(future.rep())?;
    let (number, taken) = (it.call, it.taken);
    if taken {
        return Ok((Some(Err(())),));
    }
    let trailers = match state.trailers_ready(number) {
        Ok(false) => return Ok((None,)),
        Ok(true) => {
            let none = state.request(number)?.host.body_trailers().is_empty();
            if none {
                Ok(None)
            } else {
                let parent = Parent::Slot(future.rep());
                Ok(Some(state.new_fields(Fields::Trailers(number), parent)?))
            }
        }
        Err(failure) => Err(failure.code()),
    };
    state.slots.get_mut::<FutureTrailers>(future.rep())?.taken = true;
    Ok((Some(Ok(trailers)),))
}

fn stream(
    mut cx: Cx,
    (body,): (Resource<IncomingBody>,),
) -> Result<(std::result::Result<Resource<DynInputStream>, ()>,)> {
    let state = cx.data_mut();
    let it = state.slots.get_mut::<IncomingBody>(body.rep())?;
    if std::mem::replace(&mut it.stream_taken, true) {
        return Ok((Err(()),));
    }
    let stream = InputStream::of_call(it.call);
    let rep = state.slots.push(&mut state.account, stream, Parent::Slot(body.rep()))?;
    Ok((Ok(Resource::new_own(rep)),))
}

fn write(
    mut cx: Cx,
    (body,): (Resource<OutgoingBody>,),
) -> Result<(std::result::Result<Resource<DynOutputStream>, ()>,)> {
    let state = cx.data_mut();
    let it = state.slots.get_mut::<OutgoingBody>(body.rep())?;
    if std::mem::replace(&mut it.stream_taken, true) {
        return Ok((Err(()),));
    }
    let stream = OutputStream::new(Target::Body(body.rep()));
    let rep = state.slots.push(&mut state.account, stream, Parent::Slot(body.rep()))?;
    Ok((Ok(Resource::new_own(rep)),))
}

fn add_incoming(types: &mut LinkerInstance<'_, State>) -> Result<()> {
    types.resource("incoming-body", ResourceType::host::<IncomingBody>(), |mut cx, rep| {
        cx.data_mut().slots.remove::<IncomingBody>(rep).map(drop)
    })?;
    types.func_wrap("[method]incoming-body.stream", stream)?;
    types.func_wrap(
        "[static]incoming-body.finish",
        |mut cx: Cx, (body,): (Resource<IncomingBody>,)| {
            let state = cx.data_mut();
            let call = state.slots.remove::<IncomingBody>(body.rep())?.call;
            let future = FutureTrailers { call, taken: false };
            let rep = state.slots.push(&mut state.account, future, Parent::None)?;
            Ok((Resource::<FutureTrailers>::new_own(rep),))
        },
    )?;
    types.resource("future-trailers", ResourceType::host::<FutureTrailers>(), |mut cx, rep| {
        cx.data_mut().slots.remove::<FutureTrailers>(rep).map(drop)
    })?;
    types.func_wrap(
        "[method]future-trailers.subscribe",
        |mut cx: Cx, (future,): (Resource<FutureTrailers>,)| {
            let rep = future.rep();
            cx.data().slots.get::<FutureTrailers>(rep)?;
            let pollable = Pollable { wanted: Wanted::Trailers(rep) };
            let made: Resource<DynPollable> =
                cx.data_mut().new_pollable(pollable, Parent::Slot(rep))?;
            Ok((made,))
        },
    )?;
    types.func_wrap("[method]future-trailers.get", get_trailers)
}

pub fn add_to_linker(types: &mut LinkerInstance<'_, State>) -> Result<()> {
    add_incoming(types)?;
    types.resource("outgoing-body", ResourceType::host::<OutgoingBody>(), |mut cx, rep| {
        let state = cx.data_mut();
        let sink = state.slots.remove::<OutgoingBody>(rep)?.sink;
        state.end_body(sink, Ended::Cut)
    })?;
    types.func_wrap("[method]outgoing-body.write", write)?;
    types.func_wrap(
        "[static]outgoing-body.finish",
        |mut cx: Cx, (body, trailers): (Resource<OutgoingBody>, Option<Resource<Fields>>)| {
            Ok((cx.data_mut().finish_body(body.rep(), trailers)?,))
        },
    )
}
