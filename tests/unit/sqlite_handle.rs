//! Unit tests of `src/sqlite/handle.rs`.

use super::{Handle, statements};
use rusqlite::Connection;

#[test]
fn handles_are_compared() {
    let (one, two) = (Connection::open_in_memory().unwrap(), Connection::open_in_memory().unwrap());
    assert_eq!(Handle::new(&one), Handle::new(&one));
    assert_ne!(Handle::new(&one), Handle::new(&two));
}

#[test]
fn live_statements_are_listed_in_order() {
    let connection = Connection::open_in_memory().unwrap();
    let one = connection.prepare("SELECT 1").unwrap();
    let two = connection.prepare("SELECT 2").unwrap();
    assert_eq!(statements(&connection), ["SELECT 1", "SELECT 2"]);
    drop(one);
    assert_eq!(statements(&connection), ["SELECT 2"]);
    drop(two);
    assert_eq!(statements(&connection), [""; 0]);
}
