//! The recorder: statements of connections, and lints of transactions.

use common::transactions::{
    ATTACHED, AUTOCOMMIT, IMMEDIATE, READ_FIRST, SCHEMA, SHAPES, Shape, TEMPORARY, TRIGGER, WRITE_FIRST, fails_at_once,
    run,
};
use rstest::rstest;
use sqlite_fixtures::{
    Engine, SessionFactory,
    engine::{EngineError, JournalMode},
    ledger::Entry,
    recorder::{Finding, RefusedLock, Statement},
    rusqlite::{self, Connection, ErrorCode, ffi},
    session::SessionError,
    settings::{Level, Lint},
};
use std::{sync::mpsc, thread};

fn engine(mode: JournalMode, level: Level) -> Engine {
    let engine =
        Engine::builder().journal_mode(mode).lint(Lint::Upgrade, level).lint(Lint::Open, level).memory().unwrap();
    engine.connect().unwrap().execute_batch(SCHEMA).unwrap();
    engine
}

/// What the lint finds without a rival.
fn upgrades(mode: JournalMode, (before, writes): Shape) -> Vec<Finding> {
    let engine = engine(mode, Level::Warn);
    let connection = engine.connect().unwrap();
    for sql in before.iter().chain([&writes]) {
        run(&connection, sql).unwrap();
    }
    engine.findings()
}

#[rstest]
fn upgrade_is_found_where_sqlite_does_not_wait(#[values(JournalMode::Delete, JournalMode::Wal)] mode: JournalMode) {
    for shape in SHAPES {
        let found = upgrades(mode, *shape);
        let engine = engine(mode, Level::Allow);
        assert_eq!(!found.is_empty(), fails_at_once(|| engine.connect().unwrap(), *shape), "{shape:?}: {found:?}");
        assert!(found.iter().all(|finding| finding.lint() == Lint::Upgrade && finding.sql() == shape.1));
    }
}

#[test]
fn upgrade_is_found_and_not_found() {
    let is_found = |shape| !upgrades(JournalMode::Delete, shape).is_empty();
    assert!(is_found(READ_FIRST) && is_found(TRIGGER) && is_found(ATTACHED));
    assert!(!is_found(AUTOCOMMIT) && !is_found(WRITE_FIRST) && !is_found(IMMEDIATE) && !is_found(TEMPORARY));
}

#[test]
fn comment_at_the_end_of_a_long_statement_allows_it() {
    let engine = engine(JournalMode::Delete, Level::Warn);
    let connection = engine.connect().unwrap();
    let values = vec!["(1)"; 1_000].join(", ");
    for comment in ["/* sqlite-fixtures: allow(upgrade) */", "/* no reason */"] {
        run(&connection, "BEGIN").unwrap();
        run(&connection, "SELECT * FROM t").unwrap();
        run(&connection, &format!("INSERT INTO t VALUES {values} {comment}")).unwrap();
        run(&connection, "COMMIT").unwrap();
    }
    let found = engine.findings();
    let [finding] = &found[..] else { panic!("{}", found.len()) };
    assert!(finding.sql().ends_with("/* no reason */"));
    let text = finding.to_string();
    let cut = format!(" ... ({} bytes)`", finding.sql().len());
    assert!(text.starts_with("`INSERT INTO t VALUES (1), ") && text.contains(&cut), "{text}");
}

/// The holder and the refused statement of the only refused lock.
fn only_refused(engine: &Engine) -> (String, String, String) {
    let refused = engine.refused_locks();
    let [lock] = &refused[..] else { panic!("{refused:?}") };
    let place = lock.holder().and_then(Entry::position).map(|place| place.to_string()).unwrap_or_default();
    (lock.sql().unwrap().to_owned(), lock.holder_sql().unwrap().to_owned(), place)
}

fn impatient(engine: &Engine) -> Connection {
    let connection = engine.connect().unwrap();
    connection.execute_batch("PRAGMA busy_timeout = 0").unwrap();
    connection
}

#[rstest]
fn refused_lock_names_its_holder(
    #[values(JournalMode::Delete, JournalMode::Wal)] mode: JournalMode,
    #[values(true, false)] in_memory: bool,
) {
    let builder = Engine::builder().journal_mode(mode);
    let engine = if in_memory { builder.memory() } else { builder.temp_file() }.unwrap();
    engine.connect().unwrap().execute_batch("CREATE TABLE t (n INTEGER)").unwrap();
    let (holder, line) = (engine.connect().unwrap(), line!());
    let waiting = impatient(&engine);
    holder.execute_batch("BEGIN; INSERT INTO t VALUES (1)").unwrap();
    holder.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0)).unwrap();
    assert!(waiting.execute("INSERT INTO t VALUES (2)", []).is_err());
    let (sql, holder_sql, place) = only_refused(&engine);
    assert_eq!(sql, "INSERT INTO t VALUES (2)");
    assert!(holder_sql.contains("INSERT INTO t VALUES (1)"), "{holder_sql}");
    assert!(place.contains(&format!("tests/recorder.rs:{line}:")), "{place}");
    assert_eq!(engine.refused_locks()[0].statements_ago(), Some(2));
    holder.execute_batch("COMMIT").unwrap();
    waiting.execute("INSERT INTO t VALUES (2)", []).unwrap();
    assert_eq!(engine.refused_locks().len(), 1);
}

/// A statement that was not read to its end, and a backup.
#[test]
fn reader_holds_a_lock_too() {
    let engine = Engine::builder().journal_mode(JournalMode::Delete).memory().unwrap();
    engine.connect().unwrap().execute_batch("CREATE TABLE t (n); INSERT INTO t VALUES (1), (2)").unwrap();
    let (reader, writer) = (engine.connect().unwrap(), impatient(&engine));
    let mut statement = reader.prepare("SELECT n FROM t").unwrap();
    let mut rows = statement.query([]).unwrap();
    rows.next().unwrap();
    assert!(writer.execute("INSERT INTO t VALUES (3)", []).is_err());
    let (sql, holder_sql, _) = only_refused(&engine);
    assert_eq!((&*sql, &*holder_sql), ("INSERT INTO t VALUES (3)", "SELECT n FROM t"));
}

/// Databases of two engines on one connection.
#[rstest]
fn holder_of_an_attached_database_is_named(#[values(true, false)] is_attached_holder: bool) {
    let (one, two) = (shop(), shop());
    let (both, line) = (one.connect().unwrap(), line!());
    both.execute_batch("PRAGMA busy_timeout = 0").unwrap();
    both.execute("ATTACH ?1 AS two", [two.uri()]).unwrap();
    let other = impatient(&two);
    let (of_both, of_other) = ("DELETE FROM two.users", "DELETE FROM users");
    let (holder, holds, waiting, waits) =
        if is_attached_holder { (&both, of_both, &other, of_other) } else { (&other, of_other, &both, of_both) };
    holder.execute_batch("BEGIN").unwrap();
    holder.execute(holds, []).unwrap();
    assert!(waiting.execute(waits, []).is_err());
    let (sql, holder_sql, place) = only_refused(&two);
    assert_eq!((&*sql, &*holder_sql), (waits, holds));
    assert_eq!(place.contains(&format!("tests/recorder.rs:{line}:")), is_attached_holder, "{place}");
    // The statements of two engines have no common order.
    assert_eq!(two.refused_locks()[0].statements_ago(), None);
    assert!(one.refused_locks().is_empty());
}

/// What an engine cannot do because of a lock.
#[rstest]
fn engine_error_names_the_holder(#[values(true, false)] in_memory: bool) {
    let hook = |connection: &Connection| {
        connection.execute_batch("PRAGMA busy_timeout = 0; CREATE TABLE IF NOT EXISTS t (n); DELETE FROM t")
    };
    let builder = Engine::builder().journal_mode(JournalMode::Delete).on_open(hook);
    let engine = if in_memory { builder.memory() } else { builder.temp_file() }.unwrap();
    let holder = engine.connect().unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let sessions = SessionFactory::new(engine.clone()).unwrap();
    let Err(SessionError::Engine(error)) = sessions.open() else { panic!("it is locked") };
    for error in [error, engine.snapshot().unwrap_err()] {
        let EngineError::Locked { lock, .. } = &error else { panic!("{error}") };
        assert_eq!(lock.holder_sql(), Some("BEGIN IMMEDIATE"));
        let text = error.to_string();
        assert!(
            text.starts_with("an `on_open` hook failed: it is locked by #")
                && text.contains(", opened at ")
                && text.contains("tests/recorder.rs:"),
            "{text}"
        );
    }
    holder.execute_batch("COMMIT").unwrap();
    sessions.open().unwrap().close().unwrap();
}

/// SQLite has one code for all that is busy, and a hook may fail as it likes.
#[rstest]
#[case("unable to delete/modify user-function due to active statements")]
#[case("database is locked")]
fn other_busy_error_names_no_holder(#[case] message: &'static str, #[values(true, false)] in_memory: bool) {
    let other = Engine::memory().unwrap();
    let uri = other.uri();
    let hook = move |connection: &Connection| {
        let is_first = connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?;
        if is_first {
            return Ok(());
        }
        // It meets the lock of another engine.
        let elsewhere = Connection::open(&uri)?;
        elsewhere.execute_batch("PRAGMA busy_timeout = 0")?;
        assert!(elsewhere.execute_batch("CREATE TABLE t (n)").is_err());
        Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), Some(message.to_owned())))
    };
    let builder = Engine::builder().on_open(hook);
    let engine = if in_memory { builder.memory() } else { builder.temp_file() }.unwrap();
    engine.connect().unwrap().execute_batch("CREATE TABLE t (n)").unwrap();
    let holder = other.connect().unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = engine.connect().unwrap_err();
    assert!(matches!(error, EngineError::OnOpen(_)), "{error}");
    holder.execute_batch("ROLLBACK").unwrap();
}

/// It has the same code as a refused lock, and another connection writes.
#[test]
fn busy_function_is_no_lock() {
    let hook = |connection: &Connection| {
        if connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))? == 0 {
            return Ok(());
        }
        let message = "unable to delete/modify user-function due to active statements";
        Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), Some(message.to_owned())))
    };
    let engine = Engine::builder().journal_mode(JournalMode::Delete).on_open(hook).temp_file().unwrap();
    let writer = engine.connect().unwrap();
    writer.execute_batch("CREATE TABLE t (n); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)").unwrap();
    let error = engine.connect().unwrap_err();
    assert!(matches!(error, EngineError::OnOpen(_)), "{error}");
}

/// A connection that is not in the ledger.
#[test]
fn snapshot_names_the_holder() {
    let engine = Engine::builder().pragma("busy_timeout", "0").memory().unwrap();
    let holder = engine.connect().unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let Err(EngineError::Locked { lock, failed, .. }) = engine.snapshot() else { panic!("it is locked") };
    assert_eq!(failed, "the database could not be read");
    assert_eq!(lock.holder_sql(), Some("BEGIN EXCLUSIVE"));
}

/// The last connection in WAL mode deletes the log, if it can get the database for itself.
#[test]
fn close_is_no_refused_lock() {
    let engine = Engine::builder().journal_mode(JournalMode::Wal).memory().unwrap();
    let first = engine.connect().unwrap();
    first.execute_batch("CREATE TABLE t (n)").unwrap();
    let second = engine.connect().unwrap();
    second.execute_batch("INSERT INTO t VALUES (1)").unwrap();
    drop(second);
    engine.snapshot().unwrap();
    assert!(engine.refused_locks().is_empty(), "{:?}", engine.refused_locks());
}

/// A transaction that does not fit in the cache is written early, if no reader is there.
#[test]
fn large_transaction_is_no_refused_lock() {
    let engine = shop();
    let (writer, reader) = (impatient(&engine), engine.connect().unwrap());
    let mut select = reader.prepare("SELECT id FROM users").unwrap();
    let mut rows = select.query([]).unwrap();
    rows.next().unwrap();
    let many = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 2000)
                INSERT INTO users (name) SELECT randomblob(500) FROM n";
    writer.execute_batch("PRAGMA cache_size = 5; BEGIN").unwrap();
    assert_eq!(writer.execute(many, []).unwrap(), 2_000);
    assert!(engine.refused_locks().is_empty(), "{:?}", engine.refused_locks());
    // Its end needs the lock.
    assert!(writer.execute_batch("COMMIT").is_err());
    assert_eq!(engine.refused_locks()[0].sql(), Some("COMMIT"));
    drop(rows);
    writer.execute_batch("COMMIT").unwrap();
}

/// Another database is attached, which is none of ours.
#[test]
fn connection_that_has_attached_another_database_is_not_blamed() {
    let engine = shop();
    engine.connect().unwrap().execute_batch("ATTACH ':memory:' AS scratch").unwrap();
    let open = engine.connect().unwrap();
    open.execute_batch("ATTACH ':memory:' AS scratch").unwrap();
    let foreign = Connection::open_in_memory().unwrap();
    foreign.execute("ATTACH ?1 AS shop", [engine.uri()]).unwrap();
    foreign.execute_batch("BEGIN; DELETE FROM shop.users").unwrap();
    assert!(impatient(&engine).execute("DELETE FROM users", []).is_err());
    assert!(engine.refused_locks()[0].holder().is_none(), "{}", engine.refused_locks()[0]);
}

/// The lock is a reader's, which is not known on disk.
#[test]
fn writer_of_a_temporary_table_holds_no_lock() {
    let hook = |connection: &Connection| {
        connection.execute_batch("PRAGMA busy_timeout = 0; CREATE TABLE IF NOT EXISTS t (n); DELETE FROM t WHERE n = 2")
    };
    let engine = Engine::builder().journal_mode(JournalMode::Delete).on_open(hook).temp_file().unwrap();
    let (writer, reader) = (engine.connect().unwrap(), engine.connect().unwrap());
    writer
        .execute_batch("INSERT INTO t VALUES (1), (2); CREATE TEMP TABLE own (n); BEGIN; INSERT INTO own VALUES (1)")
        .unwrap();
    let mut select = reader.prepare("SELECT n FROM t").unwrap();
    let mut rows = select.query([]).unwrap();
    rows.next().unwrap();
    let error = engine.connect().unwrap_err();
    assert!(matches!(error, EngineError::OnOpen(_)), "{error}");
}

#[test]
fn long_statement_is_cut_where_it_is_shown() {
    let engine = shop();
    let (holder, waiting) = (engine.connect().unwrap(), impatient(&engine));
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let sql = format!("DELETE FROM users{} WHERE id IN ({})", " ".repeat(3_000), vec!["1"; 20_000].join(", "));
    assert!(waiting.execute(&sql, []).is_err());
    let shown = engine.refused_locks()[0].to_string();
    assert!(shown.starts_with(&format!("`DELETE FROM users ... ({} bytes)`: the database", sql.len())), "{shown}");
}

/// The locks of a backup are its destination's, without a statement.
#[test]
fn backup_holds_a_lock_too() {
    let (engine, source) = (shop(), shop());
    let from = source.connect().unwrap();
    let (mut to, line) = (engine.connect().unwrap(), line!());
    let backup = rusqlite::backup::Backup::new(&from, &mut to).unwrap();
    backup.step(1).unwrap();
    assert!(impatient(&engine).execute("DELETE FROM users", []).is_err());
    let refused = engine.refused_locks();
    let place = refused[0].holder().and_then(Entry::position).unwrap();
    assert_eq!((place.line(), refused[0].holder_sql()), (Some(line), None), "{}", refused[0]);
}

#[test]
fn holder_on_another_thread_is_named() {
    let engine = Engine::memory().unwrap();
    let (locked, is_locked) = mpsc::channel();
    let (release, is_released) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let other = engine.clone();
        let holder = move || {
            let connection = other.connect().unwrap();
            connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
            locked.send(()).unwrap();
            let _ = is_released.recv();
        };
        thread::Builder::new().name("other_test::holds".to_owned()).spawn_scoped(scope, holder).unwrap();
        is_locked.recv().unwrap();
        assert!(impatient(&engine).execute_batch("BEGIN IMMEDIATE").is_err());
        let text = engine.refused_locks()[0].to_string();
        assert!(
            text.contains("since `BEGIN EXCLUSIVE`, 1 statement ago") || text.contains("2 statements ago"),
            "{text}"
        );
        assert!(text.contains(", opened at ") && text.contains("tests/recorder.rs:"), "{text}");
        drop(release);
    });
}

#[rstest]
fn rival_is_faster_once(#[values(JournalMode::Delete, JournalMode::Wal)] mode: JournalMode) {
    let engine = Engine::builder().journal_mode(mode).rival(true).memory().unwrap();
    let patient = engine.connect().unwrap();
    patient.execute_batch("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1)").unwrap();
    let connection = impatient(&engine);
    let error = connection.execute("INSERT INTO t VALUES (2)", []).unwrap_err();
    assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy));
    assert!(engine.refused_locks().iter().all(RefusedLock::is_by_rival));
    connection.execute("INSERT INTO t VALUES (2)", []).unwrap();

    // A busy timeout does not help where SQLite does not wait.
    patient.execute_batch("BEGIN; SELECT * FROM t").unwrap();
    let error = patient.execute("INSERT INTO t VALUES (3)", []).unwrap_err();
    assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy));
    patient.execute_batch("ROLLBACK").unwrap();
    let count: i64 = patient.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 2);
}

#[test]
fn rival_spares_seeds_and_settings() {
    let engine = Engine::builder().rival(true).memory().unwrap();
    let connection = impatient(&engine);
    connection.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    drop(connection);
    let mut session = SessionFactory::new(&engine).unwrap().open().unwrap();
    session.execute_batch("PRAGMA busy_timeout = 0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.sql"), "CREATE TABLE t (n INTEGER)").unwrap();
    session.seed(folder.path().join("t.sql")).unwrap();
    session.insert("t", &[serde_json::json!({"n": 1})]).unwrap();
    assert!(engine.refused_locks().is_empty(), "{:?}", engine.refused_locks());
    assert!(session.execute("INSERT INTO t VALUES (2)", []).is_err());
}

fn shop() -> Engine {
    let engine = Engine::memory().unwrap();
    let schema =
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, city TEXT); CREATE INDEX by_city ON users (city);
                  WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 50)
                  INSERT INTO users SELECT n, 'user ' || n, 'city ' || (n % 5) FROM n";
    engine.connect().unwrap().execute_batch(schema).unwrap();
    engine
}

#[test]
fn watch_sees_every_connection() {
    let engine = shop();
    let before = engine.connect().unwrap();
    let watched = engine.watch(|| {
        thread::scope(|scope| {
            for number in 0..5 {
                let engine = &engine;
                scope.spawn(move || {
                    let connection = engine.connect().unwrap();
                    for id in 0..=number {
                        connection.execute("UPDATE users SET name = 'x' WHERE id = ?1", [id + 1]).unwrap();
                    }
                    let sqlite = Connection::open(engine.uri()).unwrap();
                    sqlite.query_row("SELECT count(*) FROM users", [], |row| row.get::<_, i64>(0)).unwrap();
                });
            }
        });
        let deleted = before.execute("DELETE FROM users WHERE city = 'city 1'", []).unwrap();
        run(&before, "SELECT 1").unwrap();
        deleted
    });
    assert_eq!(watched.count("update  users"), 1 + 2 + 3 + 4 + 5);
    assert_eq!((watched.count("SELECT"), watched.count("DELETE"), watched.count("INSERT")), (6, 1, 0));
    watched.assert_count(22);
    assert_eq!(watched.statements().iter().filter_map(Statement::rows).sum::<u64>(), 15 + 10);
    assert_eq!(watched.into_value(), 10);
    engine.watch(|| ()).assert_count(0);
}

#[test]
fn watch_counts_what_sqlite_counts() {
    let engine = shop();
    let connection = engine.connect().unwrap();
    let mut statement = connection.prepare("SELECT name FROM users WHERE id = ?1").unwrap();
    let runs = |statement: &rusqlite::Statement| {
        usize::try_from(statement.get_status(rusqlite::StatementStatus::Run)).unwrap()
    };
    let before = runs(&statement);
    let watched = engine.watch(|| {
        for id in 0..30 {
            // Some are not read to their end.
            let mut rows = statement.query([id]).unwrap();
            if id % 2 == 0 {
                let _ = rows.next();
            } else {
                while rows.next().unwrap().is_some() {}
            }
        }
    });
    assert_eq!(watched.statements().len(), 15 + 15);
    assert_eq!(watched.statements().len(), runs(&statement) - before);
}

#[rstest]
#[case("SELECT * FROM users WHERE name = 'user 7'", true)]
#[case("SELECT * FROM users", true)]
#[case("UPDATE users SET name = 'x' WHERE name = 'user 7'", true)]
#[case("SELECT * FROM users WHERE city = 'city 3'", false)]
#[case("SELECT * FROM users WHERE id = 3", false)]
#[case("INSERT INTO users (name) VALUES ('new')", false)]
fn full_scan_is_seen(#[case] sql: &str, #[case] is_scan: bool, #[values(false, true)] is_first: bool) {
    let engine = shop();
    let connection = engine.connect().unwrap();
    let watched = engine.watch(|| {
        if !is_first {
            run(&connection, "SELECT 1").unwrap();
        }
        run(&connection, sql).unwrap();
    });
    let assertion = std::panic::catch_unwind(|| watched.assert_no_full_scan());
    assert_eq!(assertion.is_err(), is_scan, "{watched}");
}

#[test]
fn growth_finds_a_query_for_each_row() {
    let engine = shop();
    let seed = |engine: &Engine, size: usize| {
        let connection = engine.connect().unwrap();
        for _ in 0..size {
            connection.execute("INSERT INTO users (name) VALUES ('new')", []).unwrap();
        }
    };
    let one = |engine: &Engine| run(&engine.connect().unwrap(), "SELECT * FROM users").unwrap();
    engine.watch_growth([1, 10], seed, one).assert_constant();
    let each = |engine: &Engine| {
        let connection = engine.connect().unwrap();
        let mut ids = connection.prepare("SELECT id FROM users").unwrap();
        for id in ids.query_map([], |row| row.get::<_, i64>(0)).unwrap() {
            let name = "SELECT name FROM users WHERE id = ?1";
            connection.query_row(name, [id.unwrap()], |row| row.get::<_, String>(0)).unwrap();
        }
    };
    let growth = engine.watch_growth([1, 10], seed, each);
    let message = std::panic::catch_unwind(|| growth.assert_constant()).unwrap_err();
    let message = message.downcast_ref::<String>().unwrap();
    assert!(message.contains("`SELECT name FROM users WHERE id = ?1` ran 51, 60 times"), "{message}");
    assert!(!message.contains("`SELECT id FROM users`"), "{message}");
    let count: i64 = engine.connect().unwrap().query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 50, "the database itself does not change");
}

/// An hour would pass if it slept.
#[rstest]
fn wait_for_oneself_takes_no_time(#[values(JournalMode::Delete, JournalMode::Wal)] mode: JournalMode) {
    let engine = Engine::builder().journal_mode(mode).instant_busy(true).memory().unwrap();
    let (holder, waiting) = (engine.connect().unwrap(), engine.connect().unwrap());
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    waiting.execute_batch("PRAGMA busy_timeout = 3600000").unwrap();
    let error = waiting.execute_batch("BEGIN IMMEDIATE").unwrap_err();
    assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy));
    assert_eq!(engine.refused_locks()[0].holder_sql(), Some("BEGIN IMMEDIATE"));
}

#[rstest]
fn wait_for_another_thread_succeeds(#[values(true, false)] instant: bool) {
    for _ in 0..1_000 {
        let engine = Engine::builder().instant_busy(instant).memory().unwrap();
        let waiting = engine.connect().unwrap();
        thread::scope(|scope| {
            let (locked, is_locked) = mpsc::channel();
            let engine = &engine;
            scope.spawn(move || {
                let holder = engine.connect().unwrap();
                holder.execute_batch("BEGIN IMMEDIATE").unwrap();
                locked.send(()).unwrap();
                while engine.refused_locks().is_empty() {
                    thread::yield_now();
                }
                holder.execute_batch("COMMIT").unwrap();
            });
            is_locked.recv().unwrap();
            waiting.execute_batch("BEGIN IMMEDIATE; COMMIT").unwrap();
        });
    }
}

fn linted(lint: Lint, limit: usize) -> Engine {
    let engine = Engine::builder().lint(lint, Level::Warn).lint_limit(lint, limit).memory().unwrap();
    let schema = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, city TEXT COLLATE NOCASE);
                  CREATE TABLE posts (id INTEGER PRIMARY KEY, user INTEGER, title TEXT);
                  CREATE INDEX by_city ON users (city);
                  CREATE VIEW names AS SELECT name FROM users";
    engine.connect().unwrap().execute_batch(schema).unwrap();
    let rows = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 200)
                INSERT INTO users SELECT n, 'user ' || n, 'city ' || (n % 5) FROM n;
                INSERT INTO posts SELECT id, id % 7, 'title' FROM users";
    engine.connect().unwrap().execute_batch(rows).unwrap();
    engine
}

/// What a scan is to be found with; nothing where no index could serve.
#[rstest]
#[case("SELECT * FROM users WHERE name = 'user 7'", "users(name)")]
#[case("SELECT * FROM users AS u WHERE u.name > 'user 7'", "users(name)")]
#[case("SELECT * FROM names WHERE name = ?1", "users(name)")]
#[case("UPDATE users SET city = '' WHERE name = ?1", "users(name)")]
#[case("DELETE FROM posts WHERE title = 'x' AND user = 3", "posts(title, user)")]
#[case("SELECT count(*) FROM users WHERE shorten(name) = 'u' AND city = 'x' COLLATE backwards", "")]
#[case("SELECT * FROM users", "")]
#[case("SELECT * FROM users ORDER BY name", "")]
#[case("SELECT * FROM users WHERE name LIKE '%7'", "")]
#[case("SELECT * FROM users WHERE length(name) = 6", "")]
#[case("SELECT count(*) FROM users", "")]
#[case("SELECT * FROM users WHERE city = 'CITY 3'", "")]
#[case("WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 500) SELECT * FROM n WHERE n = 3", "")]
fn scan_is_found_where_an_index_would_serve(
    #[case] sql: &str,
    #[case] expected: &str,
    #[values(true, false)] closed: bool,
) {
    let engine = linted(Lint::Scan, 100);
    let connection = engine.connect().unwrap();
    let flags = rusqlite::functions::FunctionFlags::SQLITE_UTF8;
    connection.create_scalar_function("shorten", 1, flags, |context| context.get::<String>(0)).unwrap();
    let sql = if expected.is_empty() { sql.replace(" COLLATE backwards", "") } else { sql.to_owned() };
    run(&connection, &sql).unwrap();
    if closed {
        connection.close().unwrap();
    }
    let found = engine.findings();
    let text = found.iter().map(ToString::to_string).collect::<String>();
    let table = expected.split_once('(').map(|(table, rest)| format!("ON {table} ({rest}"));
    match table {
        Some(index) if closed => assert!(text.contains(&index), "{text}"),
        Some(_) => assert!(found.is_empty(), "not yet: {text}"),
        None => assert!(found.is_empty(), "{text}"),
    }
}

#[test]
fn query_that_runs_again_is_counted_when_watched() {
    let engine = shop();
    let connection = engine.connect().unwrap();
    let mut statement = connection.prepare("SELECT name FROM users WHERE id = ?1").unwrap();
    for id in 0..30 {
        let _ = statement.query_row([id], |_| Ok(()));
    }
    let watched = engine.watch(|| {
        for id in 0..30 {
            let _ = statement.query_row([id], |_| Ok(()));
        }
    });
    watched.assert_count(30);
}

/// SQLite reports the action with the text of the statement.
#[test]
fn action_of_a_foreign_key_is_no_statement() {
    let engine = linted(Lint::Repeat, 5);
    let connection = engine.connect().unwrap();
    let schema = "PRAGMA foreign_keys = ON; CREATE TABLE parents (id INTEGER PRIMARY KEY);
                  CREATE TABLE children (parent INTEGER REFERENCES parents ON DELETE CASCADE);
                  INSERT INTO parents SELECT id FROM users; INSERT INTO children SELECT id FROM users";
    connection.execute_batch(schema).unwrap();
    let mut delete = connection.prepare("DELETE FROM parents WHERE id > ?1").unwrap();
    for from in [40, 20, 0] {
        let watched = engine.watch(|| delete.execute([from]).unwrap());
        watched.assert_count(1);
    }
    assert!(engine.findings().is_empty(), "{:?}", engine.findings());
}

#[test]
fn inserts_transactions_and_queries_of_no_table_may_repeat() {
    let engine = linted(Lint::Repeat, 5);
    let connection = engine.connect().unwrap();
    for _ in 0..9 {
        connection
            .execute_batch("BEGIN; INSERT INTO users (name) VALUES ('x'); PRAGMA user_version; SELECT 1; COMMIT")
            .unwrap();
    }
    assert!(engine.findings().is_empty(), "{:?}", engine.findings());
}

/// Not another query that ran meanwhile, nor one of an earlier transaction.
#[test]
fn upgrade_names_the_query_that_is_still_read() {
    let engine = engine(JournalMode::Delete, Level::Warn);
    let connection = engine.connect().unwrap();
    connection.execute_batch("BEGIN; SELECT * FROM log; COMMIT; BEGIN").unwrap();
    let mut outer = connection.prepare("SELECT n FROM t").unwrap();
    let (mut rows, line) = (outer.query([]).unwrap(), line!() + 1);
    rows.next().unwrap();
    connection.query_row("SELECT count(*) FROM log", [], |_| Ok(())).unwrap();
    connection.execute("UPDATE t SET n = 3", []).unwrap();
    drop(rows);
    connection.execute_batch("COMMIT").unwrap();
    let text = engine.findings()[0].to_string();
    assert!(text.contains("began by reading with `SELECT n FROM t` at "), "{text}");
    assert!(text.contains(&format!("tests/recorder.rs:{line}:")), "{text}");
}

#[test]
fn repeated_statement_is_found() {
    let engine = linted(Lint::Repeat, 5);
    let connection = engine.connect().unwrap();
    let (name, line) = (
        |id: i64| connection.query_row("SELECT name FROM users WHERE id = ?1", [id], |_| Ok(())).unwrap(),
        line!() - 1,
    );
    (1..=5).for_each(name);
    assert!(engine.findings().is_empty(), "another call");
    (1..=9).for_each(name);
    let found = engine.findings();
    let [finding] = &found[..] else { panic!("{found:?}") };
    assert_eq!((finding.lint(), finding.sql()), (Lint::Repeat, "SELECT name FROM users WHERE id = ?1"));
    assert_eq!(finding.position().unwrap().line(), Some(line));
}
