//! A copy of a database, for what SQLite cannot roll back: scripts with transactions of their own.

use crate::sqlite::{Switch, Switched, copy, set_pragma, untracked};
use rusqlite::Connection;

/// A copy of a connection's main database.
pub(super) struct Backup {
    connection: Connection,
    journal_mode: String,
}

impl Backup {
    pub(super) fn take(of: &Connection) -> rusqlite::Result<Self> {
        // A temporary database is in memory until it is large.
        let mut connection = untracked(|| Connection::open(""))?;
        copy(of, &mut connection)?;
        Ok(Self { connection, journal_mode: journal_mode(of)? })
    }

    /// Makes the database what it was, in its old journal mode.
    pub(super) fn restore(&self, to: &mut Connection) -> rusqlite::Result<()> {
        if !to.is_autocommit() {
            to.execute_batch("ROLLBACK")?;
        }
        // A script may have set it.
        to.execute_batch("PRAGMA query_only = OFF")?;
        let number = |of: &Connection, sql: &str| of.query_row(sql, [], |row| row.get::<_, i64>(0));
        let size = number(&self.connection, "PRAGMA main.page_size")?;
        if number(to, "PRAGMA main.page_size")? != size {
            // A backup does not change the page size in memory, nor in WAL mode.
            to.query_row("PRAGMA main.journal_mode = DELETE", [], |_| Ok(()))?;
            let _reset = Switched::new(to, Switch::ResetDatabase, true)?;
            to.execute_batch(&format!("PRAGMA main.page_size = {size}; VACUUM"))?;
        }
        if let Err(error) = copy(&self.connection, to) {
            // In memory, only an empty database gets another page size, and keeps it.
            if number(&self.connection, "SELECT count(*) FROM sqlite_master")? > 0 {
                return Err(error);
            }
            for name in ["application_id", "user_version"] {
                let value = number(&self.connection, &format!("PRAGMA main.{name}"))?;
                set_pragma(to, name, &value.to_string())?;
            }
        }
        if journal_mode(to)? != self.journal_mode {
            to.query_row(&format!("PRAGMA main.journal_mode = {}", self.journal_mode), [], |_| Ok(()))?;
        }
        Ok(())
    }
}

fn journal_mode(of: &Connection) -> rusqlite::Result<String> {
    of.query_row("PRAGMA main.journal_mode", [], |row| row.get(0))
}
