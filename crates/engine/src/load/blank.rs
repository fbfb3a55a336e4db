//! Blank images: the schema of a catalog without rows.

use std::sync::{Arc, Mutex, PoisonError};

use model::{Account, Catalog, Error, TableSet};

use super::ddl::{self, TableShape};
use crate::conn::Connection;
use crate::image::{Contents, Image, PageSize, Pages, Part};
use crate::vfs::Handed;

/// The schema of a catalog without rows: what every boot starts from, copy-on-write.
#[derive(Clone, Debug)]
pub struct Blank {
    image: Image,
}

/// Marks our files in SQLite's header: "Ltvr".
const APPLICATION_ID: u32 = 0x4c74_7672;

impl Blank {
    /// Creates the tables of one part of `catalog`. Fails with `internal` if SQLite refuses a
    /// definition.
    pub fn build(catalog: &Arc<Catalog>, part: Part, page_size: PageSize) -> Result<Blank, Error> {
        crate::init()?;
        let pages = Arc::new(Mutex::new(Pages::empty(&Account::root(u64::MAX))));
        let connection = Connection::open(Handed::Writer(Arc::clone(&pages)))?;
        connection.execute(&format!(
            "PRAGMA page_size={}; PRAGMA journal_mode=OFF; PRAGMA application_id={APPLICATION_ID}; BEGIN",
            page_size.bytes()
        ))?;
        let shape = TableShape::default();
        for (number, table) in catalog.tables.iter().enumerate() {
            if table.shared != (part == Part::Shared) {
                continue;
            }
            connection.execute(&ddl::create_table(table, &shape))?;
            for index in ddl::indexes(catalog, number, &shape) {
                connection.execute(&index.create)?;
            }
        }
        connection.execute("COMMIT")?;
        drop(connection);
        let contents = Contents {
            catalog: Arc::clone(catalog),
            part,
            loaded: TableSet::EMPTY,
            touched: TableSet::EMPTY,
        };
        let image = pages.lock().unwrap_or_else(PoisonError::into_inner).freeze(contents);
        Ok(Blank { image })
    }

    /// The image without rows; none of its tables count as loaded.
    pub fn image(&self) -> &Image {
        &self.image
    }
}
