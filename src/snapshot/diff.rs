//! What differs between two databases.

use super::table::{schema, show, tables};
use crate::sqlite::quote::literal;
use rusqlite::{
    Connection,
    types::{Value, ValueRef},
};
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

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
    /// The changed rows of each table: removed and changed ones in the order of their keys, then added ones.
    pub tables: BTreeMap<String, Vec<RowDiff>>,
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
    let mut objects: BTreeMap<_, (Option<String>, Option<String>)> = BTreeMap::new();
    for object in schema(before)? {
        objects.entry((object.kind, object.name)).or_default().0 = Some(object.sql);
    }
    for object in schema(after)? {
        objects.entry((object.kind, object.name)).or_default().1 = Some(object.sql);
    }
    objects.retain(|_, (before, after)| before != after);
    let schema_change = |((kind, name), (before, after))| SchemaChange { kind, name, before, after };
    let schema = objects.into_iter().map(schema_change).collect();

    let mut contents: BTreeMap<String, (Content, Content)> = BTreeMap::new();
    for (name, content) in read(before)? {
        contents.entry(name).or_default().0 = content;
    }
    for (name, content) in read(after)? {
        contents.entry(name).or_default().1 = content;
    }
    let mut tables = BTreeMap::new();
    for (name, (before, after)) in contents {
        let rows = changed_rows(&before, &after);
        if !rows.is_empty() {
            tables.insert(name, rows);
        }
    }
    Ok(Diff { schema, tables })
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
            rows.push(Row { key: key.iter().map(owned).collect(), values: values.iter().map(owned).collect() });
        })?;
        contents.push((table.name, Content { columns: table.columns, rows }));
    }
    Ok(contents)
}

fn owned(value: &ValueRef<'_>) -> Value {
    match *value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Real(real) => Value::Real(real),
        ValueRef::Blob(blob) => Value::Blob(blob.to_vec()),
        ValueRef::Text(text) => match str::from_utf8(text) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Blob(text.to_vec()),
        },
    }
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
        for (table, rows) in &self.tables {
            lines.push(table.clone());
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
