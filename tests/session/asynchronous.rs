//! Asynchronous sessions: counted, on a thread of their own, closed when they are dropped, on any runtime.

use rstest::rstest;
use sqlite_fixtures::{
    AsyncEngine, AsyncSession, Engine, SessionFactory, engine::EngineError, ledger::State, session::SessionError,
};
use std::{
    error::Error,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    thread,
};

type Failure = Box<dyn Error + Send + Sync>;

async fn round_trip(engine: AsyncEngine) -> Result<(), Failure> {
    let session = engine.session().await?;
    session.call(|session| session.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (42)")).await?;
    let other = engine.session().await?;
    let answer: i64 = other.call(|session| session.query_row("SELECT a FROM t", [], |row| row.get(0))).await?;
    assert_eq!(answer, 42);
    assert_eq!(engine.engine().ledger().counts().live, 2);
    session.close().await?;
    drop(other);
    engine.engine().ledger().verify();
    Ok(())
}

#[rstest]
#[case::memory(AsyncEngine::memory)]
#[case::temp_file(AsyncEngine::temp_file)]
fn works_without_a_runtime(#[case] make: fn() -> Result<AsyncEngine, EngineError>) {
    pollster::block_on(round_trip(make().unwrap())).unwrap();
}

#[tokio::test]
async fn works_on_a_current_thread_runtime() {
    round_trip(AsyncEngine::memory().unwrap()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn works_on_a_multi_thread_runtime() {
    let session = Arc::new(AsyncEngine::memory().unwrap().session().await.unwrap());
    session.call(|session| session.execute_batch("CREATE TABLE t (a)")).await.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let session = session.clone();
            tokio::spawn(async move {
                session.call(move |session| session.execute("INSERT INTO t VALUES (?1)", [number])).await
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), 1);
    }
    let rows: i64 =
        session.call(|session| session.query_row("SELECT count(*) FROM t", [], |row| row.get(0))).await.unwrap();
    assert_eq!(rows, 8);
}

#[test]
fn entry_names_test_and_line() {
    let engine = AsyncEngine::memory().unwrap();
    let line = line!() + 1;
    let session = pollster::block_on(engine.session()).unwrap();
    let entry = session.entry();
    let location = entry.location().unwrap();
    assert_eq!((location.file(), location.line()), (file!(), line));
    assert_eq!(session.entry().test(), Some("asynchronous::entry_names_test_and_line"), "not the worker's thread");
}

/// Dropping waits, so what comes after never races with the close.
#[test]
fn drop_waits_for_the_close() {
    let engine = AsyncEngine::memory().unwrap();
    for _ in 0..50 {
        let session = pollster::block_on(engine.session()).unwrap();
        let mut never_awaited = pin!(session.call(|session| {
            session.execute_batch("CREATE TABLE IF NOT EXISTS t (a); INSERT INTO t VALUES (1)").unwrap();
        }));
        let _: Poll<()> = never_awaited.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        drop(session);
        engine.engine().ledger().verify();
    }
    let sessions = SessionFactory::new(engine.engine()).unwrap();
    let rows: i64 = sessions.open().unwrap().query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 50);
}

#[test]
fn unawaited_open_leaves_nothing() {
    let engine = AsyncEngine::memory().unwrap();
    for _ in 0..50 {
        let mut opening = Box::pin(engine.session());
        let _: Poll<_> = opening.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        drop(opening);
        engine.engine().ledger().verify();
    }
}

#[test]
fn panic_reaches_the_caller() {
    let session = pollster::block_on(AsyncEngine::memory().unwrap().session()).unwrap();
    let panic =
        catch_unwind(AssertUnwindSafe(|| pollster::block_on(session.call(|_| -> i32 { std::panic::panic_any(7_u8) }))));
    assert_eq!(panic.unwrap_err().downcast_ref(), Some(&7_u8));
    let one: i64 =
        pollster::block_on(session.call(|session| session.query_row("SELECT 1", [], |row| row.get(0)))).unwrap();
    assert_eq!(one, 1);
}

fn forget_a_statement(session: &AsyncSession) {
    pollster::block_on(session.call(|session| std::mem::forget(session.prepare("SELECT 'forgotten'").unwrap())));
}

#[test]
fn refused_close_returns_the_session() {
    let engine = AsyncEngine::memory().unwrap();
    let session = pollster::block_on(engine.session()).unwrap();
    forget_a_statement(&session);
    let refused = pollster::block_on(session.close()).unwrap_err();
    assert_eq!(refused.statements(), ["SELECT 'forgotten'"]);
    assert_eq!(*refused.entry().state(), State::Open);
    drop(refused);
    engine.engine().ledger().ignore_current();
}

#[test]
fn refused_drop_panics() {
    let engine = AsyncEngine::memory().unwrap();
    let session = pollster::block_on(engine.session()).unwrap();
    forget_a_statement(&session);
    let panic = catch_unwind(AssertUnwindSafe(|| drop(session))).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("SELECT 'forgotten'"));
    engine.engine().ledger().ignore_current();
}

#[test]
fn open_transaction_is_rolled_back() {
    let engine = AsyncEngine::memory().unwrap();
    let session = pollster::block_on(engine.session()).unwrap();
    pollster::block_on(session.call(|session| session.execute_batch("BEGIN; CREATE TABLE t (a)"))).unwrap();
    drop(session);
    assert_eq!(*engine.engine().ledger().entries()[0].state(), State::RolledBack);
}

#[test]
fn session_limit_is_an_error() {
    let engine = AsyncEngine::from(Engine::builder().max_sessions(1).memory().unwrap());
    let _first = pollster::block_on(engine.session()).unwrap();
    let error = pollster::block_on(engine.session()).unwrap_err();
    assert!(matches!(error, SessionError::TooManySessions { max: 1, .. }));
}

/// A job that holds the last reference to its own session cannot wait for it.
#[test]
fn session_is_dropped_in_a_job_of_its_own() {
    let engine = AsyncEngine::memory().unwrap();
    let holder = Arc::new(Mutex::new(Some(pollster::block_on(engine.session()).unwrap())));
    let other = Arc::clone(&holder);
    let call = holder.lock().unwrap().as_ref().unwrap().call(move |_| drop(other.lock().unwrap().take()));
    pollster::block_on(call);
    while engine.engine().ledger().counts().live > 0 {
        thread::yield_now();
    }
    engine.engine().ledger().verify();
}

#[test]
fn value_whose_drop_panics_leaves_the_session_usable() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in a drop");
        }
    }
    let session = pollster::block_on(AsyncEngine::memory().unwrap().session()).unwrap();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let holds = session.call(move |_| held.recv().unwrap());
    // Nobody waits for the value any more when it is there, so the thread of the session drops it.
    drop(session.call(|_| Panics));
    drop(session.call(|_| std::panic::panic_any(Panics)));
    release.send(()).unwrap();
    pollster::block_on(holds);
    let two: i64 =
        pollster::block_on(session.call(|session| session.query_row("SELECT 1 + 1", [], |row| row.get(0)).unwrap()));
    assert_eq!(two, 2);
    pollster::block_on(session.close()).unwrap();
}
