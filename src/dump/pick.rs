//! Which rows are dumped: all, or some of them with every row that they point at.

use super::{
    Table, list,
    value::{Held, Reals},
};
use crate::sqlite::quote::quoted;
use rusqlite::Connection;

/// The rows that are picked, in temporary tables of the connection; all, if there are none.
pub(super) struct Pick {
    picked: bool,
}

impl Pick {
    /// Picks at most `rows` of each of the tables `only`, or of all, and all that these rows point at.
    pub(super) fn new(
        connection: &Connection,
        tables: &[Table],
        only: &[String],
        rows: Option<u64>,
    ) -> rusqlite::Result<Self> {
        if only.is_empty() && rows.is_none() {
            return Ok(Self { picked: false });
        }
        for table in tables {
            let columns: Vec<String> = (0..table.key.len()).map(|number| format!("k{number}")).collect();
            let columns = columns.join(", ");
            connection
                .execute_batch(&format!("CREATE TEMP TABLE {} ({columns}, UNIQUE ({columns}))", picked(table)))?;
            if only.is_empty() || only.iter().any(|name| name.eq_ignore_ascii_case(&table.name)) {
                let limit = rows.map_or_else(String::new, |rows| format!(" LIMIT {rows}"));
                let (keys, name) = (table.key.join(", "), quoted(&table.name));
                connection.execute_batch(&format!(
                    "INSERT INTO {} SELECT {keys} FROM main.{name} ORDER BY {keys}{limit}",
                    picked(table)
                ))?;
            }
        }
        while parents(connection, tables)? > 0 {}
        Ok(Self { picked: true })
    }

    /// The rows of a table that are picked, in the order of their key.
    pub(super) fn rows(&self, connection: &Connection, table: &Table) -> rusqlite::Result<Vec<Vec<Held>>> {
        let key = table.key.join(", ");
        let mut columns = list(table.columns.iter().map(|column| column.name.as_str()));
        // What a virtual table numbers its rows by is not among its columns.
        if table.is_virtual {
            columns = format!("{key}, {columns}");
        }
        let chosen =
            if self.picked { format!(" WHERE ({key}) IN (SELECT * FROM {})", picked(table)) } else { String::new() };
        let sql = format!("SELECT {columns} FROM main.{}{chosen} ORDER BY {key}", quoted(&table.name));
        let mut statement = connection.prepare(&sql)?;
        let count = statement.column_count();
        let mut reals = Reals::new(connection)?;
        let mut found = statement.query([])?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            rows.push((0..count).map(|column| reals.held(row.get_ref(column)?)).collect::<rusqlite::Result<_>>()?);
        }
        Ok(rows)
    }
}

fn picked(table: &Table) -> String {
    format!("temp.{}", quoted(&format!("picked {}", table.name)))
}

/// Picks the rows that picked ones point at. Gives how many came.
fn parents(connection: &Connection, tables: &[Table]) -> rusqlite::Result<usize> {
    let mut came = 0;
    for child in tables.iter().filter(|table| !table.is_virtual) {
        let mut columns = connection.prepare(
            "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?1, 'main') ORDER BY id, seq",
        )?;
        let columns: Vec<(i64, String, String, Option<String>)> = columns
            .query_map([&child.name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for columns in columns.chunk_by(|one, next| one.0 == next.0) {
            let Some(parent) = tables.iter().find(|table| table.name.eq_ignore_ascii_case(&columns[0].1)) else {
                continue;
            };
            let of_parent: Vec<String> = match columns.iter().map(|(.., to)| to.clone()).collect::<Option<Vec<_>>>() {
                Some(named) => named,
                // The primary key is meant.
                None => connection
                    .prepare("SELECT name FROM pragma_table_info(?1, 'main') WHERE pk > 0 ORDER BY pk")?
                    .query_map([&parent.name], |row| row.get(0))?
                    .collect::<rusqlite::Result<_>>()?,
            };
            let pairs: Vec<String> = columns
                .iter()
                .zip(&of_parent)
                // The parent comes first, since its collation is that of a foreign key.
                .map(|((_, _, from, _), to)| format!("parent.{} = child.{}", quoted(to), quoted(from)))
                .collect();
            let (parent_key, child_key) = (list_of(&parent.key, "parent"), list_of(&child.key, "child"));
            came += connection.execute(
                &format!(
                    "INSERT OR IGNORE INTO {} SELECT {parent_key} FROM main.{} child JOIN main.{} parent ON {}
                     WHERE ({child_key}) IN (SELECT * FROM {})",
                    picked(parent),
                    quoted(&child.name),
                    quoted(&parent.name),
                    pairs.join(" AND "),
                    picked(child)
                ),
                [],
            )?;
        }
    }
    Ok(came)
}

fn list_of(columns: &[String], table: &str) -> String {
    columns.iter().map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", ")
}
