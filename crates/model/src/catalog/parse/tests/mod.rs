//! Tests of parsing and rendering.

mod bad;
mod round_trip;

use crate::{
    Catalog, ColumnPath, ColumnType, Comparison, Filter, FilterValue, Path, TenantKeyType,
};

/// INTERFACE §1's example, as it stands there.
pub(super) const EXAMPLE: &str = r#"
tenant_key = "customerId"            # the field
tenant_key_type = "string"           # string | objectid | int | uuid
tenants = { collection = "customers", key = "_id" }
exclude = ["passwordHash", "internal.*"]

[[tables]]
name = "devices"
description = "Printers and copiers, one row each"
collection = "devices"
rest = ""
filter = { retired = { "$ne" = true } }
columns = [
  { name = "id",         path = "_id" },
  { name = "serial",     path = "serial", description = "as printed on the device" },
  { name = "city",       path = "location.city" },
  { name = "price",      path = "price", as = "scaled:2" },
  { name = "created_at", path = "createdAt", as = "datetime" },
]
primary_key = ["id"]
indexes = [["serial"]]

[[tables]]
name = "device_supplies"
collection = "devices"
unwind = "supplies"
columns = [ { name = "device_id", path = "_id" }, { name = "ordinal", path = "$index" },
            { name = "color", path = "supplies.color" }, { name = "level", path = "supplies.level" } ]

[[tables]]
name = "device_models"
collection = "models"
shared = true
columns = [ { name = "id", path = "_id" }, { name = "maker", path = "maker" } ]
"#;

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

#[test]
fn the_interface_example_parses() {
    let catalog = Catalog::parse(EXAMPLE).unwrap();
    assert_eq!(catalog.tenant_key_type, TenantKeyType::String);
    assert_eq!(catalog.tenants.as_ref().map(|t| t.key.to_string()).as_deref(), Some("_id"));
    assert_eq!(catalog.exclude, [path("passwordHash"), path("internal.*")]);
    let devices = &catalog.tables[0];
    assert_eq!(devices.columns[3].column_type, ColumnType::Scaled(2));
    assert_eq!(devices.columns[0].column_type, ColumnType::Any);
    assert_eq!((&devices.primary_key[..], &devices.indexes[..]), (&[0][..], &[vec![1]][..]));
    assert_eq!(devices.tenant_key, path("customerId"));
    let ne_true = Filter::Compare(path("retired"), Comparison::Ne, FilterValue::Bool(true));
    assert_eq!(devices.filter, Some(ne_true));
    let supplies = &catalog.tables[1];
    assert_eq!(supplies.unwind, Some(path("supplies")));
    assert_eq!(supplies.columns[1].path, ColumnPath::Index);
    assert_eq!(supplies.columns[1].column_type, ColumnType::Integer);
    assert_eq!(catalog.shared_tables().iter().collect::<Vec<_>>(), [2]);
    assert_eq!(catalog.tenant_tables().len(), 2);
}

/// The version is part of what replicas agree on: a change here means that every replica of an
/// older build differs, so it must be meant.
#[test]
fn the_version_is_pinned() {
    assert_eq!(Catalog::parse(EXAMPLE).unwrap().version, "105b7e1e3c39b198");
}

#[test]
fn the_version_depends_on_meaning_only() {
    let version = |toml: &str| Catalog::parse(toml).unwrap().version;
    let original = version(EXAMPLE);
    let same = [
        EXAMPLE.replace("   # the field", ""),
        EXAMPLE.replace("  { name", "{name").replace("rest = \"\"\n", ""),
        EXAMPLE.replace(r#"{ retired = { "$ne" = true } }"#, r#"'{"retired": {"$ne": true}}'"#),
        EXAMPLE.replace(r#"tenant_key_type = "string""#, ""),
        EXAMPLE.replace(r#"unwind = "supplies""#, "unwind = 'supplies'\nshared = false"),
    ];
    for toml in same {
        assert_ne!(toml, EXAMPLE);
        assert_eq!(version(&toml), original, "{toml}");
    }
    let other = [
        EXAMPLE.replace("as printed", "As printed"),
        EXAMPLE.replace("\"$ne\"", "\"$eq\""),
        EXAMPLE.replace("scaled:2", "scaled:3"),
        EXAMPLE.replace("internal.*", "internal"),
        EXAMPLE.replace("\"int", "\"Int"),
        EXAMPLE.replace("rest = \"\"", "rest = \"more\""),
    ];
    for toml in other {
        assert_ne!(version(&toml), original, "{toml}");
    }
}

fn filter(toml: &str) -> Filter {
    let text = format!(
        "tenant_key = \"k\"\n[[tables]]\nname = \"t\"\ncollection = \"c\"\n\
         columns = [{{ name = \"id\", path = \"_id\" }}]\nfilter = {toml}"
    );
    Catalog::parse(&text).unwrap().tables[0].filter.clone().unwrap()
}

#[test]
fn filters() {
    use Comparison::{Eq, Gt, Gte, Lt};
    use FilterValue::{Bool, Date, DateFromNow, Integer, Null, ObjectId, Real, Text};
    let compare = |p: &str, c, v| Filter::Compare(path(p), c, v);
    let day = 86_400_000;
    let id = [1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 1, 0x23, 0x45, 0x67];
    let cases = [
        (r#"{ a = 1 }"#, compare("a", Eq, Integer(1))),
        (r#"{ "a.b" = "x" }"#, compare("a.b", Eq, Text("x".into()))),
        (r#"{ a = 1.5 }"#, compare("a", Eq, Real(1.5))),
        (r#"'{"a": null}'"#, compare("a", Eq, Null)),
        (r#"{ a = 0x10 }"#, compare("a", Eq, Integer(16))),
        (r#"{ a = { "$oid" = "0123456789abcdEF01234567" } }"#, compare("a", Eq, ObjectId(id))),
        (
            r#"{ a = { "$gte" = { "$date" = "now-400d" } } }"#,
            compare("a", Gte, DateFromNow(-400 * day)),
        ),
        (
            r#"{ a = { "$gte" = { "$date" = "now-2w" } } }"#,
            compare("a", Gte, DateFromNow(-14 * day)),
        ),
        (r#"{ a = { "$lt" = { "$date" = "now" } } }"#, compare("a", Lt, DateFromNow(0))),
        (r#"{ a = { "$lt" = { "$date" = "now+90m" } } }"#, compare("a", Lt, DateFromNow(day / 16))),
        (r#"{ a = { "$date" = "1970-01-02" } }"#, compare("a", Eq, Date(day))),
        (r#"{ a = 1970-01-02T00:00:00Z }"#, compare("a", Eq, Date(day))),
        (r#"{ a = { "$date" = 5 } }"#, compare("a", Eq, Date(5))),
        (
            r#"{ a = { "$in" = [1, "x", true] } }"#,
            Filter::In(path("a"), vec![Integer(1), Text("x".into()), Bool(true)]),
        ),
        (r#"{ a = { "$exists" = false } }"#, Filter::Exists(path("a"), false)),
        (
            r#"{ a = { "$gt" = 1, "$lt" = 5 }, b = 2 }"#,
            Filter::And(vec![
                compare("a", Gt, Integer(1)),
                compare("a", Lt, Integer(5)),
                compare("b", Eq, Integer(2)),
            ]),
        ),
        (
            r#"{ a = { "$not" = { "$gt" = 1 } } }"#,
            Filter::Not(Box::new(compare("a", Gt, Integer(1)))),
        ),
        (r#"{ "$not" = { a = 1 } }"#, Filter::Not(Box::new(compare("a", Eq, Integer(1))))),
        (
            r#"{ "$or" = [{ a = 1 }, { "$and" = [{ b = 2 }] }] }"#,
            Filter::Or(vec![
                compare("a", Eq, Integer(1)),
                Filter::And(vec![compare("b", Eq, Integer(2))]),
            ]),
        ),
    ];
    for (toml, expected) in cases {
        assert_eq!(filter(toml), expected, "{toml}");
    }
}

#[test]
fn exclusion_covers_fields_and_what_lies_below() {
    let catalog = Catalog::parse(EXAMPLE).unwrap();
    let cases = [
        ("passwordHash", true),
        ("passwordHash.salt", true),
        ("passwordHashes", false),
        ("internal", true),
        ("internal.notes", true),
        ("internal.notes.author", true),
        ("a.internal.notes", false),
    ];
    for (text, excluded) in cases {
        assert_eq!(catalog.excludes(&path(text)), excluded, "{text}");
    }
}

/// docs/catalog.md has a heading or a table row for each key and each type.
#[test]
fn every_key_is_documented() {
    use super::{CATALOG_KEYS, COLUMN_KEYS, TABLE_KEYS, TENANTS_KEYS};
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/catalog.md");
    let page = std::fs::read_to_string(page).expect("docs/catalog.md");
    let explained = |word: &str| {
        page.lines().any(|line| {
            let head = line.split('|').nth(1).filter(|_| line.starts_with('|'));
            let head = head.or(line.starts_with('#').then_some(line));
            head.is_some_and(|head| head.contains(&format!("`{word}`")))
        })
    };
    let types = [
        "text", "integer", "real", "datetime", "unixms", "decimal", "scaled:N", "blob", "json",
        "any",
    ];
    for key in [CATALOG_KEYS, TENANTS_KEYS, TABLE_KEYS, COLUMN_KEYS, &types].concat() {
        assert!(explained(key), "docs/catalog.md has no heading or table row for `{key}`");
    }
}

/// The page's example is a catalog, and so is each filter in it.
#[test]
fn the_page_shows_what_parses() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/catalog.md");
    let page = std::fs::read_to_string(page).expect("docs/catalog.md");
    let blocks: Vec<&str> =
        page.split("```toml\n").skip(1).filter_map(|b| b.split("```").next()).collect();
    assert_eq!(blocks.len(), 2);
    assert_eq!(Catalog::parse(blocks[0]).expect("the worked example").tables.len(), 3);
    assert!(matches!(filter(blocks[1].trim().trim_start_matches("filter = ")), Filter::And(_)));
}
