//! Where one database lives and how connections to it are opened.

// `builder` collects the options, `database` is shared by the handles of an engine and has the leak assertion, `place`
// is in memory or in a temporary file, `origin` is the initial content, `slots` limits the sessions, `kept` stores the
// databases of failed tests.

mod asynchronous;
mod builder;
mod database;
mod error;
mod kept;
mod options;
mod origin;
mod place;
mod slots;

pub use asynchronous::{AnyEngine, AsyncEngine};
pub use builder::EngineBuilder;
pub use error::EngineError;
pub use options::JournalMode;
pub(crate) use options::Options;
pub(crate) use origin::Origin;
pub(crate) use place::url;
pub(crate) use slots::Slot;

use crate::labels::{Labels, SharedLabels};
use crate::ledger::test_name::{self, TestName};
use crate::ledger::{EngineRecord, Ledger};
use crate::position::chain;
use crate::recorder::{Finding, Growth, RefusedLock, Watched};
use crate::snapshot;
use crate::sqlite::{copy, untracked};
use crate::vfs;
use database::{Database, LeakAssertion};
use rusqlite::Connection;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A synchronous engine: one database, in memory or in a temporary file.
///
/// It is a handle: clones share the database, which lives until the last engine, factory and session on it are dropped.
/// Its connections accept what [`Connection::open`] accepts with the same SQLite library, and refuse what it refuses; the guide has
/// [what differs](crate::guide::fixtures_and_templates#what-differs-from-connectionopen).
///
/// When the body of a test drops an engine that it got from a [fixture](mod@crate::fixtures), the engine asserts that every
/// session of its database is closed. Clones assert nothing.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use sqlite_fixtures::{Engine, engine::JournalMode, SessionFactory};
///
/// let engine = Engine::builder().journal_mode(JournalMode::Wal).max_sessions(4).temp_file()?;
/// let sessions = SessionFactory::new(&engine)?;
/// sessions.open()?.execute_batch("CREATE TABLE users (name TEXT)")?;
/// sessions.open()?.execute("INSERT INTO users VALUES ('alice')", [])?;
/// assert_eq!(engine.ledger().counts().closed, 2);
/// # Ok(())
/// # }
/// ```
pub struct Engine {
    database: Arc<Database>,
    assertion: Option<LeakAssertion>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("name", &self.name()).field("uri", &self.uri()).finish_non_exhaustive()
    }
}

impl Clone for Engine {
    /// Another handle to the same database, which asserts nothing at the end of a test.
    fn clone(&self) -> Self {
        Self { database: Arc::clone(&self.database), assertion: None }
    }
}

impl Engine {
    /// An empty database in memory, which several sessions can share with real commits.
    ///
    /// It is in a [file system](https://sqlite.org/vfs.html) of this crate, not in a shared cache: it has the locks of a real
    /// file and every journal mode, including a write-ahead log.
    ///
    /// # Errors
    /// [`EngineError::Setting`] for an invalid setting in the environment, [`EngineError::Open`] if SQLite cannot open it.
    pub fn memory() -> Result<Self, EngineError> {
        Self::builder().memory()
    }

    /// An empty database in its own temporary folder, which only its user can open (0700, files 0600).
    ///
    /// The folder is removed when the last engine, factory and session are dropped; at exit, if one of them is in a static or
    /// configured for the process; or, if the process is killed, by the next process that makes such an engine.
    /// [`persist`](Self::persist) keeps it.
    ///
    /// # Errors
    /// [`EngineError::Setting`] for an invalid setting in the environment, [`EngineError::Folder`] if the folder cannot be
    /// created.
    pub fn temp_file() -> Result<Self, EngineError> {
        Self::builder().temp_file()
    }

    /// A builder for an engine with options.
    #[must_use]
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    pub(crate) fn new(database: Database) -> Self {
        Self { database: Arc::new(database), assertion: None }
    }

    /// Adds the assertion at the end of the test that every session is closed.
    pub(crate) fn with_leak_assertion(mut self) -> Self {
        self.assertion = Some(LeakAssertion::new(Arc::clone(&self.database)));
        self
    }

    /// The name, from [`EngineBuilder::name`] or from its kind and a number.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.database.record.identity.name
    }

    /// The ledger of this engine's connections.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.database.ledger()
    }

    /// The database's file; `None` in memory.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.database.place.path()
    }

    /// The temporary folder of the database's file; `None` in memory. Nothing else is in it.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.path().and_then(Path::parent)
    }

    /// The database's [URI](https://sqlite.org/uri.html), for any client of the same SQLite library in this process.
    ///
    /// Connections of such a client do not have the engine's options, but they are in its ledger.
    #[must_use]
    pub fn uri(&self) -> String {
        self.database.place.uri()
    }

    /// The same as a URL: `sqlite:...`, the form that sqlx and sea-orm take.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = sqlite_fixtures::Engine::memory()?;
    /// assert_eq!(engine.url().strip_prefix("sqlite:"), engine.uri().strip_prefix("file:"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn url(&self) -> String {
        self.database.place.url()
    }

    /// Opens a plain connection with the engine's options, for code that owns its connection.
    ///
    /// The ledger counts it as a client's: if it is still open when the process ends, the report names the line that called this.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use sqlite_fixtures::{Engine, rusqlite::Connection};
    ///
    /// struct Users(Connection);
    ///
    /// let engine = Engine::memory()?;
    /// let users = Users(engine.connect()?);
    /// assert_eq!(engine.ledger().counts().live, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`EngineError::Open`], [`EngineError::Pragma`], [`EngineError::JournalMode`] or [`EngineError::OnOpen`]; [`EngineError::Locked`]
    /// with the connection that has the lock, where it is known.
    pub fn connect(&self) -> Result<Connection, EngineError> {
        self.database.connect()
    }

    /// What the [lints](EngineBuilder::lint) have found on this engine's connections so far.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use sqlite_fixtures::{Engine, settings::{Level, Lint}};
    ///
    /// let engine = Engine::builder().lint(Lint::Upgrade, Level::Warn).memory()?;
    /// let connection = engine.connect()?;
    /// connection.execute_batch("CREATE TABLE t (n); BEGIN; SELECT count(*) FROM t; INSERT INTO t VALUES (1); COMMIT")?;
    /// assert_eq!(engine.findings()[0].sql(), "INSERT INTO t VALUES (1);");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        self.database.recorder.as_ref().map(|recorder| recorder.findings()).unwrap_or_default()
    }

    /// Runs some code, and returns the statements that ran on this database meanwhile, on whatever connection and thread.
    ///
    /// Those of this crate, such as of [`Session::insert`](crate::session::Session::insert), are left out, and those of a connection
    /// that traces its statements itself.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = sqlite_fixtures::Engine::memory()?;
    /// let connection = engine.connect()?;
    /// connection.execute_batch("CREATE TABLE users (name TEXT)")?;
    ///
    /// let watched = engine.watch(|| -> Result<(), Box<dyn std::error::Error>> {
    ///     let connection = engine.connect()?;
    ///     connection.execute("INSERT INTO users VALUES (?1), (?2)", ["alice", "bob"])?;
    ///     Ok(())
    /// });
    /// watched.assert_count(1);
    /// assert_eq!(watched.to_string(), "INSERT INTO users VALUES (?1), (?2)  -- 2 rows");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// If `code` panics, or nothing is recorded because the [number of statements](EngineBuilder::statements) is 0.
    pub fn watch<T>(&self, code: impl FnOnce() -> T) -> Watched<T> {
        let recorder = self.database.recorder.as_ref();
        match recorder.map_or_else(|| None, |recorder| recorder.watch(code)) {
            Some((value, watch)) => Watched::new(value, watch.take(|sql| self.database.scans(sql))),
            None => panic!("no statements are recorded; set `statements` or SQLITE_FIXTURES_STATEMENTS to more than 0"),
        }
    }

    /// Runs `seed` and then `code` on a copy of this database for each size, and returns the statements of `code`.
    ///
    /// ```should_panic
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use sqlite_fixtures::Engine;
    /// let engine = Engine::memory()?;
    /// engine.connect()?.execute_batch("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")?;
    ///
    /// let seed = |engine: &Engine, size: usize| {
    ///     let connection = engine.connect().unwrap();
    ///     (0..size).for_each(|_| drop(connection.execute("INSERT INTO users (name) VALUES ('x')", [])));
    /// };
    /// // Reads the users one by one.
    /// let code = |engine: &Engine| {
    ///     let connection = engine.connect().unwrap();
    ///     let mut ids = connection.prepare("SELECT id FROM users").unwrap();
    ///     for id in ids.query_map([], |row| row.get::<_, i64>(0)).unwrap() {
    ///         let select = "SELECT name FROM users WHERE id = ?1";
    ///         connection.query_row(select, [id.unwrap()], |row| row.get::<_, String>(0)).unwrap();
    ///     }
    /// };
    /// engine.watch_growth([1, 10], seed, code).assert_constant(); // panics
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// As [`watch`](Self::watch), and if a copy cannot be made.
    pub fn watch_growth(
        &self,
        sizes: impl IntoIterator<Item = usize>,
        seed: impl Fn(&Self, usize),
        code: impl Fn(&Self),
    ) -> Growth {
        let watch = |size| {
            let copy = self.copy().unwrap_or_else(|error| panic!("{}", chain(&error)));
            seed(&copy, size);
            (size, copy.watch(|| code(&copy)))
        };
        Growth::new(sizes.into_iter().map(watch).collect())
    }

    /// Another engine in memory, with the same options, on a copy of the database as it is.
    fn copy(&self) -> Result<Self, EngineError> {
        let database = vfs::Database::new(Arc::new([]));
        let uri = vfs::uri(&database).map_err(EngineError::Open)?;
        let mut to = untracked(|| Connection::open(uri)).map_err(EngineError::Open)?;
        let from = self.connect_untracked()?;
        self.database.naming_holder(|| copy(&from, &mut to).map_err(EngineError::Read))?;
        drop(to);
        let origin = Origin { bytes: Arc::new(database.to_vec()), file: None };
        let copy = EngineBuilder::from(self.options().clone()).memory_from(&origin)?;
        copy.set_labels(self.labels());
        Ok(copy)
    }

    /// The locks that statements were refused on this database, oldest first; the last hundred in memory.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = sqlite_fixtures::Engine::memory()?;
    /// let (one, two) = (engine.connect()?, engine.connect()?);
    /// one.execute_batch("BEGIN IMMEDIATE")?;
    /// two.execute_batch("PRAGMA busy_timeout = 0")?;
    /// assert!(two.execute_batch("CREATE TABLE t (n)").is_err());
    ///
    /// let refused = &engine.refused_locks()[0];
    /// assert_eq!(refused.sql(), Some("CREATE TABLE t (n)"));
    /// assert_eq!(refused.holder_sql(), Some("BEGIN IMMEDIATE"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn refused_locks(&self) -> Vec<RefusedLock> {
        let recorder = self.database.recorder.as_ref();
        recorder.map(|recorder| recorder.refused_locks(self.database.place.refusals())).unwrap_or_default()
    }

    /// Keeps the database until the process ends, for code that opens it lazily, or holds a pool in a static.
    ///
    /// Connections that are open to it when the process ends are not leaks. A temporary folder is still removed at exit.
    ///
    /// ```
    /// use sqlite_fixtures::{Engine, rusqlite::{self, Connection}};
    /// use std::sync::OnceLock;
    ///
    /// static URI: OnceLock<String> = OnceLock::new();
    ///
    /// fn database() -> rusqlite::Result<Connection> {
    ///     Connection::open(URI.get_or_init(|| Engine::memory().unwrap().leak().uri()))
    /// }
    ///
    /// # fn main() -> rusqlite::Result<()> {
    /// database()?.execute_batch("CREATE TABLE users (name TEXT)")?;
    /// database()?.execute("INSERT INTO users VALUES ('alice')", [])?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn leak(self) -> &'static Self {
        self.database.record.keep_for_ever();
        Box::leak(Box::new(self))
    }

    /// Keeps the temporary folder after the engine is dropped, and returns its path.
    ///
    /// # Errors
    /// [`EngineError::NoFolder`] for a database in memory; [`save_to`](Self::save_to) writes that to a file.
    pub fn persist(&self) -> Result<PathBuf, EngineError> {
        self.database.place.persist()
    }

    /// Writes a copy of the database to a file that does not exist yet, open to nobody else (0600).
    ///
    /// # Errors
    /// [`EngineError::Save`] if the file exists or cannot be written. No partial file is left.
    pub fn save_to(&self, path: impl AsRef<Path>) -> Result<(), EngineError> {
        self.database.save_to(path.as_ref())
    }

    /// The committed content of the database, as in [`Session::snapshot`](crate::session::Session::snapshot).
    ///
    /// # Errors
    /// [`EngineError::Read`] with the error of SQLite, [`EngineError::Locked`], or any error of opening a session.
    pub fn snapshot(&self) -> Result<String, EngineError> {
        let connection = untracked(|| self.connect())?;
        self.database.naming_holder(|| snapshot::of(&connection).map_err(EngineError::Read))
    }

    /// Opens a connection without the engine's options, which is not in the ledger.
    pub(crate) fn connect_untracked(&self) -> Result<Connection, EngineError> {
        untracked(|| self.database.place.open())
    }

    /// A connection to a copy of the initial database, which lives as long as the connection.
    pub(crate) fn connect_to_origin(&self) -> Result<Connection, EngineError> {
        let connection = place::open_copy(&self.database.origin).map_err(EngineError::Open)?;
        // The hooks define functions and collations that the schema may need.
        self.options().prepare(&connection)?;
        Ok(connection)
    }

    /// Takes a slot for a session; `None` if all stay taken during the acquire timeout.
    pub(crate) fn take_slot(&self) -> Option<Slot> {
        self.database.slots.take()
    }

    pub(crate) fn max_sessions(&self) -> Option<usize> {
        self.database.slots.max()
    }

    pub(crate) fn options(&self) -> &Options {
        &self.database.options
    }

    pub(crate) fn labels(&self) -> SharedLabels {
        self.database.labels().clone()
    }

    pub(crate) fn add_labels(&self, newer: Labels) {
        self.database.labels().extend(newer);
    }

    pub(crate) fn set_labels(&self, labels: SharedLabels) {
        *self.database.labels() = labels;
    }

    pub(crate) fn record(&self) -> &Arc<EngineRecord> {
        &self.database.record
    }

    /// The test that a session opened now belongs to.
    pub(crate) fn test(&self) -> TestName {
        test_name::current(Some(&self.database.record.identity.owner))
    }

    /// Marks the test as failed, so that the database is kept.
    pub(crate) fn mark_failed(&self) {
        self.database.mark_failed();
    }
}
