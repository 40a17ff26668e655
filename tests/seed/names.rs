//! Names that look like SQL, paths or templates are only names.

use common::{dump, folder};
use sqlite_fixtures::{Seeds, rusqlite::Connection};
use std::{fs, path::Path};

/// Not every platform has quotes in the names of files.
#[cfg(unix)]
#[test]
fn quoted_names_load() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(
            "CREATE TABLE \"od\"\"d t\" (\"a b\" TEXT, \"select\" TEXT, \"'\" TEXT REFERENCES \"od\"\"d t\" (\"a b\"))",
        )
        .unwrap();
    connection.execute_batch("CREATE UNIQUE INDEX i ON \"od\"\"d t\" (\"a b\")").unwrap();
    let folder = folder(&[("od\"d t.sql", "INSERT INTO \"od\"\"d t\" VALUES ('x;', 'y', NULL)")]);
    Seeds::from(folder.path()).load(&mut connection).unwrap();
    assert_eq!(crate::one::<i64>(&connection, "SELECT count(*) FROM \"od\"\"d t\""), 1);
}

/// Names that somebody might hope are not looked at.
const NAMES: [&str; 60] = [
    "..",
    "../outside",
    "..\\outside",
    "/etc/passwd",
    "C:\\outside",
    "~/outside",
    "$HOME",
    "${HOME}",
    "%TEMP%",
    "`id`",
    "$(id)",
    "a;b",
    "a; DROP TABLE notes; --",
    "a'); DROP TABLE notes; --",
    "a\"); DROP TABLE notes; --",
    "\"",
    "\"\"",
    "'",
    "''",
    "`",
    "[",
    "]",
    "[a]",
    "a]b",
    "a\"b",
    "a'b",
    "a`b",
    "--",
    "-- a",
    "/*",
    "/* a */",
    "*",
    "?",
    "?1",
    ":a",
    "@a",
    "$a",
    "#",
    "a b",
    " a",
    "a ",
    "\t",
    "\n",
    "a\nb",
    "a\r\nb",
    "\u{1}",
    "\u{1b}[31m",
    "\u{202e}txt",
    "\u{200b}",
    "\u{feff}",
    "é",
    "e\u{301}",
    "灯台",
    "😀",
    "select",
    "table",
    "rowid",
    "main",
    "NULL",
    "{{ . }}",
];

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table, its column, a label and a value that all have one name: the row is in it, and nothing else has changed.
fn name_is_only_a_name(connection: &mut Connection, seeds: &Path, name: &str) {
    let table = quoted(name);
    let schema = format!("CREATE TABLE {table} ({table} TEXT, \"the key\" TEXT PRIMARY KEY)");
    connection.execute_batch(&schema).unwrap();
    let before: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    fs::write(seeds, serde_json::json!({ name: [{ name: name, "_label": name }] }).to_string()).unwrap();
    let labels = Seeds::from(seeds).load(connection).unwrap_or_else(|error| panic!("{name:?}: {error}"));
    assert_eq!(labels.key::<String>(name, name).unwrap(), name);
    let held: (String, String, i64) = connection
        .query_row(
            &format!("SELECT {table}, \"the key\", (SELECT count(*) FROM sqlite_schema) FROM {table}"),
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    assert_eq!(held, (name.to_owned(), name.to_owned(), before));
    connection.execute_batch(&format!("DROP TABLE {table}")).unwrap();
}

#[test]
fn hostile_names_are_only_names() {
    let folder = folder(&[("seeds/seeds.json", "")]);
    let seeds = folder.path().join("seeds/seeds.json");
    let mut connection = Connection::open_in_memory().unwrap();
    for name in NAMES {
        name_is_only_a_name(&mut connection, &seeds, name);
    }
    assert_eq!(dump(&connection), "");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn random_names_are_only_names() {
    use proptest::{strategy::Strategy, strategy::ValueTree, test_runner::TestRunner};
    let folder = folder(&[("seeds/seeds.json", "")]);
    let seeds = folder.path().join("seeds/seeds.json");
    let mut connection = Connection::open_in_memory().unwrap();
    let mut runner = TestRunner::deterministic();
    // Anything but NUL, which no SQL can have, and half of it out of what SQL and paths are made of.
    let letters = proptest::string::string_regex("([^\0]|[-;'\"`\\[\\]./\\\\ \n*()a-c]){1,24}").unwrap();
    for _ in 0..10_000 {
        let name = letters.new_tree(&mut runner).unwrap().current();
        // Names of SQLite's own; the other column; and what a value may begin with.
        let lower = name.to_ascii_lowercase();
        if !lower.starts_with("sqlite_") && lower != "the key" && !name.starts_with("RAW=") {
            name_is_only_a_name(&mut connection, &seeds, &name);
        }
    }
    assert_eq!(dump(&connection), "");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// What `dump` writes of tables with such names, in each format, is inside its folder, and seeds the same database again.
#[cfg(feature = "cli")]
#[test]
fn dump_of_hostile_names_stays_in_its_folder() {
    use common::package::Run;
    use std::process::Command;
    let command = |arguments: &[&str], folder: &Path| {
        let run = Run::of(Command::new(env!("CARGO_BIN_EXE_sqlite-fixtures")).args(arguments).current_dir(folder));
        assert_eq!(run.code, Some(0), "{}", run.text);
    };
    for format in ["yaml", "json", "csv", "sql"] {
        let folder = folder(&[]);
        let connection = Connection::open(folder.path().join("test.db")).unwrap();
        for name in NAMES {
            let table = quoted(name);
            connection.execute_batch(&format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, {table} TEXT)")).unwrap();
            connection.execute(&format!("INSERT INTO {table} VALUES (7, ?1)"), [name]).unwrap();
        }
        command(&["dump", "test.db", "--out", "out", "--format", format], folder.path());
        command(&["seed", "out", "--into", "again.db"], folder.path());
        assert_eq!(dump(&Connection::open(folder.path().join("again.db")).unwrap()), dump(&connection), "{format}");
        let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["again.db", "out", "test.db"], "{format}");
        assert!(fs::read_dir(folder.path().join("out")).unwrap().all(|entry| entry.unwrap().path().is_file()));
    }
}
