//! A database as text.

use super::table;
use rusqlite::Connection;
use std::fmt::Write;

/// Schema and rows: the same for databases that hold the same, however they came to it.
pub(crate) fn of(connection: &Connection) -> rusqlite::Result<String> {
    let tables = table::all(connection)?;
    let objects: Vec<(String, String, String)> = connection
        .prepare(
            "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*'
             AND name NOT IN (SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow')
             ORDER BY CASE type WHEN 'table' THEN 1 ELSE 2 END, type, name",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut text = String::new();
    for (kind, name, sql) in objects {
        // Writing into memory cannot fail.
        let _ = writeln!(text, "{};", sql.trim_end());
        let table = tables.iter().find(|table| kind == "table" && table.name == name);
        if let Some(table) = table {
            let _ = writeln!(text, "-- {}", table.columns.join(" | "));
            for row in &table.rows {
                let _ = writeln!(text, "{}", row.values.join(" | "));
            }
        }
        text.push('\n');
    }
    Ok(text.trim_end().to_owned() + "\n")
}
