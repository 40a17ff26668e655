//! Runs SQL scripts, statement by statement.

use super::{
    Fault, Format, SeedError,
    script::{Piece, statements},
    source::{Source, Spot},
};
use rusqlite::{Connection, limits::Limit};

/// Runs a script, which keeps its own transactions and pragmas but may not attach or write files.
pub(super) fn run(connection: &Connection, source: &Source) -> Result<(), SeedError> {
    let _sandbox = Attachable::limit(connection, 0).map_err(|error| SeedError::new(Fault::Database(error)))?;
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
    use rusqlite::ErrorCode::{ConstraintViolation, Unknown};
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(ConstraintViolation) => Fault::Sql(error),
        Some(Unknown) if text.contains("too many attached databases") => Fault::Forbidden(error),
        Some(Unknown) if text.contains("within a transaction") => Fault::OwnTransaction,
        Some(Unknown) => Fault::Syntax { format: Format::Sql, message: first_line(&error) },
        _ => Fault::Sql(error),
    }
}

/// What SQLite says, without the statement that rusqlite appends.
fn first_line(error: &rusqlite::Error) -> String {
    match error {
        #[cfg(feature = "bundled")]
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
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
