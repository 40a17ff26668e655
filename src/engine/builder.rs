//! The builder of engines, which collects their options.

use super::{Engine, EngineError, JournalMode, Options, Origin, database::Database, place::Place};
use crate::settings::{Keep, Leaks, Level, Lint, Settings};
use rusqlite::Connection;
use std::any::TypeId;
use std::sync::Arc;
use std::time::Duration;

/// Collects the options of an engine; [`memory`](Self::memory) or [`temp_file`](Self::temp_file) creates it.
///
/// They are applied to every connection in this order: switches of the connection, pragmas, hooks, journal mode.
#[derive(Debug, Clone, Default)]
#[must_use = "an engine builder does nothing until `memory` or `temp_file` creates the engine"]
pub struct EngineBuilder(Options);

impl From<Options> for EngineBuilder {
    fn from(options: Options) -> Self {
        Self(Options { absent: false, ..options })
    }
}

impl EngineBuilder {
    /// Names the engine in reports.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.0.name = Some(name.into());
        self
    }

    /// Names the file of a database in a temporary folder; by default it is `database.sqlite3`. No effect in memory.
    ///
    /// For code that takes a folder, and opens a file of this name in it:
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use sqlite_fixtures::Engine;
    ///
    /// let engine = Engine::builder().file_name("app.db").temp_file()?;
    /// let folder = engine.folder().unwrap();
    /// assert_eq!(engine.path().unwrap(), folder.join("app.db"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A name that is not that of one file, such as a path, is [`EngineError::FileName`] when the engine is created.
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.0.file_name = Some(name.into());
        self
    }

    /// Makes no database: the file is not there until a connection creates it. For tests of code that treats a missing database
    /// otherwise than an empty one.
    ///
    /// In memory too, a connection without
    /// [`SQLITE_OPEN_CREATE`](https://sqlite.org/c3ref/open.html) fails until another has created the database.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use sqlite_fixtures::{Engine, rusqlite::{Connection, OpenFlags}};
    ///
    /// let engine = Engine::builder().absent().memory()?;
    /// let existing = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI;
    /// assert!(Connection::open_with_flags(engine.uri(), existing).is_err());
    ///
    /// Connection::open(engine.uri())?.execute_batch("CREATE TABLE users (name TEXT)")?;
    /// assert!(Connection::open_with_flags(engine.uri(), existing).is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub fn absent(mut self) -> Self {
        self.0.absent = true;
        self
    }

    /// Sets a [pragma](https://sqlite.org/pragma.html) on every connection.
    ///
    /// The value is written as text: `100`, `"NORMAL"`, `true`. A pragma that takes effect only in an empty database (`page_size`,
    /// `auto_vacuum`) belongs in the schema of a [`Template`](crate::template::Template).
    #[expect(clippy::needless_pass_by_value, reason = "a literal reads better than a reference to one")]
    pub fn pragma(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.0.pragmas.push((name.into(), value.to_string()));
        self
    }

    /// Sets the journal mode. Opening a session fails if SQLite does not accept it.
    pub fn journal_mode(mut self, mode: JournalMode) -> Self {
        self.0.journal_mode = Some(mode);
        self
    }

    /// Makes commits wait for the disk, as SQLite does by default. Off here, since a test does not survive a power cut.
    pub fn durable(mut self, durable: bool) -> Self {
        self.0.durable = durable;
        self
    }

    /// Enforces foreign keys, or not; without this call, connections do as the linked SQLite does by default: a bundled one
    /// enforces them, the system's usually does not.
    ///
    /// The rows of seeds and of [`Session::insert`](crate::session::Session::insert) are always checked.
    pub fn foreign_keys(mut self, enforce: bool) -> Self {
        self.0.foreign_keys = Some(enforce);
        self
    }

    /// Allows a [text in double quotes](https://sqlite.org/quirks.html#dblquote) where SQLite knows no such name, or not; without
    /// this call, connections do as the linked SQLite does by default, which usually allows it.
    ///
    /// `false` also refuses such texts of the schema, its triggers and its views.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use sqlite_fixtures::{Engine, SessionFactory};
    /// let session = SessionFactory::new(Engine::builder().double_quoted_strings(false).memory()?)?.open()?;
    /// assert!(session.prepare("SELECT \"a misspelt name\"").is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn double_quoted_strings(mut self, allow: bool) -> Self {
        self.0.double_quoted_strings = Some(allow);
        self
    }

    /// Reverses the order of rows in selects without `ORDER BY` (`SQLITE_FIXTURES_UNORDERED`), to find tests that rely on it;
    /// see [`PRAGMA reverse_unordered_selects`](https://sqlite.org/pragma.html#pragma_reverse_unordered_selects).
    pub fn unordered(mut self, unordered: bool) -> Self {
        self.0.unordered = unordered;
        self
    }

    /// Runs `hook` on every connection, for example to add functions, collations or extensions.
    ///
    /// It also runs when a template is built, on a database without tables.
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
    pub fn on_open<F>(mut self, hook: F) -> Self
    where
        F: Fn(&Connection) -> rusqlite::Result<()> + Send + Sync + 'static,
    {
        self.0.hook_types.push(TypeId::of::<F>());
        self.0.on_open.push(Arc::new(hook));
        self
    }

    /// Allows at most `max` open sessions; opening one more is
    /// [`SessionError::TooManySessions`](crate::session::SessionError::TooManySessions).
    pub fn max_sessions(mut self, max: usize) -> Self {
        self.0.max_sessions = Some(max);
        self
    }

    /// How long opening a session waits for another to close at the limit; by default it does not wait.
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.0.acquire_timeout = timeout;
        self
    }

    /// When the database of a test is kept (`SQLITE_FIXTURES_KEEP`).
    pub fn keep(mut self, keep: Keep) -> Self {
        self.0.keep = keep;
        self
    }

    /// Looks for a habit that passes its tests and fails in production (`SQLITE_FIXTURES_LINTS`); see
    /// [the guide](crate::guide::concurrency).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use sqlite_fixtures::{Engine, settings::{Level, Lint}};
    ///
    /// let engine = Engine::builder().lint(Lint::Upgrade, Level::Deny).memory()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn lint(mut self, lint: Lint, level: Level) -> Self {
        self.0.lints.set(lint, level);
        self
    }

    /// How much the lints [`Scan`](Lint::Scan) and [`Repeat`](Lint::Repeat) let pass: steps, or runs.
    pub fn lint_limit(mut self, lint: Lint, limit: usize) -> Self {
        self.0.lints.set_limit(lint, limit);
        self
    }

    /// Lets a busy timeout pass at once where the thread waits for itself (`SQLITE_FIXTURES_INSTANT_BUSY`).
    ///
    /// In memory, where the connection that holds the lock was last used on the very thread that waits, nothing can release it: the
    /// wait of [SQLite's own busy handler](https://sqlite.org/c3ref/busy_timeout.html) does not sleep. Other waits are as ever. Not
    /// for a connection that is moved to a thread which uses it for the first time meanwhile.
    pub fn instant_busy(mut self, instant: bool) -> Self {
        self.0.instant_busy = instant;
        self
    }

    /// Refuses the first attempt of every transaction to write with `SQLITE_BUSY`, once, as if another connection had been faster
    /// (`SQLITE_FIXTURES_RIVAL`). In memory.
    ///
    /// Code that waits, by a busy timeout or by trying again, does not notice. Seeds, builds of templates and `PRAGMA` are spared.
    pub fn rival(mut self, rival: bool) -> Self {
        self.0.rival = rival;
        self
    }

    /// How many of the last statements are printed when the test fails (`SQLITE_FIXTURES_STATEMENTS`); 20 unless it is set, none
    /// with 0.
    pub fn statements(mut self, count: usize) -> Self {
        self.0.statements = Some(count);
        self
    }

    /// Shows the last statements of a failed test with the values that were bound to them (`SQLITE_FIXTURES_VALUES`), by
    /// [`sqlite3_expanded_sql`](https://sqlite.org/c3ref/expanded_sql.html). Not for data that must stay out of logs.
    pub fn statement_values(mut self, shown: bool) -> Self {
        self.0.statement_values = shown;
        self
    }

    /// What happens on a leak (`SQLITE_FIXTURES_LEAKS`).
    pub fn leaks(mut self, leaks: Leaks) -> Self {
        self.0.leaks = Some(leaks);
        self
    }

    /// Records the backtrace of each opening, for the report (`SQLITE_FIXTURES_BACKTRACE`).
    pub fn backtraces(mut self, backtraces: bool) -> Self {
        self.0.backtraces = backtraces;
        self
    }

    /// Creates the engine with an empty database in memory.
    ///
    /// # Errors
    /// See [`Engine::memory`].
    pub fn memory(self) -> Result<Engine, EngineError> {
        self.memory_from(&Origin::empty())
    }

    /// Creates the engine with an empty database in a temporary file.
    ///
    /// # Errors
    /// See [`Engine::temp_file`].
    pub fn temp_file(self) -> Result<Engine, EngineError> {
        self.temp_file_from(&Origin::empty())
    }

    pub(crate) fn memory_from(mut self, origin: &Origin) -> Result<Engine, EngineError> {
        // There is no disk to wait for, and `PRAGMA synchronous` would wait for a writer.
        self.0.durable = true;
        self.build(origin, Place::memory)
    }

    pub(crate) fn temp_file_from(self, origin: &Origin) -> Result<Engine, EngineError> {
        self.build(origin, Place::temp_file)
    }

    /// The options, overridden by the environment.
    pub(crate) fn options(self) -> Result<Options, EngineError> {
        let settings = Settings::get().map_err(EngineError::Setting)?;
        let mut options = self.0;
        options.keep = settings.keep.unwrap_or(options.keep);
        options.lints = settings.lints.unwrap_or_default().or(options.lints);
        options.instant_busy = settings.instant_busy.unwrap_or(options.instant_busy);
        options.rival = settings.rival.unwrap_or(options.rival);
        options.statements = settings.statements.or(options.statements);
        options.statement_values = settings.values.unwrap_or(options.statement_values);
        options.unordered = settings.unordered.unwrap_or(options.unordered);
        options.backtraces = settings.backtrace.unwrap_or(options.backtraces);
        Ok(options)
    }

    fn build(
        self,
        origin: &Origin,
        place: fn(&Origin, &Options) -> Result<Place, EngineError>,
    ) -> Result<Engine, EngineError> {
        let mut options = self.options()?;
        if options.absent && !(*origin.bytes).as_ref().is_empty() {
            return Err(EngineError::AbsentTemplate);
        }
        let name = options.name.take();
        Ok(Engine::new(Database::new(name, place(origin, &options)?, origin.clone(), options)))
    }
}
