//! What lies in a mongodump folder, and reading one of its files from front to back.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use flate2::read::MultiGzDecoder;
use model::limits::{DUMP_DOCUMENT_BYTES_MAX, SOURCE_BATCH_BYTES};
use model::{Error, ErrorCode};

use crate::raw;

/// One collection's file.
#[derive(Clone, Debug)]
pub(super) struct CollectionFile {
    pub(super) collection: String,
    pub(super) path: PathBuf,
    pub(super) compressed: bool,
    /// Bytes on disk.
    pub(super) size: u64,
    /// When it was last written, ms since 1970.
    pub(super) written: i64,
}

/// Databases that a dump of a whole server has besides those of people.
const INTERNAL_DATABASES: [&str; 3] = ["admin", "config", "local"];

pub(super) fn unreadable(path: &Path, what: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorCode::SourceUnavailable,
        "the data cannot be read at the moment; the operator's log has the reason",
    )
    .with_internal(format!("{}: {what}", path.display()))
}

/// The collections of the dump at `path`, sorted by name: the `.bson` files there or, where there
/// are none, in its one database folder.
pub(super) fn collections(path: &Path) -> Result<Vec<CollectionFile>, Error> {
    let here = files_in(path)?;
    if !here.is_empty() {
        return Ok(here);
    }
    let mut databases = Vec::new();
    for entry in entries(path)? {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if entry.is_dir() && !INTERNAL_DATABASES.contains(&name.as_str()) {
            let files = files_in(&entry)?;
            if !files.is_empty() {
                databases.push((name, files));
            }
        }
    }
    match databases.len() {
        0 => Err(unreadable(
            path,
            "no .bson or .bson.gz file here or in a folder below; give the folder that mongodump wrote",
        )),
        1 => Ok(databases.remove(0).1),
        _ => {
            let names: Vec<&str> = databases.iter().map(|(name, _)| name.as_str()).collect();
            Err(unreadable(
                path,
                format!("holds several databases ({}); give the folder of one", names.join(", ")),
            ))
        }
    }
}

fn entries(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let read = |e: &io::Error| unreadable(path, e);
    let mut all = Vec::new();
    for entry in fs::read_dir(path).map_err(|e| read(&e))? {
        all.push(entry.map_err(|e| read(&e))?.path());
    }
    all.sort();
    Ok(all)
}

fn files_in(folder: &Path) -> Result<Vec<CollectionFile>, Error> {
    let mut found: Vec<CollectionFile> = Vec::new();
    for path in entries(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (stem, compressed) = match (name.strip_suffix(".bson"), name.strip_suffix(".bson.gz")) {
            (Some(stem), _) => (stem, false),
            (_, Some(stem)) => (stem, true),
            _ => continue,
        };
        let collection = unescape(stem);
        if collection.starts_with("system.") || (collection == "oplog" && is_oplog(folder)) {
            continue;
        }
        let metadata = fs::metadata(&path).map_err(|e| unreadable(&path, e))?;
        let written = metadata.modified().map_err(|e| unreadable(&path, e))?;
        let written = written.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        if found.iter().any(|file| file.collection == collection) {
            return Err(unreadable(&path, "the same collection is here twice, compressed and not"));
        }
        found.push(CollectionFile {
            collection,
            path,
            compressed,
            size: metadata.len(),
            written: i64::try_from(written).unwrap_or(i64::MAX),
        });
    }
    found.sort_by(|a, b| a.collection.cmp(&b.collection));
    Ok(found)
}

/// `oplog.bson` beside database folders is the server's log, not a collection.
fn is_oplog(folder: &Path) -> bool {
    !folder.join("oplog.metadata.json").exists() && !folder.join("oplog.metadata.json.gz").exists()
}

/// mongodump escapes what file systems forbid in names as `%XX`.
fn unescape(stem: &str) -> String {
    let mut bytes = Vec::with_capacity(stem.len());
    let mut rest = stem.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after
            .get(..2)
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(crate::key::parse_hex::<1>);
        match (first, escaped) {
            (b'%', Some([byte])) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| stem.to_owned())
}

/// Reads a file's documents one after another.
pub(super) struct Documents {
    path: PathBuf,
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    /// The unread part of the buffer.
    start: usize,
    end: usize,
    /// Where `start` is in the decompressed file.
    offset: u64,
    /// Bytes taken from the file itself.
    taken: Arc<AtomicU64>,
}

impl Documents {
    pub(super) fn open(file: &CollectionFile) -> Result<Self, Error> {
        let opened = File::open(&file.path).map_err(|e| unreadable(&file.path, e))?;
        let taken = Arc::new(AtomicU64::new(0));
        let counted = Counted { file: opened, taken: Arc::clone(&taken) };
        let reader: Box<dyn Read + Send> = if file.compressed {
            Box::new(MultiGzDecoder::new(io::BufReader::with_capacity(128 * 1024, counted)))
        } else {
            Box::new(counted)
        };
        let buffer = vec![0; SOURCE_BATCH_BYTES];
        Ok(Documents {
            path: file.path.clone(),
            reader,
            buffer,
            start: 0,
            end: 0,
            offset: 0,
            taken,
        })
    }

    /// Bytes of the file (compressed, where it is) read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// The next document and where it lies in the decompressed file.
    pub(super) fn next(&mut self) -> Result<Option<(u64, &[u8])>, Error> {
        if !self.fill(4)? {
            return match self.end - self.start {
                0 => Ok(None),
                left => Err(self
                    .corrupt(format!("the file ends within a document's length ({left} bytes)"))),
            };
        }
        let length = match raw::document_length(&self.buffer[..self.end], self.start) {
            Ok(length) if length <= DUMP_DOCUMENT_BYTES_MAX => length,
            _ => return Err(self.corrupt("no BSON document starts here")),
        };
        if !self.fill(length)? {
            return Err(self.corrupt(format!(
                "the file is truncated: a document of {length} bytes starts here, {} are left",
                self.end - self.start
            )));
        }
        if self.buffer[self.start + length - 1] != 0 {
            return Err(self.corrupt("the document that starts here does not end where it says"));
        }
        let offset = self.offset;
        let document = &self.buffer[self.start..self.start + length];
        self.start += length;
        self.offset += u64::try_from(length).unwrap_or(u64::MAX);
        Ok(Some((offset, document)))
    }

    pub(super) fn corrupt_at(&self, offset: u64, what: impl std::fmt::Display) -> Error {
        unreadable(&self.path, format!("at byte {offset}: {what}"))
    }

    fn corrupt(&self, what: impl std::fmt::Display) -> Error {
        self.corrupt_at(self.offset, what)
    }

    /// Makes at least `wanted` bytes available; false at the end of the file.
    fn fill(&mut self, wanted: usize) -> Result<bool, Error> {
        if self.end - self.start >= wanted {
            return Ok(true);
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        while self.end < wanted {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(0) => return Ok(false),
                Ok(read) => self.end += read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(self.corrupt(e)),
            }
        }
        Ok(true)
    }
}

struct Counted {
    file: File,
    taken: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.taken.fetch_add(u64::try_from(read).unwrap_or(0), Ordering::Relaxed);
        Ok(read)
    }
}
