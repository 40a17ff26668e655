//! By hand: a template file made once a process, and a copy of it for each test.

use rusqlite::Connection;
use std::{fs, sync::OnceLock};
use suites::{SCHEMA, SEEDS, insert_and_count};
use tempfile::TempDir;

const FILE: &str = "database.sqlite3";

fn template() -> &'static TempDir {
    static TEMPLATE: OnceLock<TempDir> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        let connection = Connection::open(folder.path().join(FILE)).unwrap();
        connection.execute_batch(&format!("BEGIN; {SCHEMA} {SEEDS} COMMIT")).unwrap();
        folder
    })
}

fn database() -> (Connection, TempDir) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join(FILE);
    fs::copy(template().path().join(FILE), &file).unwrap();
    (Connection::open(file).unwrap(), folder)
}

suites::hundred_tests! {
    use crate::*;

    #[test]
    fn test() {
        let (connection, _folder) = database();
        insert_and_count(&connection);
    }
}
