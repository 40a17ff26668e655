//! The place in memory, in the file system of our own.

use super::{EngineError, Origin};
use crate::{
    sqlite::untracked,
    vfs::{self, Database},
};
use rusqlite::{Connection, OpenFlags};
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Memory {
    uri: String,
    /// The database lives for as long as this, or a connection to it.
    database: Arc<Database>,
}

/// A connection to a database of its own that starts as `origin`, for ourselves.
pub(super) fn open_anew(origin: &Origin) -> rusqlite::Result<Connection> {
    let database = Database::new(Arc::clone(&origin.bytes));
    let uri = vfs::uri(&database)?;
    untracked(|| Connection::open(uri))
}

impl Memory {
    /// A database that starts as `origin`.
    pub(super) fn over(origin: &Origin) -> Result<Self, EngineError> {
        let database = Database::new(Arc::clone(&origin.bytes));
        let uri = vfs::uri(&database).map_err(EngineError::Open)?;
        Ok(Self { uri, database })
    }

    pub(super) fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        Connection::open_with_flags(&self.uri, flags)
    }

    pub(super) fn file(&self) -> String {
        self.database.name()
    }

    pub(super) fn uri(&self) -> &str {
        &self.uri
    }
}
