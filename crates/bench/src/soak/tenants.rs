//! The soak's tenants: their documents, questions about them, and the right answers, which are
//! computed here and not asked of anybody.

use bson::{Document, doc};

/// How many there are.
pub(super) const TENANTS: usize = 500;

/// The decoy's value: nobody's result may ever hold it.
pub(super) const CANARY: &str = "cnry-50ak50ak50ak50ak";

/// As the tests have it, so that hostile statements written for them find their tables.
pub(super) const CATALOG: &str = r#"
tenant_key = "customerId"

[[tables]]
name = "devices"
collection = "devices"
columns = [
  { name = "id", path = "_id", as = "text" },
  { name = "serial", path = "serial", as = "text" },
  { name = "city", path = "location.city", as = "text" },
  { name = "pages", path = "pages", as = "integer" },
  { name = "price", path = "price", as = "real" },
]
primary_key = ["id"]
indexes = [["serial"]]

[[tables]]
name = "alerts"
collection = "alerts"
columns = [
  { name = "id", path = "_id", as = "text" },
  { name = "level", path = "level", as = "integer" },
]
primary_key = ["id"]
"#;

const CITIES: [&str; 3] = ["Delft", "Gent", "Oslo"];

/// One of them, by its number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tenant(pub(super) usize);

impl Tenant {
    /// Its id.
    pub(super) fn id(self) -> String {
        format!("t{:03}", self.0)
    }

    /// One in ten is large, so that memory runs short.
    fn devices(self) -> usize {
        if self.0.is_multiple_of(10) { 3_000 } else { 3 + self.0 * 37 % 120 }
    }

    fn alerts(self) -> usize {
        self.0 % 7
    }

    fn pages(self, device: usize) -> usize {
        (self.0 * 7 + device * 13) % 1000
    }

    fn serial(self, device: usize) -> String {
        format!("S-{}-{device}", self.id())
    }

    pub(super) fn device_documents(self) -> impl Iterator<Item = Document> {
        (0..self.devices()).map(move |i| {
            doc! {
                "_id": format!("{}-{i:04}", self.id()), "customerId": self.id(),
                "serial": self.serial(i), "location": { "city": CITIES[i % 3] },
                "pages": i64::try_from(self.pages(i)).unwrap_or_default(),
                "price": i as f64 / 4.0,
            }
        })
    }

    pub(super) fn alert_documents(self) -> impl Iterator<Item = Document> {
        (0..self.alerts()).map(move |i| {
            let level = i64::try_from(i).unwrap_or_default();
            doc! { "_id": format!("a-{}-{i}", self.id()), "customerId": self.id(), "level": level }
        })
    }

    /// A question, chosen by `draw`, and what its answer's body must hold.
    pub(super) fn question(self, draw: u64) -> (String, Vec<String>) {
        let (devices, sum) =
            (self.devices(), (0..self.devices()).map(|i| self.pages(i)).sum::<usize>());
        let rows =
            |rows: String| vec![format!("\"rows\":[{rows}]"), "\"complete\":true".to_owned()];
        let device = usize::try_from(draw >> 8).unwrap_or(0) % devices;
        match draw % 6 {
            0 => (
                "SELECT count(*), sum(pages) FROM devices".to_owned(),
                rows(format!("[{devices},{sum}]")),
            ),
            1 => (
                format!("SELECT pages FROM devices WHERE serial = '{}'", self.serial(device)),
                rows(format!("[{}]", self.pages(device))),
            ),
            2 => {
                let count = |city: usize| (devices + 2 - city) / 3;
                let all = (0..3).map(|c| format!("[\"{}\",{}]", CITIES[c], count(c)));
                (
                    "SELECT city, count(*) FROM devices GROUP BY city ORDER BY city".to_owned(),
                    rows(all.collect::<Vec<_>>().join(",\n")),
                )
            }
            // A private scratch: the next query sees nothing of it.
            3 => (
                "UPDATE devices SET pages = pages + 1; SELECT sum(pages) FROM devices".to_owned(),
                rows(format!("[{}]", sum + devices)),
            ),
            4 => (
                "SELECT count(*), (SELECT count(*) FROM devices WHERE id NOT LIKE "
                    .to_owned()
                    + &format!("'{}-%') FROM alerts", self.id()),
                rows(format!("[{},0]", self.alerts())),
            ),
            // More than fits into one chunk, so that it streams.
            _ => (
                "SELECT serial, value FROM devices, generate_series(1, 12000 / (SELECT count(*) FROM \
                 devices))"
                    .to_owned(),
                vec![
                    format!("\"row_count\":{}", devices * (12_000 / devices)),
                    "\"complete\":true".to_owned(),
                ],
            ),
        }
    }
}
