//! Target `catalog`: a `catalog.toml`. What is refused is refused with a place in the file and a
//! key; what is taken is printed as a catalog that means the same, keeps what the catalog promises
//! (nothing excluded is mapped), and gives tables that SQLite takes.

use std::sync::Arc;

use engine::{Blank, PageSize, Part};
use fuzz::Target;
use model::{Catalog, CatalogError, ColumnPath, Path, Table};

const TARGET: Target = Target {
    name: "catalog",
    words: &[
        b"tenant_key = \"k\"\n",
        b"tenant_key_type = \"objectid\"\n",
        b"tenants = { collection = \"c\", key = \"_id\" }\n",
        b"exclude = [\"p\", \"a.*\"]\n",
        b"[[tables]]\nname = \"t\"\ncollection = \"c\"\ncolumns = [{ name = \"a\", path = \"p.q\" }]\n",
        b"shared = true\n",
        b"filter = { a = { \"$in\" = [1, 2.5, \"x\", true] } }\n",
        b"filter = '{\"$or\":[{\"a\":{\"$gt\":{\"$date\":\"2026-01-31T12:00:00Z\"}}},{\"b\":null}]}'\n",
        b"{ \"$fromNow\" = \"-90d\" }",
        b"\"$and\"",
        b"\"$not\"",
        b"\"$exists\" = true",
        b"{ \"$oid\" = \"0123456789abcdef01234567\" }",
        b"{ \"$numberLong\" = \"5\" }",
        b"unwind = \"items\"\n",
        b"rest = \"rest\"\n",
        b", as = \"scaled:2\"",
        b", as = \"unixms\"",
        b", as = \"json\"",
        b", description = \"d\"",
        b"\"$index\"",
        b"primary_key = [\"a\"]\n",
        b"indexes = [[\"a\"]]\n",
        b"\"\"\"\n",
        b"'''",
        b"\\u00e9",
        b"\\U0001F5A8",
        b"\xc3\xbc",
        b"1979-05-27T07:32:00Z",
        b"0x1F",
        b"1e400",
        b"-nan",
        b"sqlite_",
        b"rowid",
        b".",
        b"*",
        b"$",
        b"\r\n",
        b"#",
    ],
    cases: 30_000,
    bytes_max: 4_096,
    seeds: fuzz::no_seeds,
};

#[test]
fn target() {
    TARGET.run(|bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        match Catalog::parse(text) {
            Err(error) => has_a_place(text, &error),
            Ok(catalog) => {
                is_printed(&catalog);
                keeps_its_word(&catalog);
                has_tables(catalog);
            }
        }
    });
}

/// The place lies in the file, and the key is one of a catalog; only what is no TOML has none.
fn has_a_place(text: &str, error: &CatalogError) {
    let line = text.split('\n').nth(error.line.wrapping_sub(1));
    let line = line.unwrap_or_else(|| panic!("{error}: there is no such line"));
    let columns = line.chars().count() + 1;
    assert!((1..=columns).contains(&error.column), "{error}: the line has {columns}");
    assert_eq!(error.key.is_empty(), error.message.starts_with("this is not TOML: "), "{error}");
    assert!(!error.to_string().contains(char::is_control), "{error:?}");
    // What is wrong and a remedy are a sentence, not a word.
    assert!(error.message.trim().split(' ').count() >= 3, "{error}");
}

fn is_printed(catalog: &Catalog) {
    let printed = catalog.to_toml();
    let again = Catalog::parse(&printed).unwrap_or_else(|error| panic!("{error} of:\n{printed}"));
    assert_eq!(again, *catalog, "of:\n{printed}");
    assert_eq!(again.to_toml(), printed);
    let hex = |byte: u8| byte.is_ascii_hexdigit();
    assert!(catalog.version.len() == 16 && catalog.version.bytes().all(hex));
}

fn keeps_its_word(catalog: &Catalog) {
    let mapped = |path: &Path| assert!(!catalog.excludes(path), "{path} is excluded");
    for table in &catalog.tables {
        assert_eq!(table.tenant_key.segments().is_empty(), table.shared, "{}", table.name);
        if !table.shared {
            mapped(&table.tenant_key);
        }
        table.unwind.iter().for_each(mapped);
        for column in &table.columns {
            if let ColumnPath::Field(path) = &column.path {
                mapped(path);
            }
        }
        let named: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        for list in table.indexes.iter().chain([&table.primary_key]) {
            assert!(list.iter().all(|number| *number < named.len()), "{list:?} of {named:?}");
        }
        let (number, found) = catalog.table(&table.name).expect("its own table");
        assert_eq!(found, &catalog.tables[number]);
        assert!(std::ptr::eq::<Table>(found, table), "two tables are called {}", table.name);
    }
}

fn has_tables(catalog: Catalog) {
    let catalog = Arc::new(catalog);
    for part in [Part::Tenant, Part::Shared] {
        if let Err(error) = Blank::build(&catalog, part, PageSize::Tiny) {
            panic!("{error} ({:?}) of:\n{}", error.internal, catalog.to_toml());
        }
    }
}
