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
use crate::sqlite::{shadow_tables, shadows_of};
use rusqlite::{Connection, types::Value};
use selection::Selection;
use std::collections::{BTreeSet, HashSet};
use std::{fmt::Write as _, fs::File, io::Write as _, path::Path};
use value::ValueReader;

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
    /// Whether a rowid is neither a column nor the number of its row.
    writes_rowid: bool,
    module: Option<Module>,
}

/// A table whose rows a module keeps.
struct Module {
    /// The tables in which it keeps them, in lower case.
    shadows: HashSet<String>,
    /// Whether the texts of its index are elsewhere, or nowhere.
    is_index_only: bool,
}

struct Column {
    name: String,
    affinity: Affinity,
}

/// Writes a database to an empty folder: schema, rows, triggers. Returns the number of rows of each table.
///
/// Of a virtual table its shadow tables are written, as SQLite's shell does, so all rows, settings, and an index whose texts are
/// elsewhere.
pub(crate) fn dump(
    connection: &Connection,
    folder: &Path,
    format: Format,
    only: &[String],
    rows: Option<u64>,
) -> Result<Vec<(String, i64)>, Failure> {
    let mut tables = tables(connection)?;
    for name in only {
        if !tables.iter().any(|table| table.name.eq_ignore_ascii_case(name)) {
            let near = nearest(name, &mut tables.iter().map(|table| table.name.as_str()));
            let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(format!("there is no table `{name}`{near}").into());
        }
    }
    let is_part = !only.is_empty() || rows.is_some();
    let is_asked_for = |table: &Table| only.is_empty() || only.iter().any(|name| table.name.eq_ignore_ascii_case(name));
    let is_index = |table: &Table| table.module.as_ref().is_some_and(|module| module.is_index_only);
    if let Some(index) = tables.iter().find(|table| is_part && is_index(table) && is_asked_for(table)) {
        return Err(format!(
            "table `{}` is an index of texts that it does not hold, of which a part cannot be dumped; dump all rows",
            index.name
        )
        .into());
    }
    let selection = Selection::new(connection, &tables, only, rows)?;
    for table in &mut tables {
        table.writes_rowid = table.writes_rowid && !selection.has_consecutive_rowids(connection, table)?;
    }
    let write = |name: &str, text: &str| -> Result<(), Failure> {
        File::create_new(folder.join(name))
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| format!("{} cannot be written: {error}", folder.join(name).display()).into())
    };
    let mut counts = Vec::new();
    let mut rows_of_tables = Vec::new();
    for table in &tables {
        if table.module.is_some() {
            let count = format!("SELECT count(*) FROM main.{}", quoted(&table.name));
            let rows = if is_asked_for(table) { connection.query_row(&count, [], |row| row.get(0)) } else { Ok(0) };
            // Some modules cannot list their rows.
            counts.extend(rows.ok().map(|rows| (table.name.clone(), rows)));
            continue;
        }
        let rows = selection.rows(connection, table)?;
        counts.push((table.name.clone(), i64::try_from(rows.len())?));
        if !rows.is_empty() {
            rows_of_tables.push((table, rows));
        }
    }
    for (name, text) in write::files(&rows_of_tables, format) {
        write(&name, &text)?;
    }
    let triggers = statistics_and_triggers(connection)?;
    if !triggers.is_empty() {
        // Its name sorts after those of the rows.
        write("~triggers.sql", &triggers)?;
    }
    // Last, so that an incomplete folder has no schema.
    let with_rows: Vec<&Table> = tables.iter().filter(|table| table.module.is_some() && is_asked_for(table)).collect();
    write("schema.sql", &schema(connection, &with_rows)?)?;
    Ok(counts)
}

fn tables(connection: &Connection) -> Result<Vec<Table>, Failure> {
    let shadows = shadow_tables(connection)?;
    let mut tables = Vec::new();
    let mut names = connection.prepare(
        "SELECT made.name, made.rootpage = 0, list.wr, made.sql
         FROM sqlite_schema made JOIN pragma_table_list list ON list.schema = 'main' AND list.name = made.name
         WHERE made.type = 'table' AND made.name NOT GLOB 'sqlite_*' ORDER BY made.name",
    )?;
    let mut names = names.query([])?;
    while let Some(row) = names.next()? {
        let (name, is_virtual, without_rowid): (String, bool, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if shadows.contains(&name.to_ascii_lowercase()) {
            continue;
        }
        let mut module = None;
        if is_virtual {
            let sql: String = row.get(3)?;
            let own = shadows_of(connection, &name, &sql).map_err(|error| {
                format!("the module of table `{name}` is not there, so its rows cannot be read: {error}; drop it from a copy, and dump the copy")
            })?;
            // It shows what other tables hold.
            if own.is_empty() {
                continue;
            }
            let lower = name.to_ascii_lowercase();
            let is_index_only = own.contains(&format!("{lower}_docsize")) && !own.contains(&format!("{lower}_content"))
                || own.contains(&format!("{lower}_segdir")) && !own.contains(&format!("{lower}_content"));
            module = Some(Module { shadows: own, is_index_only });
        }
        tables.push(table(connection, name, module, without_rowid)?);
    }
    Ok(tables)
}

fn table(connection: &Connection, name: String, module: Option<Module>, without_rowid: bool) -> Result<Table, Failure> {
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
    // A key without an index is the rowid itself.
    let indexes = "SELECT count(*) FROM pragma_index_list(?1, 'main') WHERE origin = 'pk'";
    let is_rowid = !primary.is_empty() && connection.query_row(indexes, [&name], |row| row.get::<_, i64>(0))? == 0;
    let writes_rowid = !(without_rowid || is_rowid);
    let key = if without_rowid || is_rowid {
        primary.into_iter().map(|(_, column)| column).collect()
    } else {
        let free = ["rowid", "_rowid_", "oid"].into_iter().find(|name| !all.iter().any(|column| column == name));
        let free = free.ok_or_else(|| format!("table `{name}` hides its rowid behind three columns; rename one"))?;
        vec![free.to_owned()]
    };
    Ok(Table { name, columns, key, writes_rowid, module })
}

/// The pragmas of the database file, and the schema without triggers; these virtual tables with their rows.
fn schema(connection: &Connection, written: &[&Table]) -> rusqlite::Result<String> {
    let mut text = String::new();
    for pragma in ["encoding", "page_size", "auto_vacuum", "application_id", "user_version"] {
        let value: Value = connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))?;
        // Writing into memory cannot fail.
        let _ = writeln!(text, "PRAGMA {pragma} = {};", literal(&value));
    }
    let is_written = |name: &str| written.iter().any(|table| table.name == name);
    text.push_str(&objects(connection, "type <> 'trigger'", &is_written)?);
    if !written.is_empty() {
        text.push_str("PRAGMA writable_schema = ON;\n");
    }
    for Table { name, module, .. } in written {
        let sql: String = connection.query_row(
            "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1",
            [name],
            |row| row.get(0),
        )?;
        let (name, sql) = (literal(&Value::Text(name.clone())), literal(&Value::Text(sql)));
        let _ = writeln!(
            text,
            "INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES ('table', {name}, {name}, 0, {sql});"
        );
        let shadows: BTreeSet<_> = module.iter().flat_map(|module| &module.shadows).collect();
        for shadow in &shadows {
            text.push_str(&shadow_table(connection, shadow)?);
        }
        for shadow in &shadows {
            text.push_str(&objects_of(connection, shadow, "type = 'trigger'")?);
        }
    }
    if !written.is_empty() {
        text.push_str("PRAGMA writable_schema = OFF;\n");
    }
    if connection.query_row("PRAGMA main.journal_mode", [], |row| row.get::<_, String>(0))? == "wal" {
        text.push_str("PRAGMA journal_mode = WAL;\n");
    }
    Ok(text)
}

/// The SQL of a table and what belongs to it, in the order of their creation.
fn objects_of(connection: &Connection, table: &str, which: &str) -> rusqlite::Result<String> {
    let sql = format!(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND lower(tbl_name) = ?1 AND {which} ORDER BY rowid"
    );
    let mut objects = connection.prepare(&sql)?;
    let objects = objects.query_map([table], |row| row.get::<_, String>(0))?;
    objects.map(|sql| sql.map(|sql| with_semicolon(&sql))).collect()
}

/// A statement of the schema with a semicolon that no comment hides.
fn with_semicolon(sql: &str) -> String {
    let is_in_comment = sql.lines().last().is_some_and(|line| line.contains("--"));
    format!("{sql}{}", if is_in_comment { "\n;\n" } else { ";\n" })
}

/// A shadow table with its indexes and rows, as it is.
fn shadow_table(connection: &Connection, name: &str) -> rusqlite::Result<String> {
    let mut text = objects_of(connection, name, "type <> 'trigger'")?;
    let mut rows = connection.prepare(&format!("SELECT * FROM main.{}", quoted(name)))?;
    let columns = rows.column_count();
    let mut reader = ValueReader::new(connection)?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let values = (0..columns).map(|column| Ok(reader.read(row.get_ref(column)?)?.sql()));
        let values = values.collect::<rusqlite::Result<Vec<_>>>()?.join(", ");
        let _ = writeln!(text, "INSERT INTO {} VALUES ({values});", quoted(name));
    }
    Ok(text)
}

/// What SQLite itself counts, in tables that a script can write but not make, and the triggers.
fn statistics_and_triggers(connection: &Connection) -> Result<String, Failure> {
    let mut text = String::new();
    let mut tables = connection.prepare(
        // `sqlite_sequence` outlives the tables that it counts for. Without such a table, no script can make it.
        "SELECT name FROM sqlite_schema WHERE name IN ('sqlite_stat1', 'sqlite_stat4') OR name = 'sqlite_sequence'
            AND EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%autoincrement%') ORDER BY name",
    )?;
    let tables = tables.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    if tables.iter().any(|name| name != "sqlite_sequence") {
        // Makes the tables.
        text.push_str("ANALYZE sqlite_schema;\n");
    }
    let mut reader = ValueReader::new(connection)?;
    for name in tables {
        let mut rows = connection.prepare(&format!("SELECT * FROM main.{name} ORDER BY 1, 2"))?;
        let columns = rows.column_count();
        let mut rows = rows.query([])?;
        let _ = writeln!(text, "DELETE FROM {name};");
        while let Some(row) = rows.next()? {
            let values = (0..columns).map(|column| Ok(reader.read(row.get_ref(column)?)?.sql()));
            let values = values.collect::<rusqlite::Result<Vec<_>>>()?.join(", ");
            let _ = writeln!(text, "INSERT INTO {name} VALUES ({values});");
        }
    }
    text.push_str(&objects(connection, "type = 'trigger'", &|_| false)?);
    Ok(text)
}

/// The SQL of the objects of the schema, in the order of their creation, but for those that are `written` otherwise.
fn objects(connection: &Connection, which: &str, written: &dyn Fn(&str) -> bool) -> rusqlite::Result<String> {
    let shadows = shadow_tables(connection)?;
    let sql = format!(
        "SELECT sql, name, lower(tbl_name) FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*' AND {which}
         ORDER BY rowid"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut objects = statement.query([])?;
    let mut text = String::new();
    while let Some(row) = objects.next()? {
        let (sql, name, table): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if shadows.contains(&table) || written(&name) {
            continue;
        }
        text.push_str(&with_semicolon(&sql));
    }
    Ok(text)
}

impl Table {
    /// The names of the columns, quoted; a rowid that none of them is comes first.
    fn column_list(&self) -> String {
        let mut names = if self.writes_rowid { self.key.clone() } else { Vec::new() };
        names.extend(self.columns.iter().map(|column| quoted(&column.name)));
        names.join(", ")
    }
}
