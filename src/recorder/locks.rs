//! Locks that were refused, and who has them.

use super::Recorder;
use super::statement::Sql;
use crate::ledger::{self, Entry};
use crate::vfs::{Actor, Refusal};
use std::fmt;

/// A lock that a statement was refused.
///
/// Its `Display` says which connection has the lock, since which of its statements, and where it was opened. A busy handler that
/// tries again is refused once.
#[derive(Debug, Clone)]
pub struct RefusedLock {
    sql: Option<Sql>,
    holder: Option<Holder>,
    by_rival: bool,
}

#[derive(Debug, Clone)]
struct Holder {
    connection: u64,
    entry: Option<Entry>,
    sql: Option<Sql>,
    statements_ago: Option<u64>,
}

/// The connection that has the lock, if it is known and open.
pub(super) fn holder_of(refusal: &Refusal) -> Option<Entry> {
    ledger::entry_of(refusal.held_by?.connection)
}

/// The SQL of a statement. Where databases are attached, it may be recorded by another engine's recorder.
fn sql_of(recorder: &Recorder, actor: Actor) -> Option<Sql> {
    let of_another = || ledger::statement_of(actor.connection, actor.statement);
    recorder.sql_of(actor).or_else(|| of_another().map(|text| Sql::new(text.as_bytes(), text.len())))
}

impl RefusedLock {
    pub(super) fn new(recorder: &Recorder, refusal: Refusal, holder: Option<Entry>) -> Self {
        let known = |actor: &Actor| actor.connection != 0;
        let holder = refusal.held_by.filter(known).map(|actor| Holder {
            connection: actor.connection,
            entry: holder,
            sql: sql_of(recorder, actor),
            statements_ago: (recorder.has(actor) && recorder.has(refusal.wanted_by))
                .then(|| refusal.wanted_by.statement.saturating_sub(actor.statement)),
        });
        Self { sql: sql_of(recorder, refusal.wanted_by), holder, by_rival: refusal.held_by.is_none() }
    }

    /// The SQL of the statement that was refused the lock; `None` if it is one of many before.
    #[must_use]
    pub fn sql(&self) -> Option<&str> {
        Some(&self.sql.as_ref()?.text)
    }

    /// The connection that has the lock; `None` if it is not known, or closed since.
    #[must_use]
    pub fn holder(&self) -> Option<&Entry> {
        self.holder.as_ref()?.entry.as_ref()
    }

    /// The SQL of the statement that took the lock; `None` if it is one of many before.
    #[must_use]
    pub fn holder_sql(&self) -> Option<&str> {
        Some(&self.holder.as_ref()?.sql.as_ref()?.text)
    }

    /// How many statements had begun on the database since the lock was taken; `None` if that is not known.
    #[must_use]
    pub fn statements_ago(&self) -> Option<u64> {
        self.holder.as_ref()?.statements_ago
    }

    /// Whether it was the rival of [`EngineBuilder::rival`](crate::engine::EngineBuilder::rival), not a connection.
    #[must_use]
    pub fn is_by_rival(&self) -> bool {
        self.by_rival
    }

    /// Who has the lock.
    pub(crate) fn reason(&self) -> String {
        if self.by_rival {
            return "by the rival that was asked for: the first attempt of each transaction to write is refused once, as if \
                    another connection had been faster"
                .to_owned();
        }
        let Some(Holder { connection, entry, sql, statements_ago }) = &self.holder else {
            return "by a connection that is not known".to_owned();
        };
        let mut text = format!("by #{connection}");
        if let Some(place) = entry.as_ref().and_then(Entry::position) {
            text += &format!(", opened at {place}");
        }
        if let Some(test) = entry.as_ref().and_then(Entry::test) {
            text += &format!(" in test `{test}`");
        }
        if let Some(sql) = sql {
            text += &format!(", since `{sql}`");
        }
        match statements_ago {
            Some(1) => text += ", 1 statement ago",
            Some(number) => text += &format!(", {number} statements ago"),
            None => {}
        }
        text
    }
}

impl fmt::Display for RefusedLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(sql) = &self.sql {
            write!(f, "`{sql}`: ")?;
        }
        write!(f, "the database is locked {}", self.reason())
    }
}
