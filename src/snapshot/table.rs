//! One table: its columns, and its rows in an order that does not depend on how they came in.

use crate::sqlite::quote::{literal, quoted};
use rusqlite::{Connection, types::ValueRef};

/// A table or a virtual table, with its rows as literals of SQL.
pub(super) struct Table {
    pub name: String,
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
}

pub(super) struct Row {
    /// What tells it from the others: its primary key, or else its rowid.
    pub key: Vec<String>,
    pub values: Vec<String>,
}

/// More bytes than this are not shown one by one.
const MOST: usize = 32;

/// The tables of a database, in the order of their names, but for those that SQLite or a virtual table keeps for itself.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Table>> {
    let names: Vec<(String, bool)> = connection
        .prepare(
            "SELECT name, wr FROM pragma_table_list
             WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT GLOB 'sqlite_*' ORDER BY name",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    names.into_iter().map(|(name, without_rowid)| read(connection, name, without_rowid)).collect()
}

fn read(connection: &Connection, name: String, without_rowid: bool) -> rusqlite::Result<Table> {
    let columns: Vec<(String, i64)> = connection
        .prepare("SELECT name, pk FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1 ORDER BY cid")?
        .query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut key: Vec<(i64, String)> =
        columns.iter().filter(|(_, pk)| *pk > 0).map(|(column, pk)| (*pk, quoted(column))).collect();
    key.sort();
    let key: Vec<String> = key.into_iter().map(|(_, column)| column).collect();
    let values: Vec<String> = columns.iter().map(|(column, _)| quoted(column)).collect();
    let is_column = |name: &str| columns.iter().any(|(column, _)| column.eq_ignore_ascii_case(name));
    let rowid = ["rowid", "_rowid_", "oid"].into_iter().find(|name| !without_rowid && !is_column(name));
    // Not in the order of a collation, which may take different values for the same. Without a key, or where keys that are
    // NULL are the same, rows come in the order of what is in them.
    let order: Vec<_> = key.iter().chain(&values).map(|column| format!("{column} COLLATE BINARY")).collect();
    let read: Vec<_> = key.iter().chain(&values).map(String::as_str).chain(rowid).collect();
    let sql = format!("SELECT {} FROM main.{} ORDER BY {}", read.join(", "), quoted(&name), order.join(", "));
    let rows = connection
        .prepare(&sql)?
        .query_map([], |row| {
            let mut all: Vec<String> = (0..key.len() + values.len())
                .map(|column| Ok(show(row.get_ref(column)?)))
                .collect::<rusqlite::Result<_>>()?;
            let values = all.split_off(key.len());
            // A key that is NULL, or none, tells no row apart.
            if rowid.is_some() && (all.is_empty() || all.iter().any(|part| part == "NULL")) {
                all.push(show(row.get_ref(key.len() + values.len())?));
            }
            Ok(Row { key: all, values })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Table { name, columns: columns.into_iter().map(|(column, _)| column).collect(), rows })
}

/// A value as SQL writes it; of many bytes the beginning, how many they are, and their checksum.
fn show(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Blob(bytes) if bytes.len() > MOST => {
            let beginning = literal(ValueRef::Blob(&bytes[..8]));
            let beginning = beginning.trim_end_matches('\'');
            format!("{beginning}…' ({} bytes, CRC-32 {:08x})", bytes.len(), crc32fast::hash(bytes))
        }
        value => literal(value),
    }
}
