//! A database as text.

use super::table::{schema, show, tables};
use rusqlite::Connection;

/// Schema and rows. Databases with the same content have the same text, in whatever order it was written.
pub(crate) fn of(connection: &Connection) -> rusqlite::Result<String> {
    let tables = tables(connection)?;
    let mut text = String::new();
    for object in schema(connection)? {
        text += object.sql.trim_end();
        text += ";\n";
        if let Some(table) = tables.iter().find(|table| object.kind == "table" && table.name == object.name) {
            text += &format!("-- {}\n", table.columns.join(" | "));
            table.read(connection, &mut |_, values| {
                let values: Vec<String> = values.iter().map(|value| show(*value)).collect();
                text += &values.join(" | ");
                text += "\n";
            })?;
        }
        text += "\n";
    }
    Ok(text.trim_end().to_owned() + "\n")
}
