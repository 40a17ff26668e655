//! Which engine may give synchronous sessions.

use crate::engine::{AnyEngine, Engine, EngineError};

/// Gives the very same engine back if it may give synchronous sessions.
///
/// # Errors
/// [`EngineError::NoEngine`] for `None`, [`EngineError::AsyncEngine`] for an asynchronous one.
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
