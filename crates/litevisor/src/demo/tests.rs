//! The sample data are the same at every run, fit their catalog, and have what real data have.

use std::collections::BTreeMap;
use std::fs;

use bson::RawDocument;
use model::Catalog;
use model::TenantId;

use super::*;

/// Documents of the largest customer here: some of each kind, and quick.
const SMALL: u32 = 6_000;

fn read(folder: &Path, collection: &str) -> Vec<bson::Document> {
    let bytes = fs::read(folder.join(DATABASE).join(format!("{collection}.bson"))).unwrap();
    let mut rest = &bytes[..];
    let mut found = vec![];
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
        let (one, after) = rest.split_at(length);
        found.push(RawDocument::from_bytes(one).unwrap().try_into().unwrap());
        rest = after;
    }
    found
}

#[test]
fn the_same_at_every_run() {
    let one = tempfile::tempdir().unwrap();
    let two = tempfile::tempdir().unwrap();
    let data = write_sized(one.path(), SMALL, &mut |_, _| {}).unwrap();
    let mut last = (0, 0);
    let again = write_sized(two.path(), SMALL, &mut |done, total| last = (done, total)).unwrap();
    assert_eq!(last, (data.documents, data.documents), "the progress ends at its end");
    for entry in fs::read_dir(data.dump.join(DATABASE)).unwrap() {
        let name = entry.unwrap().file_name();
        let [a, b] = [&data, &again].map(|d| fs::read(d.dump.join(DATABASE).join(&name)).unwrap());
        assert!(a == b, "{name:?} differs");
    }
}

#[test]
fn sizes_and_strays_are_as_promised() {
    let dir = tempfile::tempdir().unwrap();
    let data = write_sized(dir.path(), SMALL, &mut |_, _| {}).unwrap();
    assert_eq!(data.tenants.len(), 40);
    assert_eq!(data.tenants[0].1, u64::from(SMALL));
    assert_eq!(data.tenants[39].1, 8);
    let mut by_tenant: BTreeMap<String, u64> = BTreeMap::new();
    let collections =
        ["users", "sites", "devices", "alerts", "service_tickets", "meter_reads", "customers"];
    for collection in collections {
        for document in read(&data.dump, collection) {
            let key = document.get_str("customerId").or(document.get_str("_id")).unwrap();
            *by_tenant.entry(key.to_owned()).or_default() += 1;
        }
    }
    for (tenant, documents) in &data.tenants {
        assert_eq!(by_tenant.get(*tenant), Some(documents), "{tenant}");
    }
    let devices = read(&data.dump, "devices");
    assert!(devices.iter().any(|d| d.get_array("supplies").unwrap().len() == 4));
    assert!(
        devices.iter().all(|d| matches!(d.get("purchasePrice"), Some(bson::Bson::Decimal128(_))))
    );
    let full = fleet::customers(fleet::LARGEST, &mut Random::new(1));
    assert_eq!(full[0].documents, 200_000);
}

#[test]
fn the_catalog_maps_them() {
    let dir = tempfile::tempdir().unwrap();
    let data = write_sized(dir.path(), SMALL, &mut |_, _| {}).unwrap();
    let catalog = Catalog::parse(&fs::read_to_string(&data.catalog).unwrap()).unwrap();
    for table in &catalog.tables {
        let documents = read(&data.dump, &table.collection);
        for column in &table.columns {
            let model::ColumnPath::Field(path) = &column.path else { continue };
            let found = documents.iter().any(|document| holds(document, path.segments()));
            assert!(found, "{}.{} is in no document", table.name, column.name);
        }
    }
    for (tenant, _) in &data.tenants {
        assert!(TenantId::parse(tenant, catalog.tenant_key_type).is_ok(), "{tenant}");
    }
}

fn holds(document: &bson::Document, path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else { return true };
    match document.get(first) {
        Some(bson::Bson::Document(inner)) if !rest.is_empty() => holds(inner, rest),
        Some(bson::Bson::Array(all)) if !rest.is_empty() => {
            all.iter().filter_map(bson::Bson::as_document).any(|inner| holds(inner, rest))
        }
        Some(_) => rest.is_empty(),
        None => false,
    }
}

#[test]
fn queries_survive_the_shell() {
    for query in QUERIES {
        assert!(!query.sql.contains(['"', '$', '`', '!', '\\', '\n']), "{}", query.title);
        assert!(fleet::CUSTOMERS.iter().any(|customer| customer.0 == query.tenant));
        assert!(
            query
                .curl("http://127.0.0.1:8080")
                .starts_with("curl -sSG 'http://127.0.0.1:8080/v1/query?tenant=")
        );
    }
}
