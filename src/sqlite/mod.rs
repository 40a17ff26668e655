//! What only SQLite's C interface can do, or what rusqlite spells differently across its versions.

pub(crate) mod affinity;
mod compared;
mod control;
mod events;
mod files;
mod handle;
pub(crate) mod quote;
mod script;
mod shadow;
mod untracked;

pub(crate) use compared::{compared_columns, declare_functions};
pub(crate) use control::{
    Answer, Authorizer, Exceeded, ExecutionLimiter, ExecutionLimits, Policy, Request, Switch, Switched, fixed_random,
    limit, set_pragma, switch,
};
pub(crate) use events::{Events, OpenHandle, Running, Tracer, Transaction, on_failure, trace};
pub(crate) use files::{DatabaseFile, files_attached_to, main_file};
pub(crate) use handle::{Handle, statements};
pub(crate) use script::{Script, Unprepared};
pub(crate) use shadow::shadow_tables;
#[cfg(feature = "cli")]
pub(crate) use shadow::shadows_of;
pub(crate) use untracked::{is_unrecorded, is_untracked, unrecorded, untracked};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error, ffi};
use std::ffi::{CStr, c_int};

/// `SQLITE_CONSTRAINT_DATATYPE`, which the bindings to an older library do not have.
pub(crate) const CONSTRAINT_DATATYPE: c_int = ffi::SQLITE_CONSTRAINT | (12 << 8);

/// `SQLITE_DIRECTONLY` and `SQLITE_INNOCUOUS`, which the bindings of rusqlite before 0.37 to the system's library do not have.
pub(crate) const DIRECTONLY: c_int = 0x0008_0000;
pub(crate) const INNOCUOUS: c_int = 0x0020_0000;

/// An owned copy of a value; a text that is not UTF-8 becomes a blob.
pub(crate) fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Real(real) => Value::Real(real),
        ValueRef::Blob(blob) => Value::Blob(blob.to_vec()),
        ValueRef::Text(text) => match str::from_utf8(text) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Blob(text.to_vec()),
        },
    }
}

/// Which SQLite this is, to the commit ([`sqlite3_sourceid`](https://sqlite.org/c3ref/libversion.html)).
pub(crate) fn source_id() -> &'static str {
    // SAFETY: it is a constant C string.
    unsafe { CStr::from_ptr(ffi::sqlite3_sourceid()) }.to_str().unwrap_or_default()
}

/// Copies the database `from` over `to`, by a [backup](https://sqlite.org/backup.html) in one step, so all or nothing.
pub(crate) fn copy(from: &Connection, to: &mut Connection) -> rusqlite::Result<()> {
    match Backup::new(from, to)?.step(-1)? {
        StepResult::Done => Ok(()),
        _ => Err(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None)),
    }
}
