//! Shapes of transactions, and whether SQLite refuses them beside a rival writer.

use rusqlite::{Connection, ErrorCode, ffi};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr;

/// The schema of the databases on which the shapes run.
pub const SCHEMA: &str = "CREATE TABLE t (n INTEGER); CREATE TABLE log (n INTEGER); INSERT INTO t VALUES (1);
    CREATE TRIGGER logs AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (new.n); END";

/// What a connection runs before it needs the write lock, and the statement that needs it.
pub type Shape = (&'static [&'static str], &'static str);

pub const AUTOCOMMIT: Shape = (&["SELECT n FROM t"], "INSERT INTO t VALUES (2)");
pub const READ_FIRST: Shape = (&["BEGIN", "SELECT n FROM t"], "INSERT INTO t VALUES (2)");
pub const WRITE_FIRST: Shape = (&["BEGIN"], "INSERT INTO t VALUES (2)");
pub const IMMEDIATE: Shape = (&[], "BEGIN IMMEDIATE");
pub const EXCLUSIVE: Shape = (&[], "BEGIN EXCLUSIVE");
pub const SAVEPOINT: Shape = (&["SAVEPOINT s", "SELECT n FROM t"], "DELETE FROM t");
pub const SAVEPOINT_INSIDE: Shape = (&["BEGIN", "SELECT n FROM t", "SAVEPOINT s"], "DELETE FROM t");
pub const TRIGGER: Shape = (&["BEGIN", "SELECT n FROM log"], "UPDATE t SET n = 3");
pub const RETURNING: Shape = (&["BEGIN", "SELECT n FROM t"], "UPDATE t SET n = 3 RETURNING n");
pub const RETURNING_FIRST: Shape = (&["BEGIN"], "UPDATE t SET n = 3 RETURNING n");
pub const NOTHING_TO_WRITE: Shape = (&["BEGIN", "SELECT n FROM t"], "DELETE FROM t WHERE n = 99");
pub const TEMPORARY: Shape = (&["BEGIN", "SELECT n FROM t"], "CREATE TEMP TABLE x (n)");
pub const ATTACHED: Shape = (
    &["ATTACH '' AS other", "CREATE TABLE other.t (n)", "BEGIN", "SELECT n FROM main.t"],
    "INSERT INTO main.t VALUES (2)",
);
pub const OTHER_ATTACHED: Shape = (
    &["ATTACH '' AS other", "CREATE TABLE other.t (n)", "BEGIN", "SELECT n FROM other.t"],
    "INSERT INTO main.t VALUES (2)",
);

/// All shapes.
pub const SHAPES: &[Shape] = &[
    AUTOCOMMIT,
    READ_FIRST,
    WRITE_FIRST,
    IMMEDIATE,
    EXCLUSIVE,
    SAVEPOINT,
    SAVEPOINT_INSIDE,
    TRIGGER,
    RETURNING,
    RETURNING_FIRST,
    NOTHING_TO_WRITE,
    TEMPORARY,
    ATTACHED,
    OTHER_ATTACHED,
];

/// Runs a statement, whether it returns rows or not.
pub fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.raw_query();
    while rows.next()?.is_some() {}
    Ok(())
}

/// Whether SQLite refuses the last statement beside a rival writer without asking the busy handler. `connect` opens connections to one
/// database.
pub fn fails_at_once(connect: impl Fn() -> Connection, (before, writes): Shape) -> bool {
    thread_local! {
        static ASKED: Cell<bool> = const { Cell::new(false) };
    }
    unsafe extern "C" fn asked(_: *mut c_void, _: c_int) -> c_int {
        ASKED.set(true);
        0
    }
    ASKED.set(false);
    let connection = connect();
    for sql in before {
        run(&connection, sql).unwrap();
    }
    // Not rusqlite's `busy_handler`, which does not link with a system library before 3.44.
    // SAFETY: the handle is open, this thread has it, and the function uses no argument.
    unsafe { ffi::sqlite3_busy_handler(connection.handle(), Some(asked), ptr::null_mut()) };
    let rival = connect();
    rival.execute_batch("BEGIN IMMEDIATE").unwrap();
    let result = run(&connection, writes);
    let is_busy = result.is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy));
    is_busy && !ASKED.get()
}
