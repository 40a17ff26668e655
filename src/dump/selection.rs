//! The rows that are dumped: all, or some of them with every row that they reference.

use super::Table;
use super::value::{StoredValue, ValueReader};
use crate::sqlite::quote::quoted;
use rusqlite::Connection;

/// The keys of the rows are in temporary tables, unless all rows are selected.
pub(super) struct Selection {
    is_partial: bool,
}

impl Selection {
    /// Selects at most `rows` of each of the tables `only`, or of all, and every row that these reference.
    pub(super) fn new(
        connection: &Connection,
        tables: &[Table],
        only: &[String],
        rows: Option<u64>,
    ) -> rusqlite::Result<Self> {
        if only.is_empty() && rows.is_none() {
            return Ok(Self { is_partial: false });
        }
        for table in tables.iter().filter(|table| table.module.is_none()) {
            let columns: Vec<String> = (0..table.key.len()).map(|number| format!("k{number}")).collect();
            let (columns, selected) = (columns.join(", "), selected(table));
            connection.execute_batch(&format!("CREATE TEMP TABLE {selected} ({columns}, UNIQUE ({columns}))"))?;
            if only.is_empty() || only.iter().any(|name| name.eq_ignore_ascii_case(&table.name)) {
                let limit = rows.map_or_else(String::new, |rows| format!(" LIMIT {rows}"));
                let (keys, name) = (table.key.join(", "), quoted(&table.name));
                let rows = format!("SELECT {keys} FROM main.{name} ORDER BY {keys}{limit}");
                connection.execute_batch(&format!("INSERT INTO {selected} {rows}"))?;
            }
        }
        while select_parents(connection, tables)? > 0 {}
        Ok(Self { is_partial: true })
    }

    /// Whether the rowids of the selected rows are 1, 2, 3, ..., as new rows get them.
    pub(super) fn has_consecutive_rowids(&self, connection: &Connection, table: &Table) -> rusqlite::Result<bool> {
        let ([rowid], None) = (table.key.as_slice(), &table.module) else { return Ok(false) };
        let condition = self.condition(table);
        let sql = format!(
            "SELECT count(*) = 0 OR min({rowid}) = 1 AND max({rowid}) = count(*) FROM main.{} {condition}",
            quoted(&table.name)
        );
        connection.query_row(&sql, [], |row| row.get(0))
    }

    fn condition(&self, table: &Table) -> String {
        if !self.is_partial {
            return String::new();
        }
        format!("WHERE ({}) IN (SELECT * FROM {})", table.key.join(", "), selected(table))
    }

    /// The selected rows of a table, in the order of their keys.
    pub(super) fn rows(&self, connection: &Connection, table: &Table) -> rusqlite::Result<Vec<Vec<StoredValue>>> {
        let (columns, name, key) = (table.column_list(), quoted(&table.name), table.key.join(", "));
        let condition = self.condition(table);
        let mut statement =
            connection.prepare(&format!("SELECT {columns} FROM main.{name} {condition} ORDER BY {key}"))?;
        let count = statement.column_count();
        let mut reader = ValueReader::new(connection)?;
        let mut found = statement.query([])?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            rows.push((0..count).map(|column| reader.read(row.get_ref(column)?)).collect::<rusqlite::Result<_>>()?);
        }
        Ok(rows)
    }
}

/// The temporary table with the keys of the selected rows.
fn selected(table: &Table) -> String {
    format!("temp.{}", quoted(&format!("selected {}", table.name)))
}

/// Selects the rows that selected ones reference. Returns how many are new.
fn select_parents(connection: &Connection, tables: &[Table]) -> rusqlite::Result<usize> {
    let mut new = 0;
    for child in tables.iter().filter(|table| table.module.is_none()) {
        let mut columns = connection.prepare(
            // A foreign key without columns of its parent references the primary key.
            "SELECT id, \"table\", \"from\", coalesce(\"to\", (SELECT name FROM pragma_table_info(\"table\", 'main') WHERE pk = seq + 1), '')
             FROM pragma_foreign_key_list(?1, 'main') ORDER BY id, seq",
        )?;
        let columns: Vec<(i64, String, String, String)> = columns
            .query_map([&child.name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for columns in columns.chunk_by(|one, next| one.0 == next.0) {
            let is_parent = |table: &&Table| table.module.is_none() && table.name.eq_ignore_ascii_case(&columns[0].1);
            let Some(parent) = tables.iter().find(is_parent) else { continue };
            // The parent comes first, because a foreign key has its collation.
            let pairs: Vec<String> = columns
                .iter()
                .filter(|(.., to)| !to.is_empty())
                .map(|(_, _, from, to)| format!("parent.{} = child.{}", quoted(to), quoted(from)))
                .collect();
            if pairs.is_empty() {
                continue;
            }
            let (parent_key, child_key) = (qualified(&parent.key, "parent"), qualified(&child.key, "child"));
            new += connection.execute(
                &format!(
                    "INSERT OR IGNORE INTO {} SELECT {parent_key} FROM main.{} child JOIN main.{} parent ON {}
                     WHERE ({child_key}) IN (SELECT * FROM {})",
                    selected(parent),
                    quoted(&child.name),
                    quoted(&parent.name),
                    pairs.join(" AND "),
                    selected(child)
                ),
                [],
            )?;
        }
    }
    Ok(new)
}

fn qualified(columns: &[String], table: &str) -> String {
    columns.iter().map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", ")
}
