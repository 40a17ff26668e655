//! Any bytes as a seed file: an error with its place, or rows; never a panic, and nothing by half.

use rusqlite::Connection;
use sqlite_fixtures::{
    Seeds,
    seed::{BrokenReference, SeedError, SeedErrorKind},
};
use std::fs;

/// Tables for which files of every shape can be meant.
const SCHEMA: &str = "
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, age INT, photo BLOB, created_at TEXT NOT NULL);
    CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER REFERENCES users, title TEXT, meta);
    CREATE TABLE tags (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
    CREATE TABLE posts_tags (post_id INTEGER REFERENCES posts, tag_name TEXT REFERENCES tags);";

/// Loads bytes as the file `users.EXTENSION`.
pub fn load(extension: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("users").with_extension(extension);
    fs::write(&file, bytes).expect("a file");
    let mut connection = Connection::open_in_memory().expect("a database");
    connection.execute_batch(SCHEMA).expect("a schema");
    let changed = |connection: &Connection| -> bool {
        let sql = "SELECT EXISTS (SELECT 1 FROM users) OR EXISTS (SELECT 1 FROM posts)
            OR EXISTS (SELECT 1 FROM tags) OR EXISTS (SELECT 1 FROM posts_tags)";
        connection.query_row(sql, [], |row| row.get(0)).expect("what it holds")
    };
    if let Err(error) = Seeds::from(file.as_path()).load(&mut connection) {
        assert!(!changed(&connection), "{error}");
        let shown = format!("{error}{error:?}");
        assert!(shown.contains("users."), "{shown}");
        for error in error.all() {
            let place = error.position().or(broken_reference(error).and_then(|broken| broken.position.as_ref()));
            assert!(place.is_some(), "{error}");
        }
    }
    assert!(connection.is_autocommit());
}

fn broken_reference(error: &SeedError) -> Option<&BrokenReference> {
    match error.kind() {
        SeedErrorKind::BrokenReferences { references, .. } => references.first(),
        _ => None,
    }
}
