//! wasi:http/types: outgoing-response and response-outparam.

use super::body::{Held, OutgoingBody, OutgoingResponse, ResponseBody, Sink};
use super::call::{Answer, ResponseOutparam};
use super::error_code::ErrorCode;
use super::field_list::FieldList;
use super::fields::Fields;
use super::slots::Parent;
use super::{Cx, State};
use crate::fault::{limit, rule};
use wasmtime::Result;
use wasmtime::component::{LinkerInstance, Resource, ResourceType};

type Response = (Resource<OutgoingResponse>,);

impl State {
    fn set_response(&mut self, mut response: OutgoingResponse) -> Result<()> {
        let status = response.status;
        let Some(call) = self.call.as_mut() else { return Err(rule("no request")) };
        call.answer = Answer::Response { status };
        if !call.host.response_head(status, &response.fields.views()) {
            return Err(limit(
                "no room for the response's head in what limits.memory leaves (raise it, or let the site \
                 write less)",
            ));
        }
        response.fields.release(&mut self.account);
        let unwritten = response.content_length.is_some_and(|length| length > 0);
        let missing = unwritten && !call.bodiless(status);
        match std::mem::replace(&mut response.body, ResponseBody::Untaken) {
            ResponseBody::Untaken if missing => call.abort(&mut self.account),
            ResponseBody::Untaken => call.finish(&mut self.account, FieldList::default()),
            ResponseBody::Cut => call.abort(&mut self.account),
            ResponseBody::Finished(held, trailers) => {
                call.held = held;
                call.finish(&mut self.account, trailers);
            }
            ResponseBody::Taken(body) => {
                let body = self.slots.get_mut::<OutgoingBody>(body)?;
                if let Sink::Held(held, _) =
                    std::mem::replace(&mut body.sink, Sink::Call(call.number))
                {
                    call.held = held;
                }
                call.drain(&mut self.account);
            }
        }
        Ok(())
    }

    /// A response that the guest dropped instead of setting it.
    fn drop_response(&mut self, rep: u32) -> Result<()> {
        let response = self.slots.remove::<OutgoingResponse>(rep)?;
        response.fields.release(&mut self.account);
        match response.body {
            ResponseBody::Untaken | ResponseBody::Cut => {}
            ResponseBody::Finished(mut held, trailers) => {
                held.release(&mut self.account);
                trailers.release(&mut self.account);
            }
            ResponseBody::Taken(body) => {
                let body = self.slots.get_mut::<OutgoingBody>(body)?;
                if let Sink::Held(mut held, _) = std::mem::replace(&mut body.sink, Sink::Nowhere) {
                    held.release(&mut self.account);
                }
            }
        }
        Ok(())
    }
}

/// Unstable in wasi:http 0.2.12. 100 and 101 are the server's own: they end an expectation and the
/// protocol.
fn send_informational(
    mut cx: Cx,
    (outparam, status, fields): (Resource<ResponseOutparam>, u16, Resource<Fields>),
) -> Result<(std::result::Result<(), ErrorCode>,)> {
    let state = cx.data_mut();
    let fields = state.consume_fields(fields.rep())?;
    let granted = state.grants.informational();
    let Some(call) = state.call(outparam.rep()) else {
        return Err(rule("used a response-outparam after its request had ended"));
    };
    let refusal = |why: &str| Err(ErrorCode::InternalError(Some(why.into())));
    let sent = match status {
        102..200 if !granted => refusal("informational responses are off (run.informational)"),
        102..200 if call.host.response_interim(status, &fields.views()) => Ok(()),
        102..200 => refusal("too many informational responses"),
        100 | 101 => refusal("100 and 101 are sent by the server itself"),
        _ => Err(ErrorCode::HttpProtocolError),
    };
    fields.release(&mut state.account);
    Ok((sent,))
}

fn set(
    mut cx: Cx,
    (outparam, response): (
        Resource<ResponseOutparam>,
        std::result::Result<Resource<OutgoingResponse>, ErrorCode>,
    ),
) -> Result<()> {
    let state = cx.data_mut();
    let Some(call) = state.call(outparam.rep()) else {
        return Err(rule("used a response-outparam after its request had ended"));
    };
    if call.answer != Answer::None {
        return Err(rule("set a second response"));
    }
    match response {
        Ok(response) => {
            let response = state.slots.remove::<OutgoingResponse>(response.rep())?;
            state.set_response(response)
        }
        Err(code) => {
            call.fail(&code);
            Ok(())
        }
    }
}

fn body(
    mut cx: Cx,
    (response,): Response,
) -> Result<(std::result::Result<Resource<OutgoingBody>, ()>,)> {
    let state = cx.data_mut();
    let it = state.slots.get::<OutgoingResponse>(response.rep())?;
    if !matches!(it.body, ResponseBody::Untaken) {
        return Ok((Err(()),));
    }
    let body = OutgoingBody {
        stream_taken: false,
        content_length: it.content_length,
        written: 0,
        sink: Sink::Held(Held::default(), response.rep()),
    };
    let rep = state.slots.push(&mut state.account, body, Parent::None)?;
    state.slots.get_mut::<OutgoingResponse>(response.rep())?.body = ResponseBody::Taken(rep);
    Ok((Ok(Resource::new_own(rep)),))
}

fn set_status(
    mut cx: Cx,
    (response, status): (Resource<OutgoingResponse>, u16),
) -> Result<(std::result::Result<(), ()>,)> {
    // 1xx is not a final response.
    if !(200..600).contains(&status) {
        return Ok((Err(()),));
    }
    cx.data_mut().slots.get_mut::<OutgoingResponse>(response.rep())?.status = status;
    Ok((Ok(()),))
}

pub fn add_to_linker(types: &mut LinkerInstance<'_, State>) -> Result<()> {
    types.func_wrap("[static]response-outparam.set", set)?;
    types.func_wrap("[method]response-outparam.send-informational", send_informational)?;
    types.resource(
        "outgoing-response",
        ResourceType::host::<OutgoingResponse>(),
        |mut cx, rep| cx.data_mut().drop_response(rep),
    )?;
    types.func_wrap(
        "[constructor]outgoing-response",
        |mut cx: Cx, (fields,): (Resource<Fields>,)| {
            let state = cx.data_mut();
            state.task.panic_point();
            let fields = state.consume_fields(fields.rep())?;
            let content_length = fields.content_length()?;
            let body = ResponseBody::Untaken;
            let response = OutgoingResponse { status: 200, fields, content_length, body };
            let rep = state.slots.push(&mut state.account, response, Parent::None)?;
            Ok((Resource::<OutgoingResponse>::new_own(rep),))
        },
    )?;
    types.func_wrap("[method]outgoing-response.status-code", |cx: Cx, (response,): Response| {
        Ok((cx.data().slots.get::<OutgoingResponse>(response.rep())?.status,))
    })?;
    types.func_wrap("[method]outgoing-response.set-status-code", set_status)?;
    types.func_wrap("[method]outgoing-response.headers", |mut cx: Cx, (response,): Response| {
        let rep = response.rep();
        Ok((cx.data_mut().new_fields(Fields::Response(rep), Parent::Slot(rep))?,))
    })?;
    types.func_wrap("[method]outgoing-response.body", body)
}
