//! What opens sessions.

use super::{Session, SessionError, validate::validate_sync_engine};
use crate::{
    engine::{AnyEngine, Engine, EngineError},
    ledger::{Entry, EntryGuard, Ledger},
    position::chain,
    template::Template,
};
use std::{backtrace::Backtrace, panic::Location, sync::Arc};

/// Opens sessions on one validated engine.
///
/// It is a handle: clones open sessions on the same database.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use sqlite_fixtures::{Engine, SessionFactory};
///
/// let sessions = SessionFactory::new(Engine::memory()?)?;
/// sessions.open()?.execute_batch("CREATE TABLE users (name TEXT); INSERT INTO users VALUES ('alice')")?;
/// let name: String = sessions.open()?.query_row("SELECT name FROM users", [], |row| row.get(0))?;
/// assert_eq!(name, "alice");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct SessionFactory {
    engine: Engine,
}

impl SessionFactory {
    /// A factory on an engine that may give synchronous sessions.
    ///
    /// # Errors
    /// [`EngineError::AsyncEngine`] for an asynchronous engine.
    pub fn new(engine: impl Into<AnyEngine>) -> Result<Self, EngineError> {
        let engine = engine.into();
        validate_sync_engine(Some(&engine))?;
        match engine {
            // A clone, since what a test's body makes of its argument may be dropped before sessions that are still closed.
            AnyEngine::Sync(engine) => Ok(Self { engine: engine.clone() }),
            AnyEngine::Async(_) => Err(EngineError::AsyncEngine),
        }
    }

    pub(crate) fn of(engine: Engine) -> Self {
        Self { engine }
    }

    /// Opens a session.
    ///
    /// # Errors
    /// [`SessionError::TooManySessions`] when as many are open as the engine allows, [`SessionError::Engine`] when the
    /// connection cannot be opened or prepared.
    #[track_caller]
    pub fn open(&self) -> Result<Session, SessionError> {
        self.clone().into_session_at(Location::caller())
    }

    /// Opens a session, lends it, and closes it whatever happens.
    ///
    /// # Errors
    /// What `work` returns, unchanged; else why the session could not be opened or closed.
    ///
    /// # Panics
    /// When `work` does; the session is closed first.
    #[track_caller]
    pub fn with_session<T, E: From<SessionError>>(
        &self,
        work: impl FnOnce(&mut Session) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut session = self.open()?;
        let done = work(&mut session);
        match (done, session.close()) {
            (done, Ok(())) | (done @ Err(_), Err(_)) => done,
            (Ok(_), Err(error)) => Err(SessionError::Close(error).into()),
        }
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The record of the engine's sessions.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.engine.ledger()
    }

    /// Opens a session that takes this very factory over, and with it the check at the end of the test.
    pub(crate) fn into_session_at(self, location: &'static Location<'static>) -> Result<Session, SessionError> {
        let test = self.engine.test();
        self.into_session_for(test, location)
    }

    pub(super) fn into_session_for(
        self,
        test: Option<Arc<str>>,
        location: &'static Location<'static>,
    ) -> Result<Session, SessionError> {
        let Some(slot) = self.engine.take_slot() else {
            let sessions = self.ledger().entries().into_iter().filter(Entry::is_session);
            let open = sessions.filter(|entry| !entry.state().is_freed()).collect();
            return Err(SessionError::TooManySessions { max: self.engine.max_sessions().unwrap_or(0), open });
        };
        let backtrace = self.engine.options().backtraces.then(Backtrace::force_capture);
        let (connection, entry_guard) =
            EntryGuard::enter(self.engine.record(), test, location, backtrace, || self.engine.connect())?;
        Ok(Session::new(connection, entry_guard, slot, self))
    }
}

impl Template {
    /// A session on a fresh database of its own, for a fixture over this template.
    ///
    /// Handed to a test by a fixture and dropped by its body, it asserts that every session on its database is closed; see
    /// [`fixtures`](crate::fixtures).
    ///
    /// # Panics
    /// When the template cannot be built or the session not be opened, with all causes.
    #[track_caller]
    pub fn session(&self) -> Session {
        let session = self.engine().map_err(SessionError::Template);
        match session.and_then(|engine| SessionFactory::of(engine).into_session_at(Location::caller())) {
            Ok(session) => session,
            Err(error) => panic!("{}", chain(&error)),
        }
    }

    /// A factory on a fresh database of its own, for a fixture over this template.
    ///
    /// Handed to a test by a fixture and dropped by its body, it asserts that every session on its database is closed; see
    /// [`fixtures`](crate::fixtures).
    ///
    /// # Panics
    /// When the template cannot be built, with all causes.
    #[track_caller]
    pub fn sessions(&self) -> SessionFactory {
        match self.engine() {
            Ok(engine) => SessionFactory::of(engine),
            Err(error) => panic!("{}", chain(&error)),
        }
    }
}
