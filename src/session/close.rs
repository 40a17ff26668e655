//! What can go wrong when a session closes.

use super::{Session, open::opened};
use crate::ledger::{Entry, State, close_blockers};
use std::{
    error::Error,
    fmt,
    sync::{Mutex, PoisonError},
};

/// Why a session is not closed.
#[derive(Debug)]
pub(super) enum Refusal {
    Unfinished { statements: Vec<String>, source: rusqlite::Error },
    SwappedOut,
}

impl Refusal {
    pub(super) fn state(&self) -> State {
        match self {
            Self::Unfinished { statements, .. } => State::CloseRefused(statements.clone()),
            Self::SwappedOut => State::SwappedOut,
        }
    }

    /// The refusal, as it is told when there is nobody to return it to.
    pub(super) fn told(&self, entry: &Entry) -> String {
        format!("{}: {self}", opened(entry))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unfinished { statements, .. } => write!(
                f,
                "SQLite refused to close the session {}; drop every statement, blob and backup before its session",
                close_blockers(statements)
            ),
            Self::SwappedOut => f.write_str(
                "the connection inside is not the one that the session opened; swap the session's own connection back before it is closed",
            ),
        }
    }
}

/// A session that could not be closed, and why.
///
/// It holds the session, still open: [`into_session`](Self::into_session) gives it back. Dropped with the error, the session
/// stays in the ledger as open, for the check at the end of the test.
pub struct CloseError(Box<Inner>);

struct Inner {
    /// A connection is not `Sync`, an error should be.
    session: Mutex<Session>,
    entry: Entry,
    refusal: Refusal,
}

impl CloseError {
    pub(super) fn new(session: Session, refusal: Refusal) -> Self {
        Self(Box::new(Inner { entry: session.entry(), session: Mutex::new(session), refusal }))
    }

    /// The session, still open.
    pub fn into_session(self) -> Session {
        let mut session = self.0.session.into_inner().unwrap_or_else(PoisonError::into_inner);
        session.reported = false;
        session
    }

    /// The session's entry in the ledger.
    #[must_use]
    pub fn entry(&self) -> &Entry {
        &self.0.entry
    }

    /// The SQL of the statements that block; empty for a blob or backup, and for a connection that was swapped.
    #[must_use]
    pub fn statements(&self) -> &[String] {
        match &self.0.refusal {
            Refusal::Unfinished { statements, .. } => statements,
            Refusal::SwappedOut => &[],
        }
    }

    /// Whether the connection inside is not the one that was opened.
    #[must_use]
    pub fn is_swapped_out(&self) -> bool {
        matches!(self.0.refusal, Refusal::SwappedOut)
    }
}

crate::position::debug_is_chain!(CloseError);

impl fmt::Display for CloseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.refusal.told(&self.0.entry))
    }
}

impl Error for CloseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.refusal {
            Refusal::Unfinished { source, .. } => Some(source),
            Refusal::SwappedOut => None,
        }
    }
}
