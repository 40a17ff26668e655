//! The place in memory, in the file system of our own.

use super::EngineError;
use crate::vfs::{self, Base, Database};
use rusqlite::{Connection, OpenFlags};
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Memory {
    uri: String,
    /// The database lives for as long as this, or a connection to it.
    database: Arc<Database>,
}

impl Memory {
    /// A database that starts as `base`; an empty one as an empty database.
    pub(super) fn over(base: Base) -> Result<Self, EngineError> {
        let database = Database::over(base);
        let uri = vfs::uri(&database).map_err(EngineError::Open)?;
        Ok(Self { uri, database })
    }

    pub(super) fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        Connection::open_with_flags(&self.uri, flags)
    }

    pub(super) fn uri(&self) -> &str {
        &self.uri
    }

    /// The bytes of the database, as the last checkpoint left them.
    pub(super) fn to_vec(&self) -> Vec<u8> {
        self.database.to_vec()
    }
}
