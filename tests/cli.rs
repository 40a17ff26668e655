//! The commands `sqlite-fixtures check` and `seed`: what they show, and with which exit code.

mod common;

use common::{dump, folder, package::Run};
use sqlite_fixtures::{Template, rusqlite::Connection};
use std::{fs, path::Path, process::Command};

fn run(arguments: &[&str], folder: &Path) -> Run {
    Run::of(Command::new(env!("CARGO_BIN_EXE_sqlite-fixtures")).args(arguments).current_dir(folder))
}

const SCHEMA: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES users, title TEXT);
    CREATE TABLE tags (name TEXT);";

/// A misspelt column, a dangling label, and a line that is no YAML.
fn three_mistakes() -> tempfile::TempDir {
    folder(&[
        ("schema.sql", SCHEMA),
        ("users.json", r#"{"alice": {"nmae": "Alice"}, "bob": {"name": "Bob"}}"#),
        ("posts.csv", "author_id,title\nbob,On salt\nalcie,On moss\n"),
        ("tags.yaml", "- name: sea\n- name: \"sal\n"),
    ])
}

#[test]
fn check_shows_every_mistake_at_its_place() {
    let run = run(&["check", "."], three_mistakes().path());
    assert_eq!(run.code, Some(1), "{}", run.text);
    for part in [
        "posts.csv:3:1: table `posts`, column `author_id`, value `alcie`: this is neither a key nor a label of `users`; \
         did you mean `alice`?\n  3 | alcie,On moss\n    | ^^^^^\n",
        "tags.yaml:2:9: table `tags`: this is not YAML:",
        "users.json:1:12: table `users`, row `alice`, column `nmae`: there is no such column; did you mean `name`?",
        "sqlite-fixtures: 3 mistakes in .\n",
    ] {
        assert!(run.text.contains(part), "{part}\n{}", run.text);
    }
    assert!(!run.text.contains('\u{1b}'), "colours only on a terminal: {}", run.text);
}

#[test]
fn check_says_what_a_clean_folder_holds() {
    let run = run(&["check", "fixtures"], Path::new(env!("CARGO_MANIFEST_DIR")));
    assert_eq!((run.code, run.text.as_str()), (Some(0), "fixtures: no mistake in 10 tables, 52 rows\n"));
}

#[test]
fn seed_makes_the_database_that_a_template_gives_and_ends_with_its_rows() {
    let made = tempfile::tempdir().unwrap();
    let (database, seeds) = (made.path().join("new.db"), Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"));
    let run = run(&["seed", seeds.to_str().unwrap(), "--into", "new.db"], made.path());
    assert_eq!(run.code, Some(0), "{}", run.text);
    assert!(run.text.starts_with("rows authors 5\nrows book_authors 8\n"), "{}", run.text);
    assert_eq!(run.text.lines().count(), 10, "{}", run.text);
    assert_eq!(dump(&Connection::open(database).unwrap()), dump(&Template::from_folder(seeds).session()));
    assert_eq!(fs::read_dir(made.path()).unwrap().count(), 1);
}

#[test]
fn seed_with_mistakes_makes_nothing_and_changes_nothing() {
    let seeds = three_mistakes();
    let new = run(&["seed", ".", "--into", "data/new.db"], seeds.path());
    assert_eq!(new.code, Some(1), "{}", new.text);
    fs::create_dir(seeds.path().join("data")).unwrap();
    let new = run(&["seed", ".", "--into", "data/new.db"], seeds.path());
    assert_eq!(new.code, Some(1), "{}", new.text);
    assert!(new.text.contains("3 mistakes; data/new.db was not made"), "{}", new.text);
    assert!(!seeds.path().join("data/new.db").exists());
    let existing = seeds.path().join("data/test.db");
    Connection::open(&existing).unwrap().execute_batch(SCHEMA).unwrap();
    let before = fs::read(&existing).unwrap();
    let filled = run(&["seed", ".", "--into", "data/test.db"], seeds.path());
    assert_eq!(filled.code, Some(1), "{}", filled.text);
    assert!(filled.text.contains("data/test.db is as it was"), "{}", filled.text);
    assert!(fs::read(&existing).unwrap() == before);
}

#[test]
fn seed_refuses_a_database_that_does_not_look_like_a_test_s_unless_told_otherwise() {
    let seeds = folder(&[("users.json", r#"[{"id": 1, "name": "Alice"}]"#), ("data/readme.md", "")]);
    let app = seeds.path().join("data/app.db");
    Connection::open(&app).unwrap().execute_batch(SCHEMA).unwrap();
    let before = fs::read(&app).unwrap();
    let refused = run(&["seed", ".", "--into", "data/app.db"], seeds.path());
    assert_eq!(refused.code, Some(2), "{}", refused.text);
    assert!(refused.text.contains("give a new file, or --allow-existing"), "{}", refused.text);
    assert!(fs::read(&app).unwrap() == before);
    let allowed = run(&["seed", ".", "--into", "data/app.db", "--allow-existing"], seeds.path());
    assert_eq!((allowed.code, allowed.text.as_str()), (Some(0), "rows posts 0\nrows tags 0\nrows users 1\n"));
    let named = seeds.path().join("data/app_test.db");
    fs::copy(&app, named).unwrap();
    let named = run(&["seed", ".", "--into", "data/app_test.db"], seeds.path());
    assert_eq!(named.code, Some(1), "not refused, but the row is there already: {}", named.text);
    fs::write(&app, "no database").unwrap();
    let garbage = run(&["seed", ".", "--into", "data/app.db", "--allow-existing"], seeds.path());
    assert_eq!(garbage.code, Some(2), "{}", garbage.text);
    assert_eq!(fs::read(&app).unwrap(), b"no database");
}

#[test]
fn help_shows_examples_and_exit_codes() {
    for command in ["check", "seed"] {
        let run = run(&[command, "--help"], Path::new("."));
        assert_eq!(run.code, Some(0));
        assert!(run.text.contains("Exit code:") && run.text.contains(&format!("  sqlite-fixtures {command} fixtures")));
    }
}
