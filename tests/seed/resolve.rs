//! Labels become keys, and computed values are what SQLite makes of them.

use crate::{blog, one};
use common::folder;
use sqlite_fixtures::{Seeds, Template, labels::label_id, rusqlite::Connection};

#[test]
fn label_becomes_the_id_of_rails() {
    let (connection, labels) = blog(&[("users.json", r#"{"ruby": {"name": "Ruby"}}"#)]);
    assert_eq!(labels.unwrap().key::<i64>("users", "ruby").unwrap(), 207_281_424);
    assert_eq!(one::<i64>(&connection, "SELECT id FROM users"), 207_281_424);
}

#[test]
fn forward_reference_resolves() {
    let (connection, labels) = blog(&[("posts.json", r#"[{"author_id": "bob"}]"#), ("users.json", r#"{"bob": null}"#)]);
    labels.unwrap();
    assert_eq!(one::<i64>(&connection, "SELECT author_id FROM posts"), label_id("bob"));
}

#[test]
fn text_may_be_a_key_of_a_numeric_column() {
    let files = [
        ("schema.sql", "CREATE TABLE users (id UUID PRIMARY KEY); CREATE TABLE posts (author UUID REFERENCES users)"),
        ("users.json", r#"[{"id": "f47ac10b-58cc"}]"#),
        ("posts.json", r#"[{"author": "f47ac10b-58cc"}]"#),
    ];
    let session = Template::from_folder(folder(&files).path()).uncached().session();
    assert_eq!(one::<String>(&session, "SELECT author FROM posts"), "f47ac10b-58cc");
}

#[test]
fn explicit_key_is_kept() {
    let (connection, labels) =
        blog(&[("users.json", r#"{"bob": {"id": 7}}"#), ("posts.json", r#"[{"author_id": "bob"}]"#)]);
    assert_eq!(labels.unwrap().key::<i64>("users", "bob").unwrap(), 7);
    assert_eq!(one::<i64>(&connection, "SELECT author_id FROM posts"), 7);
}

#[test]
fn null_key_is_made_from_the_label() {
    let (connection, labels) =
        blog(&[("users.json", r#"{"bob": {"id": null, "name": "Bob"}}"#), ("posts.json", r#"[{"author_id": "bob"}]"#)]);
    assert_eq!(labels.unwrap().key::<i64>("users", "bob").unwrap(), label_id("bob"));
    assert_eq!(one::<i64>(&connection, "SELECT id FROM users"), label_id("bob"));
}

#[test]
fn key_may_be_a_reference() {
    let mut connection = Connection::open_in_memory().unwrap();
    let schema = "CREATE TABLE users (id INTEGER PRIMARY KEY);
        CREATE TABLE profiles (user_id INTEGER PRIMARY KEY REFERENCES users);
        CREATE TABLE photos (profile_id INTEGER REFERENCES profiles);";
    connection.execute_batch(schema).unwrap();
    let folder = folder(&[
        ("users.json", r#"{"alice": {"id": 7}}"#),
        ("profiles.json", r#"{"of_alice": {"user_id": "alice"}}"#),
        ("photos.json", r#"[{"profile_id": "of_alice"}]"#),
    ]);
    let labels = Seeds::from(folder.path()).load(&mut connection).unwrap();
    assert_eq!(labels.key::<i64>("profiles", "of_alice").unwrap(), 7);
    assert_eq!(one::<i64>(&connection, "SELECT profile_id FROM photos"), 7);
}

#[test]
fn circular_keys_are_an_error() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE t (id TEXT PRIMARY KEY REFERENCES t)").unwrap();
    let folder = folder(&[("t.json", r#"{"a": {"id": "b"}, "b": {"id": "a"}}"#)]);
    // Each text is a key that a row gives, so each stands for itself.
    Seeds::from(folder.path()).load(&mut connection).unwrap();
    connection.execute_batch("DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY REFERENCES t)").unwrap();
    assert!(Seeds::from(folder.path()).load(&mut connection).is_err());
}

#[test]
fn key_wins_over_label() {
    let (connection, labels) = blog(&[
        ("countries.json", r#"{"nl": {"code": "NL"}, "other": {"code": "nl"}}"#),
        ("cities.json", r#"[{"name": "Delft", "country": "nl"}, {"name": "Paris", "country": "other"}]"#),
        ("users.json", r#"{"42": {"name": "a label"}, "x": {"id": 42}}"#),
        ("posts.json", r#"[{"author_id": "42"}]"#),
    ]);
    labels.unwrap();
    assert_eq!(one::<String>(&connection, "SELECT country FROM cities WHERE name = 'Delft'"), "nl");
    assert_eq!(one::<String>(&connection, "SELECT country FROM cities WHERE name = 'Paris'"), "nl");
    assert_eq!(one::<i64>(&connection, "SELECT author_id FROM posts"), 42);
}

#[test]
fn labels_of_text_and_composite_keys() {
    let (_, labels) = blog(&[
        ("countries.json", r#"{"nl": {"name": "Nederland"}}"#),
        ("pairs.json", r#"{"first": {"a": 1, "b": 2}}"#),
    ]);
    let labels = labels.unwrap();
    assert_eq!(labels.key::<String>("countries", "nl").unwrap(), "nl");
    assert!(labels.key::<i64>("countries", "nl").unwrap_err().to_string().contains("session.key"));
    assert!(labels.key::<i64>("pairs", "first").unwrap_err().to_string().contains("composite"));
    let error = labels.key::<i64>("countries", "nlx").unwrap_err();
    assert_eq!(error.to_string(), "no row of `countries` is labelled `nlx`; did you mean `nl`?");
}

#[test]
fn label_stands_for_the_key_of_its_row() {
    let schema = "CREATE TABLE tags (name TEXT PRIMARY KEY);
        CREATE TABLE days (created_on TEXT NOT NULL PRIMARY KEY);
        CREATE TABLE things (id PRIMARY KEY);
        CREATE TABLE uses (tag REFERENCES tags, day REFERENCES days, thing REFERENCES things);";
    let uses = r#"[{"tag": "sea", "day": "monday", "thing": "five"}]"#;
    let files = folder(&[
        ("schema.sql", schema),
        ("tags.json", r#"{"sea": {"name": "the $LABEL"}}"#),
        ("days.json", r#"{"monday": {}}"#),
        ("things.json", r#"{"five": {"id": "5"}}"#),
        ("uses.json", uses),
    ]);
    let session = Template::from_folder(files.path()).session();
    let held: String = one(&session, "SELECT tag || ', ' || day || ', ' || quote(thing) FROM uses");
    assert_eq!(held, "the sea, monday, '5'");
}

#[test]
fn row_with_a_null_key_is_joined_by_label() {
    let schema = "CREATE TABLE posts (id INTEGER PRIMARY KEY); CREATE TABLE tags (name TEXT PRIMARY KEY);
        CREATE TABLE posts_tags (post_id INTEGER NOT NULL REFERENCES posts, tag TEXT REFERENCES tags);";
    let files = folder(&[
        ("schema.sql", schema),
        ("posts.json", r#"{"salt": {"id": null, "tags": "sea"}}"#),
        ("tags.json", r#"{"sea": {}}"#),
    ]);
    let session = Template::from_folder(files.path()).session();
    assert_eq!(one::<i64>(&session, "SELECT post_id FROM posts_tags"), label_id("salt"));
}

#[test]
fn label_variable_expands_only_in_texts() {
    let files =
        [("users.json", r#"{"a": {"name": "FILE=a.txt"}, "b": {"name": "RAW='$LABEL'"}}"#), ("files/a.txt", "$LABEL")];
    let (connection, labels) = blog(&files);
    labels.unwrap();
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM users WHERE CAST(name AS TEXT) = '$LABEL'"), 2);
}

#[test]
fn expression_reads_a_view_with_text_in_double_quotes() {
    let view =
        ("a.sql", "CREATE VIEW codes AS SELECT \"T-\" || id AS code FROM users; INSERT INTO users VALUES (7, \"x\")");
    let (connection, labels) = blog(&[view, ("users.json", r#"[{"name": "RAW=(SELECT code || \"!\" FROM codes)"}]"#)]);
    labels.unwrap();
    assert_eq!(one::<String>(&connection, "SELECT max(name) FROM users WHERE id <> 7"), "T-7!");
}

#[cfg(feature = "yaml")]
#[test]
fn time_and_random_are_fixed_during_a_load() {
    let schema = "CREATE TABLE t (a INTEGER PRIMARY KEY, now TEXT DEFAULT CURRENT_TIMESTAMP, day TEXT, number INTEGER,
        bytes BLOB DEFAULT (randomblob(8)));";
    let rows = "- day: RAW=date('now', '+1 day')\n  number: RAW=random()\n- day: !sql strftime('%J', 'now')\n  number: RAW=random()\n";
    let files = folder(&[("schema.sql", schema), ("t.yaml", rows)]);
    let shown = "SELECT group_concat(concat_ws('|', now, day, number, hex(bytes)), ' / ') FROM t";
    let template = |_| one::<String>(&Template::from_folder(files.path()).uncached().session(), shown);
    let [first, second] = [1, 2].map(template);
    assert_eq!(first, second);
    assert!(first.starts_with("2000-01-01 00:00:00|2000-01-02|"), "{first}");
    assert!(first.contains("|2451544.5|"), "{first}");
    let made = files.path().join("made.md");
    Connection::open(&made).unwrap().execute_batch(schema).unwrap();
    Seeds::from(files.path().join("t.yaml")).load_into_file(&made).unwrap();
    let of_file: String = one(&Connection::open(&made).unwrap(), shown);
    assert!(of_file.starts_with("2000-01-01 00:00:00|2000-01-02|"), "{of_file}");
    // In a test it is the time that it is.
    let session = Template::from_folder(files.path()).session();
    assert!(one::<i64>(&session, "SELECT strftime('%Y', 'now') > '2025'") == 1);
    assert_ne!(one::<i64>(&session, "SELECT random()"), one::<i64>(&session, "SELECT random()"));
}
