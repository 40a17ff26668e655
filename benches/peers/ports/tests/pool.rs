//! A pool, also one that is dropped late.

use ports::pool::Pool;
use rstest::{fixture, rstest};
use sqlite_fixtures::{Engine, fixtures::engine};
use std::{sync::mpsc, thread};

#[fixture]
fn pool(engine: Engine) -> Pool {
    Pool::open(engine.uri(), 3).unwrap()
}

fn users(pool: &Pool) -> i64 {
    pool.get().query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap()
}

#[rstest]
fn counts(pool: Pool) {
    assert_eq!(users(&pool), 1);
}

#[rstest]
fn inserts(pool: Pool, #[values(1, 2, 3, 4)] rows: i64) {
    for row in 0..rows {
        pool.get().execute("INSERT INTO users (name) VALUES (?1)", [row]).unwrap();
    }
    assert_eq!(users(&pool), 1 + rows);
}

#[rstest]
fn serves_threads(pool: Pool) {
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(users(&pool), 1));
        }
    });
}

#[rstest]
fn is_dropped_late_by_a_thread(pool: Pool) {
    let (end, ended) = mpsc::channel::<()>();
    let late = pool.clone();
    thread::spawn(move || {
        let _ = ended.recv();
        assert_eq!(users(&late), 1);
    });
    assert_eq!(users(&pool), 1);
    drop(end);
}

#[rstest]
fn lends_all_it_has(pool: Pool) {
    let lent = [pool.get(), pool.get(), pool.get()];
    assert!(lent.iter().all(|connection| connection.is_autocommit()));
}

#[rstest]
#[tokio::test]
async fn is_used_by_a_blocking_task(pool: Pool) {
    let other = pool.clone();
    let (sender, counted) = tokio::sync::oneshot::channel();
    tokio::task::spawn_blocking(move || sender.send(users(&other)));
    assert_eq!(counted.await, Ok(1));
}

#[test]
fn opens_a_file() {
    let engine = Engine::temp_file().unwrap();
    let pool = Pool::open(engine.path().unwrap(), 2).unwrap();
    pool.get().execute_batch("CREATE TABLE users (name); INSERT INTO users VALUES ('Ann')").unwrap();
    assert_eq!(users(&pool), 1);
}
