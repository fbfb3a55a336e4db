//! What a copy says of itself: enough to tell whether it can be taken, and to go on with it as if
//! it had been read here.

use engine::{IMAGE_FORMAT, Parts};
use model::{Monotonic, TableSet, TenantId};
use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::seen::{Seen, SeenTold};
use crate::slot::Instance;

/// A copy's manifest. In this form it goes from replica to replica, of two versions of the program
/// too: fields are only ever added, or the image's format raised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Manifest {
    /// Whose data.
    pub tenant: String,
    /// The copy's number.
    pub generation: u64,
    /// The catalog it was loaded by.
    pub catalog_version: String,
    /// The image's format, apart from the program's version.
    pub image_format: u32,
    /// The point in time it shows, in milliseconds since 1970.
    pub as_of_ms: i64,
    /// Whether all of it is exactly of that point.
    pub as_of_exact: bool,
    /// How long ago its reading began.
    pub age_ms: u64,
    /// The image's bytes.
    pub bytes: u64,
    /// Whether its pages are the small ones.
    pub tiny: bool,
    /// Numbers of the catalog's tables that have their rows.
    pub loaded: Vec<u16>,
    /// Numbers of those that are not as in a blank image.
    pub touched: Vec<u16>,
    /// What the loads saw of each table.
    pub seen: Vec<SeenTold>,
}

impl Manifest {
    pub(crate) fn of(
        tenant: &TenantId,
        version: &str,
        instance: &Instance,
        now: Monotonic,
    ) -> Self {
        let (point, parts) = (instance.snapshot.point(), instance.image.parts());
        Manifest {
            tenant: tenant.as_str().to_owned(),
            generation: instance.generation,
            catalog_version: version.to_owned(),
            image_format: IMAGE_FORMAT,
            as_of_ms: point.as_of.0,
            as_of_exact: point.exact,
            age_ms: millis(now.since(instance.read_at)),
            bytes: instance.image.bytes(),
            tiny: instance.tiny,
            loaded: numbers(parts.loaded),
            touched: numbers(parts.touched),
            seen: instance.tables.iter().map(Seen::tell).collect(),
        }
    }

    /// Which tables it has; `None` if some number is none of a table.
    pub(crate) fn parts(&self) -> Option<Parts> {
        Some(Parts { loaded: tables(&self.loaded)?, touched: tables(&self.touched)? })
    }

    /// How long ago its reading began.
    pub fn age(&self) -> Duration {
        Duration::from_millis(self.age_ms)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn numbers(tables: TableSet) -> Vec<u16> {
    tables.iter().filter_map(|table| u16::try_from(table).ok()).collect()
}

fn tables(numbers: &[u16]) -> Option<TableSet> {
    let mut numbers = numbers.iter().map(|number| usize::from(*number));
    numbers.clone().all(|number| number < model::limits::TABLES_MAX).then(|| {
        let mut set = TableSet::EMPTY;
        numbers.by_ref().for_each(|number| set.insert(number));
        set
    })
}
