//! An open file or folder of a guest, and what is done to it on a file thread.
//!
//! Paths are resolved by wasmtime-wasi, which keeps them beneath the granted folder. Its functions are
//! asynchronous in form only: on descriptors that permit it to block, which all of ours do, they are
//! done when they are first polled.

use super::quota::{Identity, Quota};
use crate::share::FilePlace;
use std::fs::File;
use std::future::Future;
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtx, WasiFilesystemCtxView};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, ErrorCode, HostDescriptor, OpenFlags, PathFlags,
};
use wasmtime_wasi::{FsPerms, OpenMode, filesystem};

pub struct Open {
    pub(super) descriptor: Descriptor,
    // None: a granted folder, which is open as long as anything of its site is.
    place: Option<FilePlace>,
    // None where nothing can be written.
    pub(super) quota: Option<Arc<Quota>>,
    // Under which its quota knows a file.
    pub(super) identity: Option<Identity>,
}

/// How a file is opened: the arguments of `open-at`.
pub struct How {
    pub follow: PathFlags,
    pub path: String,
    pub open: OpenFlags,
    pub flags: DescriptorFlags,
}

impl Open {
    /// A granted folder. With a quota it may be written to.
    pub fn root(folder: File, quota: Option<Quota>) -> Open {
        let (perms, mode) = match quota {
            Some(_) => (FsPerms::ReadWrite, OpenMode::READ | OpenMode::WRITE),
            None => (FsPerms::ReadOnly, OpenMode::READ),
        };
        let dir = filesystem::Dir::new(folder, perms, mode, true);
        Open {
            descriptor: Descriptor::Dir(dir),
            place: None,
            quota: quota.map(Arc::new),
            identity: None,
        }
    }

    pub fn file(&self) -> Option<&Arc<File>> {
        match &self.descriptor {
            Descriptor::File(it) => Some(&it.file),
            Descriptor::Dir(_) => None,
        }
    }

    pub fn dir(&self) -> Option<&Arc<File>> {
        match &self.descriptor {
            Descriptor::File(_) => None,
            Descriptor::Dir(it) => Some(&it.dir),
        }
    }

    pub fn writable(&self) -> bool {
        let perms = match &self.descriptor {
            Descriptor::File(it) => it.perms,
            Descriptor::Dir(it) => it.perms,
        };
        !perms.write_not_permitted()
    }

    fn was_writable(&self) -> bool {
        match &self.descriptor {
            Descriptor::File(it) => it.open_mode.contains(OpenMode::WRITE),
            Descriptor::Dir(_) => false,
        }
    }

    pub(super) fn regular(&self) -> FsResult<&File> {
        Ok(self.file().ok_or(ErrorCode::BadDescriptor)?)
    }

    /// Blocks. Nothing at the end of the file.
    pub fn read_at(&self, length: usize, offset: u64) -> FsResult<Vec<u8>> {
        let file = self.regular()?;
        let mut bytes = vec![0; length];
        let count = loop {
            match file.read_at(&mut bytes, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        bytes.truncate(count);
        Ok(bytes)
    }

    /// Blocks. Gives only what reading and writing cannot wait for: a regular file or a folder.
    pub(super) fn open_unchecked(&self, how: How) -> FsResult<Descriptor> {
        let mut on = On::new(self, None)?;
        let it = on.it();
        let opened = ready(on.view().open_at(it, how.follow, how.path, how.open, how.flags))?;
        match on.table.delete(opened)? {
            Descriptor::File(it) => {
                if !it.file.metadata()?.file_type().is_file() {
                    return Err(ErrorCode::NotPermitted.into());
                }
                let file = Arc::try_unwrap(it.file).map_err(|_| ErrorCode::Io)?;
                Ok(Descriptor::File(filesystem::File::new(file, it.perms, it.open_mode, true)))
            }
            Descriptor::Dir(it) => {
                let dir = Arc::try_unwrap(it.dir).map_err(|_| ErrorCode::Io)?;
                Ok(Descriptor::Dir(filesystem::Dir::new(dir, it.perms, it.open_mode, true)))
            }
        }
    }

    pub(super) fn opened(&self, descriptor: Descriptor, place: FilePlace) -> Open {
        Open { descriptor, place: Some(place), quota: self.quota.clone(), identity: None }
    }
}

/// The end of a file that was written to may have to wait for the disk, or for the folder's lock: not on
/// a core.
impl Drop for Open {
    fn drop(&mut self) {
        let Some(place) = self.place.take() else { return };
        let Some(quota) = self.quota.take() else { return };
        let counted = self.identity.is_none_or(|identity| quota.try_closed(identity));
        if counted && !self.was_writable() {
            return;
        }
        let (descriptor, lane) = (self.descriptor.clone(), place.lane());
        let uncounted = if counted { None } else { self.identity };
        let close = move || {
            if let Some(identity) = uncounted {
                quota.lock().closed(identity);
            }
            drop((descriptor, place));
        };
        // Without a thread it is closed here, and its folder counts too much until it is measured anew.
        if let Ok(begun) = lane.begin(Waker::noop().clone(), close) {
            begun.leave_alone();
        }
    }
}

/// What a function of wasmtime-wasi needs: a table with the descriptors that it works on.
pub struct On {
    table: ResourceTable,
    context: WasiFilesystemCtx,
    it: u32,
    other: u32,
}

impl On {
    pub fn new(it: &Open, other: Option<&Open>) -> FsResult<On> {
        let mut table = ResourceTable::new();
        let it = table.push(it.descriptor.clone())?.rep();
        let other = other.map(|other| table.push(other.descriptor.clone())).transpose()?;
        let other = other.map_or(it, |other| other.rep());
        Ok(On { table, context: WasiFilesystemCtx::default(), it, other })
    }

    pub fn view(&mut self) -> WasiFilesystemCtxView<'_> {
        WasiFilesystemCtxView { ctx: &mut self.context, table: &mut self.table }
    }

    pub fn it(&self) -> Resource<Descriptor> {
        Resource::new_borrow(self.it)
    }

    pub fn other(&self) -> Resource<Descriptor> {
        Resource::new_borrow(self.other)
    }
}

/// The outcome of a future that never waits.
pub fn ready<T, E: From<io::Error>>(future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(io::Error::other("a file call that blocks was expected").into()),
    }
}
