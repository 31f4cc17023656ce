//! What changes a folder of a guest: each change within the quota of the folder, on a file thread.

use super::open::{How, On, Open, ready};
use super::quota::{Identity, Quota, Used};
use crate::share::FilePlace;
use rustix::io::{ReadWriteFlags, pwritev2};
use std::fs::File;
use std::io::{self, IoSlice};
use std::os::unix::fs::FileExt;
use std::sync::MutexGuard;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorType, ErrorCode, HostDescriptor, OpenFlags, PathFlags,
};

/// A file as it was before a change.
struct Before {
    identity: Identity,
    regular: bool,
    bytes: u64,
    names: u64,
}

// All of these block.
impl Open {
    fn quota(&self) -> FsResult<(&Quota, MutexGuard<'_, Used>)> {
        let quota = self.quota.as_deref().ok_or(ErrorCode::NotPermitted)?;
        Ok((quota, quota.lock()))
    }

    fn identity(&self) -> FsResult<Identity> {
        let mut on = On::new(self, None)?;
        let it = on.it();
        let hash = ready(on.view().metadata_hash(it))?;
        Ok((hash.lower, hash.upper))
    }

    /// What is at a path; None where there is nothing, or it cannot be seen.
    fn before(&self, follow: PathFlags, path: &str) -> FsResult<Option<Before>> {
        let mut on = On::new(self, None)?;
        let it = on.it();
        let Ok(stat) = ready(on.view().stat_at(it, follow, path.to_string())) else {
            return Ok(None);
        };
        let it = on.it();
        let Ok(hash) = ready(on.view().metadata_hash_at(it, follow, path.to_string())) else {
            return Ok(None);
        };
        Ok(Some(Before {
            identity: (hash.lower, hash.upper),
            regular: stat.type_ == DescriptorType::RegularFile,
            bytes: stat.size,
            names: stat.link_count,
        }))
    }

    pub fn open_at(&self, how: How, place: FilePlace) -> FsResult<Open> {
        if self.quota.is_none() {
            return Ok(self.opened(self.open_unchecked(how)?, place));
        }
        let (quota, mut used) = self.quota()?;
        let changes = how.open.intersects(OpenFlags::CREATE | OpenFlags::TRUNCATE);
        let before = if changes { self.before(how.follow, &how.path)? } else { None };
        if before.is_none() && how.open.contains(OpenFlags::CREATE) {
            quota.room(&mut used, 0, 1)?;
        }
        let (creates, truncates) =
            (how.open.contains(OpenFlags::CREATE), how.open.contains(OpenFlags::TRUNCATE));
        let mut open = self.opened(self.open_unchecked(how)?, place);
        match before {
            None if creates => used.added(),
            Some(before) if truncates && before.regular => {
                used.resized(before.identity, before.bytes, 0);
            }
            _ => {}
        }
        if open.file().is_some() {
            let identity = open.identity()?;
            used.opened(identity);
            open.identity = Some(identity);
        }
        Ok(open)
    }

    /// At least one byte, where there are any.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> FsResult<usize> {
        let end = |_| offset.saturating_add(bytes.len() as u64);
        self.written(bytes, end, |file| file.write_at(bytes, offset))
    }

    /// Writes where the file ends at that time, whoever else writes to it.
    pub fn append(&self, bytes: &[u8]) -> FsResult<usize> {
        let parts = [IoSlice::new(bytes)];
        let end = |size: u64| size.saturating_add(bytes.len() as u64);
        let write = |file: &File| Ok(pwritev2(file, &parts, 0, ReadWriteFlags::APPEND)?);
        self.written(bytes, end, write)
    }

    fn written(
        &self,
        bytes: &[u8],
        end: impl Fn(u64) -> u64,
        write: impl Fn(&File) -> io::Result<usize>,
    ) -> FsResult<usize> {
        let file = self.regular()?;
        self.resize(file, end, |file| {
            loop {
                match write(file) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Ok(0) if !bytes.is_empty() => return Err(ErrorCode::Io.into()),
                    other => return Ok(other?),
                }
            }
        })
    }

    pub fn set_size(&self, size: u64) -> FsResult<()> {
        let file = self.regular()?;
        self.resize(file, |_| size, |file| Ok(file.set_len(size)?))
    }

    /// What may change the size of a file to `end`, of the size that it has.
    fn resize<T>(
        &self,
        file: &File,
        end: impl Fn(u64) -> u64,
        change: impl Fn(&File) -> FsResult<T>,
    ) -> FsResult<T> {
        let (quota, mut used) = self.quota()?;
        let before = file.metadata()?.len();
        quota.room(&mut used, end(before).saturating_sub(before), 0)?;
        let outcome = change(file);
        if let Some(identity) = self.identity {
            used.resized(identity, before, file.metadata()?.len());
        }
        outcome
    }

    pub fn create_directory_at(&self, path: String) -> FsResult<()> {
        self.added(|on| {
            let it = on.it();
            ready(on.view().create_directory_at(it, path))
        })
    }

    pub fn symlink_at(&self, to: String, path: String) -> FsResult<()> {
        self.added(|on| {
            let it = on.it();
            ready(on.view().symlink_at(it, to, path))
        })
    }

    fn added(&self, change: impl FnOnce(&mut On) -> FsResult<()>) -> FsResult<()> {
        let (quota, mut used) = self.quota()?;
        quota.room(&mut used, 0, 1)?;
        change(&mut On::new(self, None)?)?;
        used.added();
        Ok(())
    }

    pub fn link_at(&self, follow: PathFlags, from: String, to: (&Open, String)) -> FsResult<()> {
        let (quota, mut used) = self.quota()?;
        self.check_same(quota, to.0)?;
        quota.room(&mut used, 0, 1)?;
        let mut on = On::new(self, Some(to.0))?;
        let (it, other) = (on.it(), on.other());
        ready(on.view().link_at(it, follow, from, other, to.1))?;
        used.added();
        Ok(())
    }

    /// Between folders with quotas of their own a file is copied, as between file systems.
    fn check_same(&self, quota: &Quota, other: &Open) -> FsResult<()> {
        match other.quota.as_deref() {
            None => Err(ErrorCode::NotPermitted.into()),
            Some(other) if quota.is_same_folder(other) => Ok(()),
            Some(_) => Err(ErrorCode::CrossDevice.into()),
        }
    }

    pub fn rename_at(&self, from: String, to: (&Open, String)) -> FsResult<()> {
        let (quota, mut used) = self.quota()?;
        self.check_same(quota, to.0)?;
        let moved = self.before(PathFlags::empty(), &from)?;
        let replaced = to.0.before(PathFlags::empty(), &to.1)?;
        let mut on = On::new(self, Some(to.0))?;
        let (it, other) = (on.it(), on.other());
        ready(on.view().rename_at(it, from, other, to.1))?;
        // To another name of the same file, rename does nothing.
        let same = moved
            .zip(replaced.as_ref())
            .is_some_and(|(moved, replaced)| moved.identity == replaced.identity);
        if !same && let Some(replaced) = replaced {
            used.removed();
            replaced.unnamed(&mut used);
        }
        Ok(())
    }

    pub fn remove_directory_at(&self, path: String) -> FsResult<()> {
        let (_, mut used) = self.quota()?;
        let mut on = On::new(self, None)?;
        let it = on.it();
        ready(on.view().remove_directory_at(it, path))?;
        used.removed();
        Ok(())
    }

    pub fn unlink_file_at(&self, path: String) -> FsResult<()> {
        let (_, mut used) = self.quota()?;
        let before = self.before(PathFlags::empty(), &path)?;
        let mut on = On::new(self, None)?;
        let it = on.it();
        ready(on.view().unlink_file_at(it, path))?;
        used.removed();
        if let Some(before) = before {
            before.unnamed(&mut used);
        }
        Ok(())
    }
}

impl Before {
    /// It has one name less.
    fn unnamed(&self, used: &mut Used) {
        if self.regular && self.names == 1 {
            used.unnamed(self.identity, self.bytes);
        }
    }
}
