//! The file system in memory under the memory engine.
//!
//! A database is an immutable base, shared by all that start from it, and the chunks that it changed itself: a clone costs
//! the same at any size. Several connections of any client of the same SQLite library can open it, with the locks of a real
//! file and with a write-ahead log.
//!
//! [`store`] is the files and their locks, in safe code; [`shim`] is what SQLite calls.

mod shim;
mod store;

pub(crate) use store::{Base, Database};

use rusqlite::ffi;

/// Makes the file system known to SQLite, and gives the URI of a database in it. Idempotent.
pub(crate) fn uri(database: &Database) -> rusqlite::Result<String> {
    uri_in(database, shim::NAME)
}

/// The same, for connections on which it is always 2000-01-01 00:00:00.
pub(crate) fn timeless_uri(database: &Database) -> rusqlite::Result<String> {
    uri_in(database, shim::TIMELESS)
}

fn uri_in(database: &Database, name: &str) -> rusqlite::Result<String> {
    shim::register().map_err(|code| rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))?;
    Ok(format!("file:{}?vfs={name}", database.name()))
}
