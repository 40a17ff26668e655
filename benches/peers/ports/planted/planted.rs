//! A leak in each of the applications; each run by `tests/runs.rs` in a process of its own.

use ports::{actor::Actor, pool::Pool, quoted::SCHEMA, store::Store};
use rstest::rstest;
use sqlite_fixtures::{
    Engine, SessionFactory, Template,
    fixtures::{engine, sessions},
};
use std::mem;

#[rstest]
fn store_is_forgotten(engine: Engine) {
    mem::forget(Store::open(engine.uri()).unwrap()); // leak in src/store.rs
}

#[rstest]
#[tokio::test]
async fn actor_is_forgotten(engine: Engine) {
    let uri = engine.uri();
    // Its runtime is never dropped.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let runtime: &'static tokio::runtime::Runtime = Box::leak(Box::new(runtime));
    let actor = runtime.spawn(async move { Actor::spawn(&uri).unwrap() }); // leak in src/actor.rs
    assert_eq!(actor.await.unwrap().count().await, Ok(0));
}

#[rstest]
fn session_is_forgotten(sessions: SessionFactory) {
    let session = sessions.open().unwrap(); // leak
    mem::forget(session);
}

#[test]
fn statement_is_forgotten() {
    let session = Template::from_fn(|connection| Ok(connection.execute_batch(SCHEMA)?)).session(); // leak
    mem::forget(session.prepare("SELECT code FROM codes").unwrap());
}

#[rstest]
fn pooled_connection_is_forgotten(engine: Engine) {
    let pool = Pool::open(engine.uri(), 1).unwrap(); // leak in src/pool.rs
    mem::forget(pool.get());
}
