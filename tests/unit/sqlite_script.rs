//! Unit tests of `src/sqlite/script.rs`.

use super::Script;
use rusqlite::Connection;

fn split(text: &str) -> Vec<String> {
    let connection = Connection::open_in_memory().unwrap();
    let mut script = Script::new(&connection, text).unwrap();
    let mut found = Vec::new();
    while let Some(mut statement) = script.next().unwrap() {
        statement.run().unwrap();
        found.push(text[statement.span.clone()].trim().to_owned());
    }
    found
}

#[test]
fn statements_end_where_sqlite_says() {
    assert_eq!(split("SELECT 1; SELECT 2"), ["SELECT 1;", "SELECT 2"]);
    let text = ";; -- a;b\n /* ; */ ; SELECT 1 ;";
    assert_eq!(split(&format!("{text} -- end;")), [text], "what stands before a statement belongs to it");
    assert_eq!(
        split("SELECT 'a;''b;', `1;`, [;] FROM (SELECT 1 `1;`, 2 [;]);"),
        ["SELECT 'a;''b;', `1;`, [;] FROM (SELECT 1 `1;`, 2 [;]);"]
    );
    let trigger = "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT CASE WHEN 1 THEN 2 END; DELETE FROM a; END;";
    assert_eq!(
        split(&format!("CREATE TABLE a (b); {trigger} SELECT 1;")),
        ["CREATE TABLE a (b);", trigger, "SELECT 1;"]
    );
    assert_eq!(split(""), [""; 0]);
    assert_eq!(split("-- nothing"), [""; 0]);
}

#[test]
fn errors_have_a_place_and_a_code() {
    let connection = Connection::open_in_memory().unwrap();
    let mut script = Script::new(&connection, "SELECT 1;\nSELECT nosuch").unwrap();
    script.next().unwrap();
    let unprepared = script.next().unwrap_err();
    assert_eq!(unprepared.offset, Some("SELECT 1;\nSELECT ".len()));
    assert_eq!(unprepared.error.to_string(), "no such column: nosuch");
    let mut script = Script::new(&connection, "CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1), (1)").unwrap();
    script.next().unwrap().unwrap().run().unwrap();
    let error = script.next().unwrap().unwrap().run().unwrap_err();
    assert_eq!(error.sqlite_error().unwrap().extended_code, rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE);
    assert_eq!(Script::new(&connection, "SELECT\0").unwrap_err(), 6);
}
