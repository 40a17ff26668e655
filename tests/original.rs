//! The tests of the module that this crate re-creates, by their names.

use serial_test::serial;
use sqlite_fixtures::{
    AnyEngine, AsyncEngine, Engine, Session, SessionFactory, configure, get_session, session::SessionError,
    session_factory, unconfigure, validate_sync_engine, with_session,
};
use std::fmt;

/// A failure that must reach the caller unchanged.
#[derive(Debug)]
enum Failure {
    Own(u32),
    Session(SessionError),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        Self::Session(error)
    }
}

fn configured() -> Engine {
    let engine = Engine::memory().unwrap();
    configure(&engine);
    engine
}

#[test]
fn validate_sync_engine_success() {
    let engine = AnyEngine::from(Engine::memory().unwrap());
    let AnyEngine::Sync(inside) = &engine else { unreachable!() };
    assert!(std::ptr::eq(validate_sync_engine(Some(&engine)).unwrap(), inside), "the very same engine");
}

#[test]
fn validate_sync_engine_none() {
    assert_eq!(validate_sync_engine(None).unwrap_err().to_string(), "no engine is configured");
}

#[test]
fn validate_sync_engine_async() {
    let engine = AnyEngine::from(AsyncEngine::memory().unwrap());
    assert_eq!(
        validate_sync_engine(Some(&engine)).unwrap_err().to_string(),
        "synchronous session requested, but engine is an AsyncEngine; use an async session for an AsyncEngine"
    );
}

#[test]
#[serial(configured_engine)]
fn session_factory_is_bound_to_the_configured_engine() {
    let engine = configured();
    let session = session_factory().unwrap().open().unwrap();
    assert_eq!(session.engine().name(), engine.name());
    drop(session);
    assert!(unconfigure().is_some());
    assert_eq!(session_factory().unwrap_err().to_string(), "no engine is configured");

    configure(AsyncEngine::memory().unwrap());
    assert!(session_factory().unwrap_err().to_string().contains("AsyncEngine"));
    assert!(matches!(get_session().unwrap_err(), SessionError::Engine(_)));
    unconfigure();
}

#[test]
#[serial(configured_engine)]
fn session_context_manager() {
    let engine = configured();
    let two = with_session(|session| {
        assert_eq!(engine.ledger().counts().live, 1);
        Ok::<i64, Failure>(session.query_row("SELECT 1 + 1", [], |row| row.get(0)).unwrap())
    });
    assert_eq!(two.unwrap(), 2);
    let counts = engine.ledger().counts();
    assert_eq!((counts.opened, counts.closed, counts.live), (1, 1, 0), "exactly one session, closed after");
    unconfigure();
}

#[test]
#[serial(configured_engine)]
fn session_lifecycle() {
    let engine = configured();
    let failed = with_session(|_| Err::<(), _>(Failure::Own(42)));
    assert!(matches!(failed, Err(Failure::Own(42))), "the failure is unchanged");
    engine.ledger().verify();

    let panicked =
        std::panic::catch_unwind(|| with_session(|_| -> Result<(), Failure> { std::panic::panic_any(7_u8) }));
    assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&7_u8), "the panic is unchanged");
    engine.ledger().verify();
    assert_eq!(engine.ledger().counts().opened, 2);
    unconfigure();

    let none = with_session(|_| Ok::<_, Failure>(()));
    assert!(matches!(none, Err(Failure::Session(SessionError::Engine(_)))));
}

#[test]
#[serial(configured_engine)]
fn multiple_sessions() {
    let engine = configured();
    let sessions: Vec<Session> = (0..3).map(|_| get_session().unwrap()).collect();
    let mut numbers: Vec<_> = sessions.iter().map(|session| session.entry().number()).collect();
    numbers.dedup();
    assert_eq!(numbers.len(), 3, "each is new");
    sessions[0].execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)").unwrap();
    let seen: i64 = sessions[2].query_row("SELECT a FROM t", [], |row| row.get(0)).unwrap();
    assert_eq!(seen, 1, "on the same database");
    drop(sessions);
    engine.ledger().verify();
    unconfigure();
}

#[test]
#[serial(configured_engine)]
fn configure_returns_the_previous_engine() {
    assert!(configure(Engine::builder().name("first").memory().unwrap()).is_none());
    let before = configure(Engine::builder().name("second").memory().unwrap());
    assert!(matches!(before, Some(AnyEngine::Sync(engine)) if engine.name() == "first"));
    assert!(matches!(unconfigure(), Some(AnyEngine::Sync(engine)) if engine.name() == "second"));
    assert!(unconfigure().is_none());
}

#[test]
fn factory_rejects_an_async_engine() {
    let error = SessionFactory::new(AsyncEngine::memory().unwrap()).unwrap_err();
    assert!(error.to_string().starts_with("synchronous session requested"));
}
