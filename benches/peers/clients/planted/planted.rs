//! What diesel, its pool and sqlx leave open, and what they close; each run by `tests/leaks.rs` in a process of its own.

use diesel::{
    Connection as _, RunQueryDsl, SqliteConnection,
    r2d2::{ConnectionManager, Pool},
    sql_query,
};
use rusqlite::Connection;
use sqlite_fixtures as _;
use sqlx::SqlitePool;
use std::sync::OnceLock;

#[test]
fn connection_of_diesel() {
    std::mem::forget(SqliteConnection::establish(":memory:").unwrap()); // leak
}

#[test]
fn pool_of_diesel() {
    static POOL: OnceLock<Pool<ConnectionManager<SqliteConnection>>> = OnceLock::new();
    let pool = POOL.get_or_init(|| Pool::builder().max_size(2).build(ConnectionManager::new(":memory:")).unwrap());
    sql_query("CREATE TABLE t (a)").execute(&mut pool.get().unwrap()).unwrap();
}

#[tokio::test]
async fn pool_of_sqlx() {
    let pool = SqlitePool::connect("sqlite::memory:").await.unwrap();
    sqlx::query("CREATE TABLE t (a)").execute(&pool).await.unwrap();
    std::mem::forget(pool.acquire().await.unwrap());
}

#[tokio::test]
async fn pool_of_sea_orm() {
    let database = sea_orm::Database::connect("sqlite::memory:").await.unwrap();
    std::mem::forget(sea_orm::TransactionTrait::begin(&database).await.unwrap());
}

/// Files outside the folders of tests, which `PLANTED_FILE` names.
fn outside() -> String {
    std::env::var("PLANTED_FILE").unwrap()
}

#[test]
fn file_of_rusqlite() {
    Connection::open(outside()).unwrap(); // outside
}

#[test]
fn file_of_diesel() {
    SqliteConnection::establish(&outside()).unwrap(); // outside
}

/// sqlx opens on a thread of its own.
#[tokio::test]
async fn file_of_sqlx() {
    SqlitePool::connect(&format!("sqlite:{}", outside())).await.unwrap(); // outside
}

#[test]
fn clean_statements_in_the_cache_of_rusqlite() {
    let connection = Connection::open_in_memory().unwrap();
    for _ in 0..3 {
        let one: i64 = connection.prepare_cached("SELECT 1").unwrap().query_row([], |row| row.get(0)).unwrap();
        assert_eq!(one, 1);
    }
}

#[test]
fn clean_connections_of_diesel() {
    let mut connection = SqliteConnection::establish(":memory:").unwrap();
    sql_query("CREATE TABLE t (a)").execute(&mut connection).unwrap();
    let pool = Pool::builder().max_size(2).build(ConnectionManager::<SqliteConnection>::new(":memory:")).unwrap();
    sql_query("CREATE TABLE t (a)").execute(&mut pool.get().unwrap()).unwrap();
}

#[tokio::test]
async fn clean_pool_of_sqlx() {
    let pool = SqlitePool::connect("sqlite::memory:").await.unwrap();
    sqlx::query("CREATE TABLE t (a)").execute(&pool).await.unwrap();
    pool.close().await;
}
