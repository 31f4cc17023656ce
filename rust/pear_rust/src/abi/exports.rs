//! The functions of pear_rust.h.
//!
//! SAFETY, for all of them: the caller keeps what the header says of pointers, threads and lifetimes.
//! Each function checks what it can and catches panics, so that none unwinds into C++.

use super::view::{
    CallRef, EngineOptions, GrantsView, HostRef, PearBytes, PearGrants, PearHost, PearRequest,
    RequestView, WakeRef,
};
use crate::engine::Engine;
use crate::fault::{caught_panic, keep_panics};
use crate::image::{self, Image};
use crate::inbox::{Inbox, Task};
use crate::instance::{Instance, Step};
use crate::share::Share;
use crate::{bulk, componentize, tools};
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use wasmtime::component::Component;

#[repr(C)]
pub struct PearBuffer {
    data: *mut u8,
    len: usize,
    capacity: usize,
}

impl PearBuffer {
    fn new(bytes: Vec<u8>) -> PearBuffer {
        let mut bytes = std::mem::ManuallyDrop::new(bytes);
        PearBuffer { data: bytes.as_mut_ptr(), len: bytes.len(), capacity: bytes.capacity() }
    }
}

/// Runs `work`; a panic in it becomes `otherwise`.
pub fn guarded<T>(otherwise: T, work: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(otherwise)
}

/// Runs `work`; an error or a panic becomes None and the text in `error`.
unsafe fn reporting<T>(
    error: *mut PearBuffer,
    work: impl FnOnce() -> Result<T, String>,
) -> Option<T> {
    let text = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => return Some(value),
        Ok(Err(text)) => text,
        Err(_) => caught_panic(),
    };
    // SAFETY: null or a place for one PearBuffer.
    if let Some(error) = unsafe { error.as_mut() } {
        *error = PearBuffer::new(text.into_bytes());
    }
    None
}

/// What the C side holds for a boxed T.
fn give<T>(value: Option<T>) -> *mut T {
    value.map_or(std::ptr::null_mut(), |value| Box::into_raw(Box::new(value)))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_buffer_free(buffer: PearBuffer) {
    if !buffer.data.is_null() && buffer.capacity > 0 {
        // SAFETY: it was made by PearBuffer::new.
        drop(unsafe { Vec::from_raw_parts(buffer.data, buffer.len, buffer.capacity) });
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_engine_new(
    options: *const EngineOptions,
    error: *mut PearBuffer,
) -> *mut Arc<Engine> {
    keep_panics();
    // SAFETY: `options` is valid for the call; see the head of the file.
    let made = unsafe {
        reporting(error, || {
            Engine::new(&*options).map(Arc::new).map_err(|error| format!("{error:#}"))
        })
    };
    give(made)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_engine_free(engine: *mut Arc<Engine>) {
    if !engine.is_null() {
        // SAFETY: it was made by `give`.
        guarded((), || drop(unsafe { Box::from_raw(engine) }));
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_share_new(
    engine: &Arc<Engine>,
    site: PearBytes,
    files_max: u32,
) -> *mut Arc<Share> {
    // SAFETY: a live engine and bytes valid for the call.
    guarded(std::ptr::null_mut(), || unsafe {
        let site = String::from_utf8_lossy(site.view());
        give(Some(engine.common.share(&site, files_max)))
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_share_free(share: *mut Arc<Share>) {
    if !share.is_null() {
        // SAFETY: it was made by `give`.
        guarded((), || drop(unsafe { Box::from_raw(share) }));
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn pear_engine_tick(engine: &Arc<Engine>) {
    engine.wasmtime.increment_epoch();
}

#[unsafe(no_mangle)]
pub extern "C" fn pear_engine_fingerprint(engine: &Arc<Engine>) -> PearBuffer {
    let text = guarded(String::new(), || engine.fingerprint());
    PearBuffer::new(text.into_bytes())
}

#[unsafe(no_mangle)]
pub extern "C" fn pear_thread_init() {
    guarded((), wasmtime::Engine::tls_eager_initialize);
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_image_compile(
    engine: &Arc<Engine>,
    component: PearBytes,
    code: *mut PearBuffer,
    error: *mut PearBuffer,
) -> bool {
    // SAFETY: a live engine, bytes valid for the call, a place for a buffer.
    unsafe {
        match reporting(error, || image::compile(engine, component.view())) {
            Some(compiled) => *code = PearBuffer::new(compiled),
            None => return false,
        }
    }
    true
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_image_load(
    engine: &Arc<Engine>,
    code: PearBytes,
    error: *mut PearBuffer,
) -> *mut Arc<Image> {
    // SAFETY: a live engine and bytes valid for the call, that the caller vouches for.
    unsafe {
        give(reporting(error, || {
            let component = Component::deserialize(&engine.wasmtime, code.view())
                .map_err(|error| format!("the compiled code does not fit: {error:#}"))?;
            Image::link(engine.clone(), &component).map(Arc::new)
        }))
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_image_load_fd(
    engine: &Arc<Engine>,
    fd: i32,
    error: *mut PearBuffer,
) -> *mut Arc<Image> {
    // SAFETY: a live engine and an open file that the caller vouches for. /proc names the open file
    // itself, whatever happened to its path.
    unsafe {
        give(reporting(error, || {
            let path = format!("/proc/self/fd/{fd}");
            let component = Component::deserialize_file(&engine.wasmtime, path)
                .map_err(|error| format!("the compiled code does not fit: {error:#}"))?;
            Image::link(engine.clone(), &component).map(Arc::new)
        }))
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_image_needs(
    image: &Arc<Image>,
    memories: *mut u32,
    tables: *mut u32,
) {
    let needs = guarded((0, 0), || image.needs());
    // SAFETY: places for two numbers.
    unsafe { (*memories, *tables) = needs };
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_image_free(image: *mut Arc<Image>) {
    if !image.is_null() {
        // SAFETY: it was made by `give`.
        guarded((), || drop(unsafe { Box::from_raw(image) }));
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_inbox_new(
    wake: unsafe extern "C" fn(*mut c_void),
    context: *mut c_void,
) -> *mut Arc<Inbox> {
    // SAFETY: `wake` may be called until pear_inbox_free.
    give(Some(Arc::new(Inbox::new(unsafe { WakeRef::new(wake, context) }))))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_inbox_free(inbox: *mut Arc<Inbox>) {
    if !inbox.is_null() {
        // SAFETY: it was made by `give`.
        let inbox = unsafe { Box::from_raw(inbox) };
        guarded((), || inbox.close());
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_inbox_take(
    inbox: &Arc<Inbox>,
    tokens: *mut u64,
    max: usize,
) -> usize {
    let mut taken = 0;
    while taken < max {
        match inbox.take() {
            // SAFETY: there is room for `max` tokens.
            Some(token) => unsafe { *tokens.add(taken) = token },
            None => break,
        }
        taken += 1;
    }
    taken
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_instance_new(
    image: &Arc<Image>,
    host: *const PearHost,
    context: *mut c_void,
    grants: *const PearGrants,
    inbox: &Arc<Inbox>,
    token: u64,
) -> *mut Instance {
    // SAFETY: all live; host, context and grants as long as the instance.
    guarded(std::ptr::null_mut(), || unsafe {
        let task = Arc::new(Task::new(inbox.clone(), token));
        let host = HostRef::new(host, context);
        give(Some(Instance::new(image.clone(), host, GrantsView::new(grants), task)))
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_instance_begin(
    instance: *mut Instance,
    host: *const PearRequest,
    call: *mut c_void,
) {
    // SAFETY: a live, idle instance; request and call live until the call has ended.
    guarded((), || unsafe {
        let instance = &mut *instance;
        let call = CallRef::new(instance.host(), call);
        instance.begin(RequestView::new(host), call);
    });
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_instance_poll(instance: *mut Instance) -> u32 {
    // SAFETY: a live instance on its thread. Instance::poll catches panics of guests and host
    // functions itself; this one is for its own lines.
    guarded(Step::Fault, || unsafe { (*instance).poll() }) as u32
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_instance_fault(
    instance: *const Instance,
    message: *mut PearBytes,
) -> u32 {
    // SAFETY: a live instance, and null or a place for the message, which lives as long.
    unsafe {
        let (kind, text) = match (*instance).fault() {
            Some(fault) => (fault.kind as u32, fault.message.as_str()),
            None => (crate::fault::Kind::Panic as u32, "the engine failed without a reason"),
        };
        if let Some(message) = message.as_mut() {
            *message = PearBytes::lend(text.as_bytes());
        }
        kind
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_instance_free(instance: *mut Instance) {
    if !instance.is_null() {
        // SAFETY: it was made by `give`; nobody uses it any more.
        guarded((), || drop(unsafe { Box::from_raw(instance) }));
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_instance_panic_once(instance: *mut Instance) {
    // SAFETY: a live instance.
    unsafe { (*instance).panic_soon() };
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pear_componentize(
    core_module: PearBytes,
    wit_dir: PearBytes,
    world: PearBytes,
    component: *mut PearBuffer,
    error: *mut PearBuffer,
) -> bool {
    keep_panics();
    // SAFETY: bytes valid for the call, a place for a buffer.
    unsafe {
        let made = reporting(error, || {
            let text = |bytes: PearBytes| {
                std::str::from_utf8(bytes.view()).map_err(|_| "a name is not UTF-8".to_string())
            };
            componentize::componentize(core_module.view(), text(wit_dir)?, text(world)?)
        });
        match made {
            Some(made) => *component = PearBuffer::new(made),
            None => return false,
        }
    }
    true
}

#[unsafe(no_mangle)]
pub extern "C" fn pear_versions() -> PearBuffer {
    PearBuffer::new(guarded(String::new(), tools::versions).into_bytes())
}

#[unsafe(no_mangle)]
pub extern "C" fn pear_bulk_selftest(seed: u64, rounds: u32) -> PearBuffer {
    let difference = guarded("it panicked".to_string(), || bulk::selftest(seed, rounds));
    PearBuffer::new(difference.into_bytes())
}

#[unsafe(no_mangle)]
pub extern "C" fn pear_automerge_selftest() -> bool {
    guarded(false, tools::automerge_selftest)
}

#[unsafe(no_mangle)]
pub extern "C" fn pear_quiche_version() -> u32 {
    tools::quiche_version()
}
