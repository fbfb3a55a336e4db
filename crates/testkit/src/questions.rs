//! Questions that can be asked of MongoDB and of SQL alike: the same filter, group key and
//! aggregate as a pipeline and as a SELECT, over one collection of orders. Both answers are lists
//! of `(key, value)`.

use bson::{Bson, DateTime, Document, doc};

/// One question in both languages.
#[derive(Clone, Debug)]
pub struct Question {
    /// For `orders.aggregate(…)`; gives documents `{_id: key, value: …}`.
    pub pipeline: Vec<Document>,
    /// Gives rows `(key, value)`.
    pub sql: String,
}

/// The catalog of the orders.
pub const CATALOG: &str = r#"
tenant_key = "tenant"

[[tables]]
name = "orders"
collection = "orders"
primary_key = ["id"]
columns = [
  { name = "id", path = "_id", as = "text" },
  { name = "customer", path = "customer.name", as = "text" },
  { name = "status", path = "status", as = "text" },
  { name = "quantity", path = "quantity", as = "integer" },
  { name = "price", path = "price", as = "real" },
  { name = "paid", path = "paid", as = "integer" },
  { name = "placed_at", path = "placedAt", as = "datetime" },
]
indexes = [["status"]]

[[tables]]
name = "order_items"
collection = "orders"
unwind = "items"
primary_key = ["order_id", "ordinal"]
columns = [
  { name = "order_id", path = "_id", as = "text" },
  { name = "ordinal", path = "$index", as = "integer" },
  { name = "status", path = "status", as = "text" },
  { name = "quantity", path = "quantity", as = "integer" },
  { name = "price", path = "price", as = "real" },
  { name = "placed_at", path = "placedAt", as = "datetime" },
  { name = "customer", path = "customer.name", as = "text" },
  { name = "sku", path = "items.sku", as = "text" },
  { name = "pieces", path = "items.pieces", as = "integer" },
]
"#;

/// Order `n` of `tenant`: some fields are missing or null in some orders, as in real data.
pub fn order(tenant: &str, n: i32) -> Document {
    let mut order = doc! { "_id": format!("{tenant}-{n:05}"), "tenant": tenant };
    if n % 11 != 0 {
        order.insert("customer", doc! { "name": format!("customer {}", n * 7 % 13) });
    }
    order.insert(
        "status",
        if n % 17 == 0 { Bson::Null } else { ["new", "sent", "done"][n as usize % 3].into() },
    );
    if n % 5 != 0 {
        order.insert("quantity", n * 37 % 101 - 20);
    }
    // Quarters: sums are exact in any order.
    order.insert("price", f64::from(n * 31 % 997) / 4.0);
    order.insert("paid", n % 2 == 0);
    order.insert("placedAt", DateTime::from_millis(1_672_531_200_000 + i64::from(n) * 7_919_000));
    let items: Vec<Bson> = (0..n % 4)
        .map(|i| doc! { "sku": format!("sku-{}", (n + i) % 6), "pieces": i + n % 3 }.into())
        .collect();
    order.insert("items", items);
    order
}

/// A name, its MongoDB form and its SQL form.
type Pair = (fn() -> Bson, &'static str);

/// Conditions in both languages.
type Filter = (fn() -> Document, &'static str);

const FILTERS: [Filter; 6] = [
    (|| doc! {}, "1"),
    (|| doc! { "status": "sent" }, "status = 'sent'"),
    (|| doc! { "quantity": { "$gt": 10 } }, "quantity > 10"),
    (|| doc! { "price": { "$gte": 20.25, "$lt": 150.5 } }, "price >= 20.25 AND price < 150.5"),
    (
        || doc! { "placedAt": { "$gte": DateTime::from_millis(1_675_209_600_000) } },
        "placed_at >= '2023-02-01T00:00:00.000Z'",
    ),
    (|| doc! { "customer.name": null }, "customer IS NULL"),
];

const KEYS: [Pair; 9] = [
    (|| Bson::Null, "NULL"),
    (|| "$status".into(), "status"),
    (|| "$customer.name".into(), "customer"),
    (|| doc! { "$year": "$placedAt" }.into(), "CAST(strftime('%Y', placed_at) AS INT)"),
    (|| doc! { "$month": "$placedAt" }.into(), "CAST(strftime('%m', placed_at) AS INT)"),
    (|| doc! { "$dayOfMonth": "$placedAt" }.into(), "CAST(strftime('%d', placed_at) AS INT)"),
    (|| doc! { "$hour": "$placedAt" }.into(), "CAST(strftime('%H', placed_at) AS INT)"),
    (|| doc! { "$dayOfWeek": "$placedAt" }.into(), "strftime('%w', placed_at) + 1"),
    (
        || doc! { "$dateToString": { "date": "$placedAt", "format": "%Y-%m-%d" } }.into(),
        "date(placed_at)",
    ),
];

const AGGREGATES: [Pair; 10] = [
    (|| doc! { "$sum": 1 }.into(), "count(*)"),
    (|| doc! { "$sum": "$quantity" }.into(), "coalesce(sum(quantity), 0)"),
    (|| doc! { "$sum": "$price" }.into(), "total(price)"),
    (|| doc! { "$avg": "$price" }.into(), "avg(price)"),
    (|| doc! { "$avg": "$quantity" }.into(), "avg(quantity)"),
    (|| doc! { "$min": "$quantity" }.into(), "min(quantity)"),
    (|| doc! { "$max": "$price" }.into(), "max(price)"),
    (|| doc! { "$min": "$status" }.into(), "min(status)"),
    (|| doc! { "$max": "$customer.name" }.into(), "max(customer)"),
    (
        || doc! { "$sum": { "$multiply": ["$price", { "$ifNull": ["$quantity", 0] }] } }.into(),
        "total(price * ifnull(quantity, 0))",
    ),
];

/// Every filter with every key and aggregate (540), questions about distinct values, and
/// questions about the elements of an array.
pub fn questions() -> Vec<Question> {
    let mut all = Vec::new();
    for (filter, condition) in FILTERS {
        for (key, key_sql) in KEYS {
            for (aggregate, aggregate_sql) in AGGREGATES {
                all.push(Question {
                    pipeline: vec![
                        doc! { "$match": filter() },
                        doc! { "$group": { "_id": key(), "value": aggregate() } },
                    ],
                    sql: format!(
                        "SELECT {key_sql}, {aggregate_sql} FROM orders WHERE {condition} GROUP BY 1"
                    ),
                });
            }
        }
        for (key, key_sql) in KEYS.into_iter().skip(1) {
            all.push(Question {
                pipeline: vec![
                    doc! { "$match": filter() },
                    doc! { "$group": { "_id": key() } },
                    doc! { "$group": { "_id": null, "value": { "$sum": 1 } } },
                ],
                sql: format!(
                    "SELECT NULL, count(*) FROM (SELECT DISTINCT {key_sql} FROM orders WHERE {condition}) HAVING count(*) > 0"
                ),
            });
        }
        for (key, key_sql) in
            [(("$items.sku"), "sku"), ("$status", "status"), ("$items.pieces", "pieces")]
        {
            for (aggregate, aggregate_sql) in [
                (doc! { "$sum": "$items.pieces" }, "coalesce(sum(pieces), 0)"),
                (doc! { "$sum": 1 }, "count(*)"),
                (doc! { "$max": "$items.sku" }, "max(sku)"),
            ] {
                all.push(Question {
                    pipeline: vec![
                        doc! { "$match": filter() },
                        doc! { "$unwind": "$items" },
                        doc! { "$group": { "_id": key, "value": aggregate } },
                    ],
                    sql: format!("SELECT {key_sql}, {aggregate_sql} FROM order_items WHERE {condition} GROUP BY 1"),
                });
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_enough() {
        assert!(questions().len() >= 500);
    }
}
