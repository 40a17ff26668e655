//! What a database holds, as text, and what a test has changed in it.

use common::crc32;
use rstest::rstest;
use sqlite_fixtures::{
    Engine, Session, SessionFactory, Template,
    rusqlite::{Connection, types::Value},
    snapshot::{RowChange, RowDiff},
};

const SCHEMA: &str = "
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, photo BLOB, score REAL);
    CREATE TABLE pairs (a TEXT, b INTEGER, note TEXT, PRIMARY KEY (b, a)) WITHOUT ROWID;
    CREATE TABLE log (line TEXT);
    CREATE INDEX users_by_name ON users (name);
    CREATE TRIGGER logged AFTER DELETE ON users BEGIN INSERT INTO log VALUES ('deleted ' || old.name); END;";

const ROWS: &str = "
    INSERT INTO users VALUES (10, 'Ten', x'00ff', 1.5), (2, 'Two''s', zeroblob(100), NULL);
    INSERT INTO pairs VALUES ('x', 2, NULL), ('y', 1, 'first');
    INSERT INTO log VALUES ('b'), ('a');";

fn template() -> Template {
    Template::from_fn(|connection| Ok(connection.execute_batch(&format!("{SCHEMA}{ROWS}"))?))
}

#[test]
fn text_has_schema_and_rows_in_key_order() {
    let session = template().session();
    let expected = "\
CREATE TABLE log (line TEXT);
-- line
'a'
'b'

CREATE TABLE pairs (a TEXT, b INTEGER, note TEXT, PRIMARY KEY (b, a)) WITHOUT ROWID;
-- a | b | note
'y' | 1 | 'first'
'x' | 2 | NULL

CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, photo BLOB, score REAL);
-- id | name | photo | score
2 | 'Two''s' | x'0000000000000000…' (100 bytes, CRC-32 6e4fcb64) | NULL
10 | 'Ten' | x'00ff' | 1.5

CREATE INDEX users_by_name ON users (name);

CREATE TRIGGER logged AFTER DELETE ON users BEGIN INSERT INTO log VALUES ('deleted ' || old.name); END;
";
    let snapshot = session.snapshot().unwrap();
    assert_eq!(snapshot, expected.replace("6e4fcb64", &format!("{:08x}", crc32(&[0; 100]))));
}

#[test]
fn text_ignores_insertion_order() {
    let engine = Engine::memory().unwrap();
    let session = SessionFactory::new(&engine).unwrap().open().unwrap();
    session.execute_batch(SCHEMA).unwrap();
    let mut rows: Vec<&str> = ROWS.trim().split(";\n").collect();
    rows.reverse();
    session.execute_batch(&rows.join(";")).unwrap();
    session.execute_batch("INSERT INTO users VALUES (5, 'gone', NULL, NULL); DELETE FROM users WHERE id = 5").unwrap();
    session.execute_batch("DELETE FROM log WHERE line GLOB 'deleted*'").unwrap();
    assert_eq!(session.snapshot().unwrap(), template().session().snapshot().unwrap());
    assert_eq!(SessionFactory::new(Engine::memory().unwrap()).unwrap().open().unwrap().snapshot().unwrap(), "\n");
}

fn changed(session: &Session) -> String {
    session.diff().unwrap().to_string()
}

#[rstest]
fn diff_lists_changed_rows(#[values(true, false)] in_memory: bool) {
    let engine = if in_memory { template().memory() } else { template().temp_file() }.unwrap();
    let session = SessionFactory::new(&engine).unwrap().open().unwrap();
    assert!(session.diff().unwrap().is_empty());
    assert_eq!(changed(&session), "no change");
    session
        .execute_batch(
            "BEGIN;
             UPDATE users SET name = 'Zehn', score = NULL WHERE id = 10;
             DELETE FROM users WHERE id = 2;
             INSERT INTO users VALUES (3, 'Three', NULL, NULL);
             UPDATE pairs SET note = 'second' WHERE b = 2;
             UPDATE log SET line = line WHERE line = 'a'",
        )
        .unwrap();
    let expected = "\
log
  + 3: line = 'deleted Two''s'
pairs
  ~ 2, 'x': note = NULL -> 'second'
users
  - 2: id = 2, name = 'Two''s', photo = x'0000000000000000…' (100 bytes, CRC-32 ";
    let found = changed(&session);
    assert!(found.starts_with(expected), "what is not committed too: {found}");
    assert!(found.ends_with(
        "score = NULL\n  ~ 10: name = 'Ten' -> 'Zehn', score = 1.5 -> NULL\n  + 3: id = 3, name = 'Three', photo = NULL, score = NULL"
    ), "{found}");
    session.execute_batch("ROLLBACK").unwrap();
    assert!(session.diff().unwrap().is_empty());
}

#[test]
fn diff_lists_schema_and_columns() {
    let session = template().session();
    session
        .execute_batch(
            "CREATE TABLE new (a); INSERT INTO new VALUES (1); DROP TABLE pairs; DROP INDEX users_by_name;
             ALTER TABLE log ADD COLUMN at TEXT DEFAULT 'now'",
        )
        .unwrap();
    let expected = "\
- index users_by_name
~ table log
+ table new
- table pairs
log
  ~ 2: at = (no column) -> 'now'
  ~ 1: at = (no column) -> 'now'
new
  + 1: a = 1
pairs
  - 1, 'y': a = 'y', b = 1, note = 'first'
  - 2, 'x': a = 'x', b = 2, note = NULL";
    assert_eq!(changed(&session), expected);
    let diff = session.diff().unwrap();
    let RowDiff { key, change: RowChange::Removed(row), .. } =
        diff.tables.iter().find(|table| table.name == "pairs").and_then(|table| table.rows.last()).unwrap()
    else {
        panic!("{diff:?}")
    };
    assert_eq!(key, &[Value::Integer(2), Value::Text("x".to_owned())]);
    assert_eq!(row[2], ("note".to_owned(), Value::Null));
}

#[test]
fn diff_serializes_as_data() {
    let session = template().session();
    session
        .execute_batch(
            "UPDATE users SET name = 'Zehn', score = NULL WHERE id = 10; DELETE FROM pairs WHERE b = 1;
             INSERT INTO log (rowid, line) VALUES (7, 'c'); CREATE VIEW names AS SELECT name FROM users;
             ALTER TABLE log ADD COLUMN at TEXT",
        )
        .unwrap();
    let expected = serde_json::json!({
        "schema": [
            {
                "kind": "table", "name": "log",
                "before": "CREATE TABLE log (line TEXT)", "after": "CREATE TABLE log (line TEXT, at TEXT)"
            },
            { "kind": "view", "name": "names", "before": null, "after": "CREATE VIEW names AS SELECT name FROM users" },
        ],
        "tables": {
            "log": [
                { "key": [2], "changed": { "at": { "after": null } } },
                { "key": [1], "changed": { "at": { "after": null } } },
                { "key": [7], "added": { "line": "c", "at": null } },
            ],
            "pairs": [{ "key": [1, "y"], "removed": { "a": "y", "b": 1, "note": "first" } }],
            "users": [{
                "key": [10],
                "changed": {
                    "name": { "before": "Ten", "after": "Zehn" }, "score": { "before": 1.5, "after": null }
                }
            }],
        },
    });
    assert_eq!(serde_json::to_value(session.diff().unwrap()).unwrap(), expected);
}

#[test]
fn diff_shows_text_that_is_not_utf_8_as_a_blob() {
    let session = template().session();
    session.execute_batch("INSERT INTO log VALUES (CAST(x'ff00' AS TEXT))").unwrap();
    assert_eq!(changed(&session), "log\n  + 3: line = x'ff00'");
}

#[test]
fn diff_opens_no_session() {
    let collated = |builder: sqlite_fixtures::engine::EngineBuilder| {
        builder
            .max_sessions(1)
            .on_open(|connection: &Connection| connection.execute_batch("CREATE TEMP TABLE opened (a)"))
    };
    let session = template().engine_options(collated).session();
    session.execute_batch("CREATE VIRTUAL TABLE docs USING fts5 (body); INSERT INTO docs VALUES ('moss')").unwrap();
    assert_eq!(changed(&session), "+ table docs\ndocs\n  + 1: body = 'moss'");
    assert!(session.snapshot().unwrap().contains("-- body\n'moss'\n"));
    assert_eq!(session.engine().snapshot().unwrap(), session.snapshot().unwrap());
    session.execute_batch("BEGIN; DELETE FROM users").unwrap();
    assert_ne!(session.engine().snapshot().unwrap(), session.snapshot().unwrap(), "what is not committed");
    assert_eq!(session.engine().ledger().counts().opened, 1);
}

#[test]
fn null_and_hidden_keys_are_distinct() {
    let template = Template::from_fn(|connection| {
        Ok(connection.execute_batch(
            "CREATE TABLE nulls (a TEXT PRIMARY KEY, b); INSERT INTO nulls VALUES (NULL, 1), (NULL, 2);
             CREATE TABLE hidden (rowid TEXT, a); INSERT INTO hidden VALUES ('x', 1)",
        )?)
    });
    let session = template.session();
    session
        .execute_batch(
            "DELETE FROM nulls WHERE b = 1; INSERT INTO nulls VALUES (NULL, 2); INSERT INTO hidden VALUES ('x', 1)",
        )
        .unwrap();
    let expected = "\
hidden
  + 2: rowid = 'x', a = 1
nulls
  - NULL, 1: a = NULL, b = 1
  + NULL, 3: a = NULL, b = 2";
    assert_eq!(changed(&session), expected);
}

#[test]
fn equal_under_collation_has_one_order() {
    let snapshot = |rows: &str| {
        let sessions = SessionFactory::new(Engine::memory().unwrap()).unwrap();
        let session = sessions.open().unwrap();
        session.execute_batch("CREATE TABLE t (a TEXT COLLATE NOCASE, b)").unwrap();
        session.execute_batch(&format!("INSERT INTO t VALUES {rows}")).unwrap();
        session.snapshot().unwrap()
    };
    assert_eq!(snapshot("('a', 1), ('A', 2)"), snapshot("('A', 2), ('a', 1)"));
    let odd = snapshot("(CAST(x'ff' AS TEXT), 9e999)");
    assert!(odd.ends_with("CAST(x'ff' AS TEXT) | 9e999\n"), "{odd}");
}
