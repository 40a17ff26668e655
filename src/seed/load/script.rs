//! Runs SQL scripts, statement by statement.

use super::{
    Progress,
    sandbox::{Confinement, NoDoubleQuotes, keep_temporaries_in_memory, keeps_temporaries_in_memory},
    splitter::{Piece, statements},
    statement,
};
use crate::seed::{
    error::{SeedError, kind::Fault},
    files::text::{Source, Spot},
    schema::database,
};
use rusqlite::{Connection, limits::Limit};

/// What is said of a variable that hides what stands behind it.
pub(crate) const VARIABLE: &str = "a variable has no parentheses here";

/// Runs a script, which keeps its own transactions and pragmas but may not attach or write files.
///
/// Tells where each statement begins, in bytes.
pub(crate) fn run(
    connection: &Connection,
    source: &Source,
    confinement: &Confinement<'_>,
    progress: &mut Progress<'_>,
) -> Result<(), SeedError> {
    let _attachable = Attachable::limit(connection, 0).map_err(database)?;
    let _quotes = NoDoubleQuotes::enter(connection).map_err(database)?;
    let in_memory = keeps_temporaries_in_memory(connection).map_err(database)?;
    let inside = !connection.is_autocommit();
    let mut last = None;
    for piece in statements(source.text()) {
        last = Some(piece.start);
        progress(piece.start);
        let fault_at = |fault, offset| Err(SeedError::new(fault).at(source.place(Spot::offset(piece.start + offset))));
        if let Some((fault, offset)) = refusal(piece, inside) {
            return fault_at(fault, offset);
        }
        if let Err(fault) = confinement.begin(piece.mentions) {
            return fault_at(fault, 0);
        }
        execute(connection, piece).map_err(|error| {
            let (fault, offset) = confinement
                .ended(&error)
                .map_or_else(|| statement::fault(connection, error, piece.text), |fault| (fault, 0));
            SeedError::new(fault).at(source.place(Spot::offset(piece.start + offset)))
        })?;
        if let Err(error) = confine_again(connection, confinement, piece, in_memory) {
            return fault_at(confinement.ended(&error).unwrap_or(Fault::Database(error)), 0);
        }
    }
    match last {
        Some(last) if !inside && !connection.is_autocommit() => {
            let _ = connection.execute_batch("ROLLBACK");
            Err(SeedError::new(Fault::OpenTransaction).at(source.place(Spot::offset(last))))
        }
        _ => Ok(()),
    }
}

/// What is wrong with a statement before SQLite sees it, and how far in it.
fn refusal(piece: Piece<'_>, inside: bool) -> Option<(Fault, usize)> {
    if inside && controls_transaction(piece.text) {
        return Some((Fault::OwnTransaction, 0));
    }
    if let Some(at) = piece.text.find('\0') {
        return Some((Fault::statement("a NUL hides what stands behind it"), at));
    }
    if piece.mentions.variable {
        return Some((Fault::statement(VARIABLE), 0));
    }
    piece.mentions.limits.then_some((Fault::Forbidden, 0))
}

/// Confines what follows a statement, which may have changed what that depends on.
fn confine_again(
    connection: &Connection,
    confinement: &Confinement<'_>,
    piece: Piece<'_>,
    in_memory: bool,
) -> rusqlite::Result<()> {
    let first = words(piece.text).next().unwrap_or_default().to_ascii_uppercase();
    match first.as_str() {
        _ if piece.mentions.schema => confinement.look_at_schema(),
        "ALTER" => confinement.look_at_schema(),
        "CREATE" => {
            confinement.note_schema(piece.mentions);
            Ok(())
        }
        // To explain a pragma is to run it.
        "PRAGMA" | "VACUUM" | "EXPLAIN" => {
            if in_memory {
                keep_temporaries_in_memory(connection)?;
            }
            confinement.limit_pages()
        }
        _ => Ok(()),
    }
}

fn execute(connection: &Connection, piece: Piece<'_>) -> rusqlite::Result<()> {
    let _space = needs_attach(piece.text).then(|| Attachable::limit(connection, 1)).transpose()?;
    let mut statement = connection.prepare(piece.text)?;
    let mut rows = statement.raw_query();
    while rows.next()?.is_some() {}
    Ok(())
}

/// Whether a statement begins or ends a transaction or a savepoint, which inside one of the caller's could end that.
fn controls_transaction(statement: &str) -> bool {
    let first = words(statement).next();
    let names = ["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"];
    first.is_some_and(|word| names.iter().any(|name| word.eq_ignore_ascii_case(name)))
}

fn words(statement: &str) -> impl Iterator<Item = &str> {
    statement.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty())
}

/// A plain VACUUM attaches a temporary database of its own; `VACUUM INTO` writes a file.
fn needs_attach(statement: &str) -> bool {
    words(statement).next().is_some_and(|word| word.eq_ignore_ascii_case("VACUUM"))
        && !statement.to_ascii_uppercase().contains("INTO")
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
