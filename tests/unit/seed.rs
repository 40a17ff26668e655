//! Unit tests of `src/seed/mod.rs`.

use super::{SeedErrorKind, dialect::Files, load_into_file};
use rusqlite::{Connection, ErrorCode};
use std::fs;
use std::path::PathBuf;
use std::thread;

/// A database with a table, and a script beside it.
fn prepared(script: &str) -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (database, file) = (folder.path().join("app.db"), folder.path().join("a.sql"));
    fs::write(&file, script).unwrap();
    Connection::open(&database).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    (folder, database, file)
}

/// Another connection tries to write while a script runs.
fn write_during_load(script: &str) -> (bool, Vec<i64>) {
    let (_folder, database, file) = prepared(script);
    let other = Connection::open(&database).unwrap();
    other.pragma_update(None, "busy_timeout", 0).unwrap();
    let mut was_refused = true;
    let mut write = |_| {
        let done = other.execute_batch("INSERT INTO t VALUES (2)");
        was_refused &= done.is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy));
    };
    let loaded = load_into_file(&database, Files::default(), &[file], &mut write);
    let mut held = other.prepare("SELECT a FROM t ORDER BY a").unwrap();
    let held = held.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(loaded.is_err(), script.contains("SELEC;"), "{:?}", loaded.err());
    (was_refused, held)
}

#[test]
fn other_connections_cannot_write_during_a_load() {
    assert_eq!(write_during_load("INSERT INTO t VALUES (1)"), (true, vec![1]));
    assert_eq!(write_during_load("BEGIN; INSERT INTO t VALUES (1); COMMIT; SELECT 1"), (true, vec![1]));
    assert_eq!(write_during_load("BEGIN; INSERT INTO t VALUES (1); COMMIT; SELEC;"), (true, vec![]), "nothing to lose");
}

#[test]
fn script_with_transactions_refuses_to_run_beside_others() {
    // Each waits for the others as long as SQLite does, five seconds.
    thread::scope(|scope| {
        for (mode, script) in [("DELETE", "BEGIN; COMMIT"), ("WAL", "BEGIN; COMMIT"), ("WAL", "VACUUM")] {
            scope.spawn(|| refuses_to_run_beside_others(mode, script));
        }
    });
}

fn refuses_to_run_beside_others(mode: &str, script: &str) {
    let (_folder, database, file) = prepared(&format!("INSERT INTO t VALUES (1); {script}"));
    let other = Connection::open(&database).unwrap();
    other.query_row(&format!("PRAGMA journal_mode = {mode}"), [], |_| Ok(())).unwrap();
    other.execute_batch("INSERT INTO t VALUES (2); BEGIN; SELECT * FROM t").unwrap();
    let load = || load_into_file(&database, Files::default(), std::slice::from_ref(&file), &mut |_| {});
    let error = load().map(drop).unwrap_err();
    assert!(matches!(error.kind(), SeedErrorKind::NotAlone), "{mode}: {error}");
    let rows = |of: &Connection| of.query_row("SELECT sum(a) FROM t", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(rows(&other), 2, "unchanged");
    other.execute_batch("COMMIT; INSERT INTO t VALUES (3)").unwrap();
    other.close().unwrap();
    load().map(drop).unwrap();
    assert_eq!(rows(&Connection::open(&database).unwrap()), 6);
}
