//! A lock that outlives transactions, so that no other connection can use the database between those of a script.

use rusqlite::Connection;

/// The lock of a connection in [exclusive locking mode](https://sqlite.org/pragma.html#pragma_locking_mode).
///
/// It does not borrow the connection, which is restored by a backup while it is locked.
#[must_use = "the lock stays until `unlock`"]
pub(crate) struct Exclusive {
    /// The locking mode before.
    before: String,
}

impl Exclusive {
    /// Takes the lock, or fails as busy where another connection uses the database; in WAL mode, where one is open.
    pub(crate) fn lock(connection: &Connection) -> rusqlite::Result<Self> {
        let lock = Self { before: get(connection, "locking_mode")? };
        let was_wal = is_wal(connection)?;
        if was_wal {
            // A BEGIN EXCLUSIVE that fails in WAL mode leaves a lock in the file that keeps new connections out; this does not.
            get(connection, "journal_mode = DELETE")?;
        }
        // The transaction takes the lock, and keeps it. One that begins in this mode could wait for another that does, for ever.
        let locked = connection
            .execute_batch("BEGIN EXCLUSIVE; PRAGMA main.locking_mode = EXCLUSIVE; COMMIT")
            .and_then(|()| if was_wal { get(connection, "journal_mode = WAL").map(drop) } else { Ok(()) });
        if let Err(error) = locked {
            // The first error is the one to report.
            let _ = lock.unlock(connection);
            if was_wal {
                let _ = get(connection, "journal_mode = WAL");
            }
            return Err(error);
        }
        Ok(lock)
    }

    pub(crate) fn unlock(self, connection: &Connection) -> rusqlite::Result<()> {
        let is_wal = is_wal(connection)?;
        // A log that was begun under the lock has no index that others could share, and keeps the lock until it ends.
        if is_wal {
            get(connection, "journal_mode = DELETE")?;
        }
        get(connection, &format!("locking_mode = {}", self.before))?;
        if is_wal {
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
