//! The lint of scans: whether an index would serve a statement that walked through a table.
//!
//! As SQLite's own [`.expert`](https://sqlite.org/cli.html#index_recommendations_sqlite_expert_) does: the statement is prepared on
//! virtual copies of the tables, which are offered the columns that it compares; then on empty copies of the tables with an index on
//! these columns, whose query plan must use it. Nothing is run on the database itself.

use super::Shared;
use super::lints::{Run, Step, is_allowed, report};
use crate::settings::{Level, Lint};
use crate::sqlite::quote::quoted;
use crate::sqlite::{compared_columns, declare_functions, untracked};
use rusqlite::Connection;

/// A statement that walked through tables; whether an index would serve it is looked up later.
#[derive(Debug, Clone)]
pub(super) struct Scan {
    step: Step,
    steps: usize,
    connection: u64,
}

/// Looks how far a statement has walked.
pub(super) fn look(run: &Run<'_>, at: usize, connection: u64) {
    let steps = run.last[at].scan_steps.unwrap_or_default();
    if run.shared.wanted.lints.level(Lint::Scan) == Level::Allow || steps <= run.shared.wanted.lints.limit(Lint::Scan) {
        return;
    }
    let sql = run.last[at].sql().text;
    if !sql.contains("sqlite_") && !is_allowed(Lint::Scan, &sql) {
        run.shared.add_scan(&sql, || Scan { step: run.step(at), steps, connection });
    }
}

impl Scan {
    pub(super) fn is_of(&self, connection: u64) -> bool {
        self.connection == connection
    }

    /// Reports it if an index would have served it.
    pub(super) fn judge(self, shared: &Shared, connection: &Connection) {
        let Some(missing) = missing_index(connection, &self.step.sql.text) else { return };
        let MissingIndex { table, columns } = &missing;
        let index = format!("CREATE INDEX {table}_{} ON {table} ({})", columns.join("_"), columns.join(", "));
        let Self { step, steps, .. } = self;
        report(shared, Lint::Scan, &step.clone(), index, move || {
            let MissingIndex { table, columns } = &missing;
            let columns = columns.join("` and `");
            format!(
                "{} took {steps} steps through the table `{table}`, of which it compares `{columns}`",
                step.describe()
            )
        });
    }
}

/// An index that would spare a full scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MissingIndex {
    pub table: String,
    pub columns: Vec<String>,
}

/// The schema of a database, for statements that are prepared and never run.
struct Schema {
    /// Each table with its columns: name, and type.
    tables: Vec<(String, Vec<(String, String)>)>,
    /// What makes its views, and its tables and indexes.
    views: Vec<String>,
    sql: Vec<String>,
}

impl Schema {
    fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut schema = Self { tables: Vec::new(), views: Vec::new(), sql: Vec::new() };
        let mut objects = connection.prepare(
            "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
             AND type <> 'trigger' ORDER BY type = 'index', rowid",
        )?;
        let mut rows = objects.query([])?;
        while let Some(row) = rows.next()? {
            let (kind, name, sql): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let is_virtual = sql.get(..14).is_some_and(|start| start.eq_ignore_ascii_case("CREATE VIRTUAL"));
            if kind == "table" && !is_virtual {
                let mut columns = connection.prepare("SELECT name, type FROM pragma_table_xinfo(?1)")?;
                let columns = columns.query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)))?;
                schema.tables.push((name, columns.collect::<rusqlite::Result<_>>()?));
            }
            match &*kind {
                "view" => schema.views.push(sql),
                _ if !is_virtual => schema.sql.push(sql),
                _ => {}
            }
        }
        Ok(schema)
    }

    /// An empty database with these functions.
    fn scratch(functions: &Connection) -> rusqlite::Result<Connection> {
        let scratch = untracked(Connection::open_in_memory)?;
        declare_functions(functions, &scratch)?;
        Ok(scratch)
    }
}

/// The index that would serve a statement; `None` if none would, or that cannot be said.
pub(super) fn missing_index(connection: &Connection, sql: &str) -> Option<MissingIndex> {
    find(connection, sql).ok().flatten()
}

fn find(connection: &Connection, sql: &str) -> rusqlite::Result<Option<MissingIndex>> {
    let schema = Schema::read(connection)?;
    let virtual_tables: Vec<(String, Vec<String>)> = schema
        .tables
        .iter()
        .map(|(table, columns)| {
            (table.clone(), columns.iter().map(|(name, kind)| format!("{} {kind}", quoted(name))).collect())
        })
        .collect();
    let found = compared_columns(&Schema::scratch(connection)?, &virtual_tables, &schema.views, sql)?;
    let empty = Schema::scratch(connection)?;
    for sql in schema.sql.iter().chain(&schema.views) {
        // An index or a view may need what is not here.
        let _ = empty.execute_batch(sql);
    }
    let before = full_scans(&empty, sql)?;
    for (table, columns) in &schema.tables {
        let of_table = || found.iter().filter(|compared| compared.table == *table);
        let equal = of_table().filter(|compared| compared.is_equality);
        let range = of_table().filter(|compared| !compared.is_equality);
        let mut numbers: Vec<usize> = equal.map(|compared| compared.column).collect();
        numbers.extend(range.map(|compared| compared.column).find(|column| !numbers.contains(column)));
        let names: Vec<String> =
            numbers.iter().filter_map(|column| columns.get(*column)).map(|(name, _)| name.clone()).collect();
        if names.is_empty() {
            continue;
        }
        let list: Vec<_> = names.iter().map(|name| quoted(name)).collect();
        let index = format!("CREATE INDEX fixtures_missing_index ON {} ({})", quoted(table), list.join(", "));
        if empty.execute_batch(&index).is_err() {
            continue;
        }
        if full_scans(&empty, sql)? < before {
            return Ok(Some(MissingIndex { table: table.clone(), columns: names }));
        }
        empty.execute_batch("DROP INDEX fixtures_missing_index")?;
    }
    Ok(None)
}

/// How many tables a statement walks through in full, by its [query plan](https://sqlite.org/eqp.html).
pub(crate) fn full_scans(connection: &Connection, sql: &str) -> rusqlite::Result<usize> {
    let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    let mut rows = plan.raw_query();
    let mut scans = 0;
    while let Some(row) = rows.next()? {
        let step: String = row.get(3)?;
        let is_table = !step.starts_with("SCAN (") && !step.contains("CONSTANT ROW") && !step.contains("VIRTUAL TABLE");
        scans += usize::from(step.starts_with("SCAN ") && is_table);
    }
    Ok(scans)
}
