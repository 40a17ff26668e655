//! Seed files, in the rooms of `src/seed`: every format gives the same database, labels become keys, and a failed load changes nothing.

#[cfg(all(feature = "csv", feature = "json", feature = "toml", feature = "yaml"))]
mod corpora;
mod dialect;
#[cfg(all(feature = "csv", feature = "json", feature = "yaml"))]
mod error;
mod files;
#[cfg(all(feature = "csv", feature = "json", feature = "toml"))]
mod formats;
mod load;
#[cfg(feature = "json")]
mod names;
#[cfg(any(feature = "csv", feature = "json", feature = "toml", feature = "yaml"))]
mod parse;
#[cfg(feature = "json")]
mod resolve;
mod values;

use common::folder;
use sqlite_fixtures::{
    Engine, Labels, Seeds, SessionFactory, Template,
    position::Position,
    rusqlite::{Connection, types::FromSql},
    seed::{BrokenReference, SeedError, SeedErrorKind},
};
use std::{fs, path::Path};

const BLOG: &str = "
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES users, title TEXT);
    CREATE TABLE countries (code TEXT PRIMARY KEY, name TEXT);
    CREATE TABLE cities (name TEXT PRIMARY KEY, country TEXT REFERENCES countries);
    CREATE TABLE pairs (a INTEGER, b INTEGER, PRIMARY KEY (a, b));";

const NOTES: &str = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text, parent REFERENCES notes)";

/// A database with this schema, and the result of loading these files into it.
fn load_into(schema: &str, files: &[(&str, &str)]) -> (Connection, Result<Labels, SeedError>) {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(schema).unwrap();
    let labels = Seeds::from(folder(files).path()).load(&mut connection);
    (connection, labels)
}

/// Loads files into a blog.
fn blog(files: &[(&str, &str)]) -> (Connection, Result<Labels, SeedError>) {
    load_into(BLOG, files)
}

fn one<T: FromSql>(connection: &Connection, sql: &str) -> T {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Loads a folder into a table that has a row, and asserts that an error leaves it as it was.
fn load_notes(folder: &Path) -> Result<Connection, SeedError> {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&format!("{NOTES}; INSERT INTO notes VALUES (1, 'before', NULL)")).unwrap();
    let before = common::dump(&connection);
    match Seeds::from(folder).load(&mut connection) {
        Ok(_) => Ok(connection),
        Err(error) => {
            assert_eq!(common::dump(&connection), before);
            Err(error)
        }
    }
}

fn line_and_column(position: &Position) -> (u32, u32) {
    (position.line().unwrap(), position.column().unwrap())
}

fn line(position: &Position) -> u32 {
    line_and_column(position).0
}

fn broken_references(error: &SeedError) -> &[BrokenReference] {
    match error.kind() {
        SeedErrorKind::BrokenReferences { references, .. } => references,
        _ => &[],
    }
}
