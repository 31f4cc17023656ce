//! wasi:http/outgoing-handler, which is denied, and the types that guests prepare requests with.
//!
//! They work as WIT says, so that a guest that only might make a request runs; `handle` answers
//! HTTP-request-denied.

use super::body::{OutgoingBody, Sink};
use super::error_code::ErrorCode;
use super::field_list::{FieldList, is_name};
use super::fields::Fields;
use super::slots::Parent;
use super::types::{Method, Scheme};
use super::{Cx, State};
use crate::fault::rule;
use wasmtime::Result;
use wasmtime::component::{Linker, LinkerInstance, Resource, ResourceType};
use wasmtime_wasi_io::poll::DynPollable;

pub struct OutgoingRequest {
    pub fields: FieldList,
    content_length: Option<u64>,
    body_taken: bool,
    parts: Box<Parts>,
    charged: u64,
}

#[derive(Default)]
struct Parts {
    method: Method,
    path_with_query: Option<String>,
    scheme: Option<Scheme>,
    authority: Option<String>,
}

#[derive(Default)]
pub struct RequestOptions {
    connect: Option<u64>,
    first_byte: Option<u64>,
    between_bytes: Option<u64>,
}

/// Never made: no request is ever sent.
enum IncomingResponse {}
enum FutureIncomingResponse {}

const PART_BYTES_MAX: usize = 8 << 10;

type Request = (Resource<OutgoingRequest>,);
type Set = std::result::Result<(), ()>;

fn is_part(text: &str) -> bool {
    text.len() <= PART_BYTES_MAX && text.bytes().all(|byte| byte > 0x20 && byte != 0x7f)
}

/// Puts a part into place and charges the request for the largest that it ever held.
fn set_part(cx: &mut Cx, rep: u32, length: usize, put: impl FnOnce(&mut Parts)) -> Result<(Set,)> {
    let State { slots, account, .. } = cx.data_mut();
    let request = slots.get_mut::<OutgoingRequest>(rep)?;
    let wanted = (length as u64).next_multiple_of(1024) * 4;
    if wanted > request.charged {
        account.charge(wanted - request.charged)?;
        request.charged = wanted;
    }
    put(&mut request.parts);
    Ok((Ok(()),))
}

fn set_method(
    mut cx: Cx,
    (request, method): (Resource<OutgoingRequest>, Method),
) -> Result<(Set,)> {
    let length = if let Method::Other(name) = &method {
        if !is_name(name.as_bytes()) || name.len() > PART_BYTES_MAX {
            return Ok((Err(()),));
        }
        name.len()
    } else {
        0
    };
    set_part(&mut cx, request.rep(), length, |parts| parts.method = method)
}

fn set_path(
    mut cx: Cx,
    (request, path): (Resource<OutgoingRequest>, Option<String>),
) -> Result<(Set,)> {
    if !path.as_deref().is_none_or(is_part) {
        return Ok((Err(()),));
    }
    let length = path.as_ref().map_or(0, String::len);
    set_part(&mut cx, request.rep(), length, |parts| parts.path_with_query = path)
}

fn set_scheme(
    mut cx: Cx,
    (request, scheme): (Resource<OutgoingRequest>, Option<Scheme>),
) -> Result<(Set,)> {
    let length = if let Some(Scheme::Other(name)) = &scheme {
        if !is_part(name) || name.is_empty() {
            return Ok((Err(()),));
        }
        name.len()
    } else {
        0
    };
    set_part(&mut cx, request.rep(), length, |parts| parts.scheme = scheme)
}

fn set_authority(
    mut cx: Cx,
    (request, authority): (Resource<OutgoingRequest>, Option<String>),
) -> Result<(Set,)> {
    if !authority.as_deref().is_none_or(is_part) {
        return Ok((Err(()),));
    }
    let length = authority.as_ref().map_or(0, String::len);
    set_part(&mut cx, request.rep(), length, |parts| parts.authority = authority)
}

fn body(
    mut cx: Cx,
    (request,): Request,
) -> Result<(std::result::Result<Resource<OutgoingBody>, ()>,)> {
    let state = cx.data_mut();
    let it = state.slots.get_mut::<OutgoingRequest>(request.rep())?;
    if std::mem::replace(&mut it.body_taken, true) {
        return Ok((Err(()),));
    }
    let content_length = it.content_length;
    let body =
        OutgoingBody { stream_taken: false, content_length, written: 0, sink: Sink::Request };
    let rep = state.slots.push(&mut state.account, body, Parent::None)?;
    Ok((Ok(Resource::new_own(rep)),))
}

impl State {
    fn drop_outgoing_request(&mut self, rep: u32) -> Result<()> {
        let request = self.slots.remove::<OutgoingRequest>(rep)?;
        request.fields.release(&mut self.account);
        self.account.release(request.charged);
        Ok(())
    }
}

fn add_outgoing_request(types: &mut LinkerInstance<'_, State>) -> Result<()> {
    types.resource(
        "outgoing-request",
        ResourceType::host::<OutgoingRequest>(),
        |mut cx, rep| cx.data_mut().drop_outgoing_request(rep),
    )?;
    types.func_wrap(
        "[constructor]outgoing-request",
        |mut cx: Cx, (fields,): (Resource<Fields>,)| {
            let state = cx.data_mut();
            let fields = state.consume_fields(fields.rep())?;
            let content_length = fields.content_length()?;
            let parts = Box::default();
            let request =
                OutgoingRequest { fields, content_length, body_taken: false, parts, charged: 0 };
            let rep = state.slots.push(&mut state.account, request, Parent::None)?;
            Ok((Resource::<OutgoingRequest>::new_own(rep),))
        },
    )?;
    types.func_wrap("[method]outgoing-request.body", body)?;
    types.func_wrap("[method]outgoing-request.method", |cx: Cx, (it,): Request| {
        Ok((cx.data().slots.get::<OutgoingRequest>(it.rep())?.parts.method.clone(),))
    })?;
    types.func_wrap("[method]outgoing-request.path-with-query", |cx: Cx, (it,): Request| {
        Ok((cx.data().slots.get::<OutgoingRequest>(it.rep())?.parts.path_with_query.clone(),))
    })?;
    types.func_wrap("[method]outgoing-request.scheme", |cx: Cx, (it,): Request| {
        Ok((cx.data().slots.get::<OutgoingRequest>(it.rep())?.parts.scheme.clone(),))
    })?;
    types.func_wrap("[method]outgoing-request.authority", |cx: Cx, (it,): Request| {
        Ok((cx.data().slots.get::<OutgoingRequest>(it.rep())?.parts.authority.clone(),))
    })?;
    types.func_wrap("[method]outgoing-request.set-method", set_method)?;
    types.func_wrap("[method]outgoing-request.set-path-with-query", set_path)?;
    types.func_wrap("[method]outgoing-request.set-scheme", set_scheme)?;
    types.func_wrap("[method]outgoing-request.set-authority", set_authority)?;
    types.func_wrap("[method]outgoing-request.headers", |mut cx: Cx, (it,): Request| {
        let rep = it.rep();
        Ok((cx.data_mut().new_fields(Fields::OutgoingRequest(rep), Parent::Slot(rep))?,))
    })
}

type Field = fn(&mut RequestOptions) -> &mut Option<u64>;

fn add_request_options(types: &mut LinkerInstance<'_, State>) -> Result<()> {
    types.resource("request-options", ResourceType::host::<RequestOptions>(), |mut cx, rep| {
        cx.data_mut().slots.remove::<RequestOptions>(rep).map(drop)
    })?;
    types.func_wrap("[constructor]request-options", |mut cx: Cx, ()| {
        let State { slots, account, .. } = cx.data_mut();
        let rep = slots.push(account, RequestOptions::default(), Parent::None)?;
        Ok((Resource::<RequestOptions>::new_own(rep),))
    })?;
    let timeouts: [(&str, Field); 3] = [
        ("connect-timeout", |options| &mut options.connect),
        ("first-byte-timeout", |options| &mut options.first_byte),
        ("between-bytes-timeout", |options| &mut options.between_bytes),
    ];
    for (name, field) in timeouts {
        types.func_wrap(
            &format!("[method]request-options.{name}"),
            move |mut cx: Cx, (it,): (Resource<RequestOptions>,)| {
                Ok((*field(cx.data_mut().slots.get_mut(it.rep())?),))
            },
        )?;
        types.func_wrap(
            &format!("[method]request-options.set-{name}"),
            move |mut cx: Cx, (it, timeout): (Resource<RequestOptions>, Option<u64>)| {
                *field(cx.data_mut().slots.get_mut(it.rep())?) = timeout;
                Ok((Set::Ok(()),))
            },
        )?;
    }
    Ok(())
}

// Their handles are never given out, so that nothing of theirs can be called.
fn add_incoming_response(types: &mut LinkerInstance<'_, State>) -> Result<()> {
    const NONE: &str = "used a response that was never received";
    type Body = Resource<super::body::IncomingBody>;
    type Response = Resource<IncomingResponse>;
    type Future = Resource<FutureIncomingResponse>;
    type Got = Option<std::result::Result<std::result::Result<Response, ErrorCode>, ()>>;
    types.resource("incoming-response", ResourceType::host::<IncomingResponse>(), |_, _| Ok(()))?;
    types.func_wrap("[method]incoming-response.status", |_: Cx, (_,): (Response,)| {
        Err::<(u16,), _>(rule(NONE))
    })?;
    types.func_wrap("[method]incoming-response.headers", |_: Cx, (_,): (Response,)| {
        Err::<(Resource<Fields>,), _>(rule(NONE))
    })?;
    types.func_wrap("[method]incoming-response.consume", |_: Cx, (_,): (Response,)| {
        Err::<(std::result::Result<Body, ()>,), _>(rule(NONE))
    })?;
    let future = ResourceType::host::<FutureIncomingResponse>();
    types.resource("future-incoming-response", future, |_, _| Ok(()))?;
    types.func_wrap("[method]future-incoming-response.subscribe", |_: Cx, (_,): (Future,)| {
        Err::<(Resource<DynPollable>,), _>(rule(NONE))
    })?;
    types.func_wrap("[method]future-incoming-response.get", |_: Cx, (_,): (Future,)| {
        Err::<(Got,), _>(rule(NONE))
    })
}

pub fn add_types_to_linker(types: &mut LinkerInstance<'_, State>) -> Result<()> {
    add_outgoing_request(types)?;
    add_request_options(types)?;
    add_incoming_response(types)
}

type Handled = std::result::Result<Resource<FutureIncomingResponse>, ErrorCode>;

pub fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    let mut handler = linker.instance("wasi:http/outgoing-handler@0.2.12")?;
    handler.func_wrap(
        "handle",
        |mut cx: Cx, (request, options): (Resource<OutgoingRequest>, Option<Resource<RequestOptions>>)| {
            let state = cx.data_mut();
            state.drop_outgoing_request(request.rep())?;
            if let Some(options) = options {
                state.slots.remove::<RequestOptions>(options.rep())?;
            }
            Ok((Handled::Err(ErrorCode::HttpRequestDenied),))
        },
    )
}
