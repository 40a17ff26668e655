//! What pools leave open, and what they close; each run by `tests/leaks.rs` in a process of its own.

use rusqlite::Connection;
use sqlite_fixtures::Engine;
use std::mem::forget;

fn engine() -> &'static str {
    Engine::memory()
        .map(|engine| {
            let uri = engine.uri();
            forget(engine);
            uri
        })
        .unwrap()
        .leak()
}

#[test]
fn connection_of_rusqlite() {
    forget(Connection::open(engine()).unwrap()); // leak
}

#[test]
fn pool_of_r2d2() {
    let manager = r2d2_sqlite::SqliteConnectionManager::file(engine());
    forget(r2d2::Pool::builder().max_size(1).build(manager).unwrap());
}

#[tokio::test]
async fn pool_of_deadpool() {
    let pool = deadpool_sqlite::Config::new(engine()).create_pool(deadpool_sqlite::Runtime::Tokio1).unwrap();
    forget(pool.get().await.unwrap());
}

#[tokio::test]
async fn connection_of_tokio_rusqlite() {
    forget(tokio_rusqlite::Connection::open(engine()).await.unwrap());
}

#[tokio::test]
async fn pool_of_async_sqlite() {
    forget(async_sqlite::PoolBuilder::new().path(engine()).num_conns(1).open().await.unwrap());
}
