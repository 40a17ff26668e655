//! Database -> seed files, which seed the same database again.
//!
//! [`selection`] reads the rows, [`value`] converts a value to that of a seed file, [`mod@write`] writes the files of each format.

#[cfg(test)]
#[path = "../../tests/dump/round_trip.rs"]
mod round_trip;
mod selection;
mod value;
mod write;

use crate::position::nearest;
use crate::sqlite::affinity::Affinity;
use crate::sqlite::quote::{literal, quoted};
use rusqlite::{Connection, types::Value};
use selection::Selection;
use std::{fmt::Write as _, fs::File, io::Write as _, path::Path};

/// The format of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Format {
    /// One file per table, one list entry per row.
    #[default]
    Yaml,
    /// The same in JSON.
    Json,
    /// One file per table, one line per row.
    Csv,
    /// One script.
    Sql,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

struct Table {
    name: String,
    /// Without generated columns, which cannot be inserted.
    columns: Vec<Column>,
    /// The rowid, or if the table has none, the primary key; quoted.
    key: Vec<String>,
    is_virtual: bool,
}

struct Column {
    name: String,
    affinity: Affinity,
}

/// Writes a database to an empty folder: schema, rows, triggers. Returns the number of rows of each table.
pub(crate) fn dump(
    connection: &Connection,
    folder: &Path,
    format: Format,
    only: &[String],
    rows: Option<u64>,
) -> Result<Vec<(String, usize)>, Failure> {
    let tables = tables(connection)?;
    for name in only {
        if !tables.iter().any(|table| table.name.eq_ignore_ascii_case(name)) {
            let near = nearest(name, &mut tables.iter().map(|table| table.name.as_str()));
            let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(format!("there is no table `{name}`{near}").into());
        }
    }
    let selection = Selection::new(connection, &tables, only, rows)?;
    let write = |name: &str, text: &str| -> Result<(), Failure> {
        File::create_new(folder.join(name))
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| format!("{} cannot be written: {error}", folder.join(name).display()).into())
    };
    let mut counts = Vec::new();
    let mut rows_of_tables = Vec::new();
    for table in &tables {
        let rows = selection.rows(connection, table)?;
        counts.push((table.name.clone(), rows.len()));
        if !rows.is_empty() {
            rows_of_tables.push((table, rows));
        }
    }
    for (name, text) in write::files(&rows_of_tables, format) {
        write(&name, &text)?;
    }
    let triggers = sequences_and_triggers(connection)?;
    if !triggers.is_empty() {
        // Its name sorts after those of the rows.
        write("~triggers.sql", &triggers)?;
    }
    // Last, so that an incomplete folder has no schema.
    write("schema.sql", &schema(connection)?)?;
    Ok(counts)
}

fn tables(connection: &Connection) -> Result<Vec<Table>, Failure> {
    let mut tables = Vec::new();
    let mut names = connection.prepare(
        "SELECT list.name, list.type = 'virtual', list.wr, lower(made.sql)
         FROM pragma_table_list list JOIN sqlite_schema made ON made.type = 'table' AND made.name = list.name
         WHERE list.schema = 'main' AND list.type IN ('table', 'virtual') AND list.name NOT GLOB 'sqlite_*'
         ORDER BY list.name",
    )?;
    let mut names = names.query([])?;
    while let Some(row) = names.next()? {
        let (name, is_virtual, without_rowid): (String, bool, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let sql: String = row.get(3)?;
        let is = |parts: &[&str]| is_virtual && parts.iter().any(|part| sql.contains(part));
        // They show the contents of other tables.
        if is(&["using fts5vocab", "using fts4aux"]) {
            continue;
        }
        if is(&["content=''", "content=\"\"", "content = ''", "content = \"\""]) {
            return Err(format!(
                "table `{name}` has an index without its texts; drop it from a copy, and dump the copy"
            )
            .into());
        }
        tables.push(table(connection, name, is_virtual, without_rowid)?);
    }
    Ok(tables)
}

fn table(connection: &Connection, name: String, is_virtual: bool, without_rowid: bool) -> Result<Table, Failure> {
    let (mut columns, mut all, mut primary) = (Vec::new(), Vec::new(), Vec::new());
    let mut found =
        connection.prepare("SELECT name, type, hidden, pk FROM pragma_table_xinfo(?1, 'main') ORDER BY cid")?;
    let mut found = found.query([&name])?;
    while let Some(row) = found.next()? {
        let (column, declared): (String, String) = (row.get(0)?, row.get(1)?);
        let (hidden, place): (i64, i64) = (row.get(2)?, row.get(3)?);
        all.push(column.to_ascii_lowercase());
        if place > 0 {
            primary.push((place, quoted(&column)));
        }
        if hidden == 0 {
            columns.push(Column { name: column, affinity: Affinity::of(&declared) });
        }
    }
    primary.sort();
    let key = if without_rowid {
        primary.into_iter().map(|(_, column)| column).collect()
    } else {
        let free = ["rowid", "_rowid_", "oid"].into_iter().find(|name| !all.iter().any(|column| column == name));
        let free = free.ok_or_else(|| format!("table `{name}` hides its rowid behind three columns; rename one"))?;
        vec![free.to_owned()]
    };
    Ok(Table { name, columns, key, is_virtual })
}

/// The pragmas of the database file, and the schema without triggers.
fn schema(connection: &Connection) -> rusqlite::Result<String> {
    let mut text = String::new();
    for pragma in ["encoding", "page_size", "auto_vacuum", "application_id", "user_version"] {
        let value: Value = connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))?;
        // Writing into memory cannot fail.
        let _ = writeln!(text, "PRAGMA {pragma} = {};", literal(&value));
    }
    text.push_str(&objects(connection, "type <> 'trigger'")?);
    Ok(text)
}

fn sequences_and_triggers(connection: &Connection) -> rusqlite::Result<String> {
    let mut text = String::new();
    let has_sequences =
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%')";
    if connection.query_row(has_sequences, [], |row| row.get(0))? {
        text.push_str("DELETE FROM sqlite_sequence;\n");
        let mut sequences = connection.prepare("SELECT name, seq FROM sqlite_sequence ORDER BY name")?;
        let mut sequences = sequences.query([])?;
        while let Some(row) = sequences.next()? {
            let (name, last) = (literal(row.get_ref(0)?), literal(row.get_ref(1)?));
            let _ = writeln!(text, "INSERT INTO sqlite_sequence VALUES ({name}, {last});");
        }
    }
    text.push_str(&objects(connection, "type = 'trigger'")?);
    Ok(text)
}

/// The SQL of the objects of the schema, in the order of their creation.
fn objects(connection: &Connection, which: &str) -> rusqlite::Result<String> {
    let shadows = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'";
    let sql = format!(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*' AND tbl_name NOT IN ({shadows})
         AND {which} ORDER BY rowid"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut objects = statement.query([])?;
    let mut text = String::new();
    while let Some(row) = objects.next()? {
        let sql: String = row.get(0)?;
        text.push_str(&sql);
        // A semicolon after a comment would be part of it.
        text.push_str(if sql.lines().last().is_some_and(|line| line.contains("--")) { "\n;\n" } else { ";\n" });
    }
    Ok(text)
}

impl Table {
    /// The names of the columns, quoted. Those of a virtual table do not include its rowid, which is put first.
    fn column_list(&self) -> String {
        let mut names = if self.is_virtual { self.key.clone() } else { Vec::new() };
        names.extend(self.columns.iter().map(|column| quoted(&column.name)));
        names.join(", ")
    }
}
