//! What a process left open, by its journal.

use crate::position::Position;

/// A session or a client's connection that a process left open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leak {
    pub test: Option<String>,
    /// The tests that were running, if the test is not known.
    pub running: Vec<String>,
    /// The thread that a client opened it on.
    pub thread: Option<String>,
    /// The database of a client's connection.
    pub database: Option<String>,
    pub position: Option<Position>,
    pub kind: Kind,
    /// The SQL of the statements that keep SQLite from closing it.
    pub statements: Vec<String>,
    pub process: String,
    /// The test that aborted the process.
    pub aborted_by: Option<String>,
    pub(super) number: u64,
    /// The return addresses of its opening, if the process could not resolve its position.
    pub(super) calls: Vec<usize>,
    /// Whether its engine ignores leaks.
    pub(super) is_off: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It was open when its process ended.
    Open,
    /// SQLite refused to close it.
    CloseRefused,
    /// Its process was killed, or ended in a way that no check sees.
    UncleanEnd,
}

impl Kind {
    /// The name in reports for programs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::CloseRefused => "close_refused",
            Self::UncleanEnd => "unclean_end",
        }
    }
}
