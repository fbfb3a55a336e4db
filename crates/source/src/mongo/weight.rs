//! Large fields that no table maps: they travel at every boot and are dropped on arrival. The
//! operator is told which, since leaving one out of what is read is the catalog's business
//! (`exclude`): left out unasked, it would vanish from the counts of unmapped fields, too.

use std::collections::HashMap;

use model::limits::{HEAVY_FIELD_BYTES, SAMPLE_DOCUMENTS};
use model::{Catalog, ColumnPath, Error};

use super::Server;
use crate::SampleSize;
use crate::decode::exclusion;
use crate::raw::{Elements, Malformed, Value};

impl Server {
    /// Advice about the large unmapped fields of a collection, by a small sample.
    pub(super) async fn weigh(&self, collection: &str) -> Result<Vec<String>, Error> {
        let Some(catalog) = &self.catalog else { return Ok(Vec::new()) };
        let Some(needed) = needed(catalog, collection) else { return Ok(Vec::new()) };
        let (mut weights, mut documents, mut bytes) = (HashMap::new(), 0, 0);
        let mut sample = self.sample(collection, SampleSize::Ends(SAMPLE_DOCUMENTS)).await?;
        while let Some(batch) = sample.next_batch().await? {
            for document in batch.documents() {
                // What is malformed is for a boot to complain about.
                if let Ok(document) = document
                    && weigh(document, &mut weights).is_ok()
                {
                    documents += 1;
                    bytes += document.len() as u64;
                }
            }
        }
        let heavy = |(name, weight): &(&String, &u64)| {
            let excludable = !name.contains('.') && !name.starts_with('$');
            excludable
                && !needed.contains(&name.as_str())
                && **weight / documents >= HEAVY_FIELD_BYTES
        };
        if documents == 0 {
            return Ok(Vec::new());
        }
        let mut heavy: Vec<_> = weights.iter().filter(heavy).collect();
        heavy.sort();
        let advice = heavy.into_iter().map(|(name, weight)| {
            let percent = weight * 100 / bytes.max(1);
            format!(
                "{collection}: no table maps the field {name}, which is {percent} % of its documents and travels at every boot; leave it out: exclude = [{name:?}] in the catalog"
            )
        });
        Ok(advice.collect())
    }
}

/// The fields at a document's top that tables are made of, or that are left out already; `None`:
/// a table keeps all of them as its `rest`.
fn needed<'c>(catalog: &'c Catalog, collection: &str) -> Option<Vec<&'c str>> {
    let mut needed = vec!["_id"];
    for table in catalog.tables.iter().filter(|table| table.collection == collection) {
        for column in &table.columns {
            match &column.path {
                ColumnPath::Field(path) => needed.extend(top(path.segments())),
                ColumnPath::Index => {}
                ColumnPath::Rest => return None,
            }
        }
        needed.extend(top(table.tenant_key.segments()));
        needed.extend(table.unwind.iter().filter_map(|path| top(path.segments())));
    }
    let excluded = catalog.exclude.iter().map(exclusion).filter(|path| path.len() == 1);
    needed.extend(excluded.filter_map(top));
    Some(needed)
}

fn top(path: &[String]) -> Option<&str> {
    path.first().map(String::as_str)
}

/// Adds the bytes of a document's fields: of those values that can be large.
fn weigh(document: &[u8], weights: &mut HashMap<String, u64>) -> Result<(), Malformed> {
    for element in Elements::new(document)? {
        let element = element?;
        let bytes = match element.value {
            Value::String(bytes)
            | Value::Document(bytes)
            | Value::Array(bytes)
            | Value::Code(bytes)
            | Value::Symbol(bytes) => bytes.len(),
            Value::Binary(binary) => binary.bytes.len(),
            _ => continue,
        };
        if let Ok(name) = std::str::from_utf8(element.name) {
            *weights.entry(name.to_owned()).or_default() += bytes as u64;
        }
    }
    Ok(())
}
