//! Unit tests of `src/sqlite/quote.rs`.

use super::{literal, quoted};
use rusqlite::types::{Value, ValueRef};

#[test]
fn names_are_quoted() {
    assert_eq!(quoted("od\"d name"), "\"od\"\"d name\"");
}

#[test]
fn literals_read_back() {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    for value in [
        ValueRef::Null,
        ValueRef::Integer(i64::MIN),
        ValueRef::Real(f64::NEG_INFINITY),
        ValueRef::Real(1.0),
        ValueRef::Text(b"it's \0\0 two"),
        ValueRef::Text(&[0; 1_000]),
        ValueRef::Text("\u{e000}it's\0".repeat(600).as_bytes()),
        ValueRef::Text(b"\xff"),
        ValueRef::Blob(b"\0'"),
    ] {
        let sql = format!("SELECT {}", literal(value));
        connection
            .query_row(&sql, [], |row| {
                assert_eq!(row.get_ref(0)?, value, "{sql}");
                Ok(())
            })
            .unwrap();
    }
    assert_eq!(literal(&Value::Integer(7)), "7");
}
