//! What differs between two databases.

use super::table::{self, Row, Table};
use rusqlite::Connection;
use std::{collections::HashMap, fmt};

/// What a test has changed, table by table and row by row, in the order of names and keys.
///
/// Its `Display` is a line a row: `+` for one that came, `-` for one that went, `~` for one that changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff(Vec<Change>);

/// One row, table, index, view or trigger that came, went or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Part of the schema: its kind and name, as `table users`, with the SQL of before and of after.
    Schema {
        /// Its kind and name.
        what: String,
        /// Its SQL before; `None` for one that came.
        before: Option<String>,
        /// Its SQL after; `None` for one that went.
        after: Option<String>,
    },
    /// A row, told by its primary key, or by its rowid where there is none; parts of a key are parted by commas.
    Row {
        /// Its table.
        table: String,
        /// Its key.
        key: String,
        /// What became of it.
        became: Became,
    },
}

/// What became of a row, with columns and their values as literals of SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Became {
    /// It came.
    Added(Vec<(String, String)>),
    /// It went.
    Removed(Vec<(String, String)>),
    /// It changed: of the columns that differ, the values before and after; `None` where there was no such column.
    Changed(Vec<(String, Option<String>, Option<String>)>),
}

impl Diff {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each change: of the schema first, then of rows.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.0
    }
}

/// What `after` has that `before` has not, and the other way round.
pub(crate) fn between(before: &Connection, after: &Connection) -> rusqlite::Result<Diff> {
    let mut changes = Vec::new();
    let (old, new) = (schema(before)?, schema(after)?);
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let (before, after) = (old.get(name).cloned(), new.get(name).cloned());
        if before != after {
            changes.push(Change::Schema { what: name.clone(), before, after });
        }
    }
    let (old, new) = (table::all(before)?, table::all(after)?);
    let mut names: Vec<&String> = old.iter().chain(&new).map(|table| &table.name).collect();
    names.sort();
    names.dedup();
    for name in names {
        let of = |tables: &'_ [Table]| tables.iter().position(|table| table.name == *name);
        let (old, new) = (of(&old).map(|at| &old[at]), of(&new).map(|at| &new[at]));
        rows(name, old, new, &mut changes);
    }
    Ok(Diff(changes))
}

fn schema(connection: &Connection) -> rusqlite::Result<HashMap<String, String>> {
    connection
        .prepare(
            "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*'
             AND name NOT IN (SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow')",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn rows_of(table: Option<&Table>) -> &[Row] {
    table.map_or(&[], |table| table.rows.as_slice())
}

fn by_key(rows: &[Row]) -> HashMap<&[String], &Row> {
    rows.iter().map(|row| (row.key.as_slice(), row)).collect()
}

fn rows(name: &str, old: Option<&Table>, new: Option<&Table>, changes: &mut Vec<Change>) {
    let (old_keys, new_keys) = (by_key(rows_of(old)), by_key(rows_of(new)));
    let columns = |table: Option<&Table>, row: &Row| {
        let names = table.map_or(&[][..], |table| table.columns.as_slice());
        names.iter().cloned().zip(row.values.iter().cloned()).collect::<Vec<(String, String)>>()
    };
    let change = |row: &Row, became| Change::Row { table: name.to_owned(), key: row.key.join(", "), became };
    for row in rows_of(old) {
        let before = columns(old, row);
        match new_keys.get(row.key.as_slice()) {
            None => changes.push(change(row, Became::Removed(before))),
            Some(now) => {
                let differing = differing(before, columns(new, now));
                if !differing.is_empty() {
                    changes.push(change(row, Became::Changed(differing)));
                }
            }
        }
    }
    for row in rows_of(new).iter().filter(|row| !old_keys.contains_key(row.key.as_slice())) {
        changes.push(change(row, Became::Added(columns(new, row))));
    }
}

/// The columns whose values differ, also those that only one side has.
fn differing(
    before: Vec<(String, String)>,
    after: Vec<(String, String)>,
) -> Vec<(String, Option<String>, Option<String>)> {
    let mut after: Vec<(String, Option<String>)> = after.into_iter().map(|(name, value)| (name, Some(value))).collect();
    let mut all = Vec::new();
    for (name, value) in before {
        let now = after.iter_mut().find(|(other, _)| *other == name).and_then(|(_, now)| now.take());
        all.push((name, Some(value), now));
    }
    all.extend(after.into_iter().filter_map(|(name, now)| Some((name, None, Some(now?)))));
    all.retain(|(_, before, after)| before != after);
    all
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("no change");
        }
        let mut last = None;
        for (number, change) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            if let Change::Row { table, .. } = change
                && last != Some(table)
            {
                last = Some(table);
                writeln!(f, "{table}")?;
            }
            change.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = |fields: &[(String, String)]| {
            fields.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::Schema { what, before: None, .. } => write!(f, "+ {what}"),
            Self::Schema { what, after: None, .. } => write!(f, "- {what}"),
            Self::Schema { what, .. } => write!(f, "~ {what}"),
            Self::Row { key, became: Became::Added(row), .. } => write!(f, "  + {key}: {}", fields(row)),
            Self::Row { key, became: Became::Removed(row), .. } => write!(f, "  - {key}: {}", fields(row)),
            Self::Row { key, became: Became::Changed(columns), .. } => {
                let column = |(name, before, after): &(String, Option<String>, Option<String>)| {
                    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "(no column)".to_owned());
                    format!("{name} = {} -> {}", value(before), value(after))
                };
                let columns: Vec<String> = columns.iter().map(column).collect();
                write!(f, "  ~ {key}: {}", columns.join(", "))
            }
        }
    }
}
