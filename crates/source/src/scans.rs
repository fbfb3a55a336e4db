//! Which scans fill a set of tables: tables that take the same documents share one scan.

use model::{Catalog, Table, TableSet};

use crate::ScanSpec;

/// Groups `tables` into scans: those with the same collection, tenant key and filter share one.
/// Shared tables have scans of their own (without tenant key). The order is that of the catalog.
pub fn plan_scans(catalog: &Catalog, tables: TableSet) -> Vec<ScanSpec> {
    let mut scans: Vec<ScanSpec> = Vec::new();
    for number in tables.iter() {
        let Some(table) = catalog.tables.get(number) else { continue };
        match scans.iter_mut().find(|scan| takes_the_same(scan, table)) {
            Some(scan) => scan.tables.insert(number),
            None => scans.push(ScanSpec {
                collection: table.collection.clone(),
                tables: TableSet::from_iter([number]),
                tenant_key: (!table.shared).then(|| table.tenant_key.clone()),
                filter: table.filter.clone(),
            }),
        }
    }
    scans
}

fn takes_the_same(scan: &ScanSpec, table: &Table) -> bool {
    let tenant_key = (!table.shared).then_some(&table.tenant_key);
    scan.collection == table.collection
        && scan.tenant_key.as_ref() == tenant_key
        && scan.filter == table.filter
}
