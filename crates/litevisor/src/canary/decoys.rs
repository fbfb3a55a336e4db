//! The decoy's documents, by the catalog: each of its tables gets rows that hold the canaries.

use std::collections::BTreeMap;

use model::catalog::{ColumnPath, Path, Table};
use model::{Catalog, ColumnType, TenantKeyType};
use serde_json::{Map, Value, json};

use crate::config::CanaryConfig;

/// A script for MongoDB's shell (mongosh) that plants them: one statement a line, each with its
/// document as extended JSON. Litevisor itself never writes to a source.
pub(crate) fn planting_script(catalog: &Catalog, config: &CanaryConfig) -> String {
    let mut script = String::new();
    for (collection, documents) in documents(catalog, config) {
        for document in documents {
            // JSON text is a literal of the shell's language too.
            let (collection, text) = (json!(collection), json!(document.to_string()));
            script.push_str(&format!(
                "db.getCollection({collection}).insertOne(EJSON.parse({text}));\n"
            ));
        }
    }
    script
}

/// One document for each value, in each collection that holds tenants' data; in the list of
/// tenants one alone.
fn documents<'a>(catalog: &'a Catalog, config: &CanaryConfig) -> BTreeMap<&'a str, Vec<Value>> {
    let key = key(catalog.tenant_key_type, &config.tenant);
    let mut all: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    if let Some(list) = &catalog.tenants {
        all.insert(&list.collection, vec![json!({})]);
    }
    for table in catalog.tables.iter().filter(|table| !table.shared) {
        let empty = || config.values.iter().map(|_| json!({})).collect();
        let documents = all.entry(&table.collection).or_insert_with(empty);
        for (document, value) in documents.iter_mut().zip(&config.values) {
            fill(document, table, value);
            set(document, table.tenant_key.segments(), key.clone());
        }
    }
    if let Some(list) = &catalog.tenants {
        for document in all.entry(&list.collection).or_default() {
            set(document, list.key.segments(), key.clone());
        }
    }
    all
}

fn fill(document: &mut Value, table: &Table, value: &str) {
    // Without one of its own the server would make an _id, which is as good.
    set(document, &["_id".to_owned()], json!(value));
    for column in &table.columns {
        let ColumnPath::Field(path) = &column.path else { continue };
        let planted = planted(column.column_type, value);
        match &table.unwind {
            Some(array) if path.is_within(array) => element(document, array, path, planted),
            _ => set(document, path.segments(), planted),
        }
    }
}

/// What a column of this type takes: the value itself wherever text can stand.
fn planted(column_type: ColumnType, value: &str) -> Value {
    match column_type {
        ColumnType::Text | ColumnType::Any => json!(value),
        ColumnType::Json => json!({ "canary": value }),
        ColumnType::Blob => {
            use base64::Engine;
            let text = base64::engine::general_purpose::STANDARD.encode(value);
            json!({ "$binary": { "base64": text, "subType": "00" } })
        }
        ColumnType::Integer => json!({ "$numberInt": "0" }),
        ColumnType::Real => json!({ "$numberDouble": "0.0" }),
        ColumnType::Decimal | ColumnType::Scaled(_) => json!({ "$numberDecimal": "0" }),
        ColumnType::Datetime | ColumnType::UnixMs => json!({ "$date": "2000-01-01T00:00:00Z" }),
    }
}

/// The tenant's key as documents have it.
fn key(key_type: TenantKeyType, tenant: &str) -> Value {
    match key_type {
        TenantKeyType::String => json!(tenant),
        TenantKeyType::ObjectId => json!({ "$oid": tenant }),
        TenantKeyType::Int => json!({ "$numberLong": tenant }),
        TenantKeyType::Uuid => json!({ "$uuid": tenant }),
    }
}

/// Sets the field at `path`; what stands in its way goes.
fn set(at: &mut Value, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else {
        *at = value;
        return;
    };
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    set(&mut at[first.as_str()], rest, value);
}

/// Sets the field of the first element of the array at `array`.
fn element(document: &mut Value, array: &Path, path: &Path, value: Value) {
    let mut at = &mut *document;
    for segment in array.segments() {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        at = &mut at[segment.as_str()];
    }
    if !at.is_array() {
        *at = json!([null]);
    }
    let below = path.segments().get(array.segments().len()..).unwrap_or_default();
    set(&mut at[0], below, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_a_tenant_gets_its_canaries() {
        let catalog = Catalog::parse(
            r#"
            tenant_key = "owner.id"
            tenants = { collection = "customers", key = "_id" }
            [[tables]]
            name = "devices"
            collection = "devices"
            columns = [
              { name = "id", path = "_id" }, { name = "city", path = "location.city", as = "text" },
              { name = "n", path = "n", as = "integer" }, { name = "j", path = "j", as = "json" },
            ]
            [[tables]]
            name = "supplies"
            collection = "devices"
            unwind = "a.supplies"
            columns = [ { name = "i", path = "$index" }, { name = "c", path = "a.supplies.color" } ]
            [[tables]]
            name = "models"
            collection = "models"
            shared = true
            columns = [ { name = "id", path = "_id" } ]
            "#,
        )
        .expect("a catalog");
        let values = ["value-0123456789a".to_owned(), "value-0123456789b".to_owned()];
        let config = CanaryConfig { tenant: "decoy".to_owned(), values: values.clone().into() };
        let all = documents(&catalog, &config);
        assert_eq!(all.keys().collect::<Vec<_>>(), [&"customers", &"devices"]);
        assert_eq!(all["customers"], [json!({"_id": "decoy"})]);
        let wanted = values.map(|v| {
            json!({
                "_id": v, "location": { "city": v }, "n": { "$numberInt": "0" },
                "j": { "canary": v }, "a": { "supplies": [{ "color": v }] }, "owner": { "id": "decoy" },
            })
        });
        assert_eq!(all["devices"], wanted);
        let script = planting_script(&catalog, &config);
        assert!(script.starts_with(
            "db.getCollection(\"customers\").insertOne(EJSON.parse(\"{\\\"_id\\\":\\\"decoy\\\"}\"));\n"
        ), "{script}");
        assert_eq!(script.lines().count(), 3);
    }
}
