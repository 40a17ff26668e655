//! Rows of a database as values of the user's types, the reverse of inserting such values.

// `row` and `cell` are serde deserializers for a row and for one value of it.

mod cell;
mod error;
mod row;

pub use error::RowError;
pub(crate) use error::RowErrorKind;

use crate::{position::nearest, sqlite::quote::quoted};
use rusqlite::{Connection, Params, types::Value};
use serde::de::DeserializeOwned;

/// The rows of a query.
pub(crate) fn select<T: DeserializeOwned>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
) -> Result<Vec<T>, RowErrorKind> {
    let mut statement = connection.prepare(sql).map_err(RowErrorKind::Sql)?;
    let columns = (0..statement.column_count()).map(|number| statement.column_name(number).map(str::to_owned));
    let columns = columns.collect::<rusqlite::Result<Vec<String>>>().map_err(RowErrorKind::Sql)?;
    let mut rows = statement.query(parameters).map_err(RowErrorKind::Sql)?;
    let mut values = Vec::new();
    while let Some(row) = rows.next().map_err(RowErrorKind::Sql)? {
        let number = values.len() + 1;
        let value = T::deserialize(row::Row::new(row, &columns));
        values.push(value.map_err(|error| RowErrorKind::Deserialize { row: number, error })?);
    }
    Ok(values)
}

/// The rows of a table, in the order of their primary key.
pub(crate) fn rows<T: DeserializeOwned>(connection: &Connection, table: &str) -> Result<Vec<T>, RowErrorKind> {
    let key = key(connection, table)?;
    let order = if key.is_empty() { String::new() } else { format!(" ORDER BY {}", key.join(", ")) };
    select(connection, &format!("SELECT * FROM main.{}{order}", quoted(table)), [])
}

/// The row of a table that has a single-column key with this value.
pub(crate) fn row<T: DeserializeOwned>(connection: &Connection, table: &str, value: Value) -> Result<T, RowErrorKind> {
    let key = key(connection, table)?.join(", ");
    let found = select(connection, &format!("SELECT * FROM main.{} WHERE {key} = ?1", quoted(table)), [value])?;
    found.into_iter().next().ok_or(RowErrorKind::NoRow)
}

/// The columns of a table's primary key, quoted.
fn key(connection: &Connection, table: &str) -> Result<Vec<String>, RowErrorKind> {
    let columns: Vec<String> = select(connection, "SELECT name FROM pragma_table_info(?1, 'main')", [table])?;
    if columns.is_empty() {
        let tables = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*'";
        let tables: Vec<String> = select(connection, tables, [])?;
        return Err(RowErrorKind::NoTable { nearest: nearest(table, &mut tables.iter().map(String::as_str)) });
    }
    let key = "SELECT name FROM pragma_table_info(?1, 'main') WHERE pk > 0 ORDER BY pk";
    let key: Vec<String> = select(connection, key, [table])?;
    Ok(key.iter().map(|name| quoted(name)).collect())
}
