//! What a connection allows ([`sqlite3_db_config`](https://sqlite.org/c3ref/db_config.html)): rusqlite 0.37 hides some of it from
//! builds on the system's library.

use rusqlite::{Connection, Error, ffi};
use std::ffi::c_int;

#[derive(Debug, Clone, Copy)]
enum Switch {
    /// `SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION`
    Extensions = 1005,
    /// `SQLITE_DBCONFIG_DQS_DML`
    DoubleQuotedTextInStatements = 1013,
    /// `SQLITE_DBCONFIG_DQS_DDL`
    DoubleQuotedTextInSchema = 1014,
}

/// Turns a switch, and says how it was before.
fn switch(connection: &Connection, switch: Switch, on: bool) -> rusqlite::Result<bool> {
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

/// Says whether extensions can be loaded, by SQL too, and gives what was said before.
pub(crate) fn extensions(connection: &Connection, allowed: bool) -> rusqlite::Result<bool> {
    switch(connection, Switch::Extensions, allowed)
}

/// Where double quotes may be around a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DoubleQuotedText {
    pub in_statements: bool,
    pub in_schema: bool,
}

impl DoubleQuotedText {
    /// Nowhere, so that a misspelt name is an error and no text.
    pub(crate) const NOWHERE: Self = Self { in_statements: false, in_schema: false };
}

/// Says where double quotes may be around a text, and gives what was said before.
pub(crate) fn double_quoted_text(
    connection: &Connection,
    allowed: DoubleQuotedText,
) -> rusqlite::Result<DoubleQuotedText> {
    Ok(DoubleQuotedText {
        in_statements: switch(connection, Switch::DoubleQuotedTextInStatements, allowed.in_statements)?,
        in_schema: switch(connection, Switch::DoubleQuotedTextInSchema, allowed.in_schema)?,
    })
}

#[cfg(test)]
mod tests {
    use super::{DoubleQuotedText, double_quoted_text, extensions};
    use rusqlite::{Connection, ffi};

    #[test]
    fn double_quoted_text_is_refused_and_allowed_again() {
        let connection = Connection::open_in_memory().unwrap();
        let statement = |connection: &Connection| connection.execute_batch("SELECT \"no such column\"").is_ok();
        let schema = |connection: &Connection| {
            let table = "CREATE TABLE IF NOT EXISTS t (a CHECK (a <> \"no such column\")); DROP TABLE t";
            connection.execute_batch(table).is_ok()
        };
        for in_statements in [true, false] {
            for in_schema in [true, false] {
                let allowed = DoubleQuotedText { in_statements, in_schema };
                double_quoted_text(&connection, allowed).unwrap();
                assert_eq!((statement(&connection), schema(&connection)), (in_statements, in_schema));
                assert_eq!(double_quoted_text(&connection, allowed).unwrap(), allowed, "what was said before");
            }
        }
    }

    #[test]
    fn extensions_are_refused_also_to_sql_and_allowed_again() {
        let connection = Connection::open_in_memory().unwrap();
        // SAFETY: the handle is open, since a connection holds it.
        assert_eq!(unsafe { ffi::sqlite3_enable_load_extension(connection.handle(), 1) }, ffi::SQLITE_OK);
        let refused = || {
            let error = connection.query_row("SELECT load_extension('no/such/library')", [], |_| Ok(())).unwrap_err();
            error.to_string().contains("not authorized")
        };
        assert!(!refused(), "it is only not there");
        assert!(extensions(&connection, false).unwrap());
        assert!(refused());
        assert!(!extensions(&connection, true).unwrap());
        assert!(!refused());
    }
}
