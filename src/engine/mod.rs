//! Where one database lives and how connections to it are opened.

// `builder` collects the options, `database` is shared by the handles of an engine and has the leak assertion, `place`
// is in memory or in a temporary file, `origin` is the initial content, `slots` limits the sessions, `kept` stores the
// databases of failed tests.

mod asynchronous;
mod builder;
mod database;
mod error;
mod kept;
mod origin;
mod place;
mod slots;

pub use asynchronous::{AnyEngine, AsyncEngine};
pub(crate) use builder::Options;
pub use builder::{EngineBuilder, JournalMode};
pub use error::EngineError;
pub(crate) use origin::Origin;
pub(crate) use slots::Slot;

use crate::labels::{Labels, SharedLabels};
use crate::ledger::test_name::{self, TestName};
use crate::ledger::{EngineRecord, Ledger};
use crate::snapshot;
use crate::sqlite::untracked;
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
    /// [`EngineError::Open`], [`EngineError::Pragma`], [`EngineError::JournalMode`] or [`EngineError::OnOpen`].
    pub fn connect(&self) -> Result<Connection, EngineError> {
        self.database.connect()
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
    /// [`EngineError::Read`] with the error of SQLite, or any error of opening a session.
    pub fn snapshot(&self) -> Result<String, EngineError> {
        let connection = untracked(|| self.connect())?;
        snapshot::of(&connection).map_err(EngineError::Read)
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
