//! Which instances of a core other threads woke, and the waker of an instance.

use crate::abi::WakeRef;
use crossbeam_queue::SegQueue;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Wake;

/// Instances to poll, in the order in which they were woken. Any thread pushes, the owner takes.
pub struct Inbox {
    woken: SegQueue<Arc<Task>>,
    count: AtomicUsize,
    // None once the inbox is freed: a waker may live longer.
    wake: Mutex<Option<WakeRef>>,
}

impl Inbox {
    pub fn new(wake: WakeRef) -> Inbox {
        Inbox { woken: SegQueue::new(), count: AtomicUsize::new(0), wake: Mutex::new(Some(wake)) }
    }

    /// The owner is gone: nothing is pushed or woken any more.
    pub fn close(&self) {
        *self.wake.lock().unwrap_or_else(PoisonError::into_inner) = None;
        while self.woken.pop().is_some() {}
    }

    /// The next instance that still lives; it can be pushed again from now on.
    pub fn take(&self) -> Option<u64> {
        while let Some(task) = self.woken.pop() {
            self.count.fetch_sub(1, Ordering::AcqRel);
            task.queued.store(false, Ordering::Release);
            if !task.ended.load(Ordering::Acquire) {
                return Some(task.token);
            }
        }
        None
    }

    fn push(&self, task: Arc<Task>) {
        let wake = self.wake.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(wake) = wake.as_ref() else { return };
        self.woken.push(task);
        if self.count.fetch_add(1, Ordering::AcqRel) == 0 {
            wake.wake();
        }
    }
}

const RESTING: u8 = 0;
const POLLED: u8 = 1;
const WOKEN_IN_POLL: u8 = 2;

/// The waker of one instance. It may outlive both the instance and the inbox.
pub struct Task {
    inbox: Arc<Inbox>,
    token: u64,
    state: AtomicU8,
    queued: AtomicBool,
    ended: AtomicBool,
    panic_once: AtomicBool,
}

impl Task {
    pub fn new(inbox: Arc<Inbox>, token: u64) -> Task {
        Task {
            inbox,
            token,
            state: AtomicU8::new(RESTING),
            queued: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            panic_once: AtomicBool::new(false),
        }
    }

    pub fn begin_poll(&self) {
        self.state.store(POLLED, Ordering::Release);
    }

    /// Whether the instance was woken since begin_poll: it can go on at once.
    pub fn end_poll(&self) -> bool {
        self.state.swap(RESTING, Ordering::AcqRel) == WOKEN_IN_POLL
    }

    /// The instance is freed: its token is not given out any more.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    pub fn panic_soon(&self) {
        self.panic_once.store(true, Ordering::Relaxed);
    }

    /// Where a test wants a host function to panic.
    pub fn panic_point(&self) {
        if self.panic_once.load(Ordering::Relaxed) && self.panic_once.swap(false, Ordering::Relaxed)
        {
            panic!("a panic that a test asked for");
        }
    }

    fn woken(task: &Arc<Task>) {
        let polled =
            task.state.compare_exchange(POLLED, WOKEN_IN_POLL, Ordering::AcqRel, Ordering::Acquire);
        if polled != Err(RESTING) || task.ended.load(Ordering::Acquire) {
            return;
        }
        if !task.queued.swap(true, Ordering::AcqRel) {
            task.inbox.push(task.clone());
        }
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        Task::woken(&self);
    }
    fn wake_by_ref(self: &Arc<Self>) {
        Task::woken(self);
    }
}
