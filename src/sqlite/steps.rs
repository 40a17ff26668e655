//! Statements that may not run for ever.

use rusqlite::{Connection, ffi};
use std::{
    cell::Cell,
    ffi::{c_int, c_void},
    ptr,
    rc::Rc,
};

/// While it lives, a statement ends with `SQLITE_INTERRUPT` after a number of steps of
/// [SQLite's machine](https://sqlite.org/opcode.html).
///
/// It takes the place of a [progress handler](https://sqlite.org/c3ref/progress_handler.html) of the connection.
#[derive(Debug)]
pub(crate) struct Steps<'c> {
    connection: &'c Connection,
    /// How many rests are left. The handler has its address.
    left: Rc<Cell<u32>>,
    most: u32,
}

/// How many steps there are from one rest to the next, which is when SQLite asks whether to go on.
const BETWEEN: u32 = 10_000;

impl<'c> Steps<'c> {
    /// Allows each statement so many steps.
    pub(crate) fn limit(connection: &'c Connection, most: u32) -> Self {
        let most = most / BETWEEN;
        let left = Rc::new(Cell::new(most));
        let between = c_int::try_from(BETWEEN).expect("a small number");
        // SAFETY: the handle is open, since a connection holds it; the cell lives until the handler is taken back, and only this
        // thread has the connection, since it is not `Sync`.
        unsafe {
            let state = Rc::as_ptr(&left).cast_mut().cast();
            ffi::sqlite3_progress_handler(connection.handle(), between, Some(rest), state);
        }
        Self { connection, left, most }
    }

    /// Begins to count anew, for the next statement.
    pub(crate) fn begin(&self) {
        self.left.set(self.most);
    }

    /// Lets what follows take as long as it takes, until the next [`begin`](Self::begin).
    pub(crate) fn lift(&self) {
        self.left.set(u32::MAX);
    }

    /// Whether the last statement was ended by it.
    pub(crate) fn are_used_up(&self) -> bool {
        self.left.get() == 0
    }
}

impl Drop for Steps<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is open, since a connection holds it. After this SQLite does not know the cell any more.
        unsafe { ffi::sqlite3_progress_handler(self.connection.handle(), 0, None, ptr::null_mut()) }
    }
}

/// Anything but 0 ends the statement.
unsafe extern "C" fn rest(left: *mut c_void) -> c_int {
    // SAFETY: it is the cell of a `Steps` that lives, since it takes the handler back when it is dropped.
    let left = unsafe { &*left.cast::<Cell<u32>>() };
    match left.get().checked_sub(1) {
        Some(fewer) => {
            left.set(fewer);
            0
        }
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::Steps;
    use rusqlite::{Connection, ErrorCode};

    fn endless(connection: &Connection) -> rusqlite::Result<i64> {
        let sql = "WITH RECURSIVE n (a) AS (VALUES (1) UNION ALL SELECT a + 1 FROM n) SELECT count(*) FROM n";
        connection.query_row(sql, [], |row| row.get(0))
    }

    fn long(connection: &Connection) -> rusqlite::Result<i64> {
        let sql =
            "WITH RECURSIVE n (a) AS (VALUES (1) UNION ALL SELECT a + 1 FROM n LIMIT 20000) SELECT count(*) FROM n";
        connection.query_row(sql, [], |row| row.get(0))
    }

    #[test]
    fn a_statement_without_end_ends_and_the_next_begins_anew() {
        let connection = Connection::open_in_memory().unwrap();
        let steps = Steps::limit(&connection, 1_000_000);
        for _ in 0..3 {
            assert_eq!(endless(&connection).unwrap_err().sqlite_error_code(), Some(ErrorCode::OperationInterrupted));
            assert!(steps.are_used_up());
            steps.begin();
            assert!(!steps.are_used_up());
            assert_eq!(long(&connection).unwrap(), 20_000);
        }
        steps.lift();
        for _ in 0..10 {
            assert_eq!(long(&connection).unwrap(), 20_000);
        }
        drop(steps);
        for _ in 0..10 {
            assert_eq!(long(&connection).unwrap(), 20_000, "all together are more than a million steps");
        }
    }
}
