//! The statements of a SQL text, one after another.

use rusqlite::{Connection, Error, ffi};
use std::ffi::{CStr, CString, c_int};
use std::ops::Range;
use std::ptr;

// SAFETY: SQLite has this function with this type since 3.38; bindings to an older library do not declare it.
unsafe extern "C" {
    fn sqlite3_error_offset(db: *mut ffi::sqlite3) -> c_int;
}

/// A SQL text whose statements are prepared one after another.
///
/// SQLite reports where each statement [ends](https://sqlite.org/c3ref/prepare.html). It copies a text that does not end in
/// NUL at every statement, so this one does, and a long script takes linear time.
#[derive(Debug)]
pub(crate) struct Script<'c> {
    connection: &'c Connection,
    text: CString,
    at: usize,
}

/// A statement, and the bytes of the script that SQLite read for it: with the white space and comments before it, and with its
/// semicolon.
#[derive(Debug)]
pub(crate) struct Statement<'c> {
    connection: &'c Connection,
    raw: *mut ffi::sqlite3_stmt,
    pub span: Range<usize>,
}

/// A statement that SQLite cannot prepare.
#[derive(Debug)]
pub(crate) struct Unprepared {
    pub error: Error,
    /// Where SQLite sees the [error](https://sqlite.org/c3ref/error_offset.html), in bytes of the script, if it reports one.
    pub offset: Option<usize>,
}

impl<'c> Script<'c> {
    /// A script.
    ///
    /// # Errors
    /// The place of a NUL in the text, which would hide what follows.
    pub(crate) fn new(connection: &'c Connection, text: &str) -> Result<Self, usize> {
        let text = CString::new(text).map_err(|error| error.nul_position())?;
        Ok(Self { connection, text, at: 0 })
    }

    /// Where the next statement begins, with the white space and comments before it.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Prepares the statement before this place again.
    pub(crate) fn rewind(&mut self, at: usize) {
        self.at = at;
    }

    /// Prepares the next statement; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Statement<'c>>, Unprepared> {
        self.next_until(self.text.as_bytes().len())
    }

    /// Prepares the next statement as if the script ended here; `None` if there is none.
    pub(crate) fn next_until(&mut self, end: usize) -> Result<Option<Statement<'c>>, Unprepared> {
        loop {
            if self.at >= end {
                return Ok(None);
            }
            // With the NUL at the end of the whole script: without it, SQLite copies the text.
            let is_whole = usize::from(end == self.text.as_bytes().len());
            let rest = &self.text.as_bytes_with_nul()[self.at..end + is_whole];
            let mut raw = ptr::null_mut();
            let mut tail = ptr::null();
            // SAFETY: the handle is open, since a connection holds it, and only this thread uses it, since a connection is not
            // `Sync`; the text ends in NUL and outlives the call.
            let code = unsafe {
                let length = c_int::try_from(rest.len()).unwrap_or(-1);
                ffi::sqlite3_prepare_v2(
                    self.connection.handle(),
                    rest.as_ptr().cast(),
                    length,
                    &raw mut raw,
                    &raw mut tail,
                )
            };
            if code != ffi::SQLITE_OK {
                // SAFETY: as above.
                let offset = unsafe { sqlite3_error_offset(self.connection.handle()) };
                let offset = usize::try_from(offset).ok().map(|offset| self.at + offset);
                return Err(Unprepared { error: last_error(self.connection, code), offset });
            }
            let span = self.at..self.at + (tail.addr() - rest.as_ptr().addr());
            self.at = span.end;
            // White space, a comment or a lone semicolon is no statement.
            if !raw.is_null() {
                return Ok(Some(Statement { connection: self.connection, raw, span }));
            }
        }
    }
}

impl Statement<'_> {
    /// Runs the statement to its end.
    pub(crate) fn run(&mut self) -> rusqlite::Result<()> {
        loop {
            // SAFETY: the statement is not finalized before it is dropped, and its connection is open.
            match unsafe { ffi::sqlite3_step(self.raw) } {
                ffi::SQLITE_ROW => {}
                ffi::SQLITE_DONE => return Ok(()),
                code => return Err(last_error(self.connection, code)),
            }
        }
    }

    /// Whether it is a query of one column that changes nothing.
    pub(crate) fn is_one_value(&self) -> bool {
        // SAFETY: the statement is not finalized before it is dropped.
        unsafe { ffi::sqlite3_stmt_readonly(self.raw) != 0 && ffi::sqlite3_column_count(self.raw) == 1 }
    }
}

impl Drop for Statement<'_> {
    fn drop(&mut self) {
        // SAFETY: it was prepared, and is used by nobody after this.
        unsafe { ffi::sqlite3_finalize(self.raw) };
    }
}

/// What SQLite says of the last call on a connection, which returned `code`.
fn last_error(connection: &Connection, code: c_int) -> Error {
    // SAFETY: the handle is open, since a connection holds it; the message is a C string until the next call on it.
    let (code, message) = unsafe {
        let handle = connection.handle();
        let extended = ffi::sqlite3_extended_errcode(handle);
        let message = CStr::from_ptr(ffi::sqlite3_errmsg(handle)).to_string_lossy().into_owned();
        (if extended & 0xff == code & 0xff { extended } else { code }, message)
    };
    Error::SqliteFailure(ffi::Error::new(code), Some(message))
}

#[cfg(test)]
#[path = "../../tests/unit/sqlite_script.rs"]
mod tests;
