//! A catalog's version: a hash of its meaning, independent of how the file is written.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::{Catalog, ColumnPath, Table};

impl Catalog {
    /// 16 hex digits of SHA-256 over the canonical form. The order of tables and columns counts (it
    /// is what `SELECT *` and the schema report show), and so do descriptions, since replicas of one
    /// version must answer alike; formatting, comments and ways of writing the same filter do not.
    pub(super) fn compute_version(&self) -> String {
        let mut form = Form(Sha256::new());
        form.text("litevisor catalog 1");
        form.text(self.tenant_key_type.name());
        form.list(self.tenants.iter(), |form, tenants| {
            form.text(&tenants.collection);
            form.text(&tenants.key.to_string());
        });
        form.list(self.exclude.iter(), |form, path| form.text(&path.to_string()));
        form.list(self.tables.iter(), Form::table);
        form.0.finalize().iter().take(8).fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// A catalog like this one whose version is that of its present meaning.
    #[must_use]
    pub fn with_version(mut self) -> Self {
        self.version = self.compute_version();
        self
    }
}

/// The canonical form, hashed as it grows: every text with its length and every list with its
/// length in front, so that no two meanings have one form.
struct Form(Sha256);

impl Form {
    fn number(&mut self, number: usize) {
        self.0.update((number as u64).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.0.update(text);
    }

    fn list<T>(
        &mut self,
        items: impl ExactSizeIterator<Item = T>,
        mut each: impl FnMut(&mut Self, T),
    ) {
        self.number(items.len());
        items.for_each(|item| each(self, item));
    }

    fn table(&mut self, table: &Table) {
        self.text(&table.name);
        self.text(table.description.as_deref().unwrap_or(""));
        self.text(&table.collection);
        self.text(&table.tenant_key.to_string());
        self.text(&table.filter.as_ref().map(|f| f.to_json().to_string()).unwrap_or_default());
        self.text(&table.unwind.as_ref().map(ToString::to_string).unwrap_or_default());
        self.number(usize::from(table.shared));
        self.list(table.columns.iter(), |form, column| {
            form.text(&column.name);
            match &column.path {
                ColumnPath::Field(path) => form.text(&path.to_string()),
                ColumnPath::Index => form.text("$index"),
                // No path is empty.
                ColumnPath::Rest => form.text(""),
            }
            form.text(&column.column_type.catalog_word());
            form.text(column.description.as_deref().unwrap_or(""));
        });
        self.list(table.primary_key.iter(), |form, column| form.number(*column));
        self.list(table.indexes.iter(), |form, index| {
            form.list(index.iter(), |form, column| form.number(*column));
        });
    }
}
