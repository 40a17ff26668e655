//! The file system of the memory engine.
//!
//! A database is an immutable base that its clones share, and the chunks that were written since: a clone costs the same at
//! any size. Any client of the same SQLite library can open several connections to it, with the locks of a real file and with
//! a write-ahead log.
//!
//! [`store`] has the files and their locks, in safe code; [`shim`] has the functions that SQLite calls.

mod shim;
mod store;

pub(crate) use shim::{set_connection, set_connection_of_attached};
pub(crate) use store::{
    Actor, Base, Database, Refusal, StatementKind, Watcher, begin_statement, has_refusal, take_refusal, with_refusal,
};

use rusqlite::ffi;

/// Whether a file is in the file system in memory.
pub(crate) fn is_name(file: &str) -> bool {
    file.starts_with(store::FOLDER)
}

/// The URI of a database. Registers the file system on the first call.
pub(crate) fn uri(database: &Database) -> rusqlite::Result<String> {
    uri_in(database, shim::NAME)
}

/// Likewise, for connections whose clock is frozen at 2000-01-01 00:00:00.
pub(crate) fn frozen_clock_uri(database: &Database) -> rusqlite::Result<String> {
    uri_in(database, shim::FROZEN_CLOCK)
}

/// The name of the file system with this clock, in which files on disk can be opened too. Registers it on the first call.
pub(crate) fn frozen_clock() -> rusqlite::Result<&'static str> {
    register().map(|()| shim::FROZEN_CLOCK)
}

fn register() -> rusqlite::Result<()> {
    shim::register().map_err(|code| rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
}

fn uri_in(database: &Database, name: &str) -> rusqlite::Result<String> {
    register()?;
    Ok(format!("file:{}?vfs={name}", database.name()))
}
