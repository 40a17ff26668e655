//! Unit tests of `src/seed/mod.rs`.

use super::{dialect::Files, load_into_file};
use rusqlite::Connection;
use std::fs;

#[test]
fn concurrent_write_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (database, script) = (folder.path().join("app.db"), folder.path().join("a.sql"));
    fs::write(&script, "INSERT INTO t VALUES (1)").unwrap();
    let other = Connection::open(&database).unwrap();
    other.execute_batch("CREATE TABLE t (a)").unwrap();
    let mut write = |_| other.execute_batch("INSERT INTO t VALUES (2)").unwrap();
    let error = load_into_file(&database, Files::default(), Files::read(&[script]), &mut write).unwrap_err();
    let expected = "another connection wrote to the database during the load; load again when it is done";
    assert_eq!(error.to_string(), format!("{}: {expected}", database.display()));
    let held = "SELECT min(a), max(a) FROM t";
    let held: (i64, i64) = other.query_row(held, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(held, (2, 2));
}
