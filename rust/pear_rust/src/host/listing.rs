//! wasi:filesystem: directory-entry-stream. Read a part at a time, so that a folder with a million files
//! costs no more than any other.

use super::files::{on_thread, told};
use super::{Cx, State};
use crate::files::open::Open;
use crate::share::FilePlace;
use rustix::fs::{Dir, FileType};
use std::collections::VecDeque;
use wasmtime::Result;
use wasmtime::component::{LinkerInstance, Resource, ResourceType};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorType, DirectoryEntry, ErrorCode};

type Told<T> = std::result::Result<T, ErrorCode>;

pub struct Listing {
    // None: the end was reached, or a call was given up.
    reader: Option<Reader>,
    entries: VecDeque<Told<DirectoryEntry>>,
    failed: Option<ErrorCode>,
}

/// The folder as it is read; it has its own position in it, and so its own descriptor.
struct Reader {
    dir: Dir,
    _place: FilePlace,
}

const ENTRIES_MAX: usize = 64;

impl Listing {
    /// What is charged for each: the kernel's and the library's buffer, and the entries of one part.
    pub const BYTES: u64 = 64 << 10;

    /// Blocks.
    pub fn open(folder: &Open, place: FilePlace) -> FsResult<Listing> {
        let Some(folder) = folder.dir() else { return Err(ErrorCode::NotDirectory.into()) };
        let dir = Dir::read_from(folder).map_err(std::io::Error::from)?;
        let reader = Reader { dir, _place: place };
        Ok(Listing { reader: Some(reader), entries: VecDeque::new(), failed: None })
    }
}

impl Reader {
    /// Blocks. The next entries, and the reader again unless that was all.
    fn part(mut self) -> FsResult<(Option<Reader>, VecDeque<Told<DirectoryEntry>>)> {
        let mut entries = VecDeque::with_capacity(ENTRIES_MAX);
        while entries.len() < ENTRIES_MAX {
            let Some(entry) = self.dir.read() else { return Ok((None, entries)) };
            let entry = entry.map_err(std::io::Error::from)?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let type_ = self.type_of(&entry);
            let name = std::str::from_utf8(name).map(str::to_string);
            let entry = name.map(|name| DirectoryEntry { type_, name });
            entries.push_back(entry.map_err(|_| ErrorCode::IllegalByteSequence));
        }
        Ok((Some(self), entries))
    }

    fn type_of(&self, entry: &rustix::fs::DirEntry) -> DescriptorType {
        let mut kind = entry.file_type();
        // Some file systems do not say it here.
        if kind == FileType::Unknown
            && let Ok(folder) = self.dir.fd()
        {
            let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
            if let Ok(stat) = rustix::fs::statat(folder, entry.file_name(), flags) {
                kind = FileType::from_raw_mode(stat.st_mode);
            }
        }
        match kind {
            FileType::RegularFile => DescriptorType::RegularFile,
            FileType::Directory => DescriptorType::Directory,
            FileType::Symlink => DescriptorType::SymbolicLink,
            FileType::Fifo => DescriptorType::Fifo,
            FileType::Socket => DescriptorType::Socket,
            FileType::CharacterDevice => DescriptorType::CharacterDevice,
            FileType::BlockDevice => DescriptorType::BlockDevice,
            FileType::Unknown => DescriptorType::Unknown,
        }
    }
}

type Entry = Result<(Told<Option<DirectoryEntry>>,)>;

async fn next(mut cx: Cx<'_>, (listing,): (Resource<Listing>,)) -> Entry {
    let rep = listing.rep();
    let it = cx.data_mut().slots.get_mut::<Listing>(rep)?;
    if it.entries.is_empty()
        && let Some(reader) = it.reader.take()
    {
        let done = told(on_thread(&mut cx, || reader.part()).await)?;
        let it = cx.data_mut().slots.get_mut::<Listing>(rep)?;
        match done {
            Ok((reader, entries)) => {
                it.reader = reader;
                it.entries = entries;
            }
            Err(code) => it.failed = Some(code),
        }
    }
    let it = cx.data_mut().slots.get_mut::<Listing>(rep)?;
    let entry = it.entries.pop_front().transpose();
    Ok((match (entry, it.failed) {
        (Ok(None), Some(code)) => Err(code),
        (entry, _) => entry,
    },))
}

pub fn add_to_linker(files: &mut LinkerInstance<'_, State>) -> Result<()> {
    let ty = ResourceType::host::<Listing>();
    files.resource("directory-entry-stream", ty, |mut cx, rep| {
        let state = cx.data_mut();
        state.slots.remove::<Listing>(rep)?;
        state.account.release(Listing::BYTES);
        Ok(())
    })?;
    files.func_wrap_async(
        "[method]directory-entry-stream.read-directory-entry",
        |cx: Cx<'_>, given: (Resource<Listing>,)| Box::new(next(cx, given)),
    )
}
