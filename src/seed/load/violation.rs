//! The foreign keys that are broken, as SQLite finds them.

use super::sandbox::Confinement;
use crate::{
    seed::{
        error::{SeedError, kind::Fault},
        schema::database,
    },
    sqlite::quote::quoted,
};
use rusqlite::Connection;
use std::collections::HashMap;

/// One line of [`PRAGMA foreign_key_check`](https://sqlite.org/pragma.html#pragma_foreign_key_check).
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Violation {
    pub table: String,
    /// NULL for tables without rowid.
    pub row: Option<i64>,
    pub parent: String,
    /// Which of the foreign keys of the table.
    pub key: i64,
}

/// The foreign keys that are broken now.
///
/// One that points at a column that is not unique fails the check of its whole table; the others are still checked, and
/// SQLite tells of this one at the first statement that changes its rows.
pub(crate) fn violations(connection: &Connection, confinement: &Confinement<'_>) -> Result<Vec<Violation>, SeedError> {
    confinement.begin_own().map_err(SeedError::new)?;
    if let Ok(found) = violations_of(connection, "") {
        return Ok(found);
    }
    let tables = connection
        .prepare("SELECT name FROM main.sqlite_master WHERE type = 'table'")
        .and_then(|mut names| names.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>())
        .map_err(database)?;
    let mut found = Vec::new();
    for table in tables {
        confinement.begin_own().map_err(SeedError::new)?;
        match violations_of(connection, &format!("({})", quoted(&table))) {
            Err(error) if error.to_string().contains("foreign key mismatch") => {}
            Err(error) => {
                let fault = confinement.ended(&error).unwrap_or(Fault::Database(error));
                return Err(SeedError::new(fault).table_is(table));
            }
            Ok(of_table) => found.extend(of_table),
        }
    }
    Ok(found)
}

fn violations_of(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Violation>> {
    connection
        .prepare(&format!("PRAGMA main.foreign_key_check{table}"))?
        .query_map([], |row| {
            Ok(Violation { table: row.get(0)?, row: row.get(1)?, parent: row.get(2)?, key: row.get(3)? })
        })?
        .collect()
}

/// Those that were not broken `before`.
pub(crate) fn since(
    connection: &Connection,
    confinement: &Confinement<'_>,
    before: &[Violation],
) -> Result<Vec<Violation>, SeedError> {
    // Rows without rowid are told apart by their number only.
    let mut old: HashMap<&Violation, usize> = HashMap::new();
    for violation in before {
        *old.entry(violation).or_default() += 1;
    }
    let mut violations = violations(connection, confinement)?;
    violations.retain(|violation| match old.get_mut(violation) {
        Some(left @ 1..) => {
            *left -= 1;
            false
        }
        _ => true,
    });
    Ok(violations)
}
