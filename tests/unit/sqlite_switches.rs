//! Unit tests of `src/sqlite/control/switches.rs`.

use super::{Switch, Switched, set_pragma};
use rusqlite::Connection;

#[test]
fn double_quoted_text_is_refused_and_allowed_again() {
    let connection = Connection::open_in_memory().unwrap();
    let statement = || connection.execute_batch("SELECT \"no such column\"").is_ok();
    let schema = || {
        let table = "CREATE TABLE IF NOT EXISTS t (a CHECK (a <> \"no such column\")); DROP TABLE t";
        connection.execute_batch(table).is_ok()
    };
    let _all = [Switch::DoubleQuotedTextInStatements, Switch::DoubleQuotedTextInSchema]
        .map(|switch| Switched::new(&connection, switch, true).unwrap());
    assert!(statement() && schema());
    let refused = Switched::new(&connection, Switch::DoubleQuotedTextInStatements, false).unwrap();
    assert!(!statement() && schema());
    drop(refused);
    let refused = Switched::new(&connection, Switch::DoubleQuotedTextInSchema, false).unwrap();
    assert!(statement() && !schema());
    drop(refused);
    assert!(statement() && schema());
}

#[test]
fn defensive_mode_protects_the_schema() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE t (a); PRAGMA writable_schema = ON").unwrap();
    let write = || connection.execute("UPDATE sqlite_schema SET name = name", []).is_ok();
    let defensive = Switched::new(&connection, Switch::Defensive, true).unwrap();
    assert!(!write());
    drop(defensive);
    assert!(write());
}

#[test]
fn pragma_is_set_and_a_name_of_none_is_an_error() {
    let connection = Connection::open_in_memory().unwrap();
    for value in ["7", "-9"] {
        set_pragma(&connection, "user_version", value).unwrap();
        let now: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(now.to_string(), value);
    }
    let error = set_pragma(&connection, "main.user_version", "1").unwrap_err();
    assert_eq!(error.to_string(), "`main.user_version` is not the name of a pragma");
    assert!(set_pragma(&connection, "", "1").is_err());
}
