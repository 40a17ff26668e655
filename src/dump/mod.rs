//! Seed files from a database: what [`seed`](crate::seed) reads, so that a dump seeds the same database again.
//!
//! [`pick`] chooses the rows, [`value`] writes one value so that it is read as what it is, [`mod@write`] the files of each format.

mod pick;
#[cfg(test)]
#[path = "../../tests/dump/round_trip.rs"]
mod round_trip;
mod value;
mod write;

use crate::{
    position::nearest,
    sqlite::{affinity::Affinity, quote::quoted},
};
use pick::Pick;
use rusqlite::{Connection, types::Value};
use std::{fmt::Write as _, fs::File, io::Write as _, path::Path};

/// The form of the files with rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Format {
    /// A file a table, a row a list entry.
    #[default]
    Yaml,
    /// The same in JSON.
    Json,
    /// A file a table, a row a line.
    Csv,
    /// One script.
    Sql,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A table whose rows are dumped.
struct Table {
    name: String,
    /// Those that can be inserted: not those that are generated.
    columns: Vec<Column>,
    /// What tells its rows apart, as SQL writes it: its rowid, or without one its primary key.
    key: Vec<String>,
    is_virtual: bool,
}

struct Column {
    name: String,
    affinity: Affinity,
}

/// Writes a database into an empty folder, as schema, rows and what comes after the rows. Gives the rows of each table.
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
            let near = nearest(name, tables.iter().map(|table| table.name.as_str()));
            let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(format!("there is no table `{name}`{near}").into());
        }
    }
    let pick = Pick::new(connection, &tables, only, rows)?;
    let file = |name: &str, text: &str| -> Result<(), Failure> {
        File::create_new(folder.join(name))
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| format!("{} cannot be written: {error}", folder.join(name).display()).into())
    };
    let mut counts = Vec::new();
    let mut of_tables = Vec::new();
    for table in &tables {
        let found = pick.rows(connection, table)?;
        counts.push((table.name.clone(), found.len()));
        if !found.is_empty() {
            of_tables.push((table, found));
        }
    }
    for (name, text) in write::files(&of_tables, format) {
        file(&name, &text)?;
    }
    let after = after_rows(connection)?;
    if !after.is_empty() {
        file(AFTER, &after)?;
    }
    // Last, so that a folder that is not whole is none.
    file("schema.sql", &schema(connection)?)?;
    Ok(counts)
}

/// What must not be there yet while rows go in comes last in the order of names.
const AFTER: &str = "~triggers.sql";

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
        // They show what other tables hold.
        if is(&["using fts5vocab", "using fts4aux"]) {
            continue;
        }
        if is(&["content=''", "content=\"\"", "content = ''", "content = \"\""]) {
            return Err(format!(
                "table `{name}` holds no texts, only an index of them; drop it from a copy, and dump that"
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

/// The schema, but for triggers, with what is said of the file as a whole.
fn schema(connection: &Connection) -> rusqlite::Result<String> {
    let mut text = String::new();
    for pragma in ["encoding", "page_size", "auto_vacuum", "application_id", "user_version"] {
        let value: Value = connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))?;
        // Writing into memory cannot fail.
        let _ = writeln!(text, "PRAGMA {pragma} = {};", crate::sqlite::quote::literal(&value));
    }
    text.push_str(&objects(connection, "type <> 'trigger'")?);
    Ok(text)
}

fn after_rows(connection: &Connection) -> rusqlite::Result<String> {
    let mut text = String::new();
    let counted = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%')";
    if connection.query_row(counted, [], |row| row.get(0))? {
        let mut counts = connection.prepare("SELECT name, seq FROM sqlite_sequence ORDER BY name")?;
        let counts = counts.query_map([], |row| Ok((row.get::<_, Value>(0)?, row.get::<_, Value>(1)?)))?;
        text.push_str("DELETE FROM sqlite_sequence;\n");
        for count in counts {
            let (name, count) = count?;
            let (name, count) = (crate::sqlite::quote::literal(&name), crate::sqlite::quote::literal(&count));
            let _ = writeln!(text, "INSERT INTO sqlite_sequence VALUES ({name}, {count});");
        }
    }
    text.push_str(&objects(connection, "type = 'trigger'")?);
    Ok(text)
}

/// The SQL of the objects of a schema, in the order that they were made in.
fn objects(connection: &Connection, which: &str) -> rusqlite::Result<String> {
    let shadows = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'";
    let sql = format!(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*' AND tbl_name NOT IN ({shadows})
         AND {which} ORDER BY rowid"
    );
    let mut statement = connection.prepare(&sql)?;
    let objects = statement.query_map([], |row| row.get::<_, String>(0))?;
    let ended = |sql: String| {
        // Behind a comment the end would be a part of it.
        let end = if sql.lines().last().is_some_and(|line| line.contains("--")) { "\n;\n" } else { ";\n" };
        sql + end
    };
    objects.map(|sql| Ok(ended(sql?))).collect()
}

/// Names of columns as SQL writes them.
fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}
