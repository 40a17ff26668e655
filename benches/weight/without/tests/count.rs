use rstest::{fixture, rstest};
use rusqlite::Connection;
use tempfile::TempDir;

#[fixture]
fn database() -> (TempDir, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let connection = Connection::open(folder.path().join("test.db")).unwrap();
    connection.execute_batch("CREATE TABLE users (name TEXT); INSERT INTO users VALUES ('Alice'), ('Bob')").unwrap();
    (folder, connection)
}

#[rstest]
fn users_are_counted(database: (TempDir, Connection)) {
    assert_eq!(without::count(&database.1).unwrap(), 2);
}
