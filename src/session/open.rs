//! What can go wrong when a session opens.

use super::CloseError;
use crate::{engine::EngineError, ledger::Entry, template::TemplateError};
use std::{error::Error, fmt, io};

/// A session that could not be had, or was not closed after its use.
#[non_exhaustive]
pub enum SessionError {
    /// The engine cannot give it.
    Engine(EngineError),
    /// The template cannot give its database.
    Template(TemplateError),
    /// As many sessions are open as the engine allows.
    #[non_exhaustive]
    TooManySessions {
        /// The greatest number of sessions.
        max: usize,
        /// Those that are open.
        open: Vec<Entry>,
    },
    /// The thread of an asynchronous session could not be started.
    Thread(io::Error),
    /// It could not be closed after its use.
    Close(CloseError),
}

/// Which session it is, where it was opened and by whom.
pub(super) fn opened(entry: &Entry) -> String {
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
            Self::Engine(EngineError::Read(_)) => f.write_str("the session's database is not told; see the cause"),
            Self::Engine(_) => f.write_str("no session; see what its engine says"),
            Self::Template(_) => f.write_str("no session; see what its template says"),
            Self::TooManySessions { max, open } => {
                write!(f, "no session; all {max} that the engine allows are open:")?;
                for entry in open {
                    write!(f, "\n  {}", opened(entry))?;
                }
                f.write_str("\nclose one first, or raise `max_sessions` or `acquire_timeout`")
            }
            Self::Thread(_) => f.write_str("no thread for an asynchronous session; see the cause"),
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
