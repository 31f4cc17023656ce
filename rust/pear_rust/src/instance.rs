//! An instance: one store, and the one future that makes it and then serves its requests in turn.

use crate::abi::{CallRef, GrantsView, HostRef, RequestView};
use crate::fault::{Fault, Kind, caught_panic};
use crate::host::{Call, IncomingRequest, ResponseOutparam, State};
use crate::image::Image;
use crate::inbox::Task;
use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use wasmtime::Store;
use wasmtime::component::{Resource, TypedFunc};

/// As PearPoll in pear_rust.h.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Idle = 0,
    Pending = 1,
    Yielded = 2,
    Fault = 3,
}

/// What the future and its owner tell each other.
#[derive(Default)]
struct Mailbox {
    request: Cell<Option<(RequestView, CallRef)>>,
    idle: Cell<bool>,
    fault: RefCell<Option<Fault>>,
}

type Life = Pin<Box<dyn Future<Output = ()>>>;

pub struct Instance {
    // None after a panic: what it left behind is not touched again.
    life: Option<Life>,
    mailbox: Rc<Mailbox>,
    task: Arc<Task>,
    waker: Waker,
    host: HostRef,
    // Kept apart from the mailbox so that its text can be lent for the instance's lifetime.
    fault: Option<Fault>,
}

impl Instance {
    pub fn new(image: Arc<Image>, host: HostRef, grants: GrantsView, task: Arc<Task>) -> Instance {
        let mailbox = Rc::new(Mailbox::default());
        let state = State::new(host, grants, task.clone());
        Instance {
            life: Some(Box::pin(live(image, state, mailbox.clone()))),
            waker: Waker::from(task.clone()),
            mailbox,
            task,
            host,
            fault: None,
        }
    }

    pub fn host(&self) -> HostRef {
        self.host
    }

    pub fn begin(&mut self, request: RequestView, call: CallRef) {
        self.mailbox.idle.set(false);
        self.mailbox.request.set(Some((request, call)));
    }

    pub fn poll(&mut self) -> Step {
        let Some(life) = self.life.as_mut().filter(|_| self.fault.is_none()) else {
            return Step::Fault;
        };
        self.task.begin_poll();
        let mut context = Context::from_waker(&self.waker);
        let polled = catch_unwind(AssertUnwindSafe(|| life.as_mut().poll(&mut context)));
        let woken = self.task.end_poll();
        if polled.is_err() {
            self.fault = Some(Fault::new(Kind::Panic, caught_panic()));
            self.drop_life();
            return Step::Fault;
        }
        self.fault = self.mailbox.fault.take();
        if self.fault.is_some() {
            Step::Fault
        } else if self.mailbox.idle.get() {
            Step::Idle
        } else if woken {
            Step::Yielded
        } else {
            Step::Pending
        }
    }

    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    pub fn panic_soon(&self) {
        self.task.panic_soon();
    }

    fn drop_life(&mut self) {
        let life = self.life.take();
        // A second panic while unwound state is dropped: its memory is lost, the process is not.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(life)));
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.task.end();
        self.drop_life();
    }
}

/// Never ends: a faulted store is kept until the instance is freed, so that tearing it down can wait.
async fn live(image: Arc<Image>, state: State, mailbox: Rc<Mailbox>) {
    let mut store = Store::new(&image.engine.wasmtime, state);
    let fault = match serve(&image, &mut store, &mailbox).await {
        Err(fault) => fault,
        Ok(never) => match never {},
    };
    *mailbox.fault.borrow_mut() = Some(fault);
    pending().await
}

type Handle = TypedFunc<(Resource<IncomingRequest>, Resource<ResponseOutparam>), ()>;

async fn serve(
    image: &Image,
    store: &mut Store<State>,
    mailbox: &Mailbox,
) -> Result<std::convert::Infallible, Fault> {
    let handle = start(image, store)
        .await
        .map_err(|error| Fault::from_error(&error, true, store.data().account.refused()))?;
    loop {
        let (request, call) = next_request(mailbox).await;
        let (request, outparam) = store.data_mut().begin(Call::new(request, call));
        // The yield callback alone sets no deadline: what is left of the last request's slice would be
        // this one's.
        store.set_epoch_deadline(1);
        let called = handle.call_async(&mut *store, (request, outparam)).await;
        if let Err(error) = called {
            return Err(Fault::from_error(&error, false, false));
        }
        store.data_mut().returned()?;
        poll_fn(|_| store.data_mut().poll_response_sent()).await;
        store.data_mut().end();
    }
}

async fn start(image: &Image, store: &mut Store<State>) -> wasmtime::Result<Handle> {
    store.limiter(|state| &mut state.account);
    let handles = store.data().handles_max() as usize;
    // The guest's own table also counts borrows and resources of the guest's own types.
    store.set_max_component_handles(handles.saturating_add(1024));
    store.set_hostcall_fuel(HOSTCALL_BYTES_MAX);
    store.epoch_deadline_async_yield_and_update(1);
    store.set_epoch_deadline(1);
    let instance = image.pre.instantiate_async(&mut *store).await?;
    instance.get_typed_func(&mut *store, image.handle)
}

/// Bytes that a guest can hand to one host function.
const HOSTCALL_BYTES_MAX: usize = 16 << 20;

async fn next_request(mailbox: &Mailbox) -> (RequestView, CallRef) {
    poll_fn(|_| match mailbox.request.take() {
        Some(request) => Poll::Ready(request),
        None => {
            mailbox.idle.set(true);
            Poll::Pending
        }
    })
    .await
}
