//! What one site may hold of what the whole process has only so much of, so that no site's greed is
//! another's failure.

use crate::files::open::Open;
use crate::files::quota::{Folder, Quota};
use crate::files::threads::{FileThreads, Lane};
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// What all sites share; a part of the engine.
pub struct Common {
    files_max: u32,
    files_open: AtomicU32,
    shares: Mutex<HashMap<String, Weak<Share>>>,
    // What is used of writable folders, whichever sites they are granted to.
    folders: Mutex<HashMap<(u64, u64), Weak<Folder>>>,
    pub threads: Arc<FileThreads>,
}

/// One site, on all cores and through all its reloads.
pub struct Share {
    common: Arc<Common>,
    files_max: AtomicU32,
    files_open: AtomicU32,
    /// Its calls to files.
    pub lane: Arc<Lane>,
    // The granted folders.
    roots: Mutex<HashMap<Granted, Root>>,
}

/// A granted folder that is open, and when it was last seen to be what its path names.
struct Root {
    open: Arc<Open>,
    identity: (u64, u64),
    seen: Instant,
}

/// How long a granted folder is taken for what its path names: an operator who puts another folder in
/// its place sees the guests follow.
const ROOT_FRESH: Duration = Duration::from_secs(1);

impl Common {
    /// `files_max`: descriptors that all guests together may hold.
    pub fn new(files_max: u32) -> Arc<Common> {
        Arc::new(Common {
            files_max,
            files_open: AtomicU32::new(0),
            shares: Mutex::default(),
            folders: Mutex::default(),
            threads: FileThreads::new(),
        })
    }

    /// The share of a site, which is the same as long as anything of the site holds it.
    pub fn share(self: &Arc<Common>, site: &str, files_max: u32) -> Arc<Share> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        shares.retain(|_, share| share.strong_count() > 0);
        if let Some(share) = shares.get(site).and_then(Weak::upgrade) {
            share.files_max.store(files_max, Ordering::Relaxed);
            return share;
        }
        let share = Arc::new(Share {
            common: self.clone(),
            files_max: AtomicU32::new(files_max),
            files_open: AtomicU32::new(0),
            lane: Lane::new(self.threads.clone()),
            roots: Mutex::default(),
        });
        shares.insert(site.to_string(), Arc::downgrade(&share));
        share
    }
}

impl Common {
    fn folder(&self, identity: (u64, u64)) -> Arc<Folder> {
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        folders.retain(|_, folder| folder.strong_count() > 0);
        if let Some(folder) = folders.get(&identity).and_then(Weak::upgrade) {
            return folder;
        }
        let folder = Arc::new(Folder::default());
        folders.insert(identity, Arc::downgrade(&folder));
        folder
    }
}

impl Share {
    /// A place for one more open file. None when the site has its share: its own limit, or as many as
    /// are still free, so that however many sites are greedy, something is left for the next.
    pub fn open_place(self: &Arc<Share>) -> Option<FilePlace> {
        let common = &self.common;
        let all = common.files_open.fetch_add(1, Ordering::Relaxed);
        let own = self.files_open.fetch_add(1, Ordering::Relaxed);
        let place = FilePlace(self.clone());
        let free = common.files_max.saturating_sub(all);
        let permitted = own < self.files_max.load(Ordering::Relaxed) && own < free;
        permitted.then_some(place)
    }
}

/// A folder that is granted: its path on this machine, and what it may hold where it may be written to.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Granted {
    pub path: String,
    pub quota: Option<(u64, u64)>,
}

impl Share {
    /// The granted folders, in their order, where none has to be looked at first.
    pub fn fresh_roots(&self, granted: &[Granted]) -> Option<Vec<io::Result<Arc<Open>>>> {
        let roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |granted| {
            let root: &Root = roots.get(granted)?;
            (root.seen.elapsed() < ROOT_FRESH).then(|| Ok(root.open.clone()))
        };
        granted.iter().map(fresh).collect()
    }

    /// Blocks. The granted folders, in their order.
    pub fn roots(&self, granted: Vec<Granted>) -> Vec<io::Result<Arc<Open>>> {
        granted.into_iter().map(|granted| self.root(granted)).collect()
    }

    fn root(&self, granted: Granted) -> io::Result<Arc<Open>> {
        let mut how = File::options();
        // What is no folder is not waited for.
        let folder = how.read(true).custom_flags(libc::O_DIRECTORY).open(&granted.path)?;
        let metadata = folder.metadata()?;
        let identity = (metadata.dev(), metadata.ino());
        let seen = Instant::now();
        let mut roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(root) = roots.get_mut(&granted).filter(|root| root.identity == identity) {
            root.seen = seen;
            return Ok(root.open.clone());
        }
        let quota = match granted.quota {
            Some((bytes, files)) => {
                let used = self.common.folder(identity);
                Some(Quota::new(used, Arc::new(folder.try_clone()?), bytes, files))
            }
            None => None,
        };
        let open = Arc::new(Open::root(folder, quota));
        roots.insert(granted, Root { open: open.clone(), identity, seen });
        Ok(open)
    }
}

/// One open file of a site.
pub struct FilePlace(Arc<Share>);

impl FilePlace {
    pub fn lane(&self) -> Arc<Lane> {
        self.0.lane.clone()
    }
}

impl Drop for FilePlace {
    fn drop(&mut self) {
        self.0.files_open.fetch_sub(1, Ordering::Relaxed);
        self.0.common.files_open.fetch_sub(1, Ordering::Relaxed);
    }
}
