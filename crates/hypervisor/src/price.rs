//! What a boot costs: before it starts, by the source's estimate.

use std::time::Duration;

use model::limits::{PRICE_WAIT_MS, ROW_BYTES_LEAST};
use model::{Error, Price, TenantId};
use source::{Estimate, ScanSpec};

use crate::core::Core;
use crate::fetch::instance_too_large;

/// The price of scans of which the source estimates so much.
pub(crate) fn price_of(core: &Core, specs: &[ScanSpec], estimates: &[Estimate]) -> Price {
    let documents = estimates.iter().map(|estimate| estimate.documents).sum();
    let bytes: u64 = estimates.iter().map(|estimate| estimate.bytes).sum();
    // Rows of tables made of parts of documents cannot be told before.
    let rows = specs.iter().zip(estimates).map(|(spec, price)| price.documents * whole(core, spec));
    let seconds = bytes as f64 / core.speed.get();
    let takes = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    Price { documents, rows: rows.sum(), bytes, takes }
}

/// Tables of a scan that have one row for each document.
fn whole(core: &Core, spec: &ScanSpec) -> u64 {
    let tables = spec.tables.iter().filter_map(|table| core.catalog.tables.get(table));
    tables.filter(|table| table.unwind.is_none()).count() as u64
}

/// The error for a boot of these scans, if it is clear that their rows do not fit.
pub(crate) fn too_large(core: &Core, specs: &[ScanSpec], estimates: &[Estimate]) -> Option<Error> {
    // How much a filter leaves is not known.
    let filtered = specs.iter().any(|spec| spec.filter.is_some());
    let price = price_of(core, specs, estimates);
    let least = price.rows.saturating_mul(ROW_BYTES_LEAST);
    (!filtered && least > core.instance_bytes_max()).then(|| instance_too_large().with_price(price))
}

/// Refuses a boot of these scans before anything of it is read, if it is clear that it cannot fit. A
/// source that has to count is asked only where all of a collection would not fit, since counting
/// costs every boot more than refusing one late.
///
/// # Errors
/// `instance_too_large`, with the price.
pub(crate) async fn refuse_unfit(
    core: &Core,
    tenant: Option<&TenantId>,
    specs: &[ScanSpec],
) -> Result<(), Error> {
    let estimates = match core.source.known_estimate(tenant, specs) {
        Some(known) => known,
        None if all_fit(core, specs).await => return Ok(()),
        None => tokio::select! {
            estimates = core.source.estimate(tenant, specs) => match estimates {
                Ok(estimates) => estimates,
                // The boot itself will tell what is wrong with the source.
                Err(_) => return Ok(()),
            },
            () = core.runtime.sleep(Duration::from_millis(PRICE_WAIT_MS)) => return Ok(()),
        },
    };
    too_large(core, specs, &estimates).map_or(Ok(()), Err)
}

/// Whether all rows of all tenants would fit into one instance.
async fn all_fit(core: &Core, specs: &[ScanSpec]) -> bool {
    let mut rows = 0u64;
    for spec in specs {
        let documents = match core.sizes.get(&spec.collection, core.now()) {
            Some(known) => known,
            None => {
                // Who cannot tell does not refuse anything.
                let asked = core.source.collection_size(&spec.collection).await.unwrap_or(0);
                core.sizes.note(&spec.collection, asked, core.now());
                asked
            }
        };
        rows = rows.saturating_add(documents.saturating_mul(whole(core, spec)));
    }
    rows.saturating_mul(ROW_BYTES_LEAST) <= core.instance_bytes_max()
}
