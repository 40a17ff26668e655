//! Runs SQL scripts, statement by statement.

use super::Progress;
use super::sandbox::{Sandbox, Transaction};
use super::sections::Sections;
use crate::position::nearest;
use crate::seed::SeedError;
use crate::seed::error::kind::SeedErrorKind;
use crate::seed::files::text::{Source, Spot};
use crate::seed::schema::Tables;
use crate::sqlite::{Script, Unprepared};
use rusqlite::{Connection, Error, ffi::SQLITE_ERROR};

/// Runs a script, and returns how many statements it has. Reports where each statement begins, in bytes.
///
/// Migration libraries run a script inside a transaction. Where it ends that first, with a COMMIT, and begins another one for it
/// last, both are ignored.
pub(crate) fn run(
    connection: &Connection,
    source: &Source,
    sandbox: &Sandbox<'_>,
    transaction: Transaction,
    progress: &mut Progress<'_>,
) -> Result<usize, SeedError> {
    let text = source.text();
    let error_at = |kind, at| SeedError::new(kind).at(source.place(Spot::offset(at)));
    let mut script = Script::new(connection, text)
        .map_err(|at| error_at(SeedErrorKind::statement("a NUL hides what follows it"), at))?;
    let (mut count, mut last, mut ends_another, mut sections) = (0, 0, false, Sections::default());
    loop {
        let at = script.at();
        let start = || at + first_token(&text[at..]);
        if let Some(up) = sections.behind_way_down(text, at..start()) {
            script.rewind(up);
            continue;
        }
        sandbox.begin().map_err(|kind| error_at(kind, start()))?;
        let mut undefended = None;
        let mut prepare_until = |end| {
            let mut prepare = || {
                sandbox.preparing(transaction, || {
                    script.rewind(at);
                    script.next_until(end)
                })
            };
            match prepare() {
                Err(unprepared) if sandbox.mistakes_a_table(&unprepared.error) => {
                    // The end of the one before would return to defensive mode.
                    drop(undefended.take());
                    undefended = Some(sandbox.undefended());
                    prepare()
                }
                prepared => prepared,
            }
        };
        let mut prepared = prepare_until(text.len());
        let end = match &prepared {
            Ok(None) => start(),
            Ok(Some(statement)) => statement.span.end,
            Err(_) => text.len(),
        };
        // The last statement of a section may have no semicolon. Where the mark is part of a text, what precedes it is no statement.
        if let Some(mark) = sections.end_in(text, start()..end, prepared.is_ok()) {
            drop(prepared);
            prepared = match prepare_until(mark) {
                Ok(statement) => Ok(statement),
                Err(_) => prepare_until(text.len()),
            };
        }
        let statement = prepared.map_err(|unprepared| {
            let explained = sandbox.explain(&unprepared.error).map(|kind| (kind, start()));
            let (kind, at) = explained.unwrap_or_else(|| describe(connection, unprepared, text, start()));
            error_at(kind, at)
        })?;
        let Some(mut statement) = statement else { break };
        last = statement.span.start;
        progress(last);
        if count == 0 && sandbox.is_commit() && connection.is_autocommit() {
            ends_another = true;
            count += 1;
            continue;
        }
        let run = statement.run().and_then(|()| {
            drop(statement);
            sandbox.end_statement()
        });
        run.map_err(|error| {
            let is_vacuum = transaction == Transaction::Ours && error.to_string() == VACUUM;
            let kind = match sandbox.explain(&error) {
                Some(kind) => kind,
                None if is_vacuum => SeedErrorKind::OwnTransaction,
                None => of_run_time(error),
            };
            error_at(kind, last + first_token(&text[last..]))
        })?;
        count += 1;
        drop(undefended);
    }
    sandbox.end_script().map_err(SeedError::database)?;
    if transaction == Transaction::Own && !connection.is_autocommit() {
        if ends_another {
            return connection
                .execute_batch("COMMIT")
                .map(|()| count)
                .map_err(|error| error_at(of_run_time(error), last + first_token(&text[last..])));
        }
        let _ = connection.execute_batch("ROLLBACK");
        return Err(error_at(SeedErrorKind::OpenTransaction, last + first_token(&text[last..])));
    }
    Ok(count)
}

/// What SQLite says of a VACUUM inside a transaction.
const VACUUM: &str = "cannot VACUUM from within a transaction";

/// Where the first token of a statement begins: behind white space, comments and semicolons.
fn first_token(text: &str) -> usize {
    let mut rest = text;
    loop {
        // SQLite takes a byte-order mark for white space.
        let is_between = |letter: char| letter.is_ascii_whitespace() || matches!(letter, ';' | '\u{feff}');
        rest = rest.trim_start_matches(is_between);
        let comment = [("--", "\n"), ("/*", "*/")].into_iter().find(|(start, _)| rest.starts_with(start));
        let Some((_, end)) = comment else { return text.len() - rest.len() };
        rest = rest[2..].find(end).map_or("", |at| &rest[2 + at + end.len()..]);
    }
}

/// What is wrong with a statement that cannot be prepared, and where: at the place that SQLite reports, at the unknown name, or
/// else at its first token.
fn describe(connection: &Connection, unprepared: Unprepared, text: &str, start: usize) -> (SeedErrorKind, usize) {
    let Unprepared { error, offset } = unprepared;
    // An unterminated text is quoted whole.
    let message = error.to_string().lines().next().unwrap_or_default().to_owned();
    let Some(unknown) = Unknown::parse(&message) else {
        return (SeedErrorKind::statement(message), offset.unwrap_or(start));
    };
    let statement = text[start..].split(';').next().unwrap_or_default();
    let found = || find(statement, unknown.name).map_or(start, |at| start + at);
    let nearest = unknown.nearest(connection);
    let at = offset.unwrap_or_else(found);
    (SeedErrorKind::Statement { message, nearest }, at)
}

/// A statement that could be prepared and not be run.
fn of_run_time(error: Error) -> SeedErrorKind {
    match error.sqlite_error() {
        Some(code) if code.extended_code == SQLITE_ERROR => SeedErrorKind::statement(error.to_string()),
        _ => SeedErrorKind::Sql(error),
    }
}

/// A name that SQLite does not know.
struct Unknown<'m> {
    name: &'m str,
    /// The table of an unknown column; `None` for an unknown table.
    table: Option<&'m str>,
}

impl<'m> Unknown<'m> {
    fn parse(message: &'m str) -> Option<Self> {
        if let Some(name) = message.strip_prefix("no such table: ") {
            let name = name.strip_prefix("main.").unwrap_or(name);
            return Some(Self { name, table: None });
        }
        let (table, name) = message.strip_prefix("table ")?.split_once(" has no column named ")?;
        Some(Self { name, table: Some(table) })
    }

    fn nearest(&self, connection: &Connection) -> Option<String> {
        let tables = Tables::new(connection);
        match self.table {
            Some(table) => {
                let table = tables.find(table).ok()??;
                nearest(self.name, &mut table.columns.iter().map(|column| &*column.name))
            }
            None => nearest(self.name, &mut tables.names().ok()?.iter().map(String::as_str)),
        }
    }
}

/// Where a name stands first as a word of its own.
fn find(text: &str, name: &str) -> Option<usize> {
    let is_part = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let lower = (text.to_ascii_lowercase(), name.to_ascii_lowercase());
    let mut found = lower.0.match_indices(&lower.1).map(|(at, _)| at).filter(|_| !name.is_empty());
    found.find(|at| {
        let (before, after) = (&text[..*at], &text[at + name.len()..]);
        !is_part(before.chars().next_back()) && !is_part(after.chars().next())
    })
}
