//! Rows as values of the code, there and back.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sqlite_fixtures::{Session, Template, rows::RowError, seed::Sql};
use std::{collections::BTreeMap, fmt::Debug};

fn session() -> Session {
    let template = Template::from_fn(|connection| {
        Ok(connection.execute_batch(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INT, score REAL, photo BLOB, is_admin BOOLEAN);
             CREATE TABLE tags (name TEXT PRIMARY KEY);
             CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER REFERENCES users, title TEXT, meta, state TEXT);
             CREATE TABLE pairs (a, b, PRIMARY KEY (b, a)) WITHOUT ROWID;
             CREATE VIEW names AS SELECT name FROM users;",
        )?)
    });
    template.session()
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct User {
    id: i64,
    name: String,
    age: Option<u8>,
    score: f64,
    photo: Vec<u8>,
    is_admin: bool,
}

fn alice() -> User {
    User { id: 7, name: "Alice".into(), age: Some(42), score: 1.5, photo: vec![0, 255], is_admin: true }
}

#[test]
fn struct_round_trips() {
    let session = session();
    let bob = User { id: 3, name: "Bob".into(), age: None, score: 3.0, photo: Vec::new(), is_admin: false };
    session.insert("users", &[alice(), bob.clone()]).unwrap();
    assert_eq!(session.rows::<User>("users").unwrap(), [bob, alice()], "in the order of the key");
    assert_eq!(session.rows::<User>("USERS").unwrap().len(), 2);
}

#[test]
fn row_is_a_map_tuple_or_value() {
    let session = session();
    session.insert("users", &alice()).unwrap();
    let map: Vec<BTreeMap<String, Option<i64>>> = session.select("SELECT id, age FROM users", []).unwrap();
    assert_eq!(map, [BTreeMap::from([("id".to_owned(), Some(7)), ("age".to_owned(), Some(42))])]);
    let tuple: Vec<(i64, String, Option<f64>)> = session.select("SELECT id, name, NULL FROM users", []).unwrap();
    assert_eq!(tuple, [(7, "Alice".to_owned(), None)]);
    #[derive(Debug, PartialEq, Deserialize)]
    struct Id(i64);
    assert_eq!(session.select::<Id>("SELECT id FROM users", []).unwrap(), [Id(7)]);
    assert_eq!(session.select::<Option<i64>>("SELECT NULL UNION ALL SELECT 1", []).unwrap(), [None, Some(1)]);
    assert_eq!(session.select::<Vec<i64>>("SELECT 1, 2, 3", []).unwrap(), [[1, 2, 3]]);
    assert_eq!(session.select::<Vec<u8>>("SELECT photo FROM users", []).unwrap(), [[0, 255]], "bytes are a list");
    assert_eq!(session.select::<[u8; 2]>("SELECT photo FROM users", []).unwrap(), [[0, 255]]);
    #[cfg(feature = "json")]
    assert_eq!(session.select::<(f64, bool)>("SELECT '[1.5, true]'", []).unwrap(), [(1.5, true)]);
    assert_eq!(session.select::<f64>("SELECT 1", []).unwrap(), [1.0], "a number is a number");
    assert_eq!(session.rows::<String>("names").unwrap(), ["Alice"], "a view has rows");
    assert_eq!(session.select::<Option<User>>("SELECT * FROM users", []).unwrap(), [Some(alice())]);
}

#[cfg(feature = "json")]
#[test]
fn nested_values_round_trip() {
    #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
    enum State {
        Draft,
        Published,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Meta {
        words: BTreeMap<String, u64>,
        size: (u32, u32),
        state: State,
        note: Option<char>,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Post {
        title: String,
        meta: Meta,
        state: State,
    }
    let session = session();
    let meta =
        Meta { words: BTreeMap::from([("sea".to_owned(), 3)]), size: (2, 3), state: State::Draft, note: Some('é') };
    let post = Post { title: "On salt".into(), meta, state: State::Published };
    session.insert("posts", &post).unwrap();
    assert_eq!(session.select::<Post>("SELECT title, meta, state FROM posts", []).unwrap(), [post]);
    let untyped: Vec<serde_json::Value> =
        session.select("SELECT title, 1.5 AS half, NULL AS none FROM posts", []).unwrap();
    assert_eq!(untyped, [serde_json::json!({"title": "On salt", "half": 1.5, "none": null})]);
}

#[test]
fn row_is_found_by_label() {
    #[derive(Serialize)]
    struct New {
        _label: &'static str,
        name: &'static str,
    }
    let session = session();
    session.insert("users", &[New { _label: "alice", name: "Alice" }, New { _label: "bob", name: "Bob" }]).unwrap();
    session.insert("tags", &New { _label: "sea", name: "the sea" }).unwrap();
    #[derive(Deserialize)]
    struct Name {
        name: String,
    }
    assert_eq!(session.row::<Name>("users", "bob").unwrap().name, "Bob");
    assert_eq!(session.row::<Name>("Tags", "sea").unwrap().name, "the sea");
    let key = session.id("users", "bob").unwrap();
    assert_eq!(session.select::<String>("SELECT name FROM users WHERE id = ?1", [key]).unwrap(), ["Bob"]);
}

#[track_caller]
fn said<T: DeserializeOwned + Debug>(found: Result<T, RowError>) -> String {
    format!("{:?}", found.unwrap_err())
}

#[test]
fn error_has_place_row_and_column() {
    let session = session();
    session.insert("users", &alice()).unwrap();
    session.execute_batch("INSERT INTO users (id, name, age) VALUES (8, 'Zoë', 300)").unwrap();
    let error = session.select::<(i64, u8)>("SELECT id, age FROM users", []).unwrap_err();
    assert_eq!((error.row(), error.column(), error.position().line()), (Some(2), Some("age"), Some(line!() - 1)));
    assert_eq!(
        error.to_string(),
        format!(
            "{}: `SELECT id, age FROM users`, row 2, column `age`: invalid value: integer `300`, expected u8; correct the \
             query or the field's type",
            error.position()
        )
    );
    #[derive(Debug, Deserialize)]
    struct Other {
        #[expect(dead_code, reason = "it is not there")]
        title: String,
    }
    for (said, part) in [
        (said(session.rows::<User>("user")), "`user`: no such table; did you mean `users`?"),
        (said(session.rows::<User>("elephants")), "no such table; correct the name"),
        (said(session.rows::<Other>("users")), "row 1: missing field `title`; correct the query or the type"),
        (said(session.rows::<i64>("users")), "row 1: expected 1 column, found 6"),
        (said(session.rows::<(i64, i64)>("users")), "row 1: expected 2 columns, found 6"),
        (
            said(session.select::<i64>("SELECT nope FROM users", [])),
            "SQLite reports an error; see the cause\n  caused by: no such",
        ),
        (said(session.select::<bool>("SELECT 2", [])), "column `2`: invalid type: integer `2`, expected a boolean"),
        (said(session.select::<String>("SELECT CAST(x'ff' AS TEXT) AS t", [])), "column `t`: the text is not UTF-8"),
        (said(session.row::<User>("users", "nobody")), "`users, nobody`: the label leads to no row; see the cause"),
    ] {
        assert!(said.contains(part), "{part}\n{said}");
        assert!(said.starts_with("tests/rows.rs:"), "{said}");
    }
}

#[cfg(feature = "json")]
#[test]
fn invalid_json_is_an_error() {
    let session = session();
    let error = session.select::<(Vec<i64>,)>("SELECT 'one, two' AS list", []).unwrap_err();
    assert_eq!(error.column(), Some("list"));
    assert!(error.to_string().contains("nested values are stored as JSON, but this is not JSON: expected"), "{error}");
}

#[test]
fn deleted_row_is_an_error() {
    let session = session();
    let labelled = BTreeMap::from([("_label", "alice"), ("name", "Alice")]);
    session.insert("users", &labelled).unwrap();
    session.execute_batch("DELETE FROM users").unwrap();
    let said = said(session.row::<User>("users", "alice"));
    assert!(said.contains("was deleted"), "{said}");
}

#[test]
fn rows_follow_a_composite_key() {
    let session = session();
    session.execute_batch("INSERT INTO pairs VALUES (1, 2), (2, 1), (1, 1)").unwrap();
    assert_eq!(session.rows::<(i64, i64)>("pairs").unwrap(), [(1, 1), (2, 1), (1, 2)]);
}

/// Only files compute, include or decode; a type of its own says what SQL computes.
#[test]
fn values_from_code_are_stored_as_they_are() {
    #[derive(Serialize)]
    struct Value {
        _label: &'static str,
        flag: &'static str,
        text: &'static str,
        bytes: &'static str,
        owner: &'static str,
    }
    let session = Template::from_fn(|connection| {
        let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, flag BOOLEAN, text TEXT, bytes BLOB, owner_id, owner_type, owner TEXT)";
        Ok(connection.execute_batch(table)?)
    })
    .session();
    let stored = [
        "RAW=1 + 1",
        "BASE64=aGk=",
        "FILE=Cargo.toml",
        "$LABEL",
        "yes",
        "off",
        "true",
        "x'00'",
        "0xff",
        "alice (User)",
        "",
    ];
    for text in stored {
        session.insert("t", &Value { _label: "one", flag: text, text, bytes: text, owner: text }).unwrap();
        let found: Vec<(String, String, String, String)> =
            session.select("SELECT flag, text, bytes, owner FROM t", []).unwrap();
        let text = text.to_owned();
        assert_eq!(found, [(text.clone(), text.clone(), text.clone(), text)]);
        session.execute("DELETE FROM t", []).unwrap();
    }
    session
        .insert("t", &BTreeMap::from([("text", Sql::new("upper('computed') || 1")), ("flag", Sql::new("NULL"))]))
        .unwrap();
    let found: Vec<(String, Option<bool>)> = session.select("SELECT text, flag FROM t", []).unwrap();
    assert_eq!(found, [("COMPUTED1".to_owned(), None)]);
    let error = session.insert("t", &BTreeMap::from([("text", Sql::new("1); DELETE FROM t; --"))])).unwrap_err();
    assert!(error.to_string().contains("tests/rows.rs:"), "{error}");
    assert_eq!(serde_json::to_string(&Sql::new("1")).unwrap(), "\"1\"", "a text for others");
}
