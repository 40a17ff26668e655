//! What SQL from files may not do, wherever it stands: scripts, values, triggers.

use super::source::LARGEST;
use crate::sqlite::{DoubleQuotedText, Steps, double_quoted_text, extensions};
use rusqlite::{Connection, limits::Limit};

/// How many steps of SQLite's machine a statement may take, or a row with what its triggers do.
pub(super) const STEPS: u32 = 250_000_000;

/// While it lives, no statement runs for ever, none makes a value that is larger than a file may be, and no extension can be
/// loaded.
pub(super) struct Confinement<'c> {
    connection: &'c Connection,
    /// Begun anew at each statement and row.
    pub steps: Steps<'c>,
    had_extensions: bool,
    length: i32,
}

impl<'c> Confinement<'c> {
    pub(super) fn of(connection: &'c Connection) -> rusqlite::Result<Self> {
        let length = connection.limit(Limit::SQLITE_LIMIT_LENGTH)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, length.min(i32::try_from(LARGEST).unwrap_or(i32::MAX)))?;
        let had_extensions = extensions(connection, false)?;
        Ok(Self { connection, steps: Steps::limit(connection, STEPS), had_extensions, length })
    }
}

/// Whether a statement sets what holds for all databases of the process
/// ([`PRAGMA hard_heap_limit`](https://sqlite.org/pragma.html#pragma_hard_heap_limit) and the like), by a pragma or its function.
pub(super) fn limits_the_process(statement: &str) -> bool {
    const NAMES: [(&str, &str); 4] =
        [("hard_heap", "limit"), ("soft_heap", "limit"), ("temp_store", "directory"), ("data_store", "directory")];
    let ends = |text: &str, name: &str| text.get(text.len().saturating_sub(name.len())..).map(str::to_ascii_lowercase);
    statement.match_indices('_').any(|(at, _)| {
        let (before, after) = (&statement[..at], &statement[at + 1..]);
        NAMES.iter().any(|(start, end)| {
            after.get(..end.len()).is_some_and(|word| word.eq_ignore_ascii_case(end))
                && ends(before, start).is_some_and(|word| word == *start)
        })
    })
}

impl Drop for Confinement<'_> {
    fn drop(&mut self) {
        let _ = extensions(self.connection, self.had_extensions);
        let _ = self.connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, self.length);
    }
}

/// While it lives, double quotes are for names only, so that a misspelt one is an error and no text.
pub(super) struct NoDoubleQuotes<'a> {
    connection: &'a Connection,
    before: DoubleQuotedText,
}

impl<'a> NoDoubleQuotes<'a> {
    pub(super) fn enter(connection: &'a Connection) -> rusqlite::Result<Self> {
        let before = double_quoted_text(connection, DoubleQuotedText::NOWHERE)?;
        Ok(Self { connection, before })
    }
}

impl Drop for NoDoubleQuotes<'_> {
    fn drop(&mut self) {
        let _ = double_quoted_text(self.connection, self.before);
    }
}
