//! How an instance ends, in words that an operator understands.

use std::cell::Cell;
use std::fmt;
use std::sync::Once;
use wasmtime::{Error, PoolConcurrencyLimitError, Trap, WasmBacktrace};

/// As PearFault in pear_rust.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Trap = 1,
    Memory = 2,
    Host = 3,
    Exit = 4,
    Panic = 5,
    Start = 6,
    NoRoom = 7,
    Limit = 8,
}

#[derive(Debug)]
pub struct Fault {
    pub kind: Kind,
    pub message: String,
}

/// A rule of a host function that the guest broke, or memory that it was refused. Returned from a host
/// function it ends the instance.
#[derive(Debug)]
pub enum Broken {
    Rule(&'static str),
    /// A limit of what a response may be: its text names it.
    Limit(&'static str),
    Memory,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Rule(text) | Broken::Limit(text) => f.write_str(text),
            Broken::Memory => {
                f.write_str("no memory left for a buffer that the host keeps for the guest")
            }
        }
    }
}

impl std::error::Error for Broken {}

/// For `return Err(rule("..."))` in host functions.
#[cold]
pub fn rule(text: &'static str) -> Error {
    Error::from(Broken::Rule(text))
}

#[cold]
pub fn limit(text: &'static str) -> Error {
    Error::from(Broken::Limit(text))
}

#[cold]
pub fn no_memory() -> Error {
    Error::from(Broken::Memory)
}

impl Fault {
    pub fn new(kind: Kind, message: impl Into<String>) -> Fault {
        Fault { kind, message: message.into() }
    }

    /// What a failed call or a failed start means. `memory_refused`: the host refused memory since the
    /// call or the start began.
    pub fn from_error(error: &Error, starting: bool, memory_refused: bool) -> Fault {
        let place = innermost_function(error);
        if let Some(broken) = error.downcast_ref::<Broken>() {
            let kind = match broken {
                Broken::Rule(_) => Kind::Host,
                Broken::Limit(_) => Kind::Limit,
                Broken::Memory => Kind::Memory,
            };
            return Fault::new(kind, format!("{broken}{place}"));
        }
        if let Some(exit) = error.downcast_ref::<wasmtime_wasi::I32Exit>() {
            return Fault::new(Kind::Exit, format!("exit({}) called{place}", exit.0));
        }
        if let Some(trap) = error.downcast_ref::<Trap>() {
            let kind = if starting { Kind::Start } else { Kind::Trap };
            return Fault::new(kind, format!("{}{place}", trap_text(*trap)));
        }
        if starting && is_shortage(error) {
            return Fault::new(Kind::NoRoom, format!("{:#}", Brief(error)));
        }
        if starting {
            let kind = if memory_refused { Kind::Memory } else { Kind::Start };
            return Fault::new(kind, format!("cannot start: {:#}", Brief(error)));
        }
        // What is left comes from host functions: wasmtime's own checks of handles and lists, and
        // wasmtime-wasi.
        Fault::new(Kind::Host, format!("{}{place}", Brief(error)))
    }
}

/// Whether the pool or the system has no more of what every instance needs.
fn is_shortage(error: &Error) -> bool {
    error.is::<PoolConcurrencyLimitError>()
        || error.chain().any(|cause| {
            let system = cause.downcast_ref::<std::io::Error>();
            system.is_some_and(|error| error.kind() == std::io::ErrorKind::OutOfMemory)
        })
}

/// The causes of an error, without the backtrace that wasmtime puts in front.
struct Brief<'a>(&'a Error);

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for cause in self.0.chain() {
            let text = cause.to_string();
            if text.starts_with("error while executing at wasm backtrace") {
                continue;
            }
            write!(f, "{}{text}", if first { "" } else { ": " })?;
            first = false;
        }
        Ok(())
    }
}

fn innermost_function(error: &Error) -> String {
    let frames =
        error.downcast_ref::<WasmBacktrace>().map(WasmBacktrace::frames).unwrap_or_default();
    let named = frames.iter().find_map(|frame| frame.func_name());
    named.map(|name| format!(" in {name}")).unwrap_or_default()
}

fn trap_text(trap: Trap) -> String {
    match trap {
        Trap::UnreachableCodeReached => "unreachable executed".into(),
        Trap::MemoryOutOfBounds => "out of bounds memory access".into(),
        Trap::StackOverflow => "call stack exhausted".into(),
        Trap::TableOutOfBounds => "out of bounds table access".into(),
        Trap::IndirectCallToNull => "call through a null function pointer".into(),
        Trap::BadSignature => "call through a function pointer of another type".into(),
        Trap::IntegerDivisionByZero => "integer divided by zero".into(),
        Trap::CannotEnterComponent => "the instance cannot be entered again".into(),
        other => other.to_string().trim_start_matches("wasm trap: ").to_string(),
    }
}

thread_local! {
    static LAST_PANIC: Cell<Option<String>> = const { Cell::new(None) };
}

/// Makes panics remember their text and place instead of printing them: whoever catches one reports it.
pub fn keep_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let text = info.payload_as_str().unwrap_or("a panic without text");
            let place = info.location().map(|at| format!(" at {}:{}", at.file(), at.line()));
            LAST_PANIC.set(Some(format!("{text}{}", place.unwrap_or_default())));
        }));
    });
}

/// The text of the panic that this thread just caught.
pub fn caught_panic() -> String {
    let text = LAST_PANIC.take().unwrap_or_else(|| "a panic without text".into());
    format!("bug in the engine: {text}")
}
