//! A database, moved as a whole.

use rusqlite::{
    Connection, Error,
    backup::{Backup, StepResult},
    ffi,
};

/// Makes `to` the same database as `from`, by SQLite's [backup](https://sqlite.org/backup.html) in one step, so all or
/// nothing.
pub(crate) fn copy(from: &Connection, to: &mut Connection) -> rusqlite::Result<()> {
    match Backup::new(from, to)?.step(-1)? {
        StepResult::Done => Ok(()),
        _ => Err(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None)),
    }
}
