//! Switches of a connection ([`sqlite3_db_config`](https://sqlite.org/c3ref/db_config.html)): rusqlite 0.37 hides some of them in
//! builds on the system's library.

use rusqlite::{Connection, Error, ffi};
use std::ffi::c_int;

/// A switch, by the value of its constant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Switch {
    /// `SQLITE_DBCONFIG_DEFENSIVE`
    Defensive = 1010,
    /// `SQLITE_DBCONFIG_DQS_DML`: text in double quotes in statements
    DoubleQuotedTextInStatements = 1013,
    /// `SQLITE_DBCONFIG_DQS_DDL`: text in double quotes in the schema
    DoubleQuotedTextInSchema = 1014,
}

/// Turns a switch, and returns how it was before.
pub(crate) fn switch(connection: &Connection, switch: Switch, on: bool) -> rusqlite::Result<bool> {
    let config = |value: c_int| {
        let mut now: c_int = 0;
        // SAFETY: the handle is open, since a connection holds it; for these options the arguments that follow are an
        // `int` and a pointer to an `int`, which outlives the call.
        let code = unsafe { ffi::sqlite3_db_config(connection.handle(), switch as c_int, value, &raw mut now) };
        if code == ffi::SQLITE_OK { Ok(now != 0) } else { Err(Error::SqliteFailure(ffi::Error::new(code), None)) }
    };
    // -1 changes nothing.
    let before = config(-1)?;
    config(on.into())?;
    Ok(before)
}

/// While it lives, a switch is turned.
#[derive(Debug)]
pub(crate) struct Switched<'c> {
    connection: &'c Connection,
    switch: Switch,
    before: bool,
}

impl<'c> Switched<'c> {
    pub(crate) fn new(connection: &'c Connection, which: Switch, on: bool) -> rusqlite::Result<Self> {
        let before = switch(connection, which, on)?;
        Ok(Self { connection, switch: which, before })
    }
}

impl Drop for Switched<'_> {
    fn drop(&mut self) {
        let _ = switch(self.connection, self.switch, self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::{Switch, Switched};
    use rusqlite::Connection;

    #[test]
    fn double_quoted_text_is_refused_and_allowed_again() {
        let connection = Connection::open_in_memory().unwrap();
        let statement = || connection.execute_batch("SELECT \"no such column\"").is_ok();
        let schema = || {
            let table = "CREATE TABLE IF NOT EXISTS t (a CHECK (a <> \"no such column\")); DROP TABLE t";
            connection.execute_batch(table).is_ok()
        };
        let _all = [Switch::DoubleQuotedTextInStatements, Switch::DoubleQuotedTextInSchema]
            .map(|switch| Switched::new(&connection, switch, true).unwrap());
        assert!(statement() && schema());
        let refused = Switched::new(&connection, Switch::DoubleQuotedTextInStatements, false).unwrap();
        assert!(!statement() && schema());
        drop(refused);
        let refused = Switched::new(&connection, Switch::DoubleQuotedTextInSchema, false).unwrap();
        assert!(statement() && !schema());
        drop(refused);
        assert!(statement() && schema());
    }

    #[test]
    fn defensive_mode_protects_the_schema() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (a); PRAGMA writable_schema = ON").unwrap();
        let write = || connection.execute("UPDATE sqlite_schema SET name = name", []).is_ok();
        let defensive = Switched::new(&connection, Switch::Defensive, true).unwrap();
        assert!(!write());
        drop(defensive);
        assert!(write());
    }
}
