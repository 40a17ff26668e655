//! Engines that give asynchronous sessions, and either kind.

use super::{Engine, EngineError};

/// An asynchronous engine, bound to no runtime: the blocking calls of a session run on a worker thread of its own.
///
/// It is a handle like [`Engine`], over the same places, with sessions from
/// [`AsyncEngine::session`](AsyncEngine::session).
#[derive(Debug, Clone)]
pub struct AsyncEngine(Engine);

impl AsyncEngine {
    /// An empty database in memory, as [`Engine::memory`].
    ///
    /// # Errors
    /// As [`Engine::memory`].
    pub fn memory() -> Result<Self, EngineError> {
        Engine::memory().map(Self)
    }

    /// An empty database in a temporary file, as [`Engine::temp_file`].
    ///
    /// # Errors
    /// As [`Engine::temp_file`].
    pub fn temp_file() -> Result<Self, EngineError> {
        Engine::temp_file().map(Self)
    }

    /// The synchronous engine of the same database: its name, ledger, place.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0
    }
}

impl From<Engine> for AsyncEngine {
    /// The same database, with asynchronous sessions.
    fn from(engine: Engine) -> Self {
        Self(engine)
    }
}

/// An engine of either kind; which one decides whether it may give synchronous sessions.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum AnyEngine {
    /// A synchronous engine.
    Sync(Engine),
    /// An asynchronous engine.
    Async(AsyncEngine),
}

impl From<Engine> for AnyEngine {
    fn from(engine: Engine) -> Self {
        Self::Sync(engine)
    }
}

impl From<&Engine> for AnyEngine {
    fn from(engine: &Engine) -> Self {
        Self::Sync(engine.clone())
    }
}

impl From<AsyncEngine> for AnyEngine {
    fn from(engine: AsyncEngine) -> Self {
        Self::Async(engine)
    }
}

impl From<&AsyncEngine> for AnyEngine {
    fn from(engine: &AsyncEngine) -> Self {
        Self::Async(engine.clone())
    }
}
