//! The options of an engine, and how they are applied to each connection.

use super::{
    Engine, EngineError, Origin,
    database::{Database, Place},
    memory::Memory,
    temp_file::TempFile,
};
use crate::{
    settings::{Keep, Leaks, Settings},
    sqlite::{Switch, switch},
};
use rusqlite::{Connection, config::DbConfig};
use std::{fmt, sync::Arc, time::Duration};

/// How a database keeps its journal; see [`PRAGMA journal_mode`](https://sqlite.org/pragma.html#pragma_journal_mode).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum JournalMode {
    /// A rollback journal, deleted at each commit.
    Delete,
    /// A rollback journal, truncated at each commit.
    Truncate,
    /// A rollback journal whose header is overwritten at each commit.
    Persist,
    /// A rollback journal in memory.
    Memory,
    /// A write-ahead log, in memory too.
    Wal,
    /// No journal: a failed transaction destroys the database.
    Off,
}

impl JournalMode {
    /// SQLite's word for it.
    fn word(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Truncate => "truncate",
            Self::Persist => "persist",
            Self::Memory => "memory",
            Self::Wal => "wal",
            Self::Off => "off",
        }
    }
}

impl fmt::Display for JournalMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

type Hook = Arc<dyn Fn(&Connection) -> rusqlite::Result<()> + Send + Sync>;

/// What an engine does to each connection that it opens, and how many it allows.
#[derive(Clone, Default)]
pub(crate) struct Options {
    name: Option<String>,
    pragmas: Vec<(String, String)>,
    journal_mode: Option<JournalMode>,
    durable: bool,
    unordered: bool,
    on_open: Vec<Hook>,
    pub(super) max_sessions: Option<usize>,
    pub(super) acquire_timeout: Duration,
    pub(super) keep: Keep,
    pub(super) leaks: Option<Leaks>,
    pub(crate) backtraces: bool,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("name", &self.name)
            .field("pragmas", &self.pragmas)
            .field("journal_mode", &self.journal_mode)
            .field("on_open", &self.on_open.len())
            .field("max_sessions", &self.max_sessions)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// Prepares a connection, but for its journal mode.
    pub(crate) fn prepare(&self, connection: &Connection) -> Result<(), EngineError> {
        basics(connection).map_err(EngineError::Open)?;
        if !self.durable {
            self.pragma(connection, "synchronous", "OFF")?;
        }
        if self.unordered {
            self.pragma(connection, "reverse_unordered_selects", "ON")?;
        }
        for (name, value) in &self.pragmas {
            self.pragma(connection, name, value)?;
        }
        self.on_open.iter().try_for_each(|hook| hook(connection)).map_err(EngineError::OnOpen)
    }

    #[expect(clippy::unused_self, reason = "reads as what the options do")]
    fn pragma(&self, connection: &Connection, name: &str, value: &str) -> Result<(), EngineError> {
        connection
            .pragma_update(None, name, value)
            .map_err(|source| EngineError::Pragma { name: name.to_owned(), source })
    }

    /// What of it shapes a database that is built with it, as text.
    pub(crate) fn shape(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.pragmas {
            text += &format!("pragma {name:?} {value:?}\n");
        }
        if let Some(mode) = self.journal_mode {
            text += &format!("journal {mode}\n");
        }
        if self.unordered {
            text += "unordered\n";
        }
        text
    }

    /// Whether code of the user's runs on every connection.
    pub(crate) fn has_hooks(&self) -> bool {
        !self.on_open.is_empty()
    }

    /// Sets the journal mode, unless the database has it already.
    pub(crate) fn set_journal_mode(&self, connection: &Connection) -> Result<(), EngineError> {
        let Some(asked) = self.journal_mode else { return Ok(()) };
        let now: String =
            connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).map_err(EngineError::Open)?;
        if now.eq_ignore_ascii_case(asked.word()) {
            return Ok(());
        }
        let got: String = connection
            .pragma_update_and_check(None, "journal_mode", asked.word(), |row| row.get(0))
            .map_err(|source| EngineError::Pragma { name: "journal_mode".to_owned(), source })?;
        if got.eq_ignore_ascii_case(asked.word()) {
            return Ok(());
        }
        Err(EngineError::JournalMode { asked, got })
    }
}

/// What holds for every connection of ours.
fn basics(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    switch(connection, Switch::DoubleQuotedTextInStatements, false)?;
    switch(connection, Switch::DoubleQuotedTextInSchema, false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")
}

/// Gathers the options of an engine; [`memory`](Self::memory) or [`temp_file`](Self::temp_file) makes it.
///
/// Options are applied to every connection in this order: what holds for all engines, pragmas, hooks, journal mode.
#[derive(Debug, Clone, Default)]
#[must_use = "an engine builder does nothing until `memory` or `temp_file` makes the engine"]
pub struct EngineBuilder(Options);

impl EngineBuilder {
    /// Names the engine in reports.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.0.name = Some(name.into());
        self
    }

    /// Sets a [pragma](https://sqlite.org/pragma.html) on every connection.
    ///
    /// Its value is written as text, which SQLite takes for numbers and words alike: `100`, `"NORMAL"`, `true`.
    ///
    /// A pragma that shapes the file itself (`page_size`, `auto_vacuum`) belongs to the schema of a
    /// [`Template`](crate::template::Template).
    #[expect(clippy::needless_pass_by_value, reason = "a literal reads better than a reference to one")]
    pub fn pragma(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.0.pragmas.push((name.into(), value.to_string()));
        self
    }

    /// Sets the journal mode; opening a session fails when the place cannot have it.
    pub fn journal_mode(mut self, mode: JournalMode) -> Self {
        self.0.journal_mode = Some(mode);
        self
    }

    /// Makes commits wait for the disk, as SQLite does by default. Tests rarely survive a power cut, so it is off here.
    pub fn durable(mut self, durable: bool) -> Self {
        self.0.durable = durable;
        self
    }

    /// Reverses the order of rows where a select asks for none (`SQLITE_FIXTURES_UNORDERED`), to flush out tests that rely
    /// on it; see [`PRAGMA reverse_unordered_selects`](https://sqlite.org/pragma.html#pragma_reverse_unordered_selects).
    pub fn unordered(mut self, unordered: bool) -> Self {
        self.0.unordered = unordered;
        self
    }

    /// Runs `hook` on every connection: functions, collations, extensions.
    ///
    /// It also runs while a template is built, on a database that has no tables yet.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use sqlite_fixtures::{Engine, SessionFactory};
    /// let engine = Engine::builder().on_open(|connection| connection.execute_batch("PRAGMA cache_size = 100")).memory()?;
    /// let session = SessionFactory::new(engine)?.open()?;
    /// let pages: i64 = session.query_row("PRAGMA cache_size", [], |row| row.get(0))?;
    /// assert_eq!(pages, 100);
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_open(mut self, hook: impl Fn(&Connection) -> rusqlite::Result<()> + Send + Sync + 'static) -> Self {
        self.0.on_open.push(Arc::new(hook));
        self
    }

    /// Allows at most `max` sessions at once; one more is
    /// [`SessionError::TooManySessions`](crate::session::SessionError::TooManySessions).
    pub fn max_sessions(mut self, max: usize) -> Self {
        self.0.max_sessions = Some(max);
        self
    }

    /// Waits this long for a session to close when all are open; not at all by default.
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.0.acquire_timeout = timeout;
        self
    }

    /// When the database of a test is kept (`SQLITE_FIXTURES_KEEP`).
    pub fn keep(mut self, keep: Keep) -> Self {
        self.0.keep = keep;
        self
    }

    /// What becomes of a leak (`SQLITE_FIXTURES_LEAKS`).
    pub fn leaks(mut self, leaks: Leaks) -> Self {
        self.0.leaks = Some(leaks);
        self
    }

    /// Records the calls that lead to each opening, for the report (`SQLITE_FIXTURES_BACKTRACE`).
    pub fn backtraces(mut self, backtraces: bool) -> Self {
        self.0.backtraces = backtraces;
        self
    }

    /// Makes the engine, with an empty database in memory.
    ///
    /// # Errors
    /// As [`Engine::memory`].
    pub fn memory(self) -> Result<Engine, EngineError> {
        self.memory_from(&Origin::empty())
    }

    /// Makes the engine, with an empty database in a temporary file.
    ///
    /// # Errors
    /// As [`Engine::temp_file`].
    pub fn temp_file(self) -> Result<Engine, EngineError> {
        self.temp_file_from(&Origin::empty())
    }

    pub(crate) fn memory_from(mut self, origin: &Origin) -> Result<Engine, EngineError> {
        // There is no disk to wait for, and the pragma that says so would wait for a writer.
        self.0.durable = true;
        self.build(origin, || Memory::over(origin).map(Place::Memory))
    }

    pub(crate) fn temp_file_from(self, origin: &Origin) -> Result<Engine, EngineError> {
        self.build(origin, || TempFile::over(origin).map(Place::TempFile))
    }

    /// The options, with the environment's word on top.
    pub(crate) fn options(self) -> Result<Options, EngineError> {
        let settings = Settings::get().map_err(EngineError::Setting)?;
        let mut options = self.0;
        options.keep = settings.keep.unwrap_or(options.keep);
        options.unordered = settings.unordered.unwrap_or(options.unordered);
        options.backtraces = settings.backtrace.unwrap_or(options.backtraces);
        Ok(options)
    }

    fn build(self, origin: &Origin, place: impl FnOnce() -> Result<Place, EngineError>) -> Result<Engine, EngineError> {
        let mut options = self.options()?;
        let name = options.name.take();
        Ok(Engine::new(Database::new(name, place()?, origin.clone(), options)))
    }
}
