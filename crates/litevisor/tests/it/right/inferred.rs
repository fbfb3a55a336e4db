//! Over collections that nobody declared a catalog for: a first look infers one and answers.

use bson::{Bson, Document, doc};
use litevisor::config::Layers;
use testkit::mongod::Mongod;

use crate::harness::TestApp;

fn devices() -> Vec<Document> {
    (0..300_i32)
        .map(|n| {
            doc! {
                "_id": bson::oid::ObjectId::from_bytes([n as u8, (n >> 8) as u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
                "customerId": format!("customer-{}", n % 5),
                "serialNumber": format!("SN{n:05}"),
                "location": { "city": if n % 2 == 0 { "Delft" } else { "Gent" }, "floor": n % 9 },
                "supplies": (0..n % 4)
                    .map(|i| doc! { "color": (["cyan", "black", "yellow"][i as usize % 3]), "level": i * 10 }.into())
                    .collect::<Vec<Bson>>(),
                "tags": ["a", "b"],
                "installedAt": bson::DateTime::from_millis(1_600_000_000_000 + i64::from(n) * 86_400_000),
                "passwordHash": "never shown",
            }
        })
        .collect()
}

#[test]
fn a_first_look_over_mongod_infers_and_answers() {
    let mongod = Mongod::shared();
    let database = mongod.database();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(mongod.insert(&database, "devices", &devices()));
    let layers = Layers::new()
        .flag("test", "source", "kind", "mongodb")
        .flag("test", "source", "uri", mongod.uri())
        .flag("test", "source", "database", database);
    let app = TestApp::start_with(layers, None).ready();
    let by_city = app.sql(
        "customer-0",
        "SELECT location_city, count(*), sum(location_floor) FROM devices GROUP BY 1 ORDER BY 1",
    );
    let expected = |parity: i64| -> (i64, i64) {
        let of = (0..300_i64).filter(|n| n % 5 == 0 && n % 2 == parity);
        (of.clone().count().try_into().expect("few"), of.map(|n| n % 9).sum())
    };
    let (delft, gent) = (expected(0), expected(1));
    assert_eq!(
        by_city.rows(),
        serde_json::json!([["Delft", delft.0, delft.1], ["Gent", gent.0, gent.1]])
    );
    let supplies = app.sql(
        "customer-0",
        "SELECT count(*) FROM device_supplies JOIN devices ON devices.id = device_id",
    );
    let total: i64 = (0..300_i64).filter(|n| n % 5 == 0).map(|n| n % 4).sum();
    assert_eq!(supplies.rows()[0][0], total, "{}", app.get("/v1/schema?tenant=customer-0").text());
    let all = app.sql("customer-0", "SELECT * FROM devices").text();
    assert!(!all.contains("never shown") && !all.contains("customer-1"));
}
