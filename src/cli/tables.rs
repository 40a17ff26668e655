//! How many rows the tables of a database have.

use crate::sqlite::quote::quoted;
use rusqlite::Connection;

/// Each table with its rows, in the order of their names.
pub(super) fn count(connection: &Connection) -> rusqlite::Result<Vec<(String, i64)>> {
    // Not those that a virtual table keeps for itself.
    let names: Vec<String> = connection
        .prepare(
            "SELECT name FROM pragma_table_list
             WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT GLOB 'sqlite_*' ORDER BY name",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let rows = |name: String| {
        let rows = connection.query_row(&format!("SELECT count(*) FROM {}", quoted(&name)), [], |row| row.get(0))?;
        Ok((name, rows))
    };
    names.into_iter().map(rows).collect()
}
