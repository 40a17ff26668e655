//! Faults that lints find, and failing tests whose statements are shown.

use rstest::{fixture, rstest};
use rusqlite::{Connection, TransactionBehavior};
use sqlite_fixtures::fixtures::{engine, session};
use sqlite_fixtures::{Engine, Session};
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::{env, thread};

/// Code under test.
fn rename(connection: &mut Connection, behavior: TransactionBehavior) -> usize {
    let transaction = connection.transaction_with_behavior(behavior).unwrap();
    let users: i64 = transaction.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap();
    assert!(users > 0);
    let renamed = transaction.execute("UPDATE users SET name = 'x'", []).unwrap(); // upgrade
    transaction.commit().unwrap();
    renamed
}

#[rstest]
fn upgrade_of_a_session(mut session: Session) {
    assert!(rename(&mut session, TransactionBehavior::Deferred) > 0);
}

#[rstest]
fn upgrade_of_a_client(engine: Engine) {
    rename(&mut Connection::open(engine.uri()).unwrap(), TransactionBehavior::Deferred);
}

#[rstest]
fn upgrade_on_another_thread(engine: Engine) {
    let mut connection = engine.connect().unwrap();
    let worker = thread::Builder::new().name("pool-worker-0".to_owned());
    worker.spawn(move || rename(&mut connection, TransactionBehavior::Deferred)).unwrap().join().unwrap();
}

/// An engine of no fixture.
#[test]
fn upgrade_on_an_engine_of_its_own() {
    let engine = Engine::memory().unwrap();
    let mut connection = engine.connect().unwrap();
    connection.execute_batch("CREATE TABLE users (name TEXT); INSERT INTO users VALUES ('a')").unwrap();
    rename(&mut connection, TransactionBehavior::Deferred);
}

#[test]
fn fails_on_an_engine_of_its_own() {
    let engine = Engine::temp_file().unwrap();
    engine.connect().unwrap().execute_batch("CREATE TABLE pets (name TEXT)").unwrap();
    panic!("it fails");
}

#[test]
fn upgrade_on_a_foreign_file() {
    let path = env::temp_dir().join(format!("planted-upgrade-{}.db", std::process::id()));
    let mut connection = Connection::open(&path).unwrap();
    connection.execute_batch("CREATE TABLE users (name TEXT); INSERT INTO users VALUES ('a')").unwrap();
    rename(&mut connection, TransactionBehavior::Deferred);
    connection.close().unwrap();
    std::fs::remove_file(path).unwrap();
}

/// A pool's own thread, which opens the database too.
#[test]
fn upgrade_on_a_worker() {
    let work = || {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE users (name TEXT); INSERT INTO users VALUES ('a')").unwrap();
        rename(&mut connection, TransactionBehavior::Deferred);
    };
    thread::Builder::new().name("pool-worker-0".to_owned()).spawn(work).unwrap().join().unwrap();
}

#[rstest]
fn clean_immediate_transaction(mut session: Session, engine: Engine) {
    rename(&mut session, TransactionBehavior::Immediate);
    rename(&mut Connection::open(engine.uri()).unwrap(), TransactionBehavior::Immediate);
}

#[rstest]
fn clean_where_it_is_allowed(mut session: Session) {
    use sqlite_fixtures::{recorder::allow, settings::Lint};
    allow(Lint::Upgrade, || rename(&mut session, TransactionBehavior::Deferred));
    let sql = "BEGIN; SELECT * FROM users; DELETE FROM users /* sqlite-fixtures: allow(upgrade) */; COMMIT";
    session.execute_batch(sql).unwrap();
}

#[rstest]
fn transaction_left_open(engine: Engine) {
    let connection = engine.connect().unwrap();
    connection.execute_batch("BEGIN").unwrap(); // open
    drop(connection);
}

#[rstest]
fn transaction_of_an_open_connection(engine: Engine) {
    // In a pool that lives as long as the process.
    let connection = Box::leak(Box::new(engine.connect().unwrap()));
    connection.execute_batch("BEGIN").unwrap(); // open
}

/// Two fixtures of one test.
#[fixture]
fn writer(engine: Engine) -> (Engine, Connection) {
    let connection = engine.connect().unwrap();
    (engine, connection)
}

#[rstest]
fn shows_its_statements(writer: (Engine, Connection)) {
    let (engine, writer) = writer;
    writer.execute("INSERT INTO users (id, name) VALUES (?1, ?2)", (77, "secret")).unwrap();
    let reader = engine.connect().unwrap();
    reader.query_row("SELECT count(*) FROM users", [], |row| row.get::<_, i64>(0)).unwrap();
    assert!(writer.execute("INSERT INTO users (id, name) VALUES (77, 'twice')", []).is_err());
    writer.execute("DELETE FROM users WHERE id = 77", []).unwrap();
    panic!("it fails");
}

#[rstest]
fn shows_that_its_trace_is_replaced(engine: Engine) {
    let connection = engine.connect().unwrap();
    connection.query_row("SELECT 'seen'", [], |_| Ok(())).unwrap();
    // SAFETY: the handle is open, and this thread has it.
    unsafe { rusqlite::ffi::sqlite3_trace_v2(connection.handle(), 0, None, std::ptr::null_mut()) };
    connection.query_row("SELECT 'unseen'", [], |_| Ok(())).unwrap();
    drop(connection);
    panic!("it fails");
}

#[rstest]
fn shows_the_call_of_a_session(session: Session) {
    session.execute("UPDATE users SET name = 'y'", []).unwrap();
    session.execute("UPDATE users SET nosuch = 'y'", []).unwrap();
}

#[rstest]
fn shows_who_holds_the_lock(engine: Engine) {
    let holder = engine.connect().unwrap(); // holder
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting = engine.connect().unwrap();
    waiting.execute_batch("PRAGMA busy_timeout = 0").unwrap();
    waiting.execute("DELETE FROM users", []).unwrap();
}

#[rstest]
fn scan_of_a_fixture(#[with("more")] session: Session) {
    let insert = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 200)
                  INSERT INTO users SELECT 1000 + n, 'user ' || n FROM n";
    session.execute(insert, []).unwrap();
    let find = "SELECT id FROM users WHERE name = ?1";
    session.query_row(find, ["user 190"], |row| row.get::<_, i64>(0)).unwrap(); // scan
}

#[rstest]
fn query_for_each_row(engine: Engine) {
    let connection = engine.connect().unwrap();
    for id in 0..30 {
        let name = connection.query_row("SELECT name FROM users WHERE id = ?1", [id], |_| Ok(())); // repeat
        drop(name);
    }
}

/// A pooled connection, which one test leaves in a transaction.
fn pooled() -> MutexGuard<'static, Connection> {
    static POOL: OnceLock<Mutex<Connection>> = OnceLock::new();
    let open = || Mutex::new(Engine::memory().unwrap().leak().connect().unwrap());
    POOL.get_or_init(open).lock().unwrap()
}

#[test]
fn pool_is_used_first() {
    pooled().execute_batch("CREATE TABLE t (n); BEGIN").unwrap(); // pool
}

#[test]
fn pool_is_used_second() {
    pooled().execute_batch("INSERT INTO t VALUES (1); COMMIT").unwrap();
}

/// Fresh databases of an application, each on a thread of its own, which no test is known of.
#[test]
fn clean_databases_of_workers() {
    let work = || {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (n)").unwrap();
        connection.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0)).unwrap();
    };
    for number in 0..25 {
        thread::Builder::new().name(format!("pool-worker-{number}")).spawn(work).unwrap().join().unwrap();
    }
}

/// Threads with names that could be tests'.
#[rstest]
fn clean_pool_of_named_threads(engine: Engine) {
    let mut connection = engine.connect().unwrap();
    for (name, sql) in [("writer", "BEGIN; DELETE FROM users"), ("reader", "SELECT 1; COMMIT")] {
        let work = move || {
            connection.execute_batch(sql).unwrap();
            connection
        };
        connection = thread::Builder::new().name(name.to_owned()).spawn(work).unwrap().join().unwrap();
    }
}
