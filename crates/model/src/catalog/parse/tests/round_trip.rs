//! Property: what is rendered parses back to the same catalog.

use proptest::prelude::*;

use super::path;
use crate::{
    Catalog, ColumnPath, ColumnType, Comparison, Filter, FilterValue, Path, Table, TableColumn,
    TenantKeyType, TenantList,
};

fn any_path() -> impl Strategy<Value = Path> {
    prop::collection::vec("[a-zA-Z_ 'é\"\\\\-][a-z$ ]{0,3}", 1..4).prop_map(Path::from_segments)
}

fn any_text() -> impl Strategy<Value = String> {
    "[ -~\u{80}-\u{ff}\n\t'\"#é✓\u{7f}]{1,12}"
}

fn any_value() -> impl Strategy<Value = FilterValue> {
    prop_oneof![
        Just(FilterValue::Null),
        any::<bool>().prop_map(FilterValue::Bool),
        any::<i64>().prop_map(FilterValue::Integer),
        // Short ones: serde_json without `float_roundtrip` may be off by one unit in the last place.
        any::<i32>().prop_map(|n| FilterValue::Real(f64::from(n) / 8.0)),
        any_text().prop_map(FilterValue::Text),
        any::<[u8; 12]>().prop_map(FilterValue::ObjectId),
        any::<i64>().prop_map(FilterValue::Date),
        any::<i32>().prop_map(|n| FilterValue::DateFromNow(i64::from(n) * 1000)),
    ]
}

fn any_filter() -> impl Strategy<Value = Filter> {
    let leaf = prop_oneof![
        (any_path(), 0..6_usize, any_value()).prop_map(|(path, i, value)| Filter::Compare(
            path,
            Comparison::ALL[i],
            value
        )),
        (any_path(), prop::collection::vec(any_value(), 1..4))
            .prop_map(|(path, values)| Filter::In(path, values)),
        (any_path(), any::<bool>()).prop_map(|(path, exists)| Filter::Exists(path, exists)),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 1..3).prop_map(Filter::Or),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

fn any_type() -> impl Strategy<Value = ColumnType> {
    use ColumnType::*;
    let plain = vec![Text, Integer, Real, Datetime, UnixMs, Decimal, Blob, Json, Any];
    prop_oneof![prop::sample::select(plain), (0..=18_u8).prop_map(Scaled)]
}

fn any_table() -> impl Strategy<Value = Table> {
    let columns =
        prop::collection::vec((any_path(), any_type(), prop::option::of(any_text())), 1..5);
    let key = prop_oneof![Just(path("customerId")), any_path()];
    let parts = (any::<bool>(), any::<bool>(), any::<bool>(), prop::option::of(any_path()));
    (columns, key, parts, prop::option::of(any_filter()), any_text()).prop_map(
        |(columns, tenant_key, (shared, rest, keyed, unwind), filter, collection)| {
            let mut columns: Vec<TableColumn> = columns
                .into_iter()
                .enumerate()
                .map(|(i, (path, column_type, description))| TableColumn {
                    name: format!("c {i}\"\\"),
                    path: ColumnPath::Field(path),
                    column_type,
                    description,
                })
                .collect();
            if unwind.is_some() {
                columns[0].path = ColumnPath::Index;
            }
            let numbers: Vec<usize> = (0..columns.len()).rev().collect();
            if rest {
                columns.push(TableColumn {
                    name: "rest of it".to_owned(),
                    path: ColumnPath::Rest,
                    column_type: ColumnType::Json,
                    description: None,
                });
            }
            Table {
                name: String::new(),
                description: keyed.then(|| collection.clone()),
                collection,
                tenant_key: if shared { Path::from_segments(Vec::new()) } else { tenant_key },
                filter,
                unwind,
                shared,
                columns,
                primary_key: if keyed { vec![0] } else { Vec::new() },
                indexes: vec![numbers],
            }
        },
    )
}

prop_compose! {
    fn any_catalog()(
        mut tables in prop::collection::vec(any_table(), 1..4),
        tenants in prop::option::of((any_text(), any_path())),
        kind in 0..4_usize,
    ) -> Catalog {
        for (i, table) in tables.iter_mut().enumerate() {
            table.name = format!("t{i} é\"");
        }
        use TenantKeyType::*;
        Catalog {
            tenants: tenants.map(|(collection, key)| TenantList { collection, key }),
            tenant_key_type: [String, ObjectId, Int, Uuid][kind],
            exclude: vec![path("zzz"), path("internal zzz.*")],
            tables,
            version: Default::default(),
        }
        .with_version()
    }
}

proptest! {
    #[test]
    fn rendered_catalogs_parse_back(catalog in any_catalog()) {
        let collections = catalog.tables.iter().map(|table| &table.collection);
        let tenants = catalog.tenants.iter().map(|tenants| &tenants.collection);
        prop_assume!(collections.chain(tenants).all(|name| !name.contains('$')));
        let toml = catalog.to_toml();
        let parsed = Catalog::parse(&toml);
        prop_assert_eq!(parsed.as_ref().map_err(|error| format!("{error}\n{toml}")), Ok(&catalog));
        prop_assert_eq!(parsed.map(|parsed| parsed.to_toml()), Ok(toml));
    }

    #[test]
    fn any_text_parses_or_is_refused(text in ".{0,60}") {
        let _ = Catalog::parse(&text);
    }
}
