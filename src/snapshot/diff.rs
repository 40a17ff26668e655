//! What differs between two databases.

use super::table::{Object, schema, show, tables};
use crate::position::sort_by;
use crate::sqlite::{owned, quote::literal};
use rusqlite::{Connection, types::Value};
use std::{collections::HashMap, fmt};

/// What a test has changed in a database: the schema, and rows table by table.
///
/// Its `Display` has a line per change: `+` for an added row, `-` for a removed one, `~` for a changed one. It implements
/// serde's `Serialize`: `{"schema": [...], "tables": {"users": [{"key": [1], "changed": {"name": {"before": "Alice",
/// "after": "Alicia"}}}]}}`.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Diff {
    /// Changes of the schema, by kind and name.
    pub schema: Vec<SchemaChange>,
    /// The tables with changed rows, by name.
    pub tables: Vec<TableDiff>,
}

/// A table with changed rows.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TableDiff {
    /// Its name.
    pub name: String,
    /// Its changed rows: removed and changed ones in the order of their keys, then added ones.
    pub rows: Vec<RowDiff>,
}

/// A table, index, view or trigger that was added, removed or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemaChange {
    /// `table`, `index`, `view` or `trigger`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its SQL before; `None` if it was added.
    pub before: Option<String>,
    /// Its SQL after; `None` if it was removed.
    pub after: Option<String>,
}

/// A row that was added, removed or changed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RowDiff {
    /// Its primary key; the rowid in a table without one. A key with a NULL in it is followed by the rowid.
    pub key: Vec<Value>,
    /// What happened to it.
    pub change: RowChange,
}

/// What happened to a row. A text that is not UTF-8 is shown as a blob.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum RowChange {
    /// The row was added, with these columns and values.
    Added(Vec<(String, Value)>),
    /// The row was removed; it had these columns and values.
    Removed(Vec<(String, Value)>),
    /// These columns of the row differ.
    Changed(Vec<ColumnChange>),
}

/// A column whose value changed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ColumnChange {
    /// Its name.
    pub column: String,
    /// The value before; `None` if there was no such column.
    pub before: Option<Value>,
    /// The value after; `None` if there is no such column any more.
    pub after: Option<Value>,
}

impl Diff {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.schema.is_empty() && self.tables.is_empty()
    }
}

/// What changed from `before` to `after`.
pub(crate) fn between(before: &Connection, after: &Connection) -> rusqlite::Result<Diff> {
    let mut changes: Vec<SchemaChange> = Vec::new();
    for Object { kind, name, sql } in schema(before)? {
        changes.push(SchemaChange { kind, name, before: Some(sql), after: None });
    }
    for Object { kind, name, sql } in schema(after)? {
        match changes.iter_mut().find(|change| (&change.kind, &change.name) == (&kind, &name)) {
            Some(change) => change.after = Some(sql),
            None => changes.push(SchemaChange { kind, name, before: None, after: Some(sql) }),
        }
    }
    changes.retain(|change| change.before != change.after);
    sort_by(&mut changes, |one, two| (&one.kind, &one.name).cmp(&(&two.kind, &two.name)));

    let (old, mut new) = (read(before)?, read(after)?);
    let mut tables: Vec<TableDiff> = Vec::new();
    for (name, before) in old {
        let at = new.iter().position(|(other, _)| *other == name);
        let after = at.map(|at| new.swap_remove(at).1).unwrap_or_default();
        tables.push(TableDiff { name, rows: changed_rows(&before, &after) });
    }
    for (name, after) in new {
        tables.push(TableDiff { name, rows: changed_rows(&Content::default(), &after) });
    }
    tables.retain(|table| !table.rows.is_empty());
    sort_by(&mut tables, |one, two| one.name.cmp(&two.name));
    Ok(Diff { schema: changes, tables })
}

/// The columns and rows of a table.
#[derive(Default)]
struct Content {
    columns: Vec<String>,
    rows: Vec<Row>,
}

struct Row {
    key: Vec<Value>,
    values: Vec<Value>,
}

fn read(connection: &Connection) -> rusqlite::Result<Vec<(String, Content)>> {
    let mut contents = Vec::new();
    for table in tables(connection)? {
        let mut rows = Vec::new();
        table.read(connection, &mut |key, values| {
            rows.push(Row {
                key: key.iter().map(|value| owned(*value)).collect(),
                values: values.iter().map(|value| owned(*value)).collect(),
            });
        })?;
        contents.push((table.name, Content { columns: table.columns, rows }));
    }
    Ok(contents)
}

impl Content {
    fn by_key(&self) -> HashMap<String, &Row> {
        self.rows.iter().map(|row| (row.identity(), row)).collect()
    }

    fn columns(&self, row: &Row) -> Vec<(String, Value)> {
        self.columns.iter().cloned().zip(row.values.iter().cloned()).collect()
    }
}

impl Row {
    /// The key as text, since a real number cannot be hashed.
    fn identity(&self) -> String {
        self.key.iter().map(literal).collect::<Vec<_>>().join(", ")
    }
}

fn changed_rows(before: &Content, after: &Content) -> Vec<RowDiff> {
    let (old, new) = (before.by_key(), after.by_key());
    let mut changes = Vec::new();
    let mut push = |row: &Row, change| changes.push(RowDiff { key: row.key.clone(), change });
    for row in &before.rows {
        match new.get(&row.identity()) {
            None => push(row, RowChange::Removed(before.columns(row))),
            Some(now) => {
                let columns = changed_columns(before.columns(row), after.columns(now));
                if !columns.is_empty() {
                    push(row, RowChange::Changed(columns));
                }
            }
        }
    }
    for row in after.rows.iter().filter(|row| !old.contains_key(&row.identity())) {
        push(row, RowChange::Added(after.columns(row)));
    }
    changes
}

fn changed_columns(before: Vec<(String, Value)>, mut after: Vec<(String, Value)>) -> Vec<ColumnChange> {
    let mut changes = Vec::new();
    for (column, value) in before {
        let now = after.iter().position(|(other, _)| *other == column).map(|at| after.remove(at).1);
        changes.push(ColumnChange { column, before: Some(value), after: now });
    }
    changes.extend(after.into_iter().map(|(column, value)| ColumnChange { column, before: None, after: Some(value) }));
    changes.retain(|change| change.before != change.after);
    changes
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        for change in &self.schema {
            let sign = match change {
                SchemaChange { before: None, .. } => '+',
                SchemaChange { after: None, .. } => '-',
                _ => '~',
            };
            lines.push(format!("{sign} {} {}", change.kind, change.name));
        }
        for TableDiff { name, rows } in &self.tables {
            lines.push(name.clone());
            lines.extend(rows.iter().map(|row| format!("  {row}")));
        }
        f.write_str(if lines.is_empty() { "no change" } else { "" })?;
        f.write_str(&lines.join("\n"))
    }
}

impl fmt::Display for RowDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = |columns: &[(String, Value)]| -> Vec<String> {
            columns.iter().map(|(column, value)| format!("{column} = {}", show(value))).collect()
        };
        let (sign, columns) = match &self.change {
            RowChange::Added(row) => ('+', columns(row)),
            RowChange::Removed(row) => ('-', columns(row)),
            RowChange::Changed(changes) => ('~', changes.iter().map(ToString::to_string).collect()),
        };
        let key: Vec<String> = self.key.iter().map(show).collect();
        write!(f, "{sign} {}: {}", key.join(", "), columns.join(", "))
    }
}

impl fmt::Display for ColumnChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |value: &Option<Value>| value.as_ref().map_or_else(|| "(no column)".to_owned(), show);
        write!(f, "{} = {} -> {}", self.column, value(&self.before), value(&self.after))
    }
}
