//! Writing mongodump folders: `<dir>/<database>/<collection>.bson[.gz]` with its `.metadata.json`
//! beside it. The same documents give the same bytes, identifiers and times included.

mod document;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use flate2::Compression;
use flate2::write::GzEncoder;
use model::Timestamp;

pub use document::DocumentBuilder;

/// Bytes gathered before they go to the file.
const WRITE_BYTES: usize = 256 * 1024;

/// Writes a dump of one database.
#[derive(Clone, Debug)]
pub struct DumpWriter {
    folder: PathBuf,
    database: String,
    compressed: bool,
    written: Option<Timestamp>,
}

impl DumpWriter {
    /// Makes the folder `<dir>/<database>`.
    ///
    /// # Errors
    /// The system's, where the folder cannot be made.
    pub fn create(dir: &Path, database: &str) -> io::Result<Self> {
        let folder = dir.join(escape(database));
        fs::create_dir_all(&folder)?;
        Ok(DumpWriter { folder, database: database.to_owned(), compressed: false, written: None })
    }

    /// Writes `.bson.gz`, as `mongodump --gzip` does.
    #[must_use]
    pub fn compressed(mut self) -> Self {
        self.compressed = true;
        self
    }

    /// Gives every file this modification time, which is the dump's point in time.
    #[must_use]
    pub fn dated(mut self, written: Timestamp) -> Self {
        self.written = Some(written);
        self
    }

    /// The folder with the collections' files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts a collection, over one that was there.
    ///
    /// # Errors
    /// The system's, where the file cannot be made.
    pub fn collection(&self, name: &str) -> io::Result<CollectionWriter> {
        let ending = if self.compressed { "bson.gz" } else { "bson" };
        let file = File::create(self.folder.join(format!("{}.{ending}", escape(name))))?;
        let out = BufWriter::with_capacity(WRITE_BYTES, file);
        let out = if self.compressed {
            Sink::Compressed(GzEncoder::new(out, Compression::fast()))
        } else {
            Sink::Plain(out)
        };
        Ok(CollectionWriter {
            dump: self.clone(),
            name: name.to_owned(),
            out,
            documents: 0,
            bytes: 0,
        })
    }

    fn stamp(&self, file: &File) -> io::Result<()> {
        let Some(Timestamp(ms)) = self.written else { return Ok(()) };
        // A dump from before 1970 does not exist.
        let since = Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        file.set_modified(UNIX_EPOCH + since)
    }

    /// The collection's UUID, made from its name: the same dump twice is the same to the byte.
    fn uuid(&self, collection: &str) -> u128 {
        fnv1a(format!("{}.{collection}", self.database).as_bytes())
    }
}

enum Sink {
    Plain(BufWriter<File>),
    Compressed(GzEncoder<BufWriter<File>>),
}

/// Writes one collection's documents.
pub struct CollectionWriter {
    dump: DumpWriter,
    name: String,
    out: Sink,
    documents: u64,
    bytes: u64,
}

/// What a collection's files hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Documents.
    pub documents: u64,
    /// Bytes of BSON, before compression.
    pub bytes: u64,
}

impl CollectionWriter {
    /// Appends one raw BSON document.
    ///
    /// # Errors
    /// `InvalidData` where the bytes are not as long as the document says it is; the system's,
    /// where the file cannot be written.
    pub fn append(&mut self, document: &[u8]) -> io::Result<()> {
        let says = document.first_chunk::<4>().map(|length| u32::from_le_bytes(*length));
        if says.is_none_or(|says| usize::try_from(says) != Ok(document.len())) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a BSON document begins with its own length",
            ));
        }
        match &mut self.out {
            Sink::Plain(out) => out.write_all(document)?,
            Sink::Compressed(out) => out.write_all(document)?,
        }
        self.documents += 1;
        self.bytes += u64::try_from(document.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    /// Ends the collection and writes its metadata. `indexes` are lists of ascending keys besides
    /// the one on `_id`.
    ///
    /// # Errors
    /// The system's, where a file cannot be written.
    pub fn finish(self, indexes: &[&[&str]]) -> io::Result<Written> {
        let out = match self.out {
            Sink::Plain(out) => out,
            Sink::Compressed(out) => out.finish()?,
        };
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        self.dump.stamp(&file)?;
        let text = metadata(&self.name, self.dump.uuid(&self.name), indexes);
        let ending = if self.dump.compressed { "metadata.json.gz" } else { "metadata.json" };
        let path = self.dump.folder.join(format!("{}.{ending}", escape(&self.name)));
        let mut file = File::create(path)?;
        if self.dump.compressed {
            let mut out = GzEncoder::new(&mut file, Compression::fast());
            out.write_all(text.as_bytes())?;
            out.finish()?;
        } else {
            file.write_all(text.as_bytes())?;
        }
        self.dump.stamp(&file)?;
        Ok(Written { documents: self.documents, bytes: self.bytes })
    }
}

/// The metadata as mongodump 100.x writes it.
fn metadata(collection: &str, uuid: u128, indexes: &[&[&str]]) -> String {
    let index = |keys: &[&str]| {
        let name: Vec<String> = keys.iter().map(|key| format!("{key}_1")).collect();
        let name = if keys == ["_id"] { "_id_".to_owned() } else { name.join("_") };
        let keys: serde_json::Map<String, serde_json::Value> = keys
            .iter()
            .map(|key| ((*key).to_owned(), serde_json::json!({ "$numberInt": "1" })))
            .collect();
        serde_json::json!({ "v": { "$numberInt": "2" }, "key": keys, "name": name })
    };
    let all: Vec<serde_json::Value> =
        std::iter::once(&["_id"][..]).chain(indexes.iter().copied()).map(index).collect();
    serde_json::json!({
        "indexes": all,
        "uuid": format!("{uuid:032x}"),
        "collectionName": collection,
        "type": "collection",
    })
    .to_string()
}

/// mongodump's escape of what file systems forbid in names.
fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii() && (c.is_ascii_control() || "/\\%:*?\"<>|".contains(c)) {
            escaped.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// FNV-1a of 128 bits: <http://www.isthe.com/chongo/tech/comp/fnv/>.
fn fnv1a(bytes: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}
