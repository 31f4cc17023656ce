//! wasi:http/types: the resource `fields`.

use super::body::OutgoingResponse;
use super::error_code::HeaderError;
use super::field_list::FIELDS_MAX;
pub use super::field_list::{FieldLimits, FieldList};
use super::outgoing::OutgoingRequest;
use super::slots::Parent;
use super::{Cx, State};
use crate::abi::{FieldView, until_lowered};
use crate::fault::{limit, rule};
use wasmtime::Result;
use wasmtime::component::{LinkerInstance, Resource, ResourceType, WasmList, WasmStr};

pub enum Fields {
    /// Made by the guest, which may edit it.
    Own(FieldList),
    /// The head of the request of the call with this number.
    Request(u32),
    /// Its trailers.
    Trailers(u32),
    /// The fields of the outgoing-response or outgoing-request in this slot, which is its parent.
    Response(u32),
    OutgoingRequest(u32),
}

enum Source<'a> {
    List(&'a FieldList),
    Lent(&'static [FieldView]),
}

type Edited = std::result::Result<(), HeaderError>;

impl State {
    fn source(&self, rep: u32) -> Result<Source<'_>> {
        let lent = |number: u32| {
            let call = self.call.as_ref().filter(|call| call.number == number);
            call.ok_or_else(|| rule("used the fields of a request that had ended"))
        };
        Ok(match self.slots.get::<Fields>(rep)? {
            Fields::Own(list) => Source::List(list),
            Fields::Request(number) => Source::Lent(lent(*number)?.request.fields),
            Fields::Trailers(number) => Source::Lent(lent(*number)?.host.body_trailers()),
            Fields::Response(slot) => {
                Source::List(&self.slots.get::<OutgoingResponse>(*slot)?.fields)
            }
            Fields::OutgoingRequest(slot) => {
                Source::List(&self.slots.get::<OutgoingRequest>(*slot)?.fields)
            }
        })
    }

    /// What is between a `fields` and its list that can be edited: None when it is immutable.
    fn take_list(&mut self, rep: u32) -> Result<Option<FieldList>> {
        match self.slots.get_mut::<Fields>(rep)? {
            Fields::Own(list) => Ok(Some(std::mem::take(list))),
            _ => Ok(None),
        }
    }

    fn put_list(&mut self, rep: u32, mut list: FieldList) -> Result<()> {
        list.settle(&mut self.account)?;
        *self.slots.get_mut::<Fields>(rep)? = Fields::Own(list);
        Ok(())
    }

    /// A copy that the guest may edit, without what no guest may set.
    fn copy(&mut self, rep: u32) -> Result<FieldList> {
        let limits = self.field_limits;
        let mut copy = FieldList::default();
        let mut add = |name: &[u8], value: &[u8]| -> Result<()> {
            // Invalid names and values stay behind as well: they came from outside.
            let _told_to_nobody = copy.append(name, value, limits)?;
            Ok(())
        };
        match self.source(rep)? {
            Source::List(list) => list.iter().try_for_each(|(name, value)| add(name, value))?,
            Source::Lent(list) => list.iter().try_for_each(|it| add(it.name(), it.value()))?,
        }
        copy.settle(&mut self.account)?;
        Ok(copy)
    }

    /// Takes the `fields` that the guest hands over for a message of its own.
    pub fn consume_fields(&mut self, rep: u32) -> Result<FieldList> {
        let list = match self.take_list(rep)? {
            Some(list) => list,
            None => self.copy(rep)?,
        };
        self.slots.remove::<Fields>(rep)?;
        Ok(list)
    }

    pub fn new_fields(&mut self, fields: Fields, parent: Parent) -> Result<Resource<Fields>> {
        Ok(Resource::new_own(self.slots.push(&mut self.account, fields, parent)?))
    }

    fn entries(&self, rep: u32) -> Result<Vec<(&'static str, &'static [u8])>> {
        let text = |name: &[u8]| std::str::from_utf8(until_lowered(name)).unwrap_or_default();
        Ok(match self.source(rep)? {
            Source::List(list) => {
                list.iter().map(|(name, value)| (text(name), until_lowered(value))).collect()
            }
            Source::Lent(list) => {
                list.iter().map(|it| (text(it.name()), until_lowered(it.value()))).collect()
            }
        })
    }

    fn values(&self, rep: u32, wanted: &[u8]) -> Result<Vec<&'static [u8]>> {
        let mut values = Vec::new();
        let mut add = |name: &[u8], value: &[u8]| {
            if name.eq_ignore_ascii_case(wanted) {
                values.push(until_lowered(value));
            }
        };
        match self.source(rep)? {
            Source::List(list) => list.iter().for_each(|(name, value)| add(name, value)),
            Source::Lent(list) => list.iter().for_each(|it| add(it.name(), it.value())),
        }
        Ok(values)
    }

    fn has(&self, rep: u32, wanted: &[u8]) -> Result<bool> {
        Ok(match self.source(rep)? {
            Source::List(list) => list.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted)),
            Source::Lent(list) => list.iter().any(|it| it.name().eq_ignore_ascii_case(wanted)),
        })
    }
}

fn from_list(
    mut cx: Cx,
    (entries,): (WasmList<(WasmStr, WasmList<u8>)>,),
) -> Result<(std::result::Result<Resource<Fields>, HeaderError>,)> {
    let limits = cx.data().field_limits;
    if entries.len() > limits.count {
        return Err(limit(FIELDS_MAX));
    }
    let mut list = FieldList::default();
    for index in 0..entries.len() {
        let Some(entry) = entries.get(&mut cx, index) else { break };
        let (name, value) = entry?;
        let appended = list.append(name.to_str(&cx)?.as_bytes(), value.as_le_slice(&cx), limits)?;
        if let Err(error) = appended {
            return Ok((Err(error),));
        }
    }
    let state = cx.data_mut();
    list.settle(&mut state.account)?;
    Ok((Ok(state.new_fields(Fields::Own(list), Parent::None)?),))
}

fn set(
    mut cx: Cx,
    (fields, name, values): (Resource<Fields>, WasmStr, WasmList<WasmList<u8>>),
) -> Result<(Edited,)> {
    let limits = cx.data().field_limits;
    let Some(mut list) = cx.data_mut().take_list(fields.rep())? else {
        return Ok((Err(HeaderError::Immutable),));
    };
    // Into a list of its own first: an invalid value leaves everything as it was.
    let mut added = FieldList::default();
    let mut outcome = Ok(());
    if values.len() > limits.count {
        return Err(limit(FIELDS_MAX));
    }
    for index in 0..values.len() {
        let Some(value) = values.get(&mut cx, index) else { break };
        let value = value?;
        outcome = added.append(name.to_str(&cx)?.as_bytes(), value.as_le_slice(&cx), limits)?;
        if outcome.is_err() {
            break;
        }
    }
    if outcome.is_ok() {
        outcome = list.delete(name.to_str(&cx)?.as_bytes());
    }
    if outcome.is_ok() {
        for (name, value) in added.iter() {
            outcome = list.append(name, value, limits)?;
        }
    }
    cx.data_mut().put_list(fields.rep(), list)?;
    Ok((outcome,))
}

fn append(
    mut cx: Cx,
    (fields, name, value): (Resource<Fields>, WasmStr, WasmList<u8>),
) -> Result<(Edited,)> {
    let limits = cx.data().field_limits;
    let Some(mut list) = cx.data_mut().take_list(fields.rep())? else {
        return Ok((Err(HeaderError::Immutable),));
    };
    let outcome = list.append(name.to_str(&cx)?.as_bytes(), value.as_le_slice(&cx), limits)?;
    cx.data_mut().put_list(fields.rep(), list)?;
    Ok((outcome,))
}

fn delete(mut cx: Cx, (fields, name): (Resource<Fields>, WasmStr)) -> Result<(Edited,)> {
    let Some(mut list) = cx.data_mut().take_list(fields.rep())? else {
        return Ok((Err(HeaderError::Immutable),));
    };
    let outcome = list.delete(name.to_str(&cx)?.as_bytes());
    cx.data_mut().put_list(fields.rep(), list)?;
    Ok((outcome,))
}

pub fn add_to_linker(types: &mut LinkerInstance<'_, State>) -> Result<()> {
    types.resource("fields", ResourceType::host::<Fields>(), |mut cx, rep| {
        let state = cx.data_mut();
        if let Fields::Own(list) = state.slots.remove::<Fields>(rep)? {
            list.release(&mut state.account);
        }
        Ok(())
    })?;
    types.func_wrap("[constructor]fields", |mut cx: Cx, ()| {
        let fields = Fields::Own(FieldList::default());
        Ok((cx.data_mut().new_fields(fields, Parent::None)?,))
    })?;
    types.func_wrap("[static]fields.from-list", from_list)?;
    types.func_wrap(
        "[method]fields.get",
        |cx: Cx, (fields, name): (Resource<Fields>, WasmStr)| {
            let name = name.to_str(&cx)?;
            Ok((cx.data().values(fields.rep(), name.as_bytes())?,))
        },
    )?;
    types.func_wrap(
        "[method]fields.has",
        |cx: Cx, (fields, name): (Resource<Fields>, WasmStr)| {
            let name = name.to_str(&cx)?;
            Ok((cx.data().has(fields.rep(), name.as_bytes())?,))
        },
    )?;
    types.func_wrap("[method]fields.set", set)?;
    types.func_wrap("[method]fields.delete", delete)?;
    types.func_wrap("[method]fields.append", append)?;
    types.func_wrap("[method]fields.entries", |cx: Cx, (fields,): (Resource<Fields>,)| {
        Ok((cx.data().entries(fields.rep())?,))
    })?;
    types.func_wrap("[method]fields.clone", |mut cx: Cx, (fields,): (Resource<Fields>,)| {
        let state = cx.data_mut();
        let copy = state.copy(fields.rep())?;
        Ok((state.new_fields(Fields::Own(copy), Parent::None)?,))
    })
}
