//! Sample data for a first look: a print fleet of forty customers, from a handful of documents to
//! 200,000, written as a mongodump folder with its catalog. The same at every run.

mod documents;
mod fleet;
mod queries;
mod random;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use source::dump::write::{DocumentBuilder, DumpWriter, Written};

pub use queries::{DemoQuery, QUERIES};

use documents::Pen;
use fleet::Customer;
use random::{ObjectIds, Random};

/// The catalog of the sample data.
pub const CATALOG: &str = include_str!("catalog.toml");

/// The database that the sample data are a dump of.
const DATABASE: &str = "fleet";

/// Documents between two calls of `progress`.
const PROGRESS_DOCUMENTS: u64 = 10_000;

/// What was written.
#[derive(Clone, Debug)]
pub struct DemoData {
    /// The mongodump folder.
    pub dump: PathBuf,
    /// Its catalog.
    pub catalog: PathBuf,
    /// Documents in it.
    pub documents: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The tenants with their documents, the largest first.
    pub tenants: Vec<(&'static str, u64)>,
}

/// Writes the sample data into `dir`: a folder `dump` and a `catalog.toml`, over those of an
/// earlier run. `progress` is told documents done and in all.
///
/// # Errors
/// The system's, where a file cannot be written.
pub fn write(dir: &Path, progress: &mut dyn FnMut(u64, u64)) -> io::Result<DemoData> {
    write_sized(dir, fleet::LARGEST, progress)
}

/// The same customers with fewer documents: `largest` for the largest, each other in proportion.
///
/// # Errors
/// As [`write()`].
pub fn write_sized(
    dir: &Path,
    largest: u32,
    progress: &mut dyn FnMut(u64, u64),
) -> io::Result<DemoData> {
    let mut random = Random::new(2026);
    let mut customers = fleet::customers(largest, &mut random);
    let own: u64 = customers.iter().map(|customer| u64::from(customer.documents)).sum();
    let total = own + fleet::MODELS.len() as u64;
    let mut done = 0;
    let mut tick = || {
        done += 1;
        if done % PROGRESS_DOCUMENTS == 0 || done == total {
            progress(done, total);
        }
    };

    let folder = dir.join("dump");
    let mut scribe = Scribe {
        dump: DumpWriter::create(&folder, DATABASE)?.dated(fleet::TAKEN),
        document: DocumentBuilder::new(),
        ids: ObjectIds::new(&mut random),
        random,
        tick: &mut tick,
        written: Written::default(),
    };
    scribe.collection("models", &[], documents::models)?;
    scribe.each("customers", &[], &customers, documents::customer)?;
    scribe.each("users", &[&["customerId"]], &customers, documents::users)?;
    scribe.each("sites", &[&["customerId"]], &customers, documents::sites)?;
    scribe.each("devices", &[&["customerId"]], &customers, documents::devices)?;
    scribe.each("alerts", &[&["customerId"]], &customers, documents::alerts)?;
    scribe.each("service_tickets", &[&["customerId"]], &customers, documents::tickets)?;
    scribe.collection("meter_reads", &[&["customerId", "readAt"]], |pen| {
        documents::meter_reads(pen, &mut customers)
    })?;
    let Written { documents, bytes } = scribe.written;

    let catalog = dir.join("catalog.toml");
    std::fs::write(&catalog, CATALOG)?;
    let tenants =
        customers.iter().map(|customer| (customer.id, u64::from(customer.documents))).collect();
    Ok(DemoData { dump: folder, catalog, documents, bytes, tenants })
}

/// Writes one collection after another with the same random numbers.
struct Scribe<'a> {
    dump: DumpWriter,
    document: DocumentBuilder,
    ids: ObjectIds,
    random: Random,
    tick: &'a mut dyn FnMut(),
    written: Written,
}

impl Scribe<'_> {
    fn collection(
        &mut self,
        name: &str,
        indexes: &[&[&str]],
        fill: impl FnOnce(&mut Pen<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut out = self.dump.collection(name)?;
        fill(&mut Pen {
            out: &mut out,
            document: &mut self.document,
            random: &mut self.random,
            ids: &mut self.ids,
            tick: self.tick,
        })?;
        let written = out.finish(indexes)?;
        self.written.documents += written.documents;
        self.written.bytes += written.bytes;
        Ok(())
    }

    fn each(
        &mut self,
        name: &str,
        indexes: &[&[&str]],
        customers: &[Customer],
        fill: fn(&mut Pen<'_>, &Customer) -> io::Result<()>,
    ) -> io::Result<()> {
        self.collection(name, indexes, |pen| {
            customers.iter().try_for_each(|customer| fill(pen, customer))
        })
    }
}
