//! Sessions: an RAII guard over one connection, and what opens it.
//!
//! [`factory`] opens them, [`close`] is what can go wrong when they close,
//! [`rows`] is what a test does with seeds and labels, [`asynchronous`] gives sessions on a thread of their own,
//! [`process`] is the engine that the whole process configured, [`open`] is what can go wrong when they open.

mod asynchronous;
mod close;
mod factory;
mod open;
mod process;
mod rows;
mod validate;

pub use asynchronous::AsyncSession;
pub use close::CloseError;
pub use factory::SessionFactory;
pub use open::SessionError;
pub use process::{configure, get_session, session_factory, unconfigure, with_session};

pub use validate::validate_sync_engine;

use crate::{
    engine::{Engine, Slot},
    ledger::{Entry, EntryGuard, enforce, warn_stderr},
    settings::Leaks,
    sqlite::{Handle, statements},
};
use close::Refusal;
use rusqlite::Connection;
use std::{
    ops::{Deref, DerefMut},
    thread,
};

/// A session: one connection, which is closed on every way out.
///
/// It derefs to [`rusqlite::Connection`]. It has two exits:
/// * **drop** closes it; if SQLite refuses, the test fails. While the thread is unwinding, the refusal is printed instead,
///   since a second panic would abort the process.
/// * **[`close`](Self::close)** closes it and hands it back if SQLite refuses.
///
/// A transaction that is still open is rolled back, as SQLite does at close, and recorded so.
///
/// A session may move to another thread, but not be shared between threads:
///
/// ```compile_fail,E0277
/// fn shared<T: Sync>() {}
/// shared::<sqlite_fixtures::Session>();
/// ```
#[derive(Debug)]
#[must_use = "a session that is not bound to a name is closed at once"]
pub struct Session {
    /// `None` only while it is closed.
    connection: Option<Connection>,
    /// The handle that was opened. The connection may be swapped for another through `DerefMut`; the entry may not.
    handle: Handle,
    entry_guard: EntryGuard,
    slot: Option<Slot>,
    /// Whether a refusal was already handed to the caller, who has the word then.
    reported: bool,
    factory: SessionFactory,
}

impl Session {
    pub(crate) fn new(connection: Connection, entry_guard: EntryGuard, slot: Slot, factory: SessionFactory) -> Self {
        let handle = Handle::new(&connection);
        Self { connection: Some(connection), handle, entry_guard, slot: Some(slot), reported: false, factory }
    }

    /// Closes the session. It is closed when SQLite has freed its handle.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sessions = sqlite_fixtures::SessionFactory::new(sqlite_fixtures::Engine::memory()?)?;
    /// let session = sessions.open()?;
    /// std::mem::forget(session.prepare("SELECT 'forgotten'")?);
    ///
    /// let refused = session.close().unwrap_err();
    /// assert_eq!(refused.statements(), ["SELECT 'forgotten'"]);
    /// # sessions.ledger().ignore_current();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`CloseError`] when a statement, blob or backup is unfinished, or when the connection inside is not the one that was
    /// opened. It holds the session, still open.
    pub fn close(mut self) -> Result<(), CloseError> {
        self.shut().map_err(|refusal| {
            self.reported = true;
            CloseError::new(self, refusal)
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

    /// The session's entry in the ledger, as it stands.
    #[must_use]
    pub fn entry(&self) -> Entry {
        self.entry_guard.entry()
    }

    /// Closes the connection, or leaves all as it is.
    fn shut(&mut self) -> Result<(), Refusal> {
        let Some(connection) = self.connection.take() else { return Ok(()) };
        if Handle::new(&connection) != self.handle {
            self.connection = Some(connection);
            return Err(Refusal::SwappedOut);
        }
        self.entry_guard.closing(!connection.is_autocommit());
        match connection.close() {
            Ok(()) => {
                self.entry_guard.closed();
                self.slot = None;
                Ok(())
            }
            Err((connection, source)) => {
                // Only now: statements that SQLite keeps for itself are gone after it has tried.
                let statements = statements(&connection);
                self.connection = Some(connection);
                Err(Refusal::Unfinished { statements, source })
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if thread::panicking() {
            self.engine().mark_failed();
        }
        let Err(refusal) = self.shut() else { return };
        self.entry_guard.set_state(refusal.state());
        // The handle is not freed, so its place stays taken.
        std::mem::forget(self.slot.take());
        if self.reported {
            return;
        }
        let entry = self.entry();
        let level = self.engine().ledger().leaks();
        let fault = refusal.told(&entry);
        if thread::panicking() {
            if level != Leaks::Off {
                warn_stderr(&fault);
            }
        } else {
            if level == Leaks::Deny {
                self.engine().mark_failed();
            }
            enforce(level, &fault);
        }
    }
}

impl Deref for Session {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("a session has its connection until it is closed")
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("a session has its connection until it is closed")
    }
}
