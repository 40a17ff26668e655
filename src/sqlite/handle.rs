//! Handles of connections, and the statements that keep them open.

use rusqlite::{Connection, ffi};
use std::{ffi::CStr, ptr};

/// The identity of a connection's handle, for comparison only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Handle(usize);

impl Handle {
    pub(crate) fn new(connection: &Connection) -> Self {
        // SAFETY: the pointer becomes a number and is never dereferenced.
        Self(unsafe { connection.handle() }.addr())
    }
}

/// The SQL of the statements that are not finalized ([`sqlite3_next_stmt`](https://sqlite.org/c3ref/next_stmt.html)).
///
/// Unfinished blobs and backups have none.
pub(crate) fn statements(connection: &Connection) -> Vec<String> {
    // SAFETY: the handle is open, since a connection holds it, and this thread has it, since a connection is not `Sync`.
    unsafe { statements_of(connection.handle()) }
}

/// Likewise, of a bare handle.
///
/// # Safety
/// `handle` is open, and no other thread uses it.
pub(crate) unsafe fn statements_of(handle: *mut ffi::sqlite3) -> Vec<String> {
    let mut found = Vec::new();
    // SAFETY: as promised by the caller, no statement comes or goes while the list is walked, and each SQL text lives as long
    // as its statement.
    unsafe {
        let mut statement = ffi::sqlite3_next_stmt(handle, ptr::null_mut());
        while !statement.is_null() {
            let sql = ffi::sqlite3_sql(statement);
            if !sql.is_null() {
                found.push(CStr::from_ptr(sql).to_string_lossy().into_owned());
            }
            statement = ffi::sqlite3_next_stmt(handle, statement);
        }
    }
    // SQLite lists the newest first.
    found.reverse();
    found
}

#[cfg(test)]
#[path = "../../tests/unit/sqlite_handle.rs"]
mod tests;
