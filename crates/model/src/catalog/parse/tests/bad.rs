//! Bad catalogs and exactly what is said about them.

use crate::Catalog;

#[test]
fn bad_catalogs_are_refused_with_place_and_remedy() {
    for (toml, expected) in CASES {
        match Catalog::parse(toml) {
            Ok(_) => panic!("accepted:\n{toml}"),
            Err(error) => assert_eq!(error.to_string(), *expected, "of:\n{toml}"),
        }
    }
}

#[test]
fn bounds_are_refused() {
    use crate::limits::{COLUMN_NAME_BYTES_MAX, COLUMNS_MAX, TABLES_MAX};
    let column = |i| format!("{{ name = \"c{i}\", path = \"p\" }}");
    let table = |name: &str, columns: usize| {
        let columns: Vec<String> = (0..columns).map(column).collect();
        format!(
            "[[tables]]\nname = \"{name}\"\ncollection = \"c\"\ncolumns = [{}]\n",
            columns.join(", ")
        )
    };
    let parse = |tables: String| Catalog::parse(&format!("tenant_key = \"k\"\n{tables}"));
    let many = |n: usize| (0..n).map(|i| table(&format!("t{i}"), 1)).collect::<String>();
    assert!(parse(many(TABLES_MAX)).is_ok());
    assert_eq!(parse(many(TABLES_MAX + 1)).unwrap_err().key, format!("tables[{TABLES_MAX}]"));
    assert!(parse(table("t", COLUMNS_MAX)).is_ok());
    let error = parse(table("t", COLUMNS_MAX + 1)).unwrap_err();
    assert_eq!(error.key, format!("tables[0].columns[{COLUMNS_MAX}]"));
    assert!(parse(table(&"n".repeat(COLUMN_NAME_BYTES_MAX), 1)).is_ok());
    assert!(parse(table(&"n".repeat(COLUMN_NAME_BYTES_MAX + 1), 1)).is_err());
}

const CASES: &[(&str, &str)] = &[
    (
        r##"tenant_key = "##,
        r##"line 1, column 14: this is not TOML: string values must be quoted, expected literal string"##,
    ),
    (r##""##, r##"line 1, column 1, tables: missing: add at least one [[tables]]"##),
    (r##"tables = []"##, r##"line 1, column 10, tables: add at least one [[tables]]"##),
    (
        r##"tenantkey = "k""##,
        r##"line 1, column 1, tenantkey: unknown key; did you mean `tenant_key`?"##,
    ),
    (
        r##""" = 1"##,
        r##"line 1, column 1, "": unknown key; known here: tenant_key, tenant_key_type, tenants, exclude, tables"##,
    ),
    (
        r##"tenants = { "key\nof.it" = 1 }"##,
        r##"line 1, column 13, tenants."key\u000aof.it": unknown key; known here: collection, key"##,
    ),
    (
        r##"tenant_key_type = "in\nt""##,
        r##"line 1, column 19, tenant_key_type: "in\nt" is none of string, objectid, int, uuid; did you mean "int"?"##,
    ),
    (
        r##"speed = 1"##,
        r##"line 1, column 1, speed: unknown key; known here: tenant_key, tenant_key_type, tenants, exclude, tables"##,
    ),
    (
        r##"tables = 5"##,
        r##"line 1, column 10, tables: expected a list of tables; write each as [[tables]], found integer"##,
    ),
    (
        r##"tables = [5]"##,
        r##"line 1, column 11, tables[0]: expected a table with name, description, collection, tenant_key, shared, filter, unwind, rest, columns, primary_key, indexes, found integer"##,
    ),
    (
        r##"tenant_key = ""
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
"##,
        r##"line 1, column 14, tenant_key: a path is field names with dots between them, such as "location.city""##,
    ),
    (
        r##"tenant_key = "a..b""##,
        r##"line 1, column 14, tenant_key: a path is field names with dots between them, such as "location.city""##,
    ),
    (
        r##"tenant_key = 5"##,
        r##"line 1, column 14, tenant_key: expected a string in quotes, found integer"##,
    ),
    (
        r##"tenant_key_type = "uid""##,
        r##"line 1, column 19, tenant_key_type: "uid" is none of string, objectid, int, uuid; did you mean "uuid"?"##,
    ),
    (
        r##"tenant_key_type = "sting""##,
        r##"line 1, column 19, tenant_key_type: "sting" is none of string, objectid, int, uuid; did you mean "string"?"##,
    ),
    (
        r##"tenants = "customers""##,
        r##"line 1, column 11, tenants: expected a table with collection, key, found string"##,
    ),
    (
        r##"tenants = { collection = "customers" }"##,
        r##"line 1, column 11, tenants.key: missing: write tenants = { collection = "customers", key = "_id" }"##,
    ),
    (
        r##"tenants = { collection = "customers", kee = "_id" }"##,
        r##"line 1, column 39, tenants.kee: unknown key; did you mean `key`?"##,
    ),
    (
        r##"exclude = ["a.*.b"]"##,
        r##"line 1, column 12, exclude[0]: a path is field names with dots between them, such as "internal.notes", or "internal.*" for everything below a field"##,
    ),
    (
        r##"exclude = ["a", "a"]"##,
        r##"line 1, column 17, exclude[1]: this path is excluded twice; remove one"##,
    ),
    (
        r##"exclude = ["k.*", "k"]
tenant_key = "k""##,
        r##"line 2, column 14, tenant_key: `k` is excluded by `k.*`, but every document's tenant key must be read to be checked; remove it from exclude"##,
    ),
    (
        r##"[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
"##,
        r##"line 1, column 1, tables[0]: which field names the tenant? Set tenant_key at the top of the file or in this table, or shared = true if the documents belong to no tenant"##,
    ),
    (
        r##"[[tables]]
name = "t"
collection = "c"
shared = true
tenant_key = "k"
columns = [{ name = "id", path = "_id" }]
"##,
        r##"line 5, column 14, tables[0].tenant_key: a shared table belongs to no tenant; remove tenant_key, or shared if its documents are the tenants'"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
"##,
        r##"line 2, column 1, tables[0].columns: missing: list at least one column, such as { name = "id", path = "_id" }"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = []"##,
        r##"line 5, column 11, tables[0].columns: list at least one column, such as { name = "id", path = "_id" }"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
colums = []"##,
        r##"line 5, column 1, tables[0].colums: unknown key; did you mean `columns`?"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "SQLite_x"
collection = "c"
columns = [{ name = "id", path = "_id" }]
"##,
        r##"line 3, column 8, tables[0].name: SQLite keeps names that begin with sqlite_ for itself; rename it"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = " "
collection = "c"
columns = [{ name = "id", path = "_id" }]
"##,
        r##"line 3, column 8, tables[0].name: a name must not be empty"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "a\u0007"
collection = "c"
columns = [{ name = "id", path = "_id" }]
"##,
        r##"line 3, column 8, tables[0].name: a name has no control characters"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
collection = "c"
columns = [{ name = "id", path = "_id" }]
"##,
        r##"line 2, column 1, tables[0].name: missing: name the table as SQL will call it"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = ""
columns = [{ name = "id", path = "_id" }]
"##,
        r##"line 4, column 14, tables[0].collection: name a collection: not empty, without dollar signs"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "a$b"
columns = [{ name = "id", path = "_id" }]
"##,
        r##"line 4, column 14, tables[0].collection: name a collection: not empty, without dollar signs"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
[[tables]]
name = "T"
shared = true
collection = "c"
columns = [{ name = "id", path = "_id" }]
"##,
        r##"line 7, column 8, tables[1].name: two tables are called `T` (SQLite ignores case, and shared tables stand beside the tenant's own); rename one"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [
  { name = "id", path = "_id" },
  { name = "ID", path = "x" },
]"##,
        r##"line 7, column 12, tables[0].columns[1].name: two columns of this table are called `ID` (SQLite ignores case); rename one"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id" }]"##,
        r##"line 5, column 12, tables[0].columns[0].path: missing: the field to read, such as "location.city""##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ path = "id" }]"##,
        r##"line 5, column 12, tables[0].columns[0].name: missing: name the column as SQL will call it"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id", type = "text" }]"##,
        r##"line 5, column 41, tables[0].columns[0].type: unknown key; known here: name, path, as, description"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [
  { name = "id", path = "_id", as = "string" },
]"##,
        r##"line 6, column 37, tables[0].columns[0].as: "string" is none of text, integer, real, datetime, unixms, decimal, scaled:N, blob, json, any"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id", as = "interger" }]"##,
        r##"line 5, column 46, tables[0].columns[0].as: "interger" is none of text, integer, real, datetime, unixms, decimal, scaled:N, blob, json, any; did you mean "integer"?"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id", as = "scaled:19" }]"##,
        r##"line 5, column 46, tables[0].columns[0].as: scaled:N takes a whole N from 0 to 18, such as "scaled:2""##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id", as = "scaled:02" }]"##,
        r##"line 5, column 46, tables[0].columns[0].as: scaled:N takes a whole N from 0 to 18, such as "scaled:2""##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id", as = "scaled" }]"##,
        r##"line 5, column 46, tables[0].columns[0].as: "scaled" is none of text, integer, real, datetime, unixms, decimal, scaled:N, blob, json, any; did you mean "scaled:N"?"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "a." }]"##,
        r##"line 5, column 34, tables[0].columns[0].path: a path is field names with dots between them, such as "location.city""##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "$idx" }]"##,
        r##"line 5, column 34, tables[0].columns[0].path: no path begins with a dollar sign but "$index", the element's position, as a column of a table with unwind"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "a.*" }]"##,
        r##"line 5, column 34, tables[0].columns[0].path: `*` has a meaning in exclude only; name the field"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "n", path = "$index" }]"##,
        r##"line 5, column 33, tables[0].columns[0].path: $index is the position in an unwound array; set unwind, or name a field"##,
    ),
    (
        r##"exclude = ["secret", "internal.*"]
tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "n", path = "internal.notes" }]"##,
        r##"line 6, column 33, tables[0].columns[0].path: `internal.notes` is excluded by `internal.*`; remove it here, or there if tenants may see it"##,
    ),
    (
        r##"exclude = ["secret"]
tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
unwind = "secret.list"
columns = [{ name = "id", path = "_id" }]
"##,
        r##"line 6, column 10, tables[0].unwind: `secret.list` is excluded by `secret`; remove it here, or there if tenants may see it"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
rest = "ID""##,
        r##"line 6, column 8, tables[0].rest: a column is called `ID` already; rename one"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
rest = "rest"
indexes = [["rest"]]"##,
        r##"line 7, column 13, tables[0].indexes[0][0]: the rest column cannot be part of a key or an index"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
primary_key = ["idd"]"##,
        r##"line 6, column 16, tables[0].primary_key[0]: this table has no column `idd`; did you mean `id`?"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
primary_key = ["serial"]"##,
        r##"line 6, column 16, tables[0].primary_key[0]: this table has no column `serial`; name one of its columns"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
primary_key = []"##,
        r##"line 6, column 15, tables[0].primary_key: name at least one column, or leave the list out"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
primary_key = ["id", "ID"]"##,
        r##"line 6, column 22, tables[0].primary_key[1]: `ID` is named twice; remove one"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
indexes = ["id"]"##,
        r##"line 6, column 12, tables[0].indexes[0]: expected a list of column names, such as ["id"], found string"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
indexes = [["id"], ["id"]]"##,
        r##"line 6, column 20, tables[0].indexes[1]: this index is listed twice; remove one"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
shared = "yes""##,
        r##"line 6, column 10, tables[0].shared: expected true or false, found string"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = 5"##,
        r##"line 6, column 10, tables[0].filter: a filter is a table, such as { retired = { "$ne" = true } }"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = {}"##,
        r##"line 6, column 10, tables[0].filter: an empty filter takes everything; leave it out"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = "{a""##,
        r##"line 6, column 10, tables[0].filter: this string is not JSON: key must be a string at line 1 column 2"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = '{"a": 1, "a": 2}'"##,
        r##"line 6, column 10, tables[0].filter.a: this key stands here twice"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = { a = { b = 1 } }"##,
        r##"line 6, column 12, tables[0].filter.a: embedded documents cannot be compared; write the whole path as one key in quotes, such as "location.city", with a value or operators ($eq, $ne, $gt, $gte, $lt, $lte, $in, $exists, $not)"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = { a = { "$gt" = 1, b = 1 } }"##,
        r##"line 6, column 12, tables[0].filter.a: embedded documents cannot be compared; write the whole path as one key in quotes, such as "location.city", with a value or operators ($eq, $ne, $gt, $gte, $lt, $lte, $in, $exists, $not)"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = { a = [1] }"##,
        r##"line 6, column 12, tables[0].filter.a: a list is compared with "$in""##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = { a = { "$regex" = "x" } }"##,
        r##"line 6, column 18, tables[0].filter.a.$regex: unknown operator; known for a field: $eq, $ne, $gt, $gte, $lt, $lte, $in, $exists, $not"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = { "$nor" = [] }"##,
        r##"line 6, column 12, tables[0].filter.$nor: unknown operator; here stand field paths or one of $and, $or, $not"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = { "$and" = [] }"##,
        r##"line 6, column 12, tables[0].filter.$and: expected a list of at least one filter"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = { a = { "$in" = [] } }"##,
        r##"line 6, column 18, tables[0].filter.a.$in: an empty list matches nothing; list at least one value"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = { a = { "$in" = 5 } }"##,
        r##"line 6, column 18, tables[0].filter.a.$in: $in takes a list of values"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = { a = { "$exists" = 1 } }"##,
        r##"line 6, column 18, tables[0].filter.a.$exists: $exists takes true or false"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = { a = { "$not" = 5 } }"##,
        r##"line 6, column 18, tables[0].filter.a.$not: $not takes operators, such as { "$not" = { "$gt" = 5 } }"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = { a = { "$eq" = { b = 1 } } }"##,
        r##"line 6, column 18, tables[0].filter.a.$eq: a value is a string, a number, true, false, {"$oid" = …} or {"$date" = …} (and null where the filter is written as JSON)"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = { a = { "$eq" = { "$oid" = "12" } } }"##,
        r##"line 6, column 28, tables[0].filter.a.$eq.$oid: an ObjectId is {"$oid" = "24 hex digits"}"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = { a = { "$gte" = { "$date" = "now-400y" } } }"##,
        r##"line 6, column 29, tables[0].filter.a.$gte.$date: a date is {"$date" = "2026-01-31T00:00:00Z"} or relative to each boot, {"$date" = "now-400d"} (units s, m, h, d, w)"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = { a = { "$date" = "2026-01-31T00:00:00" } }"##,
        r##"line 6, column 18, tables[0].filter.a.$date: a date is {"$date" = "2026-01-31T00:00:00Z"} or relative to each boot, {"$date" = "now-400d"} (units s, m, h, d, w)"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = { a = 2026-01-31T00:00:00 }"##,
        r##"line 6, column 12, tables[0].filter.a: a date needs an offset, such as 2026-01-31T00:00:00Z"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = { a = inf }"##,
        r##"line 6, column 12, tables[0].filter.a: a filter compares with finite numbers only"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = { a = 99999999999999999999 }"##,
        r##"line 6, column 12, tables[0].filter.a: a whole number has at most 64 bits"##,
    ),
    (
        r##"tenant_key = "k"
[[tables]]
name = "t"
collection = "c"
columns = [{ name = "id", path = "_id" }]
filter = { "a..b" = 1 }"##,
        r##"line 6, column 12, tables[0].filter.a..b: a path is field names with dots between them, in quotes"##,
    ),
];
