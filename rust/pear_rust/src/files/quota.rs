//! What a writable folder may hold.
//!
//! What changes a folder is done one at a time, under the folder's lock, which only file threads take: so
//! each change is known exactly. What others than guests change is seen when the folder seems to be full:
//! then it is measured anew, once a second at most.

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

const MEASURED_FRESH: Duration = Duration::from_secs(1);
/// Folders inside folders that are measured.
const DEPTH_MAX: u32 = 64;

/// What `metadata-hash` gives: two numbers that name a file among all.
pub type Identity = (u64, u64);

/// A folder, whichever sites it is granted to.
#[derive(Default)]
pub struct Folder {
    used: Mutex<Used>,
}

#[derive(Default)]
pub struct Used {
    bytes: u64,
    files: u64,
    measured: Option<Instant>,
    open: HashMap<Identity, OpenFile>,
}

/// A file that guests have open. Without a name it still takes its bytes.
#[derive(Default)]
struct OpenFile {
    handles: u32,
    nameless_bytes: Option<u64>,
}

/// A folder as it is granted: its limits, and where it is.
pub struct Quota {
    folder: Arc<Folder>,
    root: Arc<File>,
    bytes_max: u64,
    files_max: u64,
}

impl Quota {
    pub fn new(folder: Arc<Folder>, root: Arc<File>, bytes_max: u64, files_max: u64) -> Quota {
        Quota { folder, root, bytes_max, files_max }
    }

    pub fn is_same_folder(&self, other: &Quota) -> bool {
        Arc::ptr_eq(&self.folder, &other.folder)
    }

    /// Blocks. For one change.
    pub fn lock(&self) -> MutexGuard<'_, Used> {
        let mut used = self.folder.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.measured.is_none() {
            used.measure(self.root.as_fd());
        }
        used
    }

    /// Counts the end of a file, unless another change is just being made.
    pub fn try_closed(&self, file: Identity) -> bool {
        let Ok(mut used) = self.folder.used.try_lock() else { return false };
        used.closed(file);
        true
    }

    /// Whether so much more fits.
    pub fn room(&self, used: &mut Used, bytes: u64, files: u64) -> Result<(), ErrorCode> {
        let fits = |used: &Used| {
            (bytes == 0 || used.bytes.saturating_add(bytes) <= self.bytes_max)
                && (files == 0 || used.files.saturating_add(files) <= self.files_max)
        };
        if fits(used) {
            return Ok(());
        }
        if used.measured.is_none_or(|at| at.elapsed() >= MEASURED_FRESH) {
            used.measure(self.root.as_fd());
        }
        if fits(used) { Ok(()) } else { Err(ErrorCode::Quota) }
    }
}

impl Used {
    pub fn added(&mut self) {
        self.files += 1;
    }

    pub fn removed(&mut self) {
        self.files = self.files.saturating_sub(1);
    }

    pub fn opened(&mut self, file: Identity) {
        self.open.entry(file).or_default().handles += 1;
    }

    pub fn closed(&mut self, file: Identity) {
        let Some(open) = self.open.get_mut(&file) else { return };
        open.handles = open.handles.saturating_sub(1);
        if open.handles == 0 {
            let bytes = open.nameless_bytes.unwrap_or(0);
            self.open.remove(&file);
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }

    pub fn resized(&mut self, file: Identity, from: u64, to: u64) {
        self.bytes = self.bytes.saturating_sub(from).saturating_add(to);
        if let Some(open) = self.open.get_mut(&file)
            && let Some(bytes) = &mut open.nameless_bytes
        {
            *bytes = to;
        }
    }

    /// The last name of a file is gone; its bytes are gone when nobody has it open any more.
    pub fn unnamed(&mut self, file: Identity, bytes: u64) {
        match self.open.get_mut(&file) {
            Some(open) => open.nameless_bytes = Some(bytes),
            None => self.bytes = self.bytes.saturating_sub(bytes),
        }
    }

    fn measure(&mut self, root: BorrowedFd<'_>) {
        let mut sum = Sum::default();
        let complete = sum.add(root, 0).is_ok();
        let nameless: u64 = self.open.values().filter_map(|open| open.nameless_bytes).sum();
        sum.bytes = sum.bytes.saturating_add(nameless);
        // What could not be looked at does not count less than before.
        self.bytes = if complete { sum.bytes } else { sum.bytes.max(self.bytes) };
        self.files = if complete { sum.files } else { sum.files.max(self.files) };
        self.measured = Some(Instant::now());
    }
}

#[derive(Default)]
struct Sum {
    bytes: u64,
    files: u64,
    /// Device and number of files with several names.
    seen: HashSet<(u64, u64)>,
}

impl Sum {
    fn add(&mut self, folder: BorrowedFd<'_>, depth: u32) -> io::Result<()> {
        if depth > DEPTH_MAX {
            return Err(io::ErrorKind::Other.into());
        }
        let mut dir = Dir::read_from(folder)?;
        while let Some(entry) = dir.read() {
            let entry = entry?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            self.files += 1;
            // Gone meanwhile: others than guests change the folder.
            let Ok(stat) = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => {
                    if stat.st_nlink == 1 || self.seen.insert((stat.st_dev, stat.st_ino)) {
                        self.bytes = self.bytes.saturating_add(stat.st_size as u64);
                    }
                }
                FileType::Directory => {
                    let flags =
                        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                    self.add(openat(folder, name, flags, Mode::empty())?.as_fd(), depth + 1)?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}
