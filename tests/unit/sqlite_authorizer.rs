//! Unit tests of `src/sqlite/control/authorizer.rs`.

use super::{Answer, Authorizer, Policy, Request};
use rusqlite::{Connection, ffi};

struct ReadNothing;

impl Policy for ReadNothing {
    fn answer(&self, request: Request<'_>) -> Answer {
        match request.action {
            ffi::SQLITE_DELETE if request.first == Some("t") && request.schema == Some("main") => Answer::Deny,
            ffi::SQLITE_READ if request.second == Some("a") => Answer::Ignore,
            _ => Answer::Allow,
        }
    }
}

#[test]
fn answers_hold_until_it_is_dropped() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)").unwrap();
    let delete = || connection.execute("DELETE FROM t", []);
    let read = || connection.query_row("SELECT a FROM t", [], |row| row.get::<_, Option<i64>>(0)).unwrap();
    let authorizer = Authorizer::install(&connection, ReadNothing);
    assert!(delete().is_err());
    assert_eq!(read(), None);
    drop(authorizer);
    assert_eq!(read(), Some(1));
    assert_eq!(delete().unwrap(), 1);
}
