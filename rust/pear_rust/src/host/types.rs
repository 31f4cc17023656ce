//! wasi:http/types: requests.

use super::body::IncomingBody;
use super::call::{IncomingRequest, ResponseOutparam};
use super::fields::{self, Fields};
use super::io_error::http_error_code;
use super::slots::Parent;
use super::{Cx, State, outgoing, types_body, types_response};
use crate::fault::rule;
use wasmtime::Result;
use wasmtime::component::{
    ComponentType, Lift, Linker, LinkerInstance, Lower, Resource, ResourceType,
};
use wasmtime_wasi_io::streams::Error;

#[derive(ComponentType, Lift, Lower, Clone, Debug, Default)]
#[component(variant)]
pub enum Method {
    #[default]
    #[component(name = "get")]
    Get,
    #[component(name = "head")]
    Head,
    #[component(name = "post")]
    Post,
    #[component(name = "put")]
    Put,
    #[component(name = "delete")]
    Delete,
    #[component(name = "connect")]
    Connect,
    #[component(name = "options")]
    Options,
    #[component(name = "trace")]
    Trace,
    #[component(name = "patch")]
    Patch,
    #[component(name = "other")]
    Other(String),
}

impl Method {
    fn of(name: &str) -> Method {
        match name {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "DELETE" => Method::Delete,
            "CONNECT" => Method::Connect,
            "OPTIONS" => Method::Options,
            "TRACE" => Method::Trace,
            "PATCH" => Method::Patch,
            other => Method::Other(other.into()),
        }
    }
}

#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(variant)]
pub enum Scheme {
    #[component(name = "HTTP")]
    Http,
    #[component(name = "HTTPS")]
    Https,
    #[component(name = "other")]
    Other(String),
}

impl Scheme {
    fn of(name: &str) -> Scheme {
        match name {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => Scheme::Other(other.into()),
        }
    }
}

type Request = (Resource<IncomingRequest>,);

fn consume(
    mut cx: Cx,
    (request,): Request,
) -> Result<(std::result::Result<Resource<IncomingBody>, ()>,)> {
    let state = cx.data_mut();
    let number = state.request(request.rep())?.number;
    let Some(call) = state.call(number) else { return Err(rule("no request")) };
    if std::mem::replace(&mut call.body_taken, true) {
        return Ok((Err(()),));
    }
    let body = IncomingBody { call: number, stream_taken: false };
    let rep = state.slots.push(&mut state.account, body, Parent::None)?;
    Ok((Ok(Resource::new_own(rep)),))
}

fn add_incoming_request(types: &mut LinkerInstance<'_, State>) -> Result<()> {
    types.resource("incoming-request", ResourceType::host::<IncomingRequest>(), |cx, rep| {
        let slots = &cx.data().slots;
        if slots.request_number == rep && slots.request_children > 0 {
            return Err(rule("dropped a resource that still has children"));
        }
        Ok(())
    })?;
    types.func_wrap("[method]incoming-request.method", |cx: Cx, (request,): Request| {
        Ok((Method::of(cx.data().request(request.rep())?.request.method),))
    })?;
    types.func_wrap(
        "[method]incoming-request.path-with-query",
        |cx: Cx, (request,): Request| {
            Ok((cx.data().request(request.rep())?.request.path_with_query,))
        },
    )?;
    types.func_wrap("[method]incoming-request.scheme", |cx: Cx, (request,): Request| {
        Ok((cx.data().request(request.rep())?.request.scheme.map(Scheme::of),))
    })?;
    types.func_wrap("[method]incoming-request.authority", |cx: Cx, (request,): Request| {
        Ok((cx.data().request(request.rep())?.request.authority,))
    })?;
    types.func_wrap("[method]incoming-request.headers", |mut cx: Cx, (request,): Request| {
        let state = cx.data_mut();
        let number = state.request(request.rep())?.number;
        Ok((state.new_fields(Fields::Request(number), Parent::Request(number))?,))
    })?;
    types.func_wrap("[method]incoming-request.consume", consume)
}

pub fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    let mut types = linker.instance("wasi:http/types@0.2.12")?;
    fields::add_to_linker(&mut types)?;
    add_incoming_request(&mut types)?;
    types.resource("response-outparam", ResourceType::host::<ResponseOutparam>(), |_, _| Ok(()))?;
    types_response::add_to_linker(&mut types)?;
    types_body::add_to_linker(&mut types)?;
    outgoing::add_types_to_linker(&mut types)?;
    types.func_wrap("http-error-code", |_: Cx, (error,): (Resource<Error>,)| {
        Ok((http_error_code(error.rep()),))
    })
}
