//! A template that many processes share. `tests/template.rs` says through the environment where it stands.

use sqlite_fixtures::{Template, rusqlite::Connection};
use std::{env, error::Error, fs::OpenOptions, io::Write, path::PathBuf, thread};

const ROWS: i64 = 2000;

fn folder() -> PathBuf {
    env::var_os("PLANTED_FOLDER").unwrap().into()
}

fn build(connection: &mut Connection) -> Result<(), Box<dyn Error + Send + Sync>> {
    writeln!(OpenOptions::new().append(true).create(true).open(folder().join("built"))?, "built")?;
    connection.execute_batch("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")?;
    let transaction = connection.transaction()?;
    for row in 0..ROWS {
        transaction.execute("INSERT INTO t VALUES (?1, hex(randomblob(100)))", [row])?;
    }
    transaction.commit()?;
    while env::var_os("PLANTED_HANG").is_some() {
        thread::park();
    }
    Ok(())
}

#[test]
fn rows_are_served() {
    let key = folder().join("key").into_os_string().into_string().unwrap();
    let template = Template::from_fn(build).rebuild_if_changed(key.leak());
    for engine in [template.memory().unwrap(), template.temp_file().unwrap()] {
        let session = sqlite_fixtures::SessionFactory::new(engine).unwrap().open().unwrap();
        session.execute("INSERT INTO t (b) VALUES ('new')", []).unwrap();
        let rows: i64 = session.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, ROWS + 1);
        let sound: String = session.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok");
    }
}

/// In a crate that has `migrations/`, and perhaps `fixtures/`.
#[test]
fn migrations_of_the_crate_are_the_schema() {
    let session = sqlite_fixtures::fixtures::session::default();
    let users: i64 = session.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap();
    assert_eq!(users.to_string(), env::var("PLANTED_USERS").unwrap());
}
