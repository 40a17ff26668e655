//! One session's line in the record.

use crate::{Leaks, Position};
use std::{backtrace::Backtrace, panic::Location, sync::Arc};

/// What is known of one session.
#[derive(Debug, Clone)]
pub struct Entry {
    pub(super) number: u64,
    pub(super) engine: Arc<str>,
    pub(super) engine_number: u64,
    pub(super) test: Option<Arc<str>>,
    pub(super) location: &'static Location<'static>,
    pub(super) backtrace: Option<Arc<Backtrace>>,
    pub(super) opened_at: u64,
    pub(super) ignored: bool,
    pub(super) leaks: Option<Leaks>,
    pub(super) state: State,
}

/// How a session stands, or how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It is open.
    Open,
    /// SQLite refused to close it, because of the statements with this SQL; none are named when a blob or a backup is
    /// what blocks. Its handle is not freed.
    CloseRefused(Vec<String>),
    /// Its guard was dropped with another connection inside, so that its own handle is somewhere else.
    SwappedOut,
    /// Its handle was freed.
    Closed,
    /// Its handle was freed, and a transaction that was still open was rolled back.
    RolledBack,
}

impl State {
    /// Whether SQLite has freed the handle.
    #[must_use]
    pub fn is_freed(&self) -> bool {
        matches!(self, Self::Closed | Self::RolledBack)
    }
}

impl Entry {
    /// The session's number in this process, from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The name of its engine.
    #[must_use]
    pub fn engine(&self) -> &str {
        &self.engine
    }

    /// The test that opened it, as the test runner names it; `None` outside tests.
    #[must_use]
    pub fn test(&self) -> Option<&str> {
        self.test.as_deref()
    }

    /// Where it was opened: the caller, through every `#[track_caller]`.
    #[must_use]
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }

    /// The same as a [`Position`].
    #[must_use]
    pub fn position(&self) -> Position {
        self.location.into()
    }

    /// The calls that led to its opening, with `SQLITE_FIXTURES_BACKTRACE=1`.
    #[must_use]
    pub fn backtrace(&self) -> Option<&Backtrace> {
        self.backtrace.as_deref()
    }

    /// The event that was its opening. Every opening and every end in the process is one event, numbered from 1.
    #[must_use]
    pub fn opened_at(&self) -> u64 {
        self.opened_at
    }

    /// Whether [`Ledger::ignore_current`](crate::Ledger::ignore_current) was told of it.
    #[must_use]
    pub fn is_ignored(&self) -> bool {
        self.ignored
    }

    /// How it stands, or how it ended.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }
}
