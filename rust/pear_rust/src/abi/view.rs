//! What C++ lends to this library, behind safe methods.
//!
//! Each type rests on a promise of pear_rust.h, named at the type: who keeps the memory alive, and how
//! long. `&'static` here means "for as long as that promise holds"; the owner of such a reference is
//! the call or instance that the promise is about, and drops it with it.

use crate::share::Share;
use std::ffi::c_void;
use std::sync::Arc;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PearBytes {
    pub data: *const u8,
    pub len: usize,
}

impl PearBytes {
    pub const EMPTY: PearBytes = PearBytes { data: std::ptr::null(), len: 0 };

    pub fn lend(bytes: &[u8]) -> PearBytes {
        PearBytes { data: bytes.as_ptr(), len: bytes.len() }
    }

    /// SAFETY: the caller knows who keeps the bytes alive for `'a`.
    pub unsafe fn view<'a>(self) -> &'a [u8] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: `data` is valid for `len` bytes (pear_rust.h), for 'a by our caller's word.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }
}

#[repr(C)]
pub struct PearField {
    name: PearBytes,
    value: PearBytes,
}

/// A field of a list that C++ lends, or a pair of slices on its way to C++.
#[repr(transparent)]
pub struct FieldView(PearField);

// SAFETY: plain pointers to bytes that nobody writes to while they are lent.
unsafe impl Send for FieldView {}
// SAFETY: as above.
unsafe impl Sync for FieldView {}

impl FieldView {
    /// For lists handed to the host, which reads them before the call returns.
    pub fn lend(name: &[u8], value: &[u8]) -> FieldView {
        FieldView(PearField { name: PearBytes::lend(name), value: PearBytes::lend(value) })
    }
    pub fn name(&self) -> &[u8] {
        // SAFETY: lives as long as the list that self is in.
        unsafe { self.0.name.view() }
    }
    pub fn value(&self) -> &[u8] {
        // SAFETY: as above.
        unsafe { self.0.value.view() }
    }

    /// SAFETY: `first` points to `count` fields that live for `'a`.
    pub unsafe fn list<'a>(first: *const PearField, count: usize) -> &'a [FieldView] {
        if count == 0 {
            return &[];
        }
        // SAFETY: FieldView is transparent over PearField; the rest is the caller's word.
        unsafe { std::slice::from_raw_parts(first.cast::<FieldView>(), count) }
    }
}

/// `body_window` when the client went away.
pub const WINDOW_GONE: u64 = u64::MAX;

#[derive(Clone, Copy)]
pub enum Stream {
    Stdout = 1,
    Stderr = 2,
}

pub enum Read {
    Bytes(&'static [u8]),
    Pending,
    End,
    Failed,
}

#[repr(C)]
pub struct PearHost {
    memory_grow: unsafe extern "C" fn(*mut c_void, u64) -> bool,
    memory_release: unsafe extern "C" fn(*mut c_void, u64),
    log: unsafe extern "C" fn(*mut c_void, u32, PearBytes),
    response_head: unsafe extern "C" fn(*mut c_void, u16, *const PearField, usize) -> bool,
    response_interim: unsafe extern "C" fn(*mut c_void, u16, *const PearField, usize) -> bool,
    response_error: unsafe extern "C" fn(*mut c_void, PearBytes),
    body_window: unsafe extern "C" fn(*mut c_void) -> u64,
    body_write: unsafe extern "C" fn(*mut c_void, PearBytes),
    body_flush: unsafe extern "C" fn(*mut c_void),
    body_finish: unsafe extern "C" fn(*mut c_void, *const PearField, usize),
    body_abort: unsafe extern "C" fn(*mut c_void),
    body_read: unsafe extern "C" fn(*mut c_void, u64, *mut PearBytes) -> u32,
    body_readable: unsafe extern "C" fn(*mut c_void) -> bool,
    body_trailers: unsafe extern "C" fn(*mut c_void, *mut *const PearField) -> usize,
    wake_at: unsafe extern "C" fn(*mut c_void, u64),
}

/// The host table with the context of one instance. pear_rust.h: both outlive the instance.
#[derive(Clone, Copy)]
pub struct HostRef {
    table: &'static PearHost,
    instance: *mut c_void,
}

// SAFETY: used on the instance's thread alone, or for memory_release on the one that frees it.
unsafe impl Send for HostRef {}

impl HostRef {
    /// SAFETY: `table` is a complete PearHost; it and `instance` live until the instance is freed.
    pub unsafe fn new(table: *const PearHost, instance: *mut c_void) -> HostRef {
        // SAFETY: the caller's word.
        HostRef { table: unsafe { &*table }, instance }
    }
    pub fn memory_grow(&self, delta: u64) -> bool {
        // SAFETY: a function of the table with the context that belongs to it; so below.
        unsafe { (self.table.memory_grow)(self.instance, delta) }
    }
    pub fn memory_release(&self, delta: u64) {
        // SAFETY: see memory_grow.
        unsafe { (self.table.memory_release)(self.instance, delta) }
    }
    pub fn log(&self, stream: Stream, text: &[u8]) {
        // SAFETY: see memory_grow.
        unsafe { (self.table.log)(self.instance, stream as u32, PearBytes::lend(text)) }
    }
    pub fn wake_at(&self, deadline_ns: u64) {
        // SAFETY: see memory_grow.
        unsafe { (self.table.wake_at)(self.instance, deadline_ns) }
    }
}

/// The host table with the context of one call. pear_rust.h: lives until the call has ended.
#[derive(Clone, Copy)]
pub struct CallRef {
    table: &'static PearHost,
    call: *mut c_void,
}

// SAFETY: used on the instance's thread alone.
unsafe impl Send for CallRef {}

impl CallRef {
    /// SAFETY: `call` lives until the call has ended, and the holder drops this with it.
    pub unsafe fn new(host: HostRef, call: *mut c_void) -> CallRef {
        CallRef { table: host.table, call }
    }
    pub fn response_head(&self, status: u16, fields: &[FieldView]) -> bool {
        // SAFETY: a function of the table with the context that belongs to it; so below.
        unsafe {
            (self.table.response_head)(self.call, status, fields.as_ptr().cast(), fields.len())
        }
    }
    pub fn response_interim(&self, status: u16, fields: &[FieldView]) -> bool {
        // SAFETY: see response_head.
        unsafe {
            (self.table.response_interim)(self.call, status, fields.as_ptr().cast(), fields.len())
        }
    }
    pub fn response_error(&self, code: &str) {
        // SAFETY: see response_head.
        unsafe { (self.table.response_error)(self.call, PearBytes::lend(code.as_bytes())) }
    }
    pub fn body_window(&self) -> u64 {
        // SAFETY: see response_head.
        unsafe { (self.table.body_window)(self.call) }
    }
    pub fn body_write(&self, bytes: &[u8]) {
        // SAFETY: see response_head.
        unsafe { (self.table.body_write)(self.call, PearBytes::lend(bytes)) }
    }
    pub fn body_flush(&self) {
        // SAFETY: see response_head.
        unsafe { (self.table.body_flush)(self.call) }
    }
    pub fn body_finish(&self, trailers: &[FieldView]) {
        // SAFETY: see response_head.
        unsafe { (self.table.body_finish)(self.call, trailers.as_ptr().cast(), trailers.len()) }
    }
    pub fn body_abort(&self) {
        // SAFETY: see response_head.
        unsafe { (self.table.body_abort)(self.call) }
    }
    /// The bytes are valid until the next body_read of the call, or its end: use them at once.
    pub fn body_read(&self, max: u64) -> Read {
        let mut out = PearBytes::EMPTY;
        // SAFETY: see response_head; `out` outlives the call, and what it is set to lives as said.
        unsafe {
            match (self.table.body_read)(self.call, max, &mut out) {
                0 if out.len > 0 => Read::Bytes(out.view()),
                0 | 1 => Read::Pending,
                2 => Read::End,
                _ => Read::Failed,
            }
        }
    }
    pub fn body_readable(&self) -> bool {
        // SAFETY: see response_head.
        unsafe { (self.table.body_readable)(self.call) }
    }
    /// Lives until the end of the call.
    pub fn body_trailers(&self) -> &'static [FieldView] {
        let mut first = std::ptr::null();
        // SAFETY: see response_head; the list lives until the end of the call, as does self.
        unsafe {
            let count = (self.table.body_trailers)(self.call, &mut first);
            FieldView::list(first, count)
        }
    }
}

#[repr(C)]
pub struct PearRequest {
    method: PearBytes,
    scheme: PearBytes,
    authority: PearBytes,
    path_with_query: PearBytes,
    fields: *const PearField,
    field_count: usize,
}

/// A request. pear_rust.h: all of it lives until the call has ended.
#[derive(Clone, Copy)]
pub struct RequestView {
    pub method: &'static str,
    pub scheme: Option<&'static str>,
    pub authority: Option<&'static str>,
    pub path_with_query: Option<&'static str>,
    pub fields: &'static [FieldView],
}

impl RequestView {
    /// SAFETY: the request lives until the call has ended, and the holder drops this with it.
    pub unsafe fn new(request: *const PearRequest) -> RequestView {
        let text = |bytes: PearBytes| -> Option<&'static str> {
            // SAFETY: the caller's word.
            std::str::from_utf8(unsafe { bytes.view() }).ok().filter(|text| !text.is_empty())
        };
        // SAFETY: the caller's word.
        let (request, fields) = unsafe {
            let request = &*request;
            (request, FieldView::list(request.fields, request.field_count))
        };
        RequestView {
            method: text(request.method).unwrap_or("GET"),
            scheme: text(request.scheme),
            authority: text(request.authority),
            path_with_query: text(request.path_with_query),
            fields,
        }
    }
}

#[repr(C)]
pub struct PearDirectory {
    host_path: PearBytes,
    guest_path: PearBytes,
    writable: bool,
    quota_bytes: u64,
    quota_files: u64,
}

pub struct DirectoryView {
    pub host_path: &'static str,
    pub guest_path: &'static str,
    /// Bytes and files that it may hold. None: it may not be written to.
    pub quota: Option<(u64, u64)>,
}

#[repr(C)]
pub struct PearGrants {
    environment: *const PearField,
    environment_count: usize,
    directories: *const PearDirectory,
    directory_count: usize,
    handles_max: u32,
    fields_max: u32,
    field_bytes_max: u32,
    informational: bool,
    share: *const Arc<Share>,
}

/// What an instance is granted. pear_rust.h: it and all that it points to outlive the instance.
#[derive(Clone, Copy)]
pub struct GrantsView(&'static PearGrants);

// SAFETY: nobody writes to it while instances live; a share is for every thread.
unsafe impl Send for GrantsView {}

impl GrantsView {
    /// SAFETY: `grants` and all that it points to live until the instance is freed.
    pub unsafe fn new(grants: *const PearGrants) -> GrantsView {
        // SAFETY: the caller's word.
        GrantsView(unsafe { &*grants })
    }
    pub fn environment(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        // SAFETY: see new.
        let fields: &'static [FieldView] =
            unsafe { FieldView::list(self.0.environment, self.0.environment_count) };
        fields.iter().filter_map(|field| {
            let name = std::str::from_utf8(field.name()).ok()?;
            Some((name, std::str::from_utf8(field.value()).ok()?))
        })
    }
    pub fn directories(&self) -> impl Iterator<Item = DirectoryView> {
        let grants = self.0;
        (0..grants.directory_count).filter_map(move |i| {
            // SAFETY: see new.
            let (host, guest, directory) = unsafe {
                let directory = &*grants.directories.add(i);
                (directory.host_path.view(), directory.guest_path.view(), directory)
            };
            let quota =
                directory.writable.then_some((directory.quota_bytes, directory.quota_files));
            let host_path = std::str::from_utf8(host).ok()?;
            let guest_path = std::str::from_utf8(guest).ok()?;
            Some(DirectoryView { host_path, guest_path, quota })
        })
    }
    /// What the instance's site holds of what all sites share. Without it there are no files.
    pub fn share(&self) -> Option<&'static Arc<Share>> {
        // SAFETY: see new; null, or made by pear_share_new.
        unsafe { self.0.share.as_ref() }
    }
    pub fn handles_max(&self) -> u32 {
        self.0.handles_max
    }
    pub fn fields_max(&self) -> u32 {
        self.0.fields_max
    }
    pub fn field_bytes_max(&self) -> u32 {
        self.0.field_bytes_max
    }
    pub fn informational(&self) -> bool {
        self.0.informational
    }
}

#[repr(C)]
pub struct EngineOptions {
    pub pooling: bool,
    pub instances_max: u32,
    pub memory_bytes_max: u64,
    pub memory_keep_resident: u64,
    pub table_keep_resident: u64,
    pub wasm_stack_bytes: u64,
    pub async_stack_bytes: u64,
    pub files_max: u32,
    pub memories_max: u32,
    pub tables_max: u32,
}

/// The `wake` of an inbox and its context. Called under the lock of the inbox that owns it, which
/// drops it when the inbox is freed (pear_inbox_free).
pub struct WakeRef {
    wake: unsafe extern "C" fn(*mut c_void),
    context: *mut c_void,
}

// SAFETY: pear_rust.h: `wake` is called from any thread.
unsafe impl Send for WakeRef {}

impl WakeRef {
    /// SAFETY: `wake` may be called with `context` from any thread until the inbox is freed.
    pub unsafe fn new(wake: unsafe extern "C" fn(*mut c_void), context: *mut c_void) -> WakeRef {
        WakeRef { wake, context }
    }
    pub fn wake(&self) {
        // SAFETY: see new.
        unsafe { (self.wake)(self.context) }
    }
}

/// Bytes on their way into a guest: what a host function returns is written into the guest's memory
/// right after it, and nothing can change the instance's state in between (the guest's allocator runs,
/// but cannot call the host). For return values of host functions, and nothing else.
pub fn until_lowered(bytes: &[u8]) -> &'static [u8] {
    // SAFETY: as said above: `bytes` belongs to the instance's state or to the running call.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr(), bytes.len()) }
}
