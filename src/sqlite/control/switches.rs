//! Switches of a connection ([`sqlite3_db_config`](https://sqlite.org/c3ref/db_config.html)), of which rusqlite 0.37 hides some in
//! builds on the system's library, and its pragmas.

use crate::sqlite::quote::literal;
use rusqlite::{Connection, Error, ffi};
use std::ffi::c_int;

/// A switch, by the value of its constant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Switch {
    /// `SQLITE_DBCONFIG_ENABLE_FKEY`: foreign keys are enforced
    ForeignKeys = 1002,
    /// `SQLITE_DBCONFIG_RESET_DATABASE`: the next VACUUM empties the database
    ResetDatabase = 1009,
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

/// Sets a pragma. The name must be an identifier.
///
/// Not by rusqlite's `pragma_update`, which reads the schema first in 0.41, and so fails beside an exclusive lock.
pub(crate) fn set_pragma(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    if name.is_empty() || !name.chars().all(|letter| letter == '_' || letter.is_ascii_alphanumeric()) {
        let message = Some(format!("`{name}` is not the name of a pragma"));
        return Err(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_MISUSE), message));
    }
    connection.execute_batch(&format!("PRAGMA {name} = {}", literal(value)))
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
#[path = "../../../tests/unit/sqlite_switches.rs"]
mod tests;
