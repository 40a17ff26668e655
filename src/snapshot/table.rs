//! The objects of a schema, and the rows of a table in an order that does not depend on when they were inserted.

use crate::position::sort_by;
use crate::sqlite::quote::{literal, quoted};
use crate::sqlite::shadow_tables;
use rusqlite::{Connection, types::ValueRef};

/// A table, index, view or trigger.
pub(super) struct Object {
    pub kind: String,
    pub name: String,
    pub sql: String,
}

/// The schema: tables first, by name; without what SQLite or a virtual table keeps for itself.
pub(super) fn schema(connection: &Connection) -> rusqlite::Result<Vec<Object>> {
    let shadows = shadow_tables(connection)?;
    let mut statement = connection.prepare(
        "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*'
         ORDER BY type <> 'table', type, name",
    )?;
    let mut rows = statement.query([])?;
    let mut objects = Vec::new();
    while let Some(row) = rows.next()? {
        let object = Object { kind: row.get(0)?, name: row.get(1)?, sql: row.get(2)? };
        if !shadows.contains(&object.name.to_ascii_lowercase()) {
            objects.push(object);
        }
    }
    Ok(objects)
}

/// A table or a virtual table.
pub(super) struct Table {
    pub name: String,
    pub columns: Vec<String>,
    /// Selects the columns of the key, all columns, and the rowid if there is one.
    select: String,
    key_length: usize,
    has_rowid: bool,
}

/// The tables of a database, by name; without those that SQLite or a virtual table keeps for itself.
pub(super) fn tables(connection: &Connection) -> rusqlite::Result<Vec<Table>> {
    let shadows = shadow_tables(connection)?;
    let mut statement = connection.prepare(
        "SELECT made.name, list.wr
         FROM sqlite_schema made JOIN pragma_table_list list ON list.schema = 'main' AND list.name = made.name
         WHERE made.type = 'table' AND made.name NOT GLOB 'sqlite_*' ORDER BY made.name",
    )?;
    let mut rows = statement.query([])?;
    let mut tables = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, without_rowid): (String, bool) = (row.get(0)?, row.get(1)?);
        if !shadows.contains(&name.to_ascii_lowercase()) {
            tables.push(Table::new(connection, name, without_rowid)?);
        }
    }
    Ok(tables)
}

impl Table {
    fn new(connection: &Connection, name: String, without_rowid: bool) -> rusqlite::Result<Self> {
        let mut statement =
            connection.prepare("SELECT name, pk FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1 ORDER BY cid")?;
        let mut rows = statement.query([&name])?;
        let (mut columns, mut key) = (Vec::new(), Vec::new());
        while let Some(row) = rows.next()? {
            let (column, place): (String, i64) = (row.get(0)?, row.get(1)?);
            if place > 0 {
                key.push((place, quoted(&column)));
            }
            columns.push(column);
        }
        sort_by(&mut key, Ord::cmp);
        let rowid = ["rowid", "_rowid_", "oid"]
            .into_iter()
            .find(|name| !without_rowid && !columns.iter().any(|column| column.eq_ignore_ascii_case(name)));
        let key_length = key.len();
        let mut selected: Vec<String> = key.into_iter().map(|(_, column)| column).collect();
        selected.extend(columns.iter().map(|column| quoted(column)));
        // A collation may treat different values as equal. Rows without a key, or with NULL in it, are ordered by their values.
        let order: Vec<String> = selected.iter().map(|column| format!("{column} COLLATE BINARY")).collect();
        selected.extend(rowid.map(str::to_owned));
        let select =
            format!("SELECT {} FROM main.{} ORDER BY {}", selected.join(", "), quoted(&name), order.join(", "));
        Ok(Self { name, columns, select, key_length, has_rowid: rowid.is_some() })
    }

    /// Calls `each` with the key and the values of every row. The key is the primary key, followed by the rowid where the
    /// primary key is missing or has a NULL, so that it does not identify the row.
    pub(super) fn read(
        &self,
        connection: &Connection,
        each: &mut dyn FnMut(&[ValueRef<'_>], &[ValueRef<'_>]),
    ) -> rusqlite::Result<()> {
        let mut statement = connection.prepare(&self.select)?;
        let mut rows = statement.query([])?;
        let rowid = self.key_length + self.columns.len();
        while let Some(row) = rows.next()? {
            let all = (0..rowid).map(|column| row.get_ref(column)).collect::<rusqlite::Result<Vec<_>>>()?;
            let (key, values) = all.split_at(self.key_length);
            let mut key = key.to_vec();
            if self.has_rowid && (key.is_empty() || key.contains(&ValueRef::Null)) {
                key.push(row.get_ref(rowid)?);
            }
            each(&key, values);
        }
        Ok(())
    }
}

/// A value as an SQL literal; of a long blob the first bytes, its length and its checksum.
pub(super) fn show<'v>(value: impl Into<ValueRef<'v>>) -> String {
    const LONGEST: usize = 32;
    match value.into() {
        ValueRef::Blob(bytes) if bytes.len() > LONGEST => {
            let start = literal(ValueRef::Blob(&bytes[..8]));
            let start = start.trim_end_matches('\'');
            format!("{start}…' ({} bytes, CRC-32 {:08x})", bytes.len(), crc32fast::hash(bytes))
        }
        value => literal(value),
    }
}
