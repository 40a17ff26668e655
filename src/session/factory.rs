//! The factory of sessions, and the validator of its engine.

use super::{Session, SessionError};
use crate::engine::{AnyEngine, Engine, EngineError};
use crate::ledger::test_name::TestName;
use crate::ledger::{Entry, EntryGuard, Ledger, stack};
use crate::position::chain;
use crate::template::Template;
use std::{backtrace::Backtrace, panic::Location};

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
    /// A factory on a synchronous engine.
    ///
    /// # Errors
    /// [`EngineError::AsyncEngine`] for an asynchronous engine.
    pub fn new(engine: impl Into<AnyEngine>) -> Result<Self, EngineError> {
        // A clone asserts nothing: a test may drop this factory before it closes its sessions.
        Ok(Self::from_engine(validate_sync_engine(Some(&engine.into()))?.clone()))
    }

    /// A factory that takes over the leak assertion of the engine, if it has one.
    pub(crate) fn from_engine(engine: Engine) -> Self {
        Self { engine }
    }

    /// Opens a session.
    ///
    /// # Errors
    /// [`SessionError::TooManySessions`] at the engine's limit, [`SessionError::Engine`] if the connection cannot be opened or
    /// prepared.
    #[track_caller]
    pub fn open(&self) -> Result<Session, SessionError> {
        self.clone().into_session_at(Location::caller())
    }

    /// Opens a session, passes it to `work`, and always closes it.
    ///
    /// # Errors
    /// The error of `work`, unchanged; or else that the session could not be opened or closed.
    ///
    /// # Panics
    /// If `work` panics; the session is closed first.
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

    /// The ledger of the engine's connections.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.engine.ledger()
    }

    /// Opens a session that owns this factory, and with it the leak assertion.
    pub(crate) fn into_session_at(self, location: &'static Location<'static>) -> Result<Session, SessionError> {
        let test = self.engine.test();
        self.into_session_for(test, location)
    }

    pub(super) fn into_session_for(
        self,
        test: TestName,
        location: &'static Location<'static>,
    ) -> Result<Session, SessionError> {
        let Some(slot) = self.engine.take_slot() else {
            let sessions = self.ledger().entries().into_iter().filter(Entry::is_session);
            let open = sessions.filter(|entry| !entry.state().is_freed()).collect();
            return Err(SessionError::TooManySessions { max: self.engine.max_sessions().unwrap_or(0), open });
        };
        // A helper in a library is not the place that a user looks for: its caller is found on the stack.
        let is_elsewhere = stack::may_be_of_a_library(location);
        let backtrace = (self.engine.options().backtraces || is_elsewhere).then(Backtrace::force_capture);
        let (connection, entry_guard) =
            EntryGuard::enter(self.engine.record(), test, location, backtrace, || self.engine.connect())?;
        Ok(Session::new(connection, entry_guard, slot, self))
    }
}

/// Returns the very same engine if it is synchronous.
///
/// # Errors
/// [`EngineError::NoEngine`] for `None`, [`EngineError::AsyncEngine`] for an asynchronous engine.
///
/// ```
/// # fn main() -> Result<(), sqlite_fixtures::engine::EngineError> {
/// use sqlite_fixtures::{AnyEngine, AsyncEngine, Engine, validate_sync_engine};
///
/// let engine = AnyEngine::from(Engine::memory()?);
/// assert!(validate_sync_engine(Some(&engine)).is_ok());
///
/// let error = validate_sync_engine(None).unwrap_err();
/// assert_eq!(error.to_string(), "no engine is configured");
///
/// let engine = AnyEngine::from(AsyncEngine::memory()?);
/// let error = validate_sync_engine(Some(&engine)).unwrap_err();
/// assert!(error.to_string().ends_with("use an async session for an AsyncEngine"));
/// # Ok(())
/// # }
/// ```
pub fn validate_sync_engine(engine: Option<&AnyEngine>) -> Result<&Engine, EngineError> {
    match engine {
        None => Err(EngineError::NoEngine),
        Some(AnyEngine::Async(_)) => Err(EngineError::AsyncEngine),
        Some(AnyEngine::Sync(engine)) => Ok(engine),
    }
}

impl Template {
    /// A session on a fresh database of its own, for a fixture over this template.
    ///
    /// When the body of a test drops it, it asserts that every session on its database is closed; see
    /// [`fixtures`](mod@crate::fixtures).
    ///
    /// # Panics
    /// If the template cannot be built or the session cannot be opened, with all causes.
    #[track_caller]
    pub fn session(&self) -> Session {
        // Not inside a closure, which has another caller.
        let location = Location::caller();
        let engine = self.engine().map_err(SessionError::Template);
        match engine.and_then(|engine| SessionFactory::from_engine(engine).into_session_at(location)) {
            Ok(session) => session,
            Err(error) => panic!("{}", chain(&error)),
        }
    }

    /// A factory on a fresh database of its own, for a fixture over this template.
    ///
    /// When the body of a test drops it, it asserts that every session on its database is closed; see
    /// [`fixtures`](mod@crate::fixtures).
    ///
    /// # Panics
    /// If the template cannot be built, with all causes.
    #[track_caller]
    pub fn sessions(&self) -> SessionFactory {
        match self.engine() {
            Ok(engine) => SessionFactory::from_engine(engine),
            Err(error) => panic!("{}", chain(&error)),
        }
    }
}
