//! What several test files need; a package, so that each may use its own part.

pub mod package;
pub mod planted;
pub mod transactions;

use rusqlite::{Connection, ffi, types::Value};
use std::{error::Error, fmt::Write, fs};
use tempfile::TempDir;

/// The checksum of zip and gzip, by its definition.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    })
}

/// A temporary folder with these files.
pub fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// What a person reads: the error and its causes, but for rusqlite's own words for SQLite's codes, which change with its
/// version.
pub fn chain(error: &dyn Error) -> String {
    let mut text = format!("{error}\n");
    let mut cause = error.source();
    while let Some(error) = cause {
        let is_of_rusqlite = matches!(error.downcast_ref(), Some(rusqlite::Error::SqliteFailure(_, None)));
        if !is_of_rusqlite && !error.is::<ffi::Error>() {
            writeln!(text, "caused by: {error}").unwrap();
        }
        cause = error.source();
    }
    text
}

/// The schema and rows of a database, in a fixed order.
pub fn dump(connection: &Connection) -> String {
    let mut text = String::new();
    let mut schema = connection.prepare("SELECT name, type, sql FROM sqlite_schema ORDER BY type, name").unwrap();
    let objects: Vec<(String, String, Option<String>)> = schema
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for (name, kind, sql) in objects {
        writeln!(text, "{}", sql.unwrap_or_default()).unwrap();
        if kind != "table" {
            continue;
        }
        let mut rows: Vec<String> = Vec::new();
        let mut select = connection.prepare(&format!("SELECT * FROM \"{}\"", name.replace('"', "\"\""))).unwrap();
        let columns = select.column_count();
        let mut found = select.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let values: Vec<_> = (0..columns).map(|column| literal(&row.get(column).unwrap())).collect();
            rows.push(format!("INSERT INTO {name} VALUES ({});", values.join(", ")));
        }
        rows.sort();
        for row in rows {
            writeln!(text, "{row}").unwrap();
        }
    }
    text
}

fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(integer) => integer.to_string(),
        Value::Real(real) => format!("{real:?}"),
        Value::Text(text) => format!("'{text}'"),
        Value::Blob(bytes) => format!("x'{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
    }
}
