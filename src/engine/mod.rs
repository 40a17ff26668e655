//! Where one database lives and how connections to it are opened.
//!
//! [`builder`] gathers the options, [`database`] is the one thing that an engine's handles share, [`memory`] and
//! [`temp_file`] are the two places, [`origin`] what a fresh database starts as, [`slots`] holds to the greatest number of sessions, [`check`] asserts at the end of
//! a test, [`kept`] is where databases of failed tests go.

mod asynchronous;
mod builder;
mod check;
mod database;
mod error;
mod kept;
mod memory;
mod origin;
mod slots;
mod temp_file;

pub use asynchronous::{AnyEngine, AsyncEngine};
pub(crate) use builder::Options;
pub use builder::{EngineBuilder, JournalMode};
pub use error::EngineError;
pub(crate) use origin::Origin;
pub(crate) use slots::Slot;

use crate::{
    labels::{Labels, SharedLabels},
    ledger::{EngineRecord, Ledger, test_name},
    snapshot,
    sqlite::untracked,
};
use check::EndOfTest;
use database::Database;
use rusqlite::Connection;
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A synchronous engine: one database, in memory or in a temporary file.
///
/// It is a handle: clones lead to the same database, which lives until the last engine, factory and session on it are
/// gone. Every connection has foreign keys on, double-quoted text refused and temporary tables in memory.
///
/// An engine that a [fixture](crate::fixtures) hands to a test also asserts, when it is dropped by the test's body, that
/// every session of its database is closed; its clones do not.
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
    check: Option<EndOfTest>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("name", &self.name()).field("uri", &self.uri()).finish_non_exhaustive()
    }
}

impl Clone for Engine {
    /// Another handle to the same database; only the original asserts at the end of a test.
    fn clone(&self) -> Self {
        Self { database: Arc::clone(&self.database), check: None }
    }
}

impl Engine {
    /// An empty database in memory, which several sessions can share with real commits.
    ///
    /// It is kept by a [file system](https://sqlite.org/vfs.html) of our own, not by a shared cache: locks are those of a real
    /// file, and every journal mode is to be had, a write-ahead log too.
    ///
    /// # Errors
    /// [`EngineError::Setting`] when the environment is not understood, [`EngineError::Open`] when SQLite cannot open it.
    pub fn memory() -> Result<Self, EngineError> {
        Self::builder().memory()
    }

    /// An empty database in a temporary folder of its own, open to nobody else (0700, files 0600).
    ///
    /// The folder goes, with every file in it, when the last engine, factory and session are gone; if they never are,
    /// because one is in a static or configured for the process, it goes at exit; if the process is killed, with the next
    /// process that makes such an engine. [`persist`](Self::persist) keeps it.
    ///
    /// # Errors
    /// [`EngineError::Setting`] when the environment is not understood, [`EngineError::Folder`] when the folder cannot be
    /// made.
    pub fn temp_file() -> Result<Self, EngineError> {
        Self::builder().temp_file()
    }

    /// Starts an engine with options.
    #[must_use]
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    pub(crate) fn new(database: Database) -> Self {
        Self { database: Arc::new(database), check: None }
    }

    /// This handle, asserting from now on at the end of the test that every session is closed.
    pub(crate) fn checked(mut self) -> Self {
        self.check = Some(EndOfTest::of(Arc::clone(&self.database)));
        self
    }

    /// The engine's name, from [`EngineBuilder::name`] or made from its kind and number.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.database.record.identity.name
    }

    /// The record of this engine's sessions.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.database.ledger()
    }

    /// The database's file; `None` in memory.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.database.place.path()
    }

    /// The database's [URI](https://sqlite.org/uri.html), for any client of the same SQLite library in this process.
    ///
    /// What such a client opens has none of the engine's options. It is in the engine's ledger all the same.
    #[must_use]
    pub fn uri(&self) -> String {
        self.database.place.uri()
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
    /// [`EngineError::Save`] when the file exists or cannot be written; nothing is left then that was not there.
    pub fn save_to(&self, path: impl AsRef<Path>) -> Result<(), EngineError> {
        self.database.save_to(path.as_ref())
    }

    /// What the database holds, as whoever opens it now sees it: a stable text of schema and rows, as
    /// [`Session::snapshot`](crate::session::Session::snapshot) gives.
    ///
    /// # Errors
    /// [`EngineError::Read`] with what SQLite says, or as the opening of a session.
    pub fn snapshot(&self) -> Result<String, EngineError> {
        let connection = untracked(|| self.connect())?;
        snapshot::of(&connection).map_err(EngineError::Read)
    }

    /// Opens a connection with the engine's options.
    pub(crate) fn connect(&self) -> Result<Connection, EngineError> {
        self.database.connect()
    }

    /// A connection to a database that is as this one was when it was new, and lives as long as the connection.
    pub(crate) fn connect_to_origin(&self) -> Result<Connection, EngineError> {
        let connection = memory::open_anew(&self.database.origin).map_err(EngineError::Open)?;
        // With the functions and collations that its schema may need.
        self.options().prepare(&connection)?;
        Ok(connection)
    }

    /// Takes one of the places for sessions, waiting as long as was asked for; `None` when all are taken.
    pub(crate) fn take_slot(&self) -> Option<Slot> {
        self.database.slots.take()
    }

    /// The greatest number of sessions.
    pub(crate) fn max_sessions(&self) -> Option<usize> {
        self.database.slots.max()
    }

    pub(crate) fn options(&self) -> &Options {
        &self.database.options
    }

    /// The labels of the database, as they are now.
    pub(crate) fn labels(&self) -> SharedLabels {
        self.database.labels().clone()
    }

    /// Adds labels to those of the database.
    pub(crate) fn add_labels(&self, newer: Labels) {
        let mut labels = self.database.labels();
        let mut all = Labels::clone(&labels);
        all.extend(newer);
        *labels = SharedLabels::new(|| all);
    }

    /// Gives a fresh database its labels.
    pub(crate) fn set_labels(&self, labels: SharedLabels) {
        *self.database.labels() = labels;
    }

    pub(crate) fn record(&self) -> &Arc<EngineRecord> {
        &self.database.record
    }

    /// The test that a session opened now belongs to.
    pub(crate) fn test(&self) -> Option<Arc<str>> {
        test_name::current(self.database.record.identity.owner.as_ref())
    }

    /// Notes that the test which used this database has failed, so that the database is kept.
    pub(crate) fn mark_failed(&self) {
        self.database.mark_failed();
    }
}
