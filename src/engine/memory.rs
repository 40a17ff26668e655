//! The place in memory. What is behind this door will be a file system of our own.

use super::EngineError;
use rusqlite::{Connection, OpenFlags};
use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

/// A database of SQLite's `memdb` file system, which lives for as long as a connection to it is open.
#[derive(Debug)]
pub(super) struct Memory {
    uri: String,
    /// Holds the database alive between sessions.
    _keeper: Mutex<Connection>,
}

impl Memory {
    pub(super) fn new() -> Result<Self, EngineError> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        // The leading slash makes `memdb` share the database between connections.
        let uri = format!("file:/sqlite-fixtures/{number}?vfs=memdb");
        let keeper = open(&uri).map_err(EngineError::Open)?;
        Ok(Self { uri, _keeper: Mutex::new(keeper) })
    }

    pub(super) fn open(&self) -> rusqlite::Result<Connection> {
        open(&self.uri)
    }

    pub(super) fn uri(&self) -> &str {
        &self.uri
    }
}

fn open(uri: &str) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(uri, OpenFlags::default() | OpenFlags::SQLITE_OPEN_URI)
}
