//! A load changes all or nothing, in a connection, a transaction or a file.

mod foreign_keys;
mod script;

use crate::*;

#[cfg(feature = "json")]
#[test]
fn same_seeds_give_same_bytes() {
    let bytes = || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.sqlite3");
        Template::folder("fixtures").memory().unwrap().save_to(&path).unwrap();
        fs::read(path).unwrap()
    };
    assert!(bytes() == bytes());
}

#[test]
fn session_loads_seeds() {
    let session = SessionFactory::new(Engine::memory().unwrap()).unwrap();
    let mut session = session.open().unwrap();
    session.execute_batch(BLOG).unwrap();
    let files = folder(&[("users.sql", "INSERT INTO users VALUES (1, 'a')")]);
    session.seed(files.path()).unwrap();
    session.seed(folder(&[("users.sql", "INSERT INTO users VALUES (1, 'again')")]).path()).unwrap_err();
    assert_eq!(one::<String>(&session, "SELECT name FROM users"), "a");
}

#[test]
fn new_file_is_loaded_with_foreign_keys_off() {
    let schema = "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1);
        CREATE TABLE c (p INTEGER REFERENCES p ON DELETE CASCADE); INSERT INTO c VALUES (1);
        CREATE TABLE p2 (id INTEGER PRIMARY KEY); INSERT INTO p2 SELECT * FROM p; DROP TABLE p; ALTER TABLE p2 RENAME TO p;";
    let files = folder(&[("a.sql", schema)]);
    let made = files.path().join("made.db");
    Seeds::from(files.path().join("a.sql")).load_into_file(&made).unwrap();
    assert_eq!(one::<i64>(&Connection::open(made).unwrap(), "SELECT count(*) FROM c"), 1);
}

#[cfg(feature = "json")]
#[test]
fn failed_load_changes_nothing() {
    let bad = ("users.json", r#"{"a": {"name": "A"}, "b": {"nmae": "B"}}"#);
    let script = ("countries.sql", "BEGIN; INSERT INTO countries VALUES ('nl', 'N'); COMMIT;");
    for files in [&[bad][..], &[bad, script][..]] {
        let (connection, labels) = blog(files);
        assert!(labels.is_err());
        assert_eq!(
            one::<i64>(&connection, "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM countries)"),
            0
        );
        assert!(connection.is_autocommit());
        let foreign_keys: bool = one(&connection, "PRAGMA foreign_keys");
        let default: bool = one(&Connection::open_in_memory().unwrap(), "PRAGMA foreign_keys");
        assert_eq!(foreign_keys, default, "enforcement is as it was");
    }
}

#[cfg(feature = "json")]
#[test]
fn caller_may_roll_the_load_back() {
    let folder = folder(&[("posts.json", r#"[{"author_id": "bob"}]"#), ("users.json", r#"{"bob": null}"#)]);
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(BLOG).unwrap();
    let transaction = connection.transaction().unwrap();
    Seeds::from(folder.path()).load_in(&transaction).unwrap();
    assert_eq!(one::<i64>(&transaction, "SELECT count(*) FROM posts"), 1);
    transaction.rollback().unwrap();
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM posts"), 0);
}

#[cfg(feature = "json")]
#[test]
fn load_into_file_is_atomic() {
    let folder = folder(&[("users.json", r#"{"bob": {"name": "Bob"}}"#), ("late.sql", "SELECT 1; SELEC")]);
    let path = folder.path().join("app.db");
    Connection::open(&path).unwrap().execute_batch(BLOG).unwrap();
    let before = fs::read(&path).unwrap();

    let both = Seeds::from([folder.path().join("users.json"), folder.path().join("late.sql")]);
    assert!(both.load_into_file(&path).is_err());
    assert!(fs::read(&path).unwrap() == before, "not a byte has changed");

    Seeds::from(folder.path().join("users.json")).load_into_file(&path).unwrap();
    assert_eq!(one::<String>(&Connection::open(&path).unwrap(), "SELECT name FROM users"), "Bob");

    let new = folder.path().join("new.db");
    assert!(both.load_into_file(&new).is_err());
    assert!(!new.exists(), "a file that was not there is not there");
}

#[cfg(feature = "json")]
#[test]
fn load_into_an_open_wal_file() {
    let folder = folder(&[("users.json", r#"{"bob": {"name": "Bob"}}"#)]);
    let path = folder.path().join("app.db");
    let open = Connection::open(&path).unwrap();
    let _: String = one(&open, "PRAGMA journal_mode = WAL");
    open.execute_batch(BLOG).unwrap();
    Seeds::from(folder.path().join("users.json")).load_into_file(&path).unwrap();
    assert_eq!(one::<String>(&open, "SELECT name FROM users"), "Bob");
}

/// A database without tables may have settings of its own.
#[test]
fn load_into_a_file_without_tables_keeps_its_settings() {
    let folder = folder(&[("a.sql", "CREATE TABLE users (name TEXT)"), ("b.sql", "INSERT INTO users VALUES ('Bob')")]);
    let files = tempfile::tempdir().unwrap();
    for mode in ["wal", "delete"] {
        let path = files.path().join(mode);
        let file = Connection::open(&path).unwrap();
        file.execute_batch("PRAGMA page_size = 8192").unwrap();
        let _: String = one(&file, &format!("PRAGMA journal_mode = {mode}"));
        file.execute_batch("PRAGMA user_version = 7; PRAGMA application_id = 9").unwrap();
        file.close().unwrap();
        Seeds::from(folder.path()).load_into_file(&path).unwrap();
        let file = Connection::open(&path).unwrap();
        assert_eq!(one::<String>(&file, "SELECT name FROM users"), "Bob");
        assert_eq!(one::<String>(&file, "PRAGMA journal_mode"), mode);
        for (pragma, value) in [("page_size", 8192), ("user_version", 7), ("application_id", 9)] {
            assert_eq!(one::<i64>(&file, &format!("PRAGMA {pragma}")), value, "{pragma} in {mode}");
        }
    }
}

/// An empty file has no settings.
#[test]
fn load_into_an_empty_file_takes_the_settings_of_the_schema() {
    let folder =
        folder(&[("a.sql", "PRAGMA page_size = 8192; PRAGMA auto_vacuum = 1; CREATE TABLE users (name TEXT)")]);
    let files = tempfile::tempdir().unwrap();
    let path = files.path().join("app.db");
    fs::write(&path, "").unwrap();
    Seeds::from(folder.path()).load_into_file(&path).unwrap();
    let file = Connection::open(&path).unwrap();
    assert_eq!((one::<i64>(&file, "PRAGMA page_size"), one::<i64>(&file, "PRAGMA auto_vacuum")), (8192, 1));
    fs::write(&path, "").unwrap();
    let wrong = self::folder(&[("a.sql", "CREATE TABLE users (name TEXT); SELEC")]);
    Seeds::from(wrong.path()).load_into_file(&path).unwrap_err();
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
}

#[test]
fn refused_exclusive_load_locks_nobody_out() {
    for mode in ["wal", "delete"] {
        let folder = folder(&[("a.sql", "VACUUM")]);
        let path = folder.path().join("app.db");
        let mut ours = Connection::open(&path).unwrap();
        // Rusqlite's `busy_timeout` would not link with the system's SQLite where that is older than 3.44.
        let _: i64 = one(&ours, "PRAGMA busy_timeout = 0");
        let _: String = one(&ours, &format!("PRAGMA journal_mode = {mode}"));
        ours.execute_batch(BLOG).unwrap();
        let other = Connection::open(&path).unwrap();
        other.execute_batch("BEGIN; SELECT * FROM users").unwrap();
        let error = Seeds::from(folder.path().join("a.sql")).load(&mut ours).unwrap_err();
        assert!(matches!(error.kind(), SeedErrorKind::NotAlone), "{error}");
        let new = Connection::open(&path).unwrap();
        let _: i64 = one(&new, "PRAGMA busy_timeout = 0");
        other.execute_batch("COMMIT").unwrap();
        assert_eq!(one::<i64>(&new, "SELECT count(*) FROM users"), 0);
        assert_eq!(one::<String>(&new, "PRAGMA journal_mode"), mode);
        new.execute_batch("INSERT INTO users (name) VALUES ('Bob')").unwrap();
        drop((other, new));
        Seeds::from(folder.path().join("a.sql")).load(&mut ours).unwrap();
        assert_eq!(one::<String>(&ours, "PRAGMA journal_mode"), mode);
        let new = Connection::open(&path).unwrap();
        new.execute_batch("INSERT INTO users (name) VALUES ('Eve')").unwrap();
    }
}

#[test]
fn failed_exclusive_load_is_undone_under_query_only() {
    let folder =
        folder(&[("a.sql", "PRAGMA page_size = 8192; VACUUM; DELETE FROM users; PRAGMA query_only = ON; SELEC")]);
    let path = folder.path().join("app.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch(&format!("{BLOG}; INSERT INTO users (name) VALUES ('Bob')"))
        .unwrap();
    let error = Seeds::from(folder.path().join("a.sql")).load_into_file(&path).unwrap_err();
    assert!(!matches!(error.kind(), SeedErrorKind::NotRestored { .. }), "{error}");
    let file = Connection::open(&path).unwrap();
    assert_eq!(one::<String>(&file, "SELECT name FROM users"), "Bob");
    assert_eq!(one::<i64>(&file, "PRAGMA page_size"), 4096);
}

#[test]
fn failed_script_leaves_the_schema_unwritable() {
    let folder = folder(&[("a.sql", "PRAGMA writable_schema = ON; SELEC")]);
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(BLOG).unwrap();
    Seeds::from(folder.path()).load(&mut connection).unwrap_err();
    assert_eq!(one::<i64>(&connection, "PRAGMA writable_schema"), 0);
}
