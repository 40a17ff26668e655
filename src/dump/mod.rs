//! Fixture files from a database: what [`seed`](crate::seed) reads, so that a dump seeds the same database again.
//!
//! [`pick`] chooses the rows, [`value`] writes one value so that it is read as what it is, [`mod@write`] the files of each format.

mod pick;
mod value;
mod write;

use crate::{affinity::Affinity, error::nearest, quote::quoted};
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
    file("schema.sql", &schema(connection)?)?;
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
    Ok(counts)
}

/// What must not be there yet while rows go in comes last in the order of names.
const AFTER: &str = "~triggers.sql";

fn tables(connection: &Connection) -> rusqlite::Result<Vec<Table>> {
    let names: Vec<(String, bool)> = connection
        .prepare(
            "SELECT name, type = 'virtual' FROM pragma_table_list
             WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT GLOB 'sqlite_*' ORDER BY name",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let columns = |name: &str| {
        connection
            .prepare("SELECT name, type FROM pragma_table_xinfo(?1, 'main') WHERE hidden = 0 ORDER BY cid")?
            .query_map([name], |row| {
                Ok(Column { name: row.get(0)?, affinity: Affinity::of(&row.get::<_, String>(1)?) })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()
    };
    names.into_iter().map(|(name, is_virtual)| Ok(Table { columns: columns(&name)?, name, is_virtual })).collect()
}

/// The schema, but for triggers, with what is said of the file as a whole.
fn schema(connection: &Connection) -> rusqlite::Result<String> {
    let mut text = String::new();
    for pragma in ["encoding", "page_size", "auto_vacuum", "application_id", "user_version"] {
        let value: Value = connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))?;
        // Writing into memory cannot fail.
        let _ = writeln!(text, "PRAGMA {pragma} = {};", crate::quote::literal(&value));
    }
    text.push_str(&objects(connection, "type <> 'trigger'")?);
    Ok(text)
}

fn after_rows(connection: &Connection) -> rusqlite::Result<String> {
    let mut text = String::new();
    let counts = connection.prepare("SELECT name, seq FROM sqlite_sequence ORDER BY name");
    if let Ok(mut counts) = counts {
        let counts = counts.query_map([], |row| Ok((row.get::<_, Value>(0)?, row.get::<_, Value>(1)?)))?;
        text.push_str("DELETE FROM sqlite_sequence;\n");
        for count in counts {
            let (name, count) = count?;
            let (name, count) = (crate::quote::literal(&name), crate::quote::literal(&count));
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
    objects.map(|sql| Ok(sql? + ";\n")).collect()
}

/// Names of columns as SQL writes them.
fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}
