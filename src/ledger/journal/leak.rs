//! What a process left open, as its journal tells.

use crate::position::Position;

/// A session that a process left open, or a connection that a client left open in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leak {
    pub test: Option<String>,
    /// The tests that were running, where the test is not known.
    pub running: Vec<String>,
    /// The thread that a client opened it on.
    pub thread: Option<String>,
    /// The database of a client's connection.
    pub database: Option<String>,
    pub place: Option<Position>,
    pub kind: Kind,
    /// The SQL of the statements that keep SQLite from closing it.
    pub statements: Vec<String>,
    pub process: String,
    pub(super) number: u64,
    /// The calls of its opening, where the process could not make a place of them.
    pub(super) calls: Vec<usize>,
    /// Whether its engine says that nothing becomes of it.
    pub(super) is_off: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It was open when its process ended.
    Open,
    /// SQLite refused to close it.
    CloseRefused,
    /// Its process was killed, or ended itself in a way that no check can see.
    UncleanEnd,
}

impl Kind {
    /// The word for machines.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::CloseRefused => "close_refused",
            Self::UncleanEnd => "unclean_end",
        }
    }
}
