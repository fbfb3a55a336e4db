//! Whole requests: selects with joins, windows, grouping, compounds and CTEs, and scripts that
//! write first. Every select is ordered by all of its columns, so that there is one right answer.

use proptest::prelude::*;
use rusqlite::types::Value as SqlValue;

use super::Dataset;
use super::dataset::identifier;
use super::expr::{Expr, Scope, expr, pick};

/// A generated request, independent of the dataset it will run on.
#[derive(Clone, Debug)]
pub struct Statement {
    writes: Vec<Write>,
    query: Query,
    compound: Option<(&'static str, Box<Query>)>,
    shape: Shape,
    limit: Option<(u8, u8)>,
}

/// A request as SQL text with its named parameters `p0`, `p1`, ….
#[derive(Clone, Debug)]
pub struct Rendered {
    /// One or more statements; the last one is a select.
    pub sql: String,
    /// Values of `:p0`, `:p1`, ….
    pub bound: Vec<SqlValue>,
}

#[derive(Clone, Debug)]
enum Write {
    Update(u16, u16, Expr, Expr),
    Delete(u16, Expr),
    InsertFrom(u16, Expr),
    Savepoint(Box<Write>),
    TempTable(u16, Expr),
    Index(u16, u16),
}

#[derive(Clone, Debug)]
enum Shape {
    Plain,
    Cte,
    Recursive(u8),
    View,
}

#[derive(Clone, Debug)]
struct Query {
    from: u16,
    joins: Vec<(&'static str, u16)>,
    filter: Option<Expr>,
    items: Items,
    distinct: bool,
}

#[derive(Clone, Debug)]
enum Items {
    Plain(Vec<Expr>),
    Grouped { keys: Vec<Expr>, aggregates: Vec<(usize, Expr)>, having: Option<Expr> },
    Window { function: usize, argument: Expr, partition: u16, frame: usize },
}

const AGGREGATES: [&str; 9] = [
    "count(*)",
    "count({})",
    "count(DISTINCT {})",
    "sum({})",
    "total({})",
    "avg({})",
    "min({})",
    "max({})",
    "group_concat({}, '|' ORDER BY {})",
];
const WINDOWS: [&str; 8] = [
    "row_number()",
    "rank()",
    "dense_rank()",
    "ntile(3)",
    "lag({})",
    "first_value({})",
    "sum({})",
    "count({}) FILTER (WHERE {} IS NOT NULL)",
];
const FRAMES: [&str; 4] = [
    "",
    "ROWS BETWEEN 2 PRECEDING AND CURRENT ROW",
    "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW",
    "GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING",
];

fn items(width: usize) -> BoxedStrategy<Items> {
    let aggregate = (0..AGGREGATES.len(), expr());
    prop_oneof![
        3 => prop::collection::vec(expr(), width).prop_map(Items::Plain),
        2 => (prop::collection::vec(expr(), 0..=width), prop::option::of(expr()))
            .prop_flat_map(move |(keys, having)| {
                let rest = width - keys.len();
                prop::collection::vec((0..AGGREGATES.len(), expr()), rest).prop_map(move |aggregates| {
                    Items::Grouped { keys: keys.clone(), aggregates, having: having.clone() }
                })
            }),
        1 => (aggregate, any::<u16>(), 0..WINDOWS.len(), 0..FRAMES.len()).prop_map(
            move |((_, argument), partition, function, frame)| {
                if width == 1 {
                    Items::Window { function, argument, partition, frame }
                } else {
                    Items::Plain(vec![argument; width])
                }
            }
        ),
    ]
    .boxed()
}

fn query(width: usize) -> impl Strategy<Value = Query> {
    let join = prop::sample::select(vec!["JOIN", "LEFT JOIN", "FULL JOIN"]);
    (
        any::<u16>(),
        prop::collection::vec((join, any::<u16>()), 0..3),
        prop::option::of(expr()),
        items(width),
        any::<bool>(),
    )
        .prop_map(|(from, joins, filter, items, distinct)| Query {
            from,
            joins,
            filter,
            items,
            distinct,
        })
}

fn write() -> impl Strategy<Value = Write> {
    let plain = prop_oneof![
        3 => (any::<u16>(), any::<u16>(), expr(), expr()).prop_map(|(t, c, e, w)| Write::Update(t, c, e, w)),
        2 => (any::<u16>(), expr()).prop_map(|(t, w)| Write::Delete(t, w)),
        1 => (any::<u16>(), expr()).prop_map(|(t, e)| Write::InsertFrom(t, e)),
        1 => (any::<u16>(), expr()).prop_map(|(t, e)| Write::TempTable(t, e)),
        1 => (any::<u16>(), any::<u16>()).prop_map(|(t, c)| Write::Index(t, c)),
    ];
    (plain, prop::bool::weighted(0.2))
        .prop_map(|(write, undone)| if undone { Write::Savepoint(Box::new(write)) } else { write })
}

/// Requests of every shape.
pub fn statement() -> impl Strategy<Value = Statement> {
    let shape = prop_oneof![
        5 => Just(Shape::Plain),
        1 => Just(Shape::Cte),
        1 => (0_u8..20).prop_map(Shape::Recursive),
        1 => Just(Shape::View),
    ];
    let operators = prop::sample::select(vec!["UNION", "UNION ALL", "INTERSECT", "EXCEPT"]);
    let writes = prop_oneof![4 => Just(Vec::new()).boxed(), 1 => prop::collection::vec(write(), 1..3).boxed()];
    (1_usize..4, writes, shape, prop::option::of((0_u8..20, 0_u8..5))).prop_flat_map(
        move |(width, writes, shape, limit)| {
            let compound =
                prop::option::weighted(0.2, (operators.clone(), query(width).prop_map(Box::new)));
            (query(width), compound).prop_map(move |(query, compound)| Statement {
                writes: writes.clone(),
                query,
                compound,
                shape: shape.clone(),
                limit,
            })
        },
    )
}

impl Statement {
    /// The request's SQL on `dataset`.
    pub fn render(&self, dataset: &Dataset) -> Rendered {
        let tables: Vec<String> = dataset.tables.iter().map(|table| table.name.clone()).collect();
        let mut bound = Vec::new();
        let mut sql = String::new();
        for (i, write) in self.writes.iter().enumerate() {
            sql += &write.render(i, dataset, &tables, &mut bound);
        }
        let (mut body, width) = self.query.render(dataset, &tables, &mut bound);
        if let Some((operator, other)) = &self.compound {
            let (other, _) = other.render(dataset, &tables, &mut bound);
            body = format!("SELECT * FROM ({body}) {operator} SELECT * FROM ({other})");
        }
        let order = (1..=width).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
        let limit =
            self.limit.map(|(n, skip)| format!(" LIMIT {n} OFFSET {skip}")).unwrap_or_default();
        sql += &match &self.shape {
            Shape::Plain => format!("SELECT * FROM ({body}) ORDER BY {order}{limit}"),
            Shape::Cte => format!("WITH c AS ({body}) SELECT * FROM c ORDER BY {order}{limit}"),
            Shape::Recursive(n) => format!(
                "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {n}) \
                 SELECT i, q.* FROM n JOIN ({body}) AS q ORDER BY i, {}{limit}",
                (2..=width + 1).map(|n| n.to_string()).collect::<Vec<_>>().join(", ")
            ),
            // A TEMP view cannot hold parameters, so this shape is for queries without any.
            Shape::View if bound.is_empty() => {
                format!("CREATE TEMP VIEW v AS {body}; SELECT * FROM v ORDER BY {order}{limit}")
            }
            Shape::View => format!("SELECT * FROM ({body}) AS v ORDER BY {order}{limit}"),
        };
        Rendered { sql, bound }
    }
}

/// The names of a table's columns as an alias qualifies them.
fn columns_of(dataset: &Dataset, table: u16, alias: &str) -> Vec<String> {
    let table = &dataset.tables[usize::from(table) % dataset.tables.len()];
    table.columns.iter().map(|column| format!("{alias}.{}", identifier(&column.name))).collect()
}

impl Query {
    fn render(
        &self,
        dataset: &Dataset,
        tables: &[String],
        bound: &mut Vec<SqlValue>,
    ) -> (String, usize) {
        let mut columns = columns_of(dataset, self.from, "t0");
        let mut keys = vec!["t0.id".to_owned()];
        let mut from = format!("{} AS t0", pick(tables, self.from));
        for (i, (kind, table)) in self.joins.iter().enumerate() {
            let alias = format!("t{}", i + 1);
            from +=
                &format!(" {kind} {} AS {alias} ON {alias}.ref = t{i}.ref", pick(tables, *table));
            columns.extend(columns_of(dataset, *table, &alias));
            keys.push(format!("{alias}.id"));
        }
        let mut scope = Scope { columns: &columns, tables, bound };
        let (items, tail, width) = self.items.render(&mut scope, &keys);
        let filter = self
            .filter
            .as_ref()
            .map(|e| format!(" WHERE {}", e.render(&mut scope)))
            .unwrap_or_default();
        let distinct = if self.distinct { "DISTINCT " } else { "" };
        (format!("SELECT {distinct}{items} FROM {from}{filter}{tail}"), width)
    }
}

impl Items {
    /// The select list, what follows WHERE, and how many columns there are.
    fn render(&self, scope: &mut Scope<'_>, keys: &[String]) -> (String, String, usize) {
        match self {
            Items::Plain(exprs) => {
                let items: Vec<String> = exprs
                    .iter()
                    .enumerate()
                    .map(|(i, e)| format!("{} AS c{i}", e.render(scope)))
                    .collect();
                (items.join(", "), String::new(), exprs.len())
            }
            Items::Grouped { keys: group, aggregates, having } => {
                // Grouping by position keeps a bound value from appearing twice.
                let mut items: Vec<String> =
                    group.iter().map(|e| format!("({})", e.render(scope))).collect();
                for (function, argument) in aggregates {
                    items.push(AGGREGATES[*function].replace("{}", &plain(argument, scope)));
                }
                let positions =
                    (1..=group.len()).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
                let mut tail = String::new();
                if !group.is_empty() {
                    tail = format!(" GROUP BY {positions}");
                    if let Some(having) = having {
                        tail += &format!(" HAVING count({}) >= 1", plain(having, scope));
                    }
                }
                let width = items.len();
                let named: Vec<String> = items
                    .into_iter()
                    .enumerate()
                    .map(|(i, item)| format!("{item} AS c{i}"))
                    .collect();
                (named.join(", "), tail, width)
            }
            Items::Window { function, argument, partition, frame } => {
                let argument = plain(argument, scope);
                let partition = &scope.columns[usize::from(*partition) % scope.columns.len()];
                let item = WINDOWS[*function].replace("{}", &argument);
                let order = keys.join(", ");
                (
                    format!(
                        "{item} OVER (PARTITION BY {partition} ORDER BY {order} {}) AS c0",
                        FRAMES[*frame]
                    ),
                    String::new(),
                    1,
                )
            }
        }
    }
}

/// An expression without bound values (a text that appears twice would bind twice).
fn plain(e: &Expr, scope: &mut Scope<'_>) -> String {
    let before = scope.bound.len();
    let text = e.render(scope);
    if scope.bound.len() > before {
        scope.bound.truncate(before);
        return Expr::Column(7).render(scope);
    }
    text
}

impl Write {
    fn render(
        &self,
        n: usize,
        dataset: &Dataset,
        tables: &[String],
        bound: &mut Vec<SqlValue>,
    ) -> String {
        let bare = |table: u16| -> Vec<String> {
            columns_of(dataset, table, "x").iter().map(|name| name[2..].to_owned()).collect()
        };
        match self {
            Write::Update(table, column, value, filter) => {
                let columns = bare(*table);
                let mut scope = Scope { columns: &columns, tables, bound };
                // Not the key: an update may not make two rows equal.
                let target = &columns[1 + usize::from(*column) % (columns.len() - 1)];
                let (value, filter) = (value.render(&mut scope), filter.render(&mut scope));
                format!("UPDATE {} SET {target} = {value} WHERE {filter};\n", pick(tables, *table))
            }
            Write::Delete(table, filter) => {
                let columns = bare(*table);
                let filter = filter.render(&mut Scope { columns: &columns, tables, bound });
                format!("DELETE FROM {} WHERE {filter};\n", pick(tables, *table))
            }
            Write::InsertFrom(table, value) => {
                let columns = bare(*table);
                let value = plain(value, &mut Scope { columns: &columns, tables, bound });
                let name = pick(tables, *table);
                format!(
                    "INSERT OR IGNORE INTO {name} (id, ref) SELECT 'new' || id, {value} FROM {name};\n"
                )
            }
            Write::TempTable(table, value) => {
                let columns = bare(*table);
                let value = plain(value, &mut Scope { columns: &columns, tables, bound });
                format!(
                    "CREATE TEMP TABLE tt{n} AS SELECT id, {value} AS v FROM {};\n",
                    pick(tables, *table)
                )
            }
            Write::Index(table, column) => {
                let columns = bare(*table);
                let column = &columns[usize::from(*column) % columns.len()];
                format!("CREATE INDEX made{n} ON {} ({column});\n", pick(tables, *table))
            }
            Write::Savepoint(write) => {
                let inner = write.render(n, dataset, tables, bound);
                format!("SAVEPOINT s{n};\n{inner}ROLLBACK TO s{n};\nRELEASE s{n};\n")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;
    use crate::sqlgen::dataset;

    /// The generator is of use only if most of what it makes is valid SQL.
    #[test]
    fn most_statements_run() {
        let mut runner = TestRunner::new_with_rng(
            Config::default(),
            proptest::test_runner::TestRng::deterministic_rng(
                proptest::test_runner::RngAlgorithm::ChaCha,
            ),
        );
        let (mut ran, mut failed) = (0_u32, Vec::new());
        for _ in 0..20 {
            let data = dataset().new_tree(&mut runner).unwrap().current();
            for _ in 0..20 {
                let request = statement().new_tree(&mut runner).unwrap().current().render(&data);
                let oracle = rusqlite::Connection::open_in_memory().unwrap();
                data.fill(&oracle).unwrap();
                match oracle_rows(&oracle, &request) {
                    Ok(()) => ran += 1,
                    Err(error) => failed.push(format!("{error}: {}", request.sql)),
                }
            }
        }
        assert!(ran >= 320, "{ran} of 400 ran; {:#?}", &failed[..failed.len().min(8)]);
    }

    fn oracle_rows(oracle: &rusqlite::Connection, request: &Rendered) -> rusqlite::Result<()> {
        use rusqlite::fallible_iterator::FallibleIterator;
        let mut batch = rusqlite::Batch::new(oracle, &request.sql);
        while let Some(mut statement) = batch.next()? {
            for n in 1..=statement.parameter_count() {
                let name =
                    statement.parameter_name(n).unwrap_or_default()[2..].parse::<usize>().unwrap();
                statement.raw_bind_parameter(n, &request.bound[name])?;
            }
            let mut rows = statement.raw_query();
            while rows.next()?.is_some() {}
        }
        Ok(())
    }
}
