//! Errors that no fixture folder can make, as people see them: one text an error in `tests/shown`.
//!
//! `BLESS=1 cargo test --all-features --test shown` writes what is said now; read the difference before you keep it.
#![cfg(all(feature = "bundled", feature = "json"))]

use common::{chain, folder};
use serde::{Deserialize, Serialize};
use sqlite_fixtures::{Engine, Seeds, Session, SessionFactory, rusqlite::Connection, seed::SeedError};
use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fs::{self, File},
    path::Path,
};

const SCHEMA: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, age INT);
    CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER REFERENCES users, title TEXT);";

/// Compares what a person reads, the error and its causes, with the text that is kept; folders of this run are left out.
#[track_caller]
fn shown(name: &str, error: &dyn Error, folder: Option<&Path>) {
    let mut text = chain(error);
    if let Some(folder) = folder {
        text = text.replace(folder.to_str().unwrap(), "FOLDER");
    }
    text = text.replace(env!("CARGO_MANIFEST_DIR"), "CRATE");
    let path = Path::new("tests/shown").join(name).with_extension("txt");
    if env::var_os("BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(text, fs::read_to_string(&path).unwrap_or_default(), "{}", path.display());
}

fn session() -> Session {
    let session = SessionFactory::new(Engine::memory().unwrap()).unwrap().open().unwrap();
    session.execute_batch(SCHEMA).unwrap();
    session
}

fn load(path: &Path) -> SeedError {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    Seeds::from(path).load(&mut connection).unwrap_err()
}

#[test]
fn a_folder_that_is_not_there() {
    shown("folder_that_is_not_there", &load(Path::new("no/such/folder")), None);
    let folder = folder(&[]);
    shown("absolute_folder_that_is_not_there", &load(&folder.path().join("none")), Some(folder.path()));
}

#[test]
fn a_file_that_is_too_large() {
    let folder = folder(&[]);
    File::create(folder.path().join("users.json")).unwrap().set_len((256 << 20) + 1).unwrap();
    shown("file_that_is_too_large", &load(folder.path()), Some(folder.path()));
}

#[test]
fn a_file_that_is_no_database() {
    let folder = folder(&[("app.db", &"no database ".repeat(1_000)), ("users.json", r#"[{"name": "Alice"}]"#)]);
    let error = Seeds::from(folder.path().join("users.json")).load_into_file(folder.path().join("app.db")).unwrap_err();
    shown("file_that_is_no_database", &error, Some(folder.path()));
}

#[test]
fn more_mistakes_than_are_told() {
    let rows: Vec<String> = (0..102).map(|number| format!(r#"{{"nmae": "user {number}"}}"#)).collect();
    let folder = folder(&[("users.json", &format!("[{}]", rows.join(",\n")))]);
    let text = load(folder.path()).to_string();
    assert_eq!(text.matches("there is no such column").count(), 100);
    assert!(text.ends_with("\nand 2 more"), "{text}");
}

#[test]
fn a_script_inside_a_transaction() {
    let folder = folder(&[("users.sql", "BEGIN; INSERT INTO users (name) VALUES ('Alice'); COMMIT;")]);
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    let transaction = connection.transaction().unwrap();
    let error = Seeds::from(folder.path()).load_in(&transaction).unwrap_err();
    shown("script_inside_a_transaction", &error, Some(folder.path()));
}

#[test]
fn a_database_that_cannot_be_put_back() {
    let folder = folder(&[("users.sql", "INSERT INTO users (name) VALUES ('Alice'); INSERT INTO nothing VALUES (1)")]);
    let file = folder.path().join("app.db");
    let mut connection = Connection::open(&file).unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    connection.busy_timeout(std::time::Duration::ZERO).unwrap();
    // A reader in the middle of it, which lets nobody write.
    let reader = Connection::open(&file).unwrap();
    reader.execute_batch("PRAGMA locking_mode = NORMAL; BEGIN; SELECT * FROM users").unwrap();
    let error = Seeds::from(folder.path().join("users.sql")).load(&mut connection).unwrap_err();
    shown("database_that_cannot_be_put_back", &error, Some(folder.path()));
}

#[test]
fn rows_of_the_code_that_are_none() {
    #[derive(Serialize)]
    enum Shape {
        Circle { radius: f64 },
        Point(f64, f64),
    }
    let session = session();
    for (name, error) in [
        ("row_that_is_a_number", session.insert("users", &7).unwrap_err()),
        ("row_that_is_a_variant", session.insert("users", &Shape::Circle { radius: 1.0 }).unwrap_err()),
        ("row_that_is_a_variant_of_a_tuple", session.insert("users", &Shape::Point(1.0, 2.0)).unwrap_err()),
        ("key_that_is_no_text", session.insert("users", &BTreeMap::from([((1, 2), 3)])).unwrap_err()),
        ("integer_of_64_bits", session.insert("users", &BTreeMap::from([("age", u64::MAX)])).unwrap_err()),
        ("column_of_the_code_that_is_unknown", session.insert("users", &BTreeMap::from([("nmae", 1)])).unwrap_err()),
        ("label_of_the_code_that_is_unknown", {
            session.insert("users", &BTreeMap::from([("_label", "alice"), ("name", "Alice")])).unwrap();
            session.insert("posts", &BTreeMap::from([("author_id", "alcie")])).unwrap_err()
        }),
    ] {
        assert!(error.position().unwrap().to_string().starts_with("tests/shown.rs:"), "{error}");
        shown(name, &WithoutLine(error), None);
    }
}

/// Rows of the code all stand at one place: that does not make two mistakes one.
#[test]
fn two_wrong_columns_of_the_code_are_two_mistakes() {
    let rows = [BTreeMap::from([("nmae", 1)]), BTreeMap::from([("aeg", 2)]), BTreeMap::from([("nmae", 3)])];
    let error = session().insert("users", &rows).unwrap_err();
    let columns: Vec<_> = error.all().map(|error| error.column().unwrap()).collect();
    assert_eq!(columns, ["nmae", "aeg"]);
}

#[test]
fn a_row_that_does_not_serialize() {
    struct Broken;
    impl Serialize for Broken {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("the sensor is off"))
        }
    }
    shown("row_that_does_not_serialize", &WithoutLine(session().insert("users", &Broken).unwrap_err()), None);
}

#[test]
fn rows_that_are_not_what_the_code_takes_them_for() {
    #[derive(Debug, Deserialize)]
    struct User {
        #[expect(dead_code, reason = "it is never read")]
        name: String,
        #[expect(dead_code, reason = "it is never read")]
        age: u8,
    }
    let session = session();
    session.insert("users", &BTreeMap::from([("_label", "alice"), ("name", "Alice"), ("age", "old")])).unwrap();
    for (name, error) in [
        ("value_of_another_type", session.rows::<User>("users").unwrap_err()),
        ("rows_of_no_table", session.rows::<User>("user").unwrap_err()),
        ("rows_without_a_field", session.select::<User>("SELECT name FROM users", []).unwrap_err()),
        ("rows_of_several_columns", session.rows::<i64>("users").unwrap_err()),
        ("query_that_is_refused", session.select::<i64>("SELECT nmae FROM users", []).unwrap_err()),
        ("row_of_no_label", session.row::<User>("users", "alcie").unwrap_err()),
        ("nested_value_that_is_no_json", session.select::<(Vec<u8>,)>("SELECT 'a, b' AS tags", []).unwrap_err()),
    ] {
        shown(name, &WithoutLine(error), None);
    }
}

#[test]
fn labels_that_lead_nowhere() {
    let session = session();
    let none = session.id("users", "alice").unwrap_err();
    shown("label_of_a_table_without_labels", &none, None);
    session.insert("users", &BTreeMap::from([("_label", "alice"), ("name", "Alice")])).unwrap();
    shown("label_that_is_misspelt", &session.id("users", "alcie").unwrap_err(), None);
    shown("label_that_is_unknown", &session.id("users", "zacharias").unwrap_err(), None);
    shown("label_of_a_table_that_is_misspelt", &session.id("user", "alice").unwrap_err(), None);
    shown("key_of_another_type", &session.key::<String>("users", "alice").unwrap_err(), None);
}

/// An error whose line in this file does not count.
#[derive(Debug)]
struct WithoutLine<E>(E);

impl<E: Error> std::fmt::Display for WithoutLine<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.0.to_string();
        let (_, rest) = text.split_once("tests/shown.rs:").expect("a place in this file");
        write!(
            f,
            "tests/shown.rs:LINE:{}",
            rest.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ':')
        )
    }
}

impl<E: Error> Error for WithoutLine<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
