//! A lock that outlives transactions, so that no other connection can use the database between those of a script.

use rusqlite::Connection;

/// The lock of a connection in [exclusive locking mode](https://sqlite.org/pragma.html#pragma_locking_mode).
///
/// It does not borrow the connection, which is restored by a backup while it is locked.
#[must_use = "the lock stays until `unlock`"]
pub(crate) struct Exclusive {
    /// The locking mode before.
    before: String,
    was_wal: bool,
}

impl Exclusive {
    /// Takes the lock, or fails as busy where another connection uses the database; in WAL mode, where one is open.
    pub(crate) fn lock(connection: &Connection) -> rusqlite::Result<Self> {
        let lock = Self { before: get(connection, "locking_mode")?, was_wal: is_wal(connection)? };
        get(connection, "locking_mode = EXCLUSIVE")?;
        // The first transaction takes the lock, and keeps it.
        match connection.execute_batch("BEGIN EXCLUSIVE; COMMIT") {
            Ok(()) => Ok(lock),
            Err(error) => {
                let _ = lock.unlock(connection);
                Err(error)
            }
        }
    }

    pub(crate) fn unlock(self, connection: &Connection) -> rusqlite::Result<()> {
        let entered_wal = is_wal(connection)? && !self.was_wal;
        // A log that was begun under the lock has no index that others could share, and keeps the lock until it ends.
        if entered_wal {
            get(connection, "journal_mode = DELETE")?;
        }
        get(connection, &format!("locking_mode = {}", self.before))?;
        if entered_wal {
            get(connection, "journal_mode = WAL")?;
        }
        // The lock is released when the database is read next.
        connection.query_row("SELECT count(*) FROM main.sqlite_master", [], |_| Ok(()))
    }
}

fn is_wal(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(get(connection, "journal_mode")? == "wal")
}

fn get(connection: &Connection, pragma: &str) -> rusqlite::Result<String> {
    connection.query_row(&format!("PRAGMA main.{pragma}"), [], |row| row.get(0))
}
