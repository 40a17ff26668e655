//! Sessions: an RAII guard over one connection, and what opens it.

// `factory` opens sessions and validates their engine, `rows` has the methods for rows, labels, snapshots and seeds,
// `asynchronous` has sessions on their own threads, `process` has the engine of the process.

mod asynchronous;
mod error;
mod factory;
mod process;
mod rows;

pub use asynchronous::AsyncSession;
pub use error::{CloseError, SessionError};
pub use factory::{SessionFactory, validate_sync_engine};
pub use process::{configure, get_session, session_factory, unconfigure, with_session};

use crate::engine::{Engine, Slot};
use crate::ledger::{Entry, EntryGuard, enforce, outside, warn_stderr};
use crate::settings::Leaks;
use crate::sqlite::{Handle, files_attached_to, statements};
use error::NotClosed;
use rusqlite::Connection;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::thread;

/// A session: an RAII guard over one [`rusqlite::Connection`], to which it derefs.
///
/// * Dropping it closes the connection. If SQLite refuses, it panics, so the test fails; if the thread is already panicking, it
///   prints the error instead, since a second panic would abort the process.
/// * [`close`](Self::close) closes it, and returns it in the error if SQLite refuses.
///
/// SQLite rolls back an open transaction; the ledger records this.
///
/// A session is `Send`, but not `Sync`:
///
/// ```compile_fail,E0277
/// fn shared<T: Sync>() {}
/// shared::<sqlite_fixtures::Session>();
/// ```
#[derive(Debug)]
#[must_use = "a session that is not bound to a name is closed at once"]
pub struct Session {
    /// `None` only during the close.
    connection: Option<Connection>,
    /// The handle that was opened. `DerefMut` lets the user swap the connection for another.
    handle: Handle,
    entry_guard: EntryGuard,
    slot: Option<Slot>,
    /// Whether a `CloseError` was returned, so that the drop does not report the session again.
    reported: bool,
    factory: SessionFactory,
}

impl Session {
    pub(crate) fn new(connection: Connection, entry_guard: EntryGuard, slot: Slot, factory: SessionFactory) -> Self {
        let handle = Handle::new(&connection);
        Self { connection: Some(connection), handle, entry_guard, slot: Some(slot), reported: false, factory }
    }

    /// A session on a new, empty database in memory, in place of [`Connection::open_in_memory`].
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let session = sqlite_fixtures::Session::memory()?;
    /// session.execute_batch("CREATE TABLE users (name TEXT)")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SessionError::Engine`], as [`Engine::memory`].
    #[track_caller]
    pub fn memory() -> Result<Self, SessionError> {
        let location = Location::caller();
        let engine = Engine::memory().map_err(SessionError::Engine)?;
        SessionFactory::from_engine(engine).into_session_at(location)
    }

    /// Closes the session: returns when SQLite has freed its handle.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sessions = sqlite_fixtures::SessionFactory::new(sqlite_fixtures::Engine::memory()?)?;
    /// let session = sessions.open()?;
    /// std::mem::forget(session.prepare("SELECT 'forgotten'")?);
    ///
    /// let error = session.close().unwrap_err();
    /// assert_eq!(error.statements(), ["SELECT 'forgotten'"]);
    /// # sessions.ledger().ignore_current();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`CloseError`] if a statement, blob or backup is unfinished, or if the connection inside is not the one that was opened.
    /// It contains the session, still open.
    pub fn close(mut self) -> Result<(), CloseError> {
        self.try_close().map_err(|reason| {
            self.reported = true;
            CloseError::new(self, reason)
        })
    }

    /// A factory for more sessions on the same database.
    #[must_use]
    pub fn factory(&self) -> SessionFactory {
        self.factory.clone()
    }

    /// The engine of the database.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        self.factory.engine()
    }

    /// The session's entry in the ledger, in its current state.
    #[must_use]
    pub fn entry(&self) -> Entry {
        self.entry_guard.entry()
    }

    /// Closes the connection, or leaves it open.
    fn try_close(&mut self) -> Result<(), NotClosed> {
        let Some(connection) = self.connection.take() else { return Ok(()) };
        if Handle::new(&connection) != self.handle {
            self.connection = Some(connection);
            return Err(NotClosed::SwappedOut);
        }
        if outside::is_on() {
            outside::look_at_attached(&files_attached_to(&connection), self.entry_guard.entry().number());
        }
        self.entry_guard.closing(!connection.is_autocommit());
        match connection.close() {
            Ok(()) => {
                self.entry_guard.closed();
                self.slot = None;
                Ok(())
            }
            Err((connection, source)) => {
                // After the attempt, which finalizes the internal statements of SQLite.
                let statements = statements(&connection);
                self.connection = Some(connection);
                Err(NotClosed::Unfinished { statements, source })
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if thread::panicking() {
            self.engine().mark_failed();
        }
        let Err(reason) = self.try_close() else { return };
        self.entry_guard.set_state(reason.state());
        // The handle is not freed, so the slot stays taken.
        std::mem::forget(self.slot.take());
        if self.reported {
            return;
        }
        let entry = self.entry();
        let level = self.engine().ledger().leaks();
        let message = reason.describe(&entry);
        if thread::panicking() {
            if level != Leaks::Off {
                warn_stderr(&message);
            }
        } else {
            if level == Leaks::Deny {
                self.engine().mark_failed();
            }
            enforce(level, &message);
        }
    }
}

impl Deref for Session {
    type Target = Connection;

    #[track_caller]
    fn deref(&self) -> &Connection {
        self.entry_guard.used(Location::caller());
        self.connection.as_ref().expect("a session has its connection until it is closed")
    }
}

impl DerefMut for Session {
    #[track_caller]
    fn deref_mut(&mut self) -> &mut Connection {
        self.entry_guard.used(Location::caller());
        self.connection.as_mut().expect("a session has its connection until it is closed")
    }
}
