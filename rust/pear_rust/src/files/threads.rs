//! The threads that file calls of guests block.
//!
//! Every site has a lane of its own: calls of one site run in their order, a few at a time, and a site
//! whose calls hang (a network file system that is gone) holds threads, but never all of them. A thread
//! is made when a call finds none free, and ends when it has had nothing to do for a while.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

/// Threads for the calls of all sites, and calls of one site that run at once.
const THREADS_MAX: usize = 64;
const LANE_MAX: usize = 8;
/// Calls of one site that wait. Each belongs to an instance, or to a stream of one.
const WAITING_MAX: usize = 1024;
const IDLE: Duration = Duration::from_secs(10);
/// File calls copy and wait; they need no more, however deep a path is.
const STACK_BYTES: usize = 512 << 10;

pub struct FileThreads {
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    /// Lanes that have a call which may run now, in the order of their turns.
    turns: VecDeque<Arc<Lane>>,
    threads: usize,
    idle: usize,
    running: usize,
}

/// The calls of one site.
pub struct Lane {
    threads: Arc<FileThreads>,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Arc<dyn Job>>,
    running: usize,
    in_turn: bool,
}

trait Job: Send + Sync {
    fn run(&self);
}

/// A call that was begun. Dropped before it ran, it never runs; dropped while it runs, the thread is left
/// to it and what it gives is dropped.
pub struct Begun<T> {
    cell: Arc<Cell<T>>,
    left_alone: bool,
}

type Work<T> = Box<dyn FnOnce() -> T + Send>;

struct Cell<T> {
    work: Mutex<Option<Work<T>>>,
    result: Mutex<Option<Result<T, ()>>>,
    waker: Waker,
}

/// The lane has as many calls as it takes, or the system gives no thread.
pub struct Busy;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Send> Job for Cell<T> {
    fn run(&self) {
        let Some(work) = locked(&self.work).take() else { return };
        let result = catch_unwind(AssertUnwindSafe(work)).map_err(drop);
        *locked(&self.result) = Some(result);
        self.waker.wake_by_ref();
    }
}

impl<T> Begun<T> {
    /// It runs whatever becomes of this.
    pub fn leave_alone(mut self) {
        self.left_alone = true;
    }

    /// What the call gave, once. Err: it panicked.
    pub fn take(&self) -> Option<Result<T, ()>> {
        locked(&self.cell.result).take()
    }
}

impl<T> Drop for Begun<T> {
    fn drop(&mut self) {
        if !self.left_alone {
            drop(locked(&self.cell.work).take());
        }
    }
}

impl Lane {
    pub fn new(threads: Arc<FileThreads>) -> Arc<Lane> {
        Arc::new(Lane { threads, queue: Mutex::default() })
    }

    /// Has `work` run on a thread, after which `waker` is woken.
    pub fn begin<T: Send + 'static>(
        self: &Arc<Lane>,
        waker: Waker,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Begun<T>, Busy> {
        let cell = Arc::new(Cell {
            work: Mutex::new(Some(Box::new(work) as Work<T>)),
            result: Mutex::new(None),
            waker,
        });
        let mut queue = locked(&self.queue);
        if queue.waiting.len() >= WAITING_MAX {
            return Err(Busy);
        }
        queue.waiting.push_back(cell.clone());
        drop(queue);
        let begun = Begun { cell, left_alone: false };
        self.threads.offer(self)?;
        Ok(begun)
    }

    /// Whether a call of this lane may run beside those that do. Some threads are always left.
    fn wants_turn(queue: &Queue, running: usize) -> bool {
        let share = (THREADS_MAX.saturating_sub(running) / 2).clamp(1, LANE_MAX);
        !queue.in_turn && !queue.waiting.is_empty() && queue.running < share
    }
}

impl FileThreads {
    pub fn new() -> Arc<FileThreads> {
        Arc::new(FileThreads { state: Mutex::default(), work: Condvar::new() })
    }

    /// Puts a lane into the turns where it may have one, and sees to it that a thread takes it.
    fn offer(self: &Arc<FileThreads>, lane: &Arc<Lane>) -> Result<(), Busy> {
        let mut state = locked(&self.state);
        {
            let mut queue = locked(&lane.queue);
            if !Lane::wants_turn(&queue, state.running) {
                return Ok(());
            }
            queue.in_turn = true;
        }
        state.turns.push_back(lane.clone());
        let summoned = self.summon(&mut state);
        if summoned.is_err() {
            // There is no thread at all: the next call tries again.
            state.turns.pop_back();
            locked(&lane.queue).in_turn = false;
        }
        summoned
    }

    /// A thread for the turn that was just added: one that idles, else a new one.
    fn summon(self: &Arc<FileThreads>, state: &mut State) -> Result<(), Busy> {
        if state.idle >= state.turns.len() || state.threads >= THREADS_MAX {
            self.work.notify_one();
            return Ok(());
        }
        let threads = self.clone();
        let made = std::thread::Builder::new()
            .name("pear-files".into())
            .stack_size(STACK_BYTES)
            .spawn(move || threads.serve());
        match made {
            Ok(_) => state.threads += 1,
            // Those that are there come to it.
            Err(_) if state.threads > 0 => {}
            Err(_) => return Err(Busy),
        }
        Ok(())
    }

    fn serve(self: Arc<FileThreads>) {
        let mut state = locked(&self.state);
        loop {
            let Some(lane) = state.turns.pop_front() else {
                state.idle += 1;
                let waited = self.work.wait_timeout(state, IDLE);
                let (again, wait) = waited.unwrap_or_else(PoisonError::into_inner);
                state = again;
                state.idle -= 1;
                if wait.timed_out() && state.turns.is_empty() {
                    state.threads -= 1;
                    return;
                }
                continue;
            };
            let mut queue = locked(&lane.queue);
            queue.in_turn = false;
            let job = queue.waiting.pop_front();
            queue.running += 1;
            state.running += 1;
            let another = Self::take_turn(&mut state, &lane, &mut queue);
            drop(queue);
            if another {
                // Without another thread, this one comes to it later.
                let _ = self.summon(&mut state);
            }
            drop(state);
            if let Some(job) = job {
                job.run();
            }
            state = locked(&self.state);
            state.running -= 1;
            let mut queue = locked(&lane.queue);
            queue.running -= 1;
            Self::take_turn(&mut state, &lane, &mut queue);
        }
    }

    /// Behind the others, where the lane has another call that may run.
    fn take_turn(state: &mut State, lane: &Arc<Lane>, queue: &mut Queue) -> bool {
        let wanted = Lane::wants_turn(queue, state.running);
        if wanted {
            queue.in_turn = true;
            state.turns.push_back(lane.clone());
        }
        wanted
    }
}
