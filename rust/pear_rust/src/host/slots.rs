//! The resources of the hot interfaces: a table of slots, each of one kind, with parents and children.

use super::account::Account;
use super::body::FutureTrailers;
use super::body::{IncomingBody, InputStream, OutgoingBody, OutgoingResponse, OutputStream};
use super::fields::Fields;
use super::files::OpenFile;
use super::listing::Listing;
use super::outgoing::{OutgoingRequest, RequestOptions};
use super::poll::Pollable;
use crate::fault::rule;
use wasmtime::Result;

/// What must outlive a resource: the guest may not drop it first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    None,
    Slot(u32),
    /// The incoming-request of the call with this number.
    Request(u32),
}

struct Entry {
    slot: Slot,
    parent: Parent,
    children: u32,
}

pub struct Slots {
    entries: Vec<Entry>,
    vacant: u32,
    live: u32,
    max: u32,
    /// Of the running call's incoming-request.
    pub request_children: u32,
    pub request_number: u32,
}

const NO_SLOT: u32 = u32::MAX;
/// Slots that are charged together; the first so many are a part of the instance itself.
const STEP: usize = 64;

pub trait Kind: Sized {
    fn wrap(self) -> Slot;
    fn of(slot: &Slot) -> Option<&Self>;
    fn of_mut(slot: &mut Slot) -> Option<&mut Self>;
    fn unwrap(slot: Slot) -> Option<Self>;
}

macro_rules! kinds {
    ($($kind:ident)*) => {
        pub enum Slot {
            Vacant { next: u32 },
            $($kind($kind),)*
        }
        $(impl Kind for $kind {
            fn wrap(self) -> Slot {
                Slot::$kind(self)
            }
            fn of(slot: &Slot) -> Option<&Self> {
                if let Slot::$kind(it) = slot { Some(it) } else { None }
            }
            fn of_mut(slot: &mut Slot) -> Option<&mut Self> {
                if let Slot::$kind(it) = slot { Some(it) } else { None }
            }
            fn unwrap(slot: Slot) -> Option<Self> {
                if let Slot::$kind(it) = slot { Some(it) } else { None }
            }
        })*
    };
}

kinds! {
    Fields OutgoingRequest RequestOptions OutgoingResponse OutgoingBody OutputStream IncomingBody
    InputStream FutureTrailers Pollable OpenFile Listing
}

// What a handle can be wrong about here is our own doing: the engine checks types and lifetimes.
const WRONG: &str = "a resource is not what its handle says";

impl Slots {
    pub fn new(max: u32) -> Slots {
        Slots {
            entries: Vec::new(),
            vacant: NO_SLOT,
            live: 0,
            max,
            request_children: 0,
            request_number: 0,
        }
    }

    pub fn push<T: Kind>(&mut self, account: &mut Account, it: T, parent: Parent) -> Result<u32> {
        if self.live >= self.max {
            return Err(rule("more resources alive than handles_max"));
        }
        let entry = Entry { slot: it.wrap(), parent, children: 0 };
        let index = self.vacant;
        let index = if index == NO_SLOT {
            if self.entries.len() == self.entries.capacity() {
                if !self.entries.is_empty() {
                    account.charge((STEP * size_of::<Entry>()) as u64)?;
                }
                self.entries.reserve_exact(if self.entries.is_empty() { 16 } else { STEP });
            }
            self.entries.push(entry);
            self.entries.len() as u32 - 1
        } else {
            let place = &mut self.entries[index as usize];
            let Slot::Vacant { next } = place.slot else { return Err(rule(WRONG)) };
            self.vacant = next;
            *place = entry;
            index
        };
        self.live += 1;
        self.count_child(parent, 1);
        Ok(index)
    }

    pub fn get<T: Kind>(&self, rep: u32) -> Result<&T> {
        let entry = self.entries.get(rep as usize);
        entry.and_then(|entry| T::of(&entry.slot)).ok_or_else(|| rule(WRONG))
    }

    pub fn get_mut<T: Kind>(&mut self, rep: u32) -> Result<&mut T> {
        let entry = self.entries.get_mut(rep as usize);
        entry.and_then(|entry| T::of_mut(&mut entry.slot)).ok_or_else(|| rule(WRONG))
    }

    /// Takes a resource away. Fails, which ends the guest, while it has children.
    pub fn remove<T: Kind>(&mut self, rep: u32) -> Result<T> {
        let index = rep;
        let Some(entry) = self.entries.get_mut(index as usize) else { return Err(rule(WRONG)) };
        if entry.children > 0 {
            return Err(rule("dropped a resource that still has children"));
        }
        let slot = std::mem::replace(&mut entry.slot, Slot::Vacant { next: self.vacant });
        let parent = std::mem::replace(&mut entry.parent, Parent::None);
        self.vacant = index;
        self.live -= 1;
        self.count_child(parent, -1);
        T::unwrap(slot).ok_or_else(|| rule(WRONG))
    }

    fn count_child(&mut self, parent: Parent, by: i32) {
        match parent {
            Parent::None => {}
            Parent::Slot(rep) => {
                if let Some(entry) = self.entries.get_mut(rep as usize) {
                    entry.children = entry.children.saturating_add_signed(by);
                }
            }
            Parent::Request(number) if number == self.request_number => {
                self.request_children = self.request_children.saturating_add_signed(by);
            }
            Parent::Request(_) => {}
        }
    }
}
