//! wasi:filesystem: descriptors.
//!
//! What is done to a file is done on a file thread of the site (`on_thread`); what it holds meanwhile, and
//! what an open file costs, is charged to the instance.

use super::body::{InputStream, OutputStream};
use super::file_streams::{FileInput, FileOutput, Mode};
use super::io_error::file_error_code;
use super::listing::Listing;
use super::slots::Parent;
use super::{Cx, State, wait};
use crate::abi::{HostRef, monotonic_ns};
use crate::files::open::{How, On, Open, ready};
use crate::files::threads::Begun;
use crate::share::{Granted, Share};
use std::sync::Arc;
use std::task::{Poll, Waker};
use wasmtime::Result;
use wasmtime::component::{Linker, LinkerInstance, Resource, ResourceType, WasmList};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    Advice, DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, HostDescriptor,
    MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi_io::streams::{DynInputStream, DynOutputStream, Error};

/// How long a guest waits for one call. Then the call fails, and its thread is left to it.
const CALL_NS: u64 = 10_000_000_000;
/// Bytes that one call moves. What a guest gives beyond that it is told was not written.
pub const PIECE_MAX: usize = 64 << 10;
const WRITE_MAX: usize = 256 << 10;
/// What an open file is charged with: the kernel's part, and ours.
const OPEN_BYTES: u64 = 1024;

type Told<T> = std::result::Result<T, ErrorCode>;
type Fd = Resource<OpenFile>;

/// A descriptor of a guest.
pub struct OpenFile {
    pub open: Arc<Open>,
    charged: u64,
}

/// A call on a thread, and until when its outcome is waited for.
pub struct Waiting<T> {
    begun: Begun<T>,
    deadline: u64,
}

impl<T> Waiting<T> {
    pub fn poll(&self, host: HostRef) -> Poll<Told<T>> {
        match self.begun.take() {
            Some(Ok(value)) => Poll::Ready(Ok(value)),
            Some(Err(())) => Poll::Ready(Err(ErrorCode::Io)),
            None if monotonic_ns() >= self.deadline => Poll::Ready(Err(ErrorCode::Io)),
            None => {
                host.wake_at(self.deadline);
                Poll::Pending
            }
        }
    }
}

impl State {
    pub fn share(&self) -> Told<&Arc<Share>> {
        self.grants.share().ok_or(ErrorCode::Access)
    }

    /// Has `work` run on a file thread, after which the instance is polled.
    pub fn begin_call<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Told<Waiting<T>> {
        let waker = Waker::from(self.task.clone());
        let begun = self.share()?.lane.begin(waker, work).map_err(|_| ErrorCode::Busy)?;
        Ok(Waiting { begun, deadline: monotonic_ns().saturating_add(CALL_NS) })
    }

    pub fn charge_file(&mut self, bytes: u64) -> Told<()> {
        if self.account.try_charge(bytes) { Ok(()) } else { Err(ErrorCode::InsufficientMemory) }
    }

    pub fn push_open(&mut self, open: Arc<Open>) -> Result<Told<Fd>> {
        if self.charge_file(OPEN_BYTES).is_err() {
            return Ok(Err(ErrorCode::InsufficientMemory));
        }
        let it = OpenFile { open, charged: OPEN_BYTES };
        let rep = self.slots.push(&mut self.account, it, Parent::None)?;
        Ok(Ok(Resource::new_own(rep)))
    }

    fn open_of(&self, fd: &Fd) -> Result<Arc<Open>> {
        Ok(self.slots.get::<OpenFile>(fd.rep())?.open.clone())
    }
}

/// Runs `work` on a file thread and waits for it, but not for ever.
pub async fn on_thread<T: Send + 'static>(
    cx: &mut Cx<'_>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Told<T> {
    let waiting = cx.data().begin_call(work)?;
    wait(cx, |state| waiting.poll(state.host)).await
}

/// What a guest is told of what a function of wasmtime-wasi gave. Its traps end the guest.
pub fn told<T>(outcome: Told<FsResult<T>>) -> Result<Told<T>> {
    match outcome {
        Ok(Ok(value)) => Ok(Ok(value)),
        Ok(Err(error)) => Ok(Err(error.downcast()?)),
        Err(code) => Ok(Err(code)),
    }
}

/// One thing that is done to a file.
async fn call<T: Send + 'static>(
    mut cx: Cx<'_>,
    fd: Fd,
    work: impl FnOnce(&Open) -> FsResult<T> + Send + 'static,
) -> Result<(Told<T>,)> {
    let open = cx.data().open_of(&fd)?;
    let done = on_thread(&mut cx, move || work(&open)).await;
    Ok((told(done)?,))
}

/// The same with two of them.
async fn call_two<T: Send + 'static>(
    mut cx: Cx<'_>,
    (fd, other): (Fd, Fd),
    work: impl FnOnce(&Open, &Open) -> FsResult<T> + Send + 'static,
) -> Result<(Told<T>,)> {
    let (open, other) = (cx.data().open_of(&fd)?, cx.data().open_of(&other)?);
    let done = on_thread(&mut cx, move || work(&open, &other)).await;
    Ok((told(done)?,))
}

async fn open_at(
    mut cx: Cx<'_>,
    (fd, follow, path, open, flags): (Fd, PathFlags, String, OpenFlags, DescriptorFlags),
) -> Result<(Told<Fd>,)> {
    let folder = cx.data().open_of(&fd)?;
    let Some(place) = cx.data().share().ok().and_then(Share::open_place) else {
        return Ok((Err(ErrorCode::InsufficientMemory),));
    };
    let how = How { follow, path, open, flags };
    let opened = on_thread(&mut cx, move || folder.open_at(how, place)).await;
    match told(opened)? {
        Ok(open) => Ok((cx.data_mut().push_open(Arc::new(open))?,)),
        Err(code) => Ok((Err(code),)),
    }
}

async fn read(
    mut cx: Cx<'_>,
    (fd, length, offset): (Fd, u64, u64),
) -> Result<(Told<(Vec<u8>, bool)>,)> {
    let open = cx.data().open_of(&fd)?;
    if open.file().is_none() {
        return Ok((Err(ErrorCode::BadDescriptor),));
    }
    let length = length.min(PIECE_MAX as u64) as usize;
    if let Err(code) = cx.data_mut().charge_file(length as u64) {
        return Ok((Err(code),));
    }
    let done = on_thread(&mut cx, move || open.read_at(length, offset)).await;
    cx.data_mut().account.release(length as u64);
    Ok((told(done)?.map(|bytes| {
        let ended = bytes.is_empty();
        (bytes, ended)
    }),))
}

async fn write(
    mut cx: Cx<'_>,
    (fd, list, offset): (Fd, WasmList<u8>, u64),
) -> Result<(Told<u64>,)> {
    let open = cx.data().open_of(&fd)?;
    let length = list.len().min(WRITE_MAX);
    if let Err(code) = cx.data_mut().charge_file(length as u64) {
        return Ok((Err(code),));
    }
    let bytes = list.as_le_slice(&cx)[..length].to_vec();
    let done = on_thread(&mut cx, move || open.write_at(&bytes, offset)).await;
    cx.data_mut().account.release(length as u64);
    Ok((told(done)?.map(|count| count as u64),))
}

type Stream<T> = Result<(Told<Resource<T>>,)>;

fn read_via_stream(mut cx: Cx, (fd, offset): (Fd, u64)) -> Stream<DynInputStream> {
    let state = cx.data_mut();
    let open = state.open_of(&fd)?;
    if open.file().is_none() {
        return Ok((Err(ErrorCode::IsDirectory),));
    }
    let stream = InputStream::of_file(FileInput::new(open, offset));
    let rep = state.slots.push(&mut state.account, stream, Parent::None)?;
    Ok((Ok(Resource::new_own(rep)),))
}

fn write_stream(cx: &mut Cx, fd: &Fd, mode: Mode) -> Stream<DynOutputStream> {
    let state = cx.data_mut();
    let open = state.open_of(fd)?;
    if open.file().is_none() {
        return Ok((Err(ErrorCode::BadDescriptor),));
    }
    if !open.writable() {
        return Ok((Err(ErrorCode::NotPermitted),));
    }
    let stream = OutputStream::to_file(FileOutput::new(open, mode));
    let rep = state.slots.push(&mut state.account, stream, Parent::None)?;
    Ok((Ok(Resource::new_own(rep)),))
}

async fn read_directory(mut cx: Cx<'_>, (fd,): (Fd,)) -> Result<(Told<Resource<Listing>>,)> {
    let open = cx.data().open_of(&fd)?;
    let Some(place) = cx.data().share().ok().and_then(Share::open_place) else {
        return Ok((Err(ErrorCode::InsufficientMemory),));
    };
    if let Err(code) = cx.data_mut().charge_file(Listing::BYTES) {
        return Ok((Err(code),));
    }
    let opened = on_thread(&mut cx, move || Listing::open(&open, place)).await;
    let state = cx.data_mut();
    match told(opened)? {
        Ok(listing) => {
            let rep = state.slots.push(&mut state.account, listing, Parent::None)?;
            Ok((Ok(Resource::new_own(rep)),))
        }
        Err(code) => {
            state.account.release(Listing::BYTES);
            Ok((Err(code),))
        }
    }
}

/// A function of a descriptor that wasmtime-wasi has, and that changes nothing which a quota counts: its
/// name, its arguments and what it gives.
macro_rules! delegate {
    ($files:ident $name:literal $method:ident($($arg:ident: $ty:ty),*) -> $out:ty) => {
        $files.func_wrap_async($name, |cx: Cx<'_>, (fd, $($arg,)*): (Fd, $($ty,)*)| {
            Box::new(call(cx, fd, move |open| -> FsResult<$out> {
                let mut on = On::new(open, None)?;
                let it = on.it();
                ready(on.view().$method(it, $($arg),*))
            }))
        })?
    };
}

/// One that changes what a folder holds: a method of Open.
macro_rules! change {
    ($files:ident $name:literal $method:ident($($arg:ident: $ty:ty),*)) => {
        $files.func_wrap_async($name, |cx: Cx<'_>, (fd, $($arg,)*): (Fd, $($ty,)*)| {
            Box::new(call(cx, fd, move |open| open.$method($($arg),*)))
        })?
    };
}

fn add_delegated(files: &mut LinkerInstance<'_, State>) -> Result<()> {
    type Text = String;
    type New = NewTimestamp;
    delegate!(files "[method]descriptor.advise" advise(at: u64, length: u64, advice: Advice) -> ());
    delegate!(files "[method]descriptor.sync-data" sync_data() -> ());
    delegate!(files "[method]descriptor.sync" sync() -> ());
    delegate!(files "[method]descriptor.get-flags" get_flags() -> DescriptorFlags);
    delegate!(files "[method]descriptor.get-type" get_type() -> DescriptorType);
    delegate!(files "[method]descriptor.set-times" set_times(accessed: New, modified: New) -> ());
    delegate!(files "[method]descriptor.set-times-at"
        set_times_at(follow: PathFlags, path: Text, accessed: New, modified: New) -> ());
    delegate!(files "[method]descriptor.stat" stat() -> DescriptorStat);
    delegate!(files "[method]descriptor.stat-at"
        stat_at(follow: PathFlags, path: Text) -> DescriptorStat);
    delegate!(files "[method]descriptor.readlink-at" readlink_at(path: Text) -> Text);
    delegate!(files "[method]descriptor.metadata-hash" metadata_hash() -> MetadataHashValue);
    delegate!(files "[method]descriptor.metadata-hash-at"
        metadata_hash_at(follow: PathFlags, path: Text) -> MetadataHashValue);
    change!(files "[method]descriptor.set-size" set_size(size: u64));
    change!(files "[method]descriptor.create-directory-at" create_directory_at(path: Text));
    change!(files "[method]descriptor.remove-directory-at" remove_directory_at(path: Text));
    change!(files "[method]descriptor.symlink-at" symlink_at(to: Text, path: Text));
    change!(files "[method]descriptor.unlink-file-at" unlink_file_at(path: Text));
    Ok(())
}

fn add_on_two(files: &mut LinkerInstance<'_, State>) -> Result<()> {
    type Link = (Fd, PathFlags, String, Fd, String);
    files.func_wrap_async(
        "[method]descriptor.link-at",
        |cx: Cx<'_>, (fd, follow, from, folder, to): Link| {
            Box::new(call_two(cx, (fd, folder), move |open, folder| {
                open.link_at(follow, from, (folder, to))
            }))
        },
    )?;
    type Rename = (Fd, String, Fd, String);
    files.func_wrap_async(
        "[method]descriptor.rename-at",
        |cx: Cx<'_>, (fd, from, folder, to): Rename| {
            Box::new(call_two(cx, (fd, folder), move |open, folder| {
                open.rename_at(from, (folder, to))
            }))
        },
    )?;
    files.func_wrap_async("[method]descriptor.is-same-object", |cx: Cx<'_>, fds: (Fd, Fd)| {
        Box::new(async move {
            let (same,) = call_two(cx, fds, |one, other| {
                let mut on = On::new(one, Some(other))?;
                let (it, other) = (on.it(), on.other());
                Ok(ready(on.view().is_same_object(it, other)).unwrap_or(false))
            })
            .await?;
            Ok((same.unwrap_or(false),))
        })
    })
}

fn add_streams(files: &mut LinkerInstance<'_, State>) -> Result<()> {
    files.func_wrap("[method]descriptor.read-via-stream", read_via_stream)?;
    files.func_wrap("[method]descriptor.write-via-stream", |mut cx: Cx, (fd, at): (Fd, u64)| {
        write_stream(&mut cx, &fd, Mode::At(at))
    })?;
    files.func_wrap("[method]descriptor.append-via-stream", |mut cx: Cx, (fd,): (Fd,)| {
        write_stream(&mut cx, &fd, Mode::Append)
    })?;
    files.func_wrap_async("[method]descriptor.read-directory", |cx: Cx<'_>, given: (Fd,)| {
        Box::new(read_directory(cx, given))
    })?;
    super::listing::add_to_linker(files)
}

/// The granted folders. One that cannot be opened is left out, and the guest's stderr says so: the guest
/// finds what it was granted, or nothing.
async fn directories(mut cx: Cx<'_>) -> Result<(Vec<(Fd, String)>,)> {
    let grants = cx.data().grants;
    let Some(share) = grants.share().cloned() else { return Ok((Vec::new(),)) };
    // Owned: a call that is given up lives longer than the grants.
    let granted: Vec<Granted> = grants
        .directories()
        .map(|it| Granted { path: it.host_path.into(), quota: it.quota })
        .collect();
    let roots = match share.fresh_roots(&granted) {
        Some(roots) => roots,
        None => match on_thread(&mut cx, move || share.roots(granted)).await {
            Ok(roots) => roots,
            Err(_) => {
                let text = b"pear: the granted folders could not be opened in time\n";
                cx.data().host.log(crate::abi::Stream::Stderr, text);
                Vec::new()
            }
        },
    };
    let mut given = Vec::new();
    for (directory, root) in grants.directories().zip(roots) {
        match root {
            Ok(open) => {
                if let Ok(fd) = cx.data_mut().push_open(open)? {
                    given.push((fd, directory.guest_path.to_string()));
                }
            }
            Err(cause) => {
                let path = directory.guest_path;
                let text = format!("pear: the folder {path} cannot be opened: {cause}\n");
                cx.data().host.log(crate::abi::Stream::Stderr, text.as_bytes());
            }
        }
    }
    Ok((given,))
}

pub fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    let mut files = linker.instance("wasi:filesystem/types@0.2.12")?;
    files.resource("descriptor", ResourceType::host::<OpenFile>(), |mut cx, rep| {
        let state = cx.data_mut();
        let charged = state.slots.remove::<OpenFile>(rep)?.charged;
        state.account.release(charged);
        Ok(())
    })?;
    files.func_wrap_async(
        "[method]descriptor.open-at",
        |cx: Cx<'_>, given: (Fd, PathFlags, String, OpenFlags, DescriptorFlags)| {
            Box::new(open_at(cx, given))
        },
    )?;
    files.func_wrap_async("[method]descriptor.read", |cx: Cx<'_>, given: (Fd, u64, u64)| {
        Box::new(read(cx, given))
    })?;
    files.func_wrap_async(
        "[method]descriptor.write",
        |cx: Cx<'_>, given: (Fd, WasmList<u8>, u64)| Box::new(write(cx, given)),
    )?;
    add_delegated(&mut files)?;
    add_on_two(&mut files)?;
    add_streams(&mut files)?;
    files.func_wrap("filesystem-error-code", |_: Cx, (error,): (Resource<Error>,)| {
        Ok((file_error_code(error.rep()),))
    })?;
    let mut preopens = linker.instance("wasi:filesystem/preopens@0.2.12")?;
    preopens.func_wrap_async("get-directories", |cx: Cx<'_>, ()| Box::new(directories(cx)))
}
