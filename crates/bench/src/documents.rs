//! The bench's data: meter reads of 12 mapped fields, about 300 bytes of BSON each, and their catalog.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;

use bson::{Document, doc};
use model::Catalog;

use crate::Result;

/// The reads' catalog: a text key and 12 columns.
pub(crate) const READS: &str = r#"
tenant_key = "tenant"

[[tables]]
name = "reads"
collection = "reads"
primary_key = ["id"]
columns = [
  { name = "id", path = "_id", as = "text" },
  { name = "device", path = "device", as = "text" },
  { name = "city", path = "location.city", as = "text" },
  { name = "status", path = "status", as = "text" },
  { name = "note", path = "note", as = "text" },
  { name = "mono", path = "mono", as = "integer" },
  { name = "color", path = "color", as = "integer" },
  { name = "pages", path = "pages", as = "integer" },
  { name = "cost", path = "cost", as = "real" },
  { name = "level", path = "level", as = "real" },
  { name = "read_at", path = "readAt", as = "datetime" },
  { name = "online", path = "online", as = "integer" },
]
"#;

/// [`READS`] with `extra` more tables of a few rows, and an optional secondary index on `reads`.
pub(crate) fn catalog_toml(extra: usize, indexed: bool) -> String {
    let mut toml = READS.to_owned();
    if indexed {
        toml = toml.replace(
            "primary_key = [\"id\"]",
            "primary_key = [\"id\"]\nindexes = [[\"device\"], [\"read_at\"]]",
        );
    }
    for n in 0..extra {
        toml += &format!(
            "\n[[tables]]\nname = \"small_{n}\"\ncollection = \"small_{n}\"\nprimary_key = [\"id\"]\ncolumns = [\n  \
             {{ name = \"id\", path = \"_id\", as = \"text\" }},\n  {{ name = \"name\", path = \"name\", as = \"text\" }},\n  \
             {{ name = \"n\", path = \"n\", as = \"integer\" }},\n]\n"
        );
    }
    toml
}

/// The parsed catalog.
pub(crate) fn catalog(extra: usize, indexed: bool) -> Result<Arc<Catalog>> {
    Catalog::parse(&catalog_toml(extra, indexed))
        .map(Arc::new)
        .map_err(|error| error.to_string().into())
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same data in every run.
pub(crate) fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The key of read `n`: 24 hex digits that rise with `n`, as ObjectIds do.
pub(crate) fn read_id(n: usize) -> String {
    format!("65f1a2b3c4d5e6f7{n:08x}")
}

const CITIES: [&str; 6] = ["Amsterdam", "Berlin", "São Paulo", "Nairobi", "Kraków", "Los Angeles"];
const STATES: [&str; 4] = ["ok", "low toner", "paper jam", "offline"];

/// Read `n` of `tenant`.
pub(crate) fn read(tenant: &str, n: usize) -> Document {
    let r = mix(n as u64);
    let pick = |shift: u32, of: u64| i64::try_from((r >> shift) % of).unwrap_or(0);
    let index = |shift: u32, of: usize| usize::try_from((r >> shift) % of as u64).unwrap_or(0);
    doc! {
        "_id": read_id(n),
        "tenant": tenant,
        "device": format!("device-{:05}", pick(3, 5_000)),
        "location": { "city": CITIES[index(7, 6)] },
        "status": STATES[index(11, 4)],
        "note": "counter read by the collector",
        "mono": i32::try_from(pick(13, 1_000_000)).unwrap_or(0),
        "color": i32::try_from(pick(17, 100_000)).unwrap_or(0),
        "pages": pick(5, 2_000_000),
        "cost": pick(19, 100_000) as f64 / 128.0,
        "level": pick(23, 1_000) as f64 / 8.0,
        "readAt": bson::DateTime::from_millis(1_700_000_000_000 + i64::try_from(n).unwrap_or(0) * 61_000),
        "online": r & 1 == 0,
    }
}

/// A document of a small table.
pub(crate) fn small(tenant: &str, n: usize) -> Document {
    doc! { "_id": format!("{tenant}-{n:04}"), "tenant": tenant, "name": format!("thing {n}"), "n": i64::try_from(n).unwrap_or(0) }
}

/// A document's bytes.
pub(crate) fn bytes(document: &Document) -> Result<Vec<u8>> {
    Ok(bson::serialize_to_vec(document)?)
}

/// Appends to `<dir>/<collection>.bson`.
pub(crate) struct Dump {
    out: BufWriter<File>,
}

impl Dump {
    /// Creates the collection's file.
    pub(crate) fn create(dir: &Path, collection: &str) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        let file = File::create(dir.join(format!("{collection}.bson")))?;
        Ok(Dump { out: BufWriter::with_capacity(1 << 20, file) })
    }

    /// Adds a document.
    pub(crate) fn add(&mut self, document: &Document) -> Result<()> {
        self.out.write_all(&bytes(document)?)?;
        Ok(())
    }

    /// Writes what is buffered.
    pub(crate) fn finish(mut self) -> Result<()> {
        Ok(self.out.flush()?)
    }
}
