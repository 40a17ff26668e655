//! Rows of a database as values of the code: the other way round of what seeds make of serde's values.
//!
//! [`row`] is a row as serde reads it, [`cell`] one value of it, [`error`] what it cannot be.

mod cell;
mod error;
mod row;

pub use error::RowError;

use crate::{
    labels::LabelError,
    position::{Position, nearest},
    sqlite::quote::quoted,
};
use error::Fault;
use rusqlite::{Connection, Params};
use serde_core::de::DeserializeOwned;

/// The rows that a query gives.
pub(crate) fn select<T: DeserializeOwned>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
) -> Result<Vec<T>, Fault> {
    let mut statement = connection.prepare(sql).map_err(Fault::Sql)?;
    let columns = (0..statement.column_count()).map(|number| statement.column_name(number).map(str::to_owned));
    let columns = columns.collect::<rusqlite::Result<Vec<String>>>().map_err(Fault::Sql)?;
    let mut found = statement.query(parameters).map_err(Fault::Sql)?;
    let mut made = Vec::new();
    while let Some(row) = found.next().map_err(Fault::Sql)? {
        let number = made.len() + 1;
        let value = T::deserialize(row::Row::new(row, &columns));
        made.push(value.map_err(|refused| Fault::Value { row: number, refused })?);
    }
    Ok(made)
}

/// The rows of a table, in the order of their primary key.
pub(crate) fn rows<T: DeserializeOwned>(connection: &Connection, table: &str) -> Result<Vec<T>, Fault> {
    let key = key(connection, table)?;
    let order = if key.is_empty() { String::new() } else { format!(" ORDER BY {}", key.join(", ")) };
    select(connection, &format!("SELECT * FROM main.{}{order}", quoted(table)), [])
}

/// The row of a table that has a key, which is that of a label.
pub(crate) fn row<T: DeserializeOwned>(
    connection: &Connection,
    table: &str,
    key_of_label: Result<rusqlite::types::Value, LabelError>,
) -> Result<T, Fault> {
    let value = key_of_label.map_err(Fault::Label)?;
    let key = key(connection, table)?.join(", ");
    let found = select(connection, &format!("SELECT * FROM main.{} WHERE {key} = ?1", quoted(table)), [value])?;
    found.into_iter().next().ok_or(Fault::Gone)
}

/// The columns of a table's primary key.
fn key(connection: &Connection, table: &str) -> Result<Vec<String>, Fault> {
    let list = |sql: &str| -> rusqlite::Result<Vec<(String, i64)>> {
        let mut statement = connection.prepare(sql)?;
        let parameters = &[table][..statement.parameter_count()];
        statement.query_map(rusqlite::params_from_iter(parameters), |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    };
    let mut columns = list("SELECT name, pk FROM pragma_table_info(?1, 'main')").map_err(Fault::Sql)?;
    if columns.is_empty() {
        let tables = "SELECT name, 0 FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*'";
        let tables = list(tables).map_err(Fault::Sql)?;
        return Err(Fault::NoTable { nearest: nearest(table, &mut tables.iter().map(|(name, _)| name.as_str())) });
    }
    columns.retain(|(_, place)| *place > 0);
    columns.sort_by_key(|(_, place)| *place);
    Ok(columns.into_iter().map(|(name, _)| quoted(&name)).collect())
}

/// An error that stands where the caller asked for rows.
pub(crate) fn at(position: Position, subject: impl Into<String>) -> impl FnOnce(Fault) -> RowError {
    let subject = subject.into();
    move |fault| RowError::new(position, subject, fault)
}
