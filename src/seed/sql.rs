//! Runs SQL scripts, statement by statement.

use super::{
    Fault, SeedError,
    script::{Piece, statements},
    source::{Source, Spot},
    tables::database,
};
use rusqlite::{Connection, config::DbConfig, ffi::SQLITE_ERROR, limits::Limit};

/// Runs a script, which keeps its own transactions and pragmas but may not attach or write files.
pub(super) fn run(connection: &Connection, source: &Source) -> Result<(), SeedError> {
    let _attachable = Attachable::limit(connection, 0).map_err(database)?;
    let _quotes = NoDoubleQuotes::enter(connection).map_err(database)?;
    let inside = !connection.is_autocommit();
    let mut last = None;
    for piece in statements(source.text()) {
        last = Some(piece.start);
        execute(connection, piece).map_err(|(error, spot)| SeedError::new(fault(error)).at(source.position(spot)))?;
    }
    match last {
        None => Err(SeedError::new(Fault::Empty).at(source.position(Spot::Offset(0)))),
        Some(last) if !inside && !connection.is_autocommit() => {
            let _ = connection.execute_batch("ROLLBACK");
            Err(SeedError::new(Fault::OpenTransaction).at(source.position(Spot::Offset(last))))
        }
        Some(_) => Ok(()),
    }
}

fn execute(connection: &Connection, piece: Piece<'_>) -> Result<(), (rusqlite::Error, Spot)> {
    let start = Spot::Offset(piece.start);
    let _space = needs_attach(piece.text)
        .then(|| Attachable::limit(connection, 1))
        .transpose()
        .map_err(|error| (error, start))?;
    let mut statement = connection.prepare(piece.text).map_err(|error| {
        let spot = Spot::Offset(piece.start + error_offset(&error));
        (error, spot)
    })?;
    let mut rows = statement.raw_query();
    loop {
        match rows.next() {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(()),
            Err(error) => return Err((error, start)),
        }
    }
}

/// A plain VACUUM attaches a temporary database of its own; `VACUUM INTO` writes a file.
fn needs_attach(statement: &str) -> bool {
    let mut words = statement.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    words.next().is_some_and(|word| word.eq_ignore_ascii_case("VACUUM"))
        && !statement.to_ascii_uppercase().contains("INTO")
}

/// Where in its text a statement is wrong, where SQLite says so.
#[cfg(feature = "bundled")]
fn error_offset(error: &rusqlite::Error) -> usize {
    match error {
        rusqlite::Error::SqlInputError { offset, .. } => usize::try_from(*offset).unwrap_or(0),
        _ => 0,
    }
}

/// The bindings to an older system library have no `sqlite3_error_offset`.
#[cfg(not(feature = "bundled"))]
fn error_offset(_: &rusqlite::Error) -> usize {
    0
}

fn fault(error: rusqlite::Error) -> Fault {
    match error {
        // Its own `Display` has the whole statement in it.
        #[cfg(feature = "bundled")]
        rusqlite::Error::SqlInputError { msg, .. } => Fault::Statement(msg),
        rusqlite::Error::SqliteFailure(code, Some(message)) if code.extended_code == SQLITE_ERROR => {
            if message.contains("too many attached databases") {
                Fault::Forbidden
            } else if message.contains("within a transaction") {
                Fault::OwnTransaction
            } else {
                Fault::Statement(message)
            }
        }
        other => Fault::Sql(other),
    }
}

/// While it lives, this many databases can be attached: with none, no other file is opened or written.
struct Attachable<'a> {
    connection: &'a Connection,
    before: i32,
}

impl<'a> Attachable<'a> {
    fn limit(connection: &'a Connection, count: i32) -> rusqlite::Result<Self> {
        let before = connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, count)?;
        Ok(Self { connection, before })
    }
}

impl Drop for Attachable<'_> {
    fn drop(&mut self) {
        let _ = self.connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, self.before);
    }
}

/// While it lives, double quotes are for names only, so that a misspelt name is no text.
struct NoDoubleQuotes<'a> {
    connection: &'a Connection,
    before: [bool; 2],
}

impl<'a> NoDoubleQuotes<'a> {
    const WHERE: [DbConfig; 2] = [DbConfig::SQLITE_DBCONFIG_DQS_DML, DbConfig::SQLITE_DBCONFIG_DQS_DDL];

    fn enter(connection: &'a Connection) -> rusqlite::Result<Self> {
        let [dml, ddl] = Self::WHERE;
        let before = [connection.db_config(dml)?, connection.db_config(ddl)?];
        let guard = Self { connection, before };
        for place in Self::WHERE {
            connection.set_db_config(place, false)?;
        }
        Ok(guard)
    }
}

impl Drop for NoDoubleQuotes<'_> {
    fn drop(&mut self) {
        for (place, before) in Self::WHERE.into_iter().zip(self.before) {
            let _ = self.connection.set_db_config(place, before);
        }
    }
}
