//! Unit tests of `src/sqlite/control/limits.rs`.

use super::{Exceeded, ExecutionLimiter, ExecutionLimits};
use rusqlite::{Connection, ErrorCode};
use std::time::Duration;

const WIDE: ExecutionLimits = ExecutionLimits { time: Duration::MAX, memory: i64::MAX };

fn endless(connection: &Connection) -> rusqlite::Result<i64> {
    let sql = "WITH RECURSIVE n (a) AS (VALUES (1) UNION ALL SELECT a + 1 FROM n) SELECT count(*) FROM n";
    connection.query_row(sql, [], |row| row.get(0))
}

fn long(connection: &Connection) -> rusqlite::Result<i64> {
    let sql = "WITH RECURSIVE n (a) AS (VALUES (1) UNION ALL SELECT a + 1 FROM n LIMIT 20000) SELECT count(*) FROM n";
    connection.query_row(sql, [], |row| row.get(0))
}

fn is_interrupted<T>(result: rusqlite::Result<T>) -> bool {
    result.is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted))
}

#[test]
fn endless_statement_is_interrupted_and_the_next_begins_anew() {
    let connection = Connection::open_in_memory().unwrap();
    for ops_per_callback in [1, 10, 1_000] {
        let limiter = ExecutionLimiter::new(&connection, WIDE, ops_per_callback);
        for _ in 0..3 {
            assert_eq!(limiter.begin(1_000_000), None);
            assert!(is_interrupted(endless(&connection)));
            assert_eq!(limiter.exceeded(), Some(Exceeded::Steps));
            assert_eq!(limiter.begin(1_000_000), None);
            assert_eq!(long(&connection).unwrap(), 20_000);
        }
        limiter.begin(u32::MAX);
        for _ in 0..10 {
            assert_eq!(long(&connection).unwrap(), 20_000);
        }
    }
    for _ in 0..10 {
        assert_eq!(long(&connection).unwrap(), 20_000, "all together are more than a million steps");
    }
}

#[test]
fn many_statements_share_their_time() {
    let connection = Connection::open_in_memory().unwrap();
    for sql in
        ["SELECT length(hex(zeroblob(1000000)))", "SELECT sum(length(hex(zeroblob(100000)))) FROM pragma_function_list"]
    {
        let limits = ExecutionLimits { time: Duration::from_millis(100), ..WIDE };
        let limiter = ExecutionLimiter::new(&connection, limits, 1_000);
        let mut statements = 0;
        while limiter.begin(u32::MAX).is_none() && connection.query_row(sql, [], |row| row.get::<_, i64>(0)).is_ok() {
            statements += 1;
        }
        assert_eq!(limiter.exceeded(), Some(Exceeded::Time));
        assert!(statements > 0, "no single one takes so long");
    }
}

#[test]
fn statement_that_fills_the_memory_is_interrupted() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE t (a); PRAGMA temp_store = MEMORY").unwrap();
    let limiter = ExecutionLimiter::new(&connection, ExecutionLimits { memory: 64 << 20, ..WIDE }, 64);
    for sql in ["CREATE TEMP TABLE filled AS", "INSERT INTO t"] {
        let exceeded = limiter.begin(u32::MAX);
        let filled = "WITH RECURSIVE n (a) AS (VALUES (1) UNION ALL SELECT a + 1 FROM n)
            SELECT zeroblob(10000) FROM n";
        assert!(exceeded.is_some() || is_interrupted(connection.execute(&format!("{sql} {filled}"), [])));
        assert_eq!(limiter.exceeded(), Some(Exceeded::Memory), "{sql}");
    }
}
