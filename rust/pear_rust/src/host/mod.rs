//! What a guest can import.
//!
//! What holds anything, or waits, is written here: its state lives in `Slots` and is charged to the
//! instance, its bytes go straight between the guest's memory and the C++ host. wasmtime-wasi resolves the
//! paths of files (`crate::files`), and serves the environment, exit, and the sockets, of which none can
//! be made; its state is made when a guest first asks.

mod account;
mod body;
mod call;
mod cli;
mod clocks;
mod error_code;
mod field_list;
mod fields;
mod file_streams;
mod files;
mod io_error;
mod listing;
mod outgoing;
mod poll;
mod random;
mod slots;
mod sockets;
mod streams;
mod streams_in;
mod streams_out;
mod types;
mod types_body;
mod types_response;

pub use call::{Call, IncomingRequest, ResponseOutparam};

use crate::abi::{GrantsView, HostRef};
use crate::fault::rule;
use crate::inbox::Task;
use account::Account;
use fields::FieldLimits;
use slots::Slots;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime::{AsContextMut, Result, StoreContextMut};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

pub type Cx<'a> = StoreContextMut<'a, State>;

/// Waits for a condition of ours: looked at whenever the instance is polled.
async fn wait<T>(cx: &mut Cx<'_>, mut condition: impl FnMut(&mut State) -> Poll<T>) -> T {
    if let Poll::Ready(value) = condition(cx.data_mut()) {
        return value;
    }
    let value = poll_fn(|_| condition(cx.data_mut())).await;
    // The slice of before the wait is long over; this is a new one.
    cx.as_context_mut().set_epoch_deadline(1);
    value
}

/// Lets the others of the core have their turn, where a host function takes long.
async fn pause(cx: &mut Cx<'_>) {
    let mut paused = false;
    poll_fn(|context| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
    cx.as_context_mut().set_epoch_deadline(1);
}

/// The state of one instance on the host's side.
pub struct State {
    pub account: Account,
    pub(in crate::host) host: HostRef,
    pub(in crate::host) grants: GrantsView,
    pub(in crate::host) slots: Slots,
    pub(in crate::host) call: Option<Call>,
    pub(in crate::host) call_number: u32,
    pub(in crate::host) field_limits: FieldLimits,
    pub(in crate::host) task: Arc<Task>,
    // What the last host function returned, until it is in the guest's memory.
    pub(in crate::host) lowered: Vec<u8>,
    // wasmtime-wasi's part. Nothing that a guest can make is in the table.
    table: ResourceTable,
    wasi: Option<Box<WasiCtx>>,
}

impl State {
    pub fn new(host: HostRef, grants: GrantsView, task: Arc<Task>) -> State {
        State {
            account: Account::new(host),
            host,
            grants,
            slots: Slots::new(grants.handles_max()),
            call: None,
            call_number: 0,
            field_limits: FieldLimits {
                count: grants.fields_max() as usize,
                bytes: grants.field_bytes_max() as usize,
            },
            task,
            lowered: Vec::new(),
            table: ResourceTable::new(),
            wasi: None,
        }
    }

    pub fn handles_max(&self) -> u32 {
        self.grants.handles_max()
    }

    /// The running call, when it is the one with this number.
    fn call(&mut self, number: u32) -> Option<&mut Call> {
        self.call.as_mut().filter(|call| call.number == number)
    }

    fn request(&self, number: u32) -> Result<&Call> {
        let call = self.call.as_ref().filter(|call| call.number == number);
        call.ok_or_else(|| rule("used an incoming-request after its request had ended"))
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let grants = self.grants;
        let ctx = self.wasi.get_or_insert_with(|| Box::new(cli::wasi_context(grants)));
        WasiCtxView { ctx, table: &mut self.table }
    }
}

/// Everything that a component may import. Components made for any 0.2 version link by semver.
pub fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    io_error::add_to_linker(linker)?;
    poll::add_to_linker(linker)?;
    streams::add_to_linker(linker)?;
    clocks::add_to_linker(linker)?;
    types::add_to_linker(linker)?;
    outgoing::add_to_linker(linker)?;
    files::add_to_linker(linker)?;
    random::add_to_linker(linker)?;
    sockets::add_to_linker(linker)?;
    cli::add_to_linker(linker)
}
