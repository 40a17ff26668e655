//! Engines for asynchronous sessions, and the enum over both kinds.

use super::{Engine, EngineError};

/// An engine for asynchronous sessions on any runtime: the blocking calls of each session run on its own thread.
///
/// It is a handle like [`Engine`]. [`AsyncEngine::session`](AsyncEngine::session) opens sessions.
#[derive(Debug, Clone)]
pub struct AsyncEngine(Engine);

impl AsyncEngine {
    /// An empty database in memory; see [`Engine::memory`].
    ///
    /// # Errors
    /// As [`Engine::memory`].
    pub fn memory() -> Result<Self, EngineError> {
        Engine::memory().map(Self)
    }

    /// An empty database in a temporary file; see [`Engine::temp_file`].
    ///
    /// # Errors
    /// As [`Engine::temp_file`].
    pub fn temp_file() -> Result<Self, EngineError> {
        Engine::temp_file().map(Self)
    }

    /// The synchronous engine of the same database, with its name, ledger and path.
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

/// A synchronous or asynchronous engine.
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
