//! The engine of the process.

use super::{Session, SessionError, SessionFactory, factory::validate_sync_engine};
use crate::engine::{AnyEngine, EngineError};
use std::sync::{Mutex, MutexGuard, PoisonError};

static CONFIGURED: Mutex<Option<AnyEngine>> = Mutex::new(None);

/// Configures the engine of the process, and returns the previous one.
///
/// Under `cargo test`, tests that configure it must not run in parallel: put `#[serial(configured_engine)]` of
/// [serial_test](https://docs.rs/serial_test) below `#[rstest]`. Under nextest each test is its own process. The temporary file
/// of an engine that is still configured at exit is removed.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use sqlite_fixtures::{Engine, configure, get_session, unconfigure};
///
/// configure(Engine::memory()?);
/// let session = get_session()?;
/// let two: i64 = session.query_row("SELECT 1 + 1", [], |row| row.get(0))?;
/// assert_eq!(two, 2);
/// session.close()?;
/// unconfigure();
/// # Ok(())
/// # }
/// ```
pub fn configure(engine: impl Into<AnyEngine>) -> Option<AnyEngine> {
    configured().replace(engine.into())
}

/// Removes the engine of the process, and returns it.
#[expect(clippy::must_use_candidate, reason = "most callers ignore the engine")]
pub fn unconfigure() -> Option<AnyEngine> {
    configured().take()
}

/// A factory on the engine of the process.
///
/// # Errors
/// [`EngineError::NoEngine`] if none is configured, [`EngineError::AsyncEngine`] if it is asynchronous.
pub fn session_factory() -> Result<SessionFactory, EngineError> {
    let configured = configured();
    validate_sync_engine(configured.as_ref()).cloned().map(SessionFactory::from_engine)
}

/// A session on the engine of the process.
///
/// # Errors
/// See [`session_factory`] and [`SessionFactory::open`].
#[track_caller]
pub fn get_session() -> Result<Session, SessionError> {
    session_factory()?.open()
}

/// Opens a session on the engine of the process, passes it to `work`, and always closes it.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # sqlite_fixtures::configure(sqlite_fixtures::Engine::memory()?);
/// use sqlite_fixtures::{session::SessionError, with_session};
///
/// let two: i64 = with_session(|session| {
///     let two = session.query_row("SELECT 1 + 1", [], |row| row.get(0))?;
///     Ok::<_, Box<dyn std::error::Error>>(two)
/// })?;
/// assert_eq!(two, 2);
/// # sqlite_fixtures::unconfigure();
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The error of `work`, unchanged; or else that the session could not be opened or closed.
///
/// # Panics
/// If `work` panics; the session is closed first.
#[track_caller]
pub fn with_session<T, E: From<SessionError>>(work: impl FnOnce(&mut Session) -> Result<T, E>) -> Result<T, E> {
    session_factory().map_err(SessionError::Engine)?.with_session(work)
}

fn configured() -> MutexGuard<'static, Option<AnyEngine>> {
    CONFIGURED.lock().unwrap_or_else(PoisonError::into_inner)
}
