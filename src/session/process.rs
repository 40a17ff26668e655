//! The engine that the process configured.

use super::{Session, SessionError, SessionFactory, validate::validate_sync_engine};
use crate::engine::{AnyEngine, EngineError};
use std::sync::{Mutex, MutexGuard, PoisonError};

static CONFIGURED: Mutex<Option<AnyEngine>> = Mutex::new(None);

/// Configures the engine of the process, and gives back the one that was configured before.
///
/// It is process-wide: tests that configure it run one at a time, with `#[serial(configured_engine)]` of
/// [serial_test](https://docs.rs/serial_test) under `cargo test` (below `#[rstest]`); under nextest each test is a process
/// of its own. A temporary file that is still configured at exit is removed then.
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

/// Takes the engine of the process away, and gives it back.
#[expect(clippy::must_use_candidate, reason = "most callers only want it gone")]
pub fn unconfigure() -> Option<AnyEngine> {
    configured().take()
}

/// A factory on the engine of the process.
///
/// # Errors
/// [`EngineError::NoEngine`] when none is configured, [`EngineError::AsyncEngine`] when it is asynchronous.
pub fn session_factory() -> Result<SessionFactory, EngineError> {
    let configured = configured();
    validate_sync_engine(configured.as_ref()).cloned().map(SessionFactory::of)
}

/// A session on the engine of the process.
///
/// # Errors
/// As [`session_factory`] and [`SessionFactory::open`].
#[track_caller]
pub fn get_session() -> Result<Session, SessionError> {
    session_factory()?.open()
}

/// Opens a session on the engine of the process, lends it, and closes it whatever happens.
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
/// What `work` returns, unchanged; else why the session could not be opened or closed.
///
/// # Panics
/// When `work` does; the session is closed first.
#[track_caller]
pub fn with_session<T, E: From<SessionError>>(work: impl FnOnce(&mut Session) -> Result<T, E>) -> Result<T, E> {
    session_factory().map_err(SessionError::Engine)?.with_session(work)
}

fn configured() -> MutexGuard<'static, Option<AnyEngine>> {
    CONFIGURED.lock().unwrap_or_else(PoisonError::into_inner)
}
