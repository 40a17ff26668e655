//! What diesel, its pool and sqlx leave open turns the process red, and what they close does not.
//!
//! The planted faults are tests that are ignored: each is run by a test below, in a process of its own.

use diesel::{
    Connection as _, RunQueryDsl, SqliteConnection,
    r2d2::{ConnectionManager, Pool},
    sql_query,
};
use rusqlite::Connection;
use sqlite_fixtures as _;
use sqlx::SqlitePool;
use std::{
    env,
    process::{Command, Output},
    sync::OnceLock,
};

mod planted {
    use super::*;

    #[test]
    #[ignore = "it leaks on purpose; run by the tests below"]
    fn connection_of_diesel() {
        std::mem::forget(SqliteConnection::establish(":memory:").unwrap()); // leak
    }

    #[test]
    #[ignore = "it leaks on purpose; run by the tests below"]
    fn pool_of_diesel() {
        static POOL: OnceLock<Pool<ConnectionManager<SqliteConnection>>> = OnceLock::new();
        let pool = POOL.get_or_init(|| Pool::builder().max_size(2).build(ConnectionManager::new(":memory:")).unwrap());
        sql_query("CREATE TABLE t (a)").execute(&mut pool.get().unwrap()).unwrap();
    }

    #[tokio::test]
    #[ignore = "it leaks on purpose; run by the tests below"]
    async fn pool_of_sqlx() {
        let pool = SqlitePool::connect("sqlite::memory:").await.unwrap();
        sqlx::query("CREATE TABLE t (a)").execute(&pool).await.unwrap();
        std::mem::forget(pool.acquire().await.unwrap());
    }

    #[test]
    #[ignore = "it is clean; run by the tests below"]
    fn clean_statements_in_the_cache_of_rusqlite() {
        let connection = Connection::open_in_memory().unwrap();
        for _ in 0..3 {
            let one: i64 = connection.prepare_cached("SELECT 1").unwrap().query_row([], |row| row.get(0)).unwrap();
            assert_eq!(one, 1);
        }
    }

    #[test]
    #[ignore = "it is clean; run by the tests below"]
    fn clean_connections_of_diesel() {
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        sql_query("CREATE TABLE t (a)").execute(&mut connection).unwrap();
        let pool = Pool::builder().max_size(2).build(ConnectionManager::<SqliteConnection>::new(":memory:")).unwrap();
        sql_query("CREATE TABLE t (a)").execute(&mut pool.get().unwrap()).unwrap();
    }

    #[tokio::test]
    #[ignore = "it is clean; run by the tests below"]
    async fn clean_pool_of_sqlx() {
        let pool = SqlitePool::connect("sqlite::memory:").await.unwrap();
        sqlx::query("CREATE TABLE t (a)").execute(&pool).await.unwrap();
        pool.close().await;
    }
}

/// Runs a planted test as `cargo test` does, or as nextest does: with its name in the environment.
fn run(test: &str, under_nextest: bool) -> (Option<i32>, String) {
    let name = format!("planted::{test}");
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "--ignored", &name]).env_remove("NEXTEST_TEST_NAME");
    if under_nextest {
        command.env("NEXTEST_TEST_NAME", &name);
    }
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = String::from_utf8_lossy(&stdout) + String::from_utf8_lossy(&stderr);
    assert!(text.contains("1 passed"), "{text}");
    (status.code(), text.into_owned())
}

#[test]
fn a_connection_of_diesel_is_named_by_its_test_and_line() {
    let (code, text) = run("connection_of_diesel", false);
    assert_eq!(code, Some(101), "{text}");
    let line = include_str!("leaks.rs").lines().position(|line| line.ends_with("// leak")).unwrap() + 1;
    let place = format!("connection 1 to `:memory:` opened at tests/leaks.rs:{line}:");
    assert!(text.contains(&place) && text.contains("by test `planted::connection_of_diesel`"), "{place}\n{text}");
}

/// No code of the user's is on the threads that these libraries open on, so the thread stands in for the place.
#[test]
fn connections_on_threads_of_a_library_turn_the_process_red_and_the_thread_is_named() {
    for (test, thread) in [("pool_of_diesel", "r2d2-worker-"), ("pool_of_sqlx", "sqlx-sqlite-worker-")] {
        let (code, text) = run(test, false);
        assert_eq!(code, Some(101), "{text}");
        assert!(text.contains(&format!("to `:memory:` opened on thread `{thread}")), "{text}");
        assert!(!text.contains("by test"), "no test is blamed: {text}");
        let (code, text) = run(test, true);
        assert_eq!(code, Some(101), "{text}");
        assert!(text.contains(&format!("by test `planted::{test}`")), "the one test of its process: {text}");
    }
}

#[test]
fn what_is_closed_is_no_leak() {
    for test in ["clean_statements_in_the_cache_of_rusqlite", "clean_connections_of_diesel", "clean_pool_of_sqlx"] {
        let (code, text) = run(test, false);
        assert_eq!(code, Some(0), "{text}");
        assert!(!text.contains("still open"), "{text}");
    }
}
