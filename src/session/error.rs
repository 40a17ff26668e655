//! What can go wrong when a session opens and closes.

use super::Session;
use crate::engine::EngineError;
use crate::ledger::{Entry, State, close_blockers};
use crate::template::TemplateError;
use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::{fmt, io};

/// A session that could not be opened, or could not be closed after its use.
#[non_exhaustive]
pub enum SessionError {
    /// The engine could not open it.
    Engine(EngineError),
    /// The template could not make its database.
    Template(TemplateError),
    /// The engine's limit on open sessions is reached.
    #[non_exhaustive]
    TooManySessions {
        /// The limit.
        max: usize,
        /// The open sessions.
        open: Vec<Entry>,
    },
    /// The thread of an asynchronous session could not be started.
    Thread(io::Error),
    /// It could not be closed after its use.
    Close(CloseError),
}

/// The number of a session, where it was opened, and by which test.
fn describe(entry: &Entry) -> String {
    let place = entry.position().map(|place| format!(" opened at {place}")).unwrap_or_default();
    let by = entry.test().map(|test| format!(" by test `{test}`")).unwrap_or_default();
    format!("session {}{place}{by}", entry.number())
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine(EngineError::NoEngine) => {
                f.write_str("no session; call `sqlite_fixtures::configure(engine)` first")
            }
            Self::Engine(EngineError::Read(_)) => {
                f.write_str("the content of the session's database could not be read; see the cause")
            }
            Self::Engine(_) => f.write_str("the engine could not open a session; see the cause"),
            Self::Template(_) => f.write_str("the template could not make a database for a session; see the cause"),
            Self::TooManySessions { max, open } => {
                write!(f, "no session; all {max} that the engine allows are open:")?;
                for entry in open {
                    write!(f, "\n  {}", describe(entry))?;
                }
                f.write_str("\nclose one first, or raise `max_sessions` or `acquire_timeout`")
            }
            Self::Thread(_) => f.write_str("the thread of an asynchronous session could not be started; see the cause"),
            Self::Close(_) => f.write_str("the session was used but could not be closed; see the cause"),
        }
    }
}

crate::position::debug_is_chain!(SessionError);

impl Error for SessionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Engine(source) => Some(source),
            Self::Template(source) => Some(source),
            Self::TooManySessions { .. } => None,
            Self::Thread(source) => Some(source),
            Self::Close(source) => Some(source),
        }
    }
}

impl From<EngineError> for SessionError {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl From<TemplateError> for SessionError {
    fn from(error: TemplateError) -> Self {
        Self::Template(error)
    }
}

impl From<CloseError> for SessionError {
    fn from(error: CloseError) -> Self {
        Self::Close(error)
    }
}

/// Why a session is still open.
pub(super) enum NotClosed {
    Unfinished { statements: Vec<String>, source: rusqlite::Error },
    SwappedOut,
}

impl NotClosed {
    pub(super) fn state(&self) -> State {
        match self {
            Self::Unfinished { statements, .. } => State::CloseRefused(statements.clone()),
            Self::SwappedOut => State::SwappedOut,
        }
    }

    pub(super) fn describe(&self, entry: &Entry) -> String {
        let reason = match self {
            Self::Unfinished { statements, .. } => format!(
                "SQLite refused to close the session {}; drop every statement, blob and backup before its session",
                close_blockers(statements)
            ),
            Self::SwappedOut => "the connection inside is not the one that the session opened; swap the session's own \
                connection back before it is closed"
                .to_owned(),
        };
        format!("{}: {reason}", describe(entry))
    }
}

/// A session that could not be closed, and why.
///
/// It contains the session, still open: [`into_session`](Self::into_session) returns it. If the error is dropped, the session
/// stays open in the ledger, and the check at the end of the test reports it.
pub struct CloseError(Box<Inner>);

struct Inner {
    /// In a mutex, because a connection is not `Sync`, but an error should be.
    session: Mutex<Session>,
    entry: Entry,
    reason: NotClosed,
}

impl CloseError {
    pub(super) fn new(session: Session, reason: NotClosed) -> Self {
        Self(Box::new(Inner { entry: session.entry(), session: Mutex::new(session), reason }))
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

    /// The SQL of the unfinished statements; empty for a blob or backup, and for a swapped connection.
    #[must_use]
    pub fn statements(&self) -> &[String] {
        match &self.0.reason {
            NotClosed::Unfinished { statements, .. } => statements,
            NotClosed::SwappedOut => &[],
        }
    }

    /// Whether the connection inside is not the one that the session opened.
    #[must_use]
    pub fn is_swapped_out(&self) -> bool {
        matches!(self.0.reason, NotClosed::SwappedOut)
    }
}

crate::position::debug_is_chain!(CloseError);

impl fmt::Display for CloseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.reason.describe(&self.0.entry))
    }
}

impl Error for CloseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.reason {
            NotClosed::Unfinished { source, .. } => Some(source),
            NotClosed::SwappedOut => None,
        }
    }
}
