//! diesel: one database file a process, migrated and seeded once; each test is a transaction that is never committed.

use diesel::{
    Connection, RunQueryDsl, SqliteConnection, connection::SimpleConnection, dsl::sql, sql_query, sql_types::BigInt,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use std::sync::OnceLock;
use suites::{COUNT, EXPECTED, INSERT, SEEDS};
use tempfile::TempDir;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

fn database() -> &'static str {
    static DATABASE: OnceLock<(TempDir, String)> = OnceLock::new();
    let (_, url) = DATABASE.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        let url = folder.path().join("database.sqlite3").to_str().unwrap().to_owned();
        let mut connection = SqliteConnection::establish(&url).unwrap();
        connection.run_pending_migrations(MIGRATIONS).unwrap();
        connection.batch_execute(&format!("BEGIN; {SEEDS} COMMIT")).unwrap();
        (folder, url)
    });
    url
}

suites::hundred_tests! {
    use crate::*;

    #[test]
    fn test() {
        let mut connection = SqliteConnection::establish(database()).unwrap();
        // Tests that write wait for each other.
        connection.batch_execute("PRAGMA busy_timeout = 60000").unwrap();
        connection.begin_test_transaction().unwrap();
        sql_query(INSERT).execute(&mut connection).unwrap();
        let rows: i64 = sql::<BigInt>(COUNT).get_result(&mut connection).unwrap();
        assert_eq!(rows, EXPECTED);
    }
}
