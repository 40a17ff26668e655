//! The file system in memory does what a real file does: results, errors, locks, journal modes.

use common::dump;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestRunner};
use rstest::rstest;
use sqlite_fixtures::{
    Engine, Session, SessionFactory, Template,
    engine::{EngineBuilder, JournalMode},
    rusqlite::{Connection, Error, ErrorCode, OpenFlags, ffi, types::FromSql},
};
use std::{env, sync::Barrier, thread};

fn one<T: FromSql>(connection: &Connection, sql: &str) -> T {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn sessions(builder: EngineBuilder) -> SessionFactory {
    SessionFactory::new(builder.memory().unwrap()).unwrap()
}

fn wal() -> EngineBuilder {
    Engine::builder().journal_mode(JournalMode::Wal)
}

fn sound(connection: &Connection) {
    assert_eq!(one::<String>(connection, "PRAGMA integrity_check"), "ok");
}

#[test]
fn reader_begins_beside_a_reserved_lock() {
    let sessions = sessions(Engine::builder().pragma("busy_timeout", 0));
    let (writer, reader) = (sessions.open().unwrap(), sessions.open().unwrap());
    writer.execute_batch("CREATE TABLE t (a); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)").unwrap();
    assert_eq!(one::<i64>(&reader, "SELECT count(*) FROM t"), 0);
    writer.execute_batch("COMMIT").unwrap();
    assert_eq!(one::<i64>(&reader, "SELECT count(*) FROM t"), 1);
}

#[test]
fn reader_blocks_commit() {
    let sessions = sessions(Engine::builder().pragma("busy_timeout", 0));
    let (writer, other) = (sessions.open().unwrap(), sessions.open().unwrap());
    writer.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)").unwrap();
    other.execute_batch("BEGIN; SELECT * FROM t").unwrap();
    writer.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (2)").unwrap();
    let refused = |connection: &Connection, sql: &str| {
        connection.execute_batch(sql).unwrap_err().sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
    };
    assert!(refused(&other, "INSERT INTO t VALUES (3)"));
    assert!(refused(&writer, "COMMIT"));
    other.execute_batch("COMMIT").unwrap();
    writer.execute_batch("COMMIT").unwrap();
    assert_eq!(one::<i64>(&other, "SELECT count(*) FROM t"), 2);
}

#[test]
fn wal_reader_keeps_its_snapshot() {
    let sessions = sessions(wal().pragma("busy_timeout", 0));
    let (writer, reader) = (sessions.open().unwrap(), sessions.open().unwrap());
    assert_eq!(one::<String>(&reader, "PRAGMA journal_mode"), "wal");
    writer.execute_batch("CREATE TABLE t (a)").unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM t").unwrap();
    writer.execute_batch("INSERT INTO t VALUES (1)").unwrap();
    assert_eq!(one::<i64>(&reader, "SELECT count(*) FROM t"), 0);
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(one::<i64>(&reader, "SELECT count(*) FROM t"), 1);
    let (busy, log, copied): (i64, i64, i64) = writer
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap();
    assert_eq!((busy, log, copied), (0, 0, 0));
    drop((writer, reader));
    assert_eq!(one::<i64>(&sessions.open().unwrap(), "SELECT count(*) FROM t"), 1, "also without its log's index");
}

#[rstest]
#[case::wal(JournalMode::Wal)]
#[case::delete(JournalMode::Delete)]
#[case::truncate(JournalMode::Truncate)]
#[case::persist(JournalMode::Persist)]
#[case::memory(JournalMode::Memory)]
#[case::off(JournalMode::Off)]
fn every_journal_mode_works(#[case] mode: JournalMode) {
    let sessions = sessions(Engine::builder().journal_mode(mode));
    for session in [sessions.open().unwrap(), sessions.open().unwrap()] {
        assert_eq!(one::<String>(&session, "PRAGMA journal_mode"), mode.to_string());
        session.execute_batch("CREATE TABLE IF NOT EXISTS t (a); INSERT INTO t VALUES (1)").unwrap();
        if mode != JournalMode::Off {
            session.execute_batch("BEGIN; DELETE FROM t; ROLLBACK").unwrap();
        }
    }
    let session = sessions.open().unwrap();
    assert_eq!(one::<i64>(&session, "SELECT count(*) FROM t"), 2);
    sound(&session);
}

#[test]
fn threads_write_in_wal_mode() {
    const ROWS: i64 = 10;
    let sessions = sessions(wal().pragma("busy_timeout", 60_000));
    sessions.open().unwrap().execute_batch("CREATE TABLE t (thread, session, row)").unwrap();
    let start = Barrier::new(8);
    thread::scope(|scope| {
        for thread in 0..8_i64 {
            let (sessions, start) = (&sessions, &start);
            scope.spawn(move || {
                start.wait();
                let open: Vec<Session> = (0..4).map(|_| sessions.open().unwrap()).collect();
                for row in 0..ROWS {
                    for (session, number) in open.iter().zip(0_i64..) {
                        session.execute("INSERT INTO t VALUES (?1, ?2, ?3)", [thread, number, row]).unwrap();
                        assert!(one::<i64>(session, "SELECT count(*) FROM t") > 0);
                    }
                }
            });
        }
    });
    let session = sessions.open().unwrap();
    assert_eq!(one::<i64>(&session, "SELECT count(*) FROM (SELECT DISTINCT * FROM t)"), 8 * 4 * ROWS);
    assert_eq!(one::<i64>(&session, "SELECT count(*) FROM t"), 8 * 4 * ROWS);
    sound(&session);
}

#[rstest]
fn every_page_size_works(
    #[values(512, 1024, 2048, 4096, 8192, 16384, 32768, 65536)] size: i64,
    #[values(JournalMode::Delete, JournalMode::Wal)] mode: JournalMode,
    #[values("NONE", "FULL", "INCREMENTAL")] auto_vacuum: &str,
) {
    let engine = Engine::builder().pragma("page_size", size).pragma("auto_vacuum", auto_vacuum).journal_mode(mode);
    let sessions = sessions(engine);
    let session = sessions.open().unwrap();
    session
        .execute_batch(
            "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); CREATE INDEX i ON t (b);
             WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 500)
             INSERT INTO t SELECT i, hex(randomblob(300)) FROM n;
             DELETE FROM t WHERE a % 3 = 0; PRAGMA incremental_vacuum",
        )
        .unwrap();
    assert_eq!(one::<i64>(&session, "PRAGMA page_size"), size);
    let before = dump(&session);
    session.execute_batch("VACUUM").unwrap();
    assert_eq!(dump(&session), before);
    sound(&session);
    drop(session);
    let again = sessions.open().unwrap();
    assert_eq!(dump(&again), before);
    sound(&again);
}

#[test]
fn database_grows_and_shrinks() {
    let template = Template::from_fn(|connection| {
        connection
            .execute_batch("CREATE TABLE t (a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES (1, zeroblob(200000))")?;
        Ok(())
    });
    let sessions = template.sessions();
    let pages = |session: &Session| one::<i64>(session, "PRAGMA page_count");
    for mode in ["delete", "wal"] {
        let session = sessions.open().unwrap();
        let of_template = pages(&session);
        session.execute_batch(&format!("PRAGMA journal_mode = {mode}")).unwrap();
        for row in 2..200 {
            session.execute("INSERT INTO t VALUES (?1, randomblob(100000))", [row]).unwrap();
        }
        assert!(pages(&session) > 50 * of_template);
        session.execute_batch("DELETE FROM t; VACUUM").unwrap();
        assert!(pages(&session) < 5);
        session.execute_batch("INSERT INTO t VALUES (1, zeroblob(200000))").unwrap();
        assert_eq!(one::<i64>(&session, "SELECT sum(length(replace(hex(b), '0', ''))) FROM t"), 0, "no old bytes");
        sound(&session);
    }
}

#[test]
fn temporary_tables_stay_in_memory() {
    let engine = Engine::memory().unwrap();
    // A client of the user's own, whose temporary files are SQLite's to place.
    let client = Connection::open(engine.uri()).unwrap();
    client
        .execute_batch(
            "PRAGMA temp_store = FILE; PRAGMA cache_size = 10; CREATE TEMP TABLE t (a);
             WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 20000)
             INSERT INTO t SELECT hex(randomblob(50)) FROM n",
        )
        .unwrap();
    assert_eq!(one::<i64>(&client, "SELECT count(*) FROM (SELECT a FROM t ORDER BY a DESC)"), 20_000);
    client.execute_batch("BEGIN; SAVEPOINT s; DELETE FROM t; ROLLBACK TO s; COMMIT").unwrap();
    assert_eq!(one::<i64>(&client, "SELECT count(*) FROM t"), 20_000);
}

#[test]
fn transaction_spans_attached_engines() {
    let (one_engine, two) = (Engine::memory().unwrap(), Engine::memory().unwrap());
    let session = SessionFactory::new(&one_engine).unwrap().open().unwrap();
    session.execute("ATTACH ?1 AS two", [two.uri()]).unwrap();
    session.execute_batch("CREATE TABLE t (a); CREATE TABLE two.t (a)").unwrap();
    session.execute_batch("BEGIN; INSERT INTO t VALUES (1); INSERT INTO two.t VALUES (1); COMMIT").unwrap();
    session.execute_batch("BEGIN; INSERT INTO t VALUES (2); INSERT INTO two.t VALUES (2); ROLLBACK").unwrap();
    drop(session);
    for engine in [one_engine, two] {
        let session = SessionFactory::new(engine).unwrap().open().unwrap();
        assert_eq!(one::<i64>(&session, "SELECT count(*) FROM t"), 1);
        sound(&session);
    }
}

#[test]
fn file_and_memory_attach_each_other() {
    let (memory, file) = (Engine::memory().unwrap(), Engine::temp_file().unwrap());
    let path = file.path().unwrap().to_str().unwrap().to_owned();
    let session = SessionFactory::new(&memory).unwrap().open().unwrap();
    session.execute("ATTACH ?1 AS other", [path]).unwrap();
    session.execute_batch("CREATE TABLE other.t (a); BEGIN; INSERT INTO other.t VALUES (1); COMMIT").unwrap();
    session.execute_batch("CREATE TABLE m (a); INSERT INTO m SELECT a FROM other.t; DETACH other").unwrap();
    let from_file = SessionFactory::new(&file).unwrap().open().unwrap();
    from_file.execute("ATTACH ?1 AS other", [memory.uri()]).unwrap();
    assert_eq!(one::<i64>(&from_file, "SELECT count(*) FROM other.m JOIN main.t USING (a)"), 1);
}

#[test]
fn uri_dies_with_the_engine() {
    let engine = Engine::memory().unwrap();
    let uri = engine.uri();
    let session = SessionFactory::new(engine).unwrap().open().unwrap();
    session.execute_batch("CREATE TABLE t (a)").unwrap();
    let client = Connection::open(&uri).unwrap();
    drop(session);
    assert_eq!(one::<i64>(&client, "SELECT count(*) FROM t"), 0, "held by the client");
    drop(client);
    assert!(Connection::open(&uri).is_err());
}

#[test]
fn read_only_client_cannot_write() {
    let engine = Engine::builder().journal_mode(JournalMode::Wal).memory().unwrap();
    let session = SessionFactory::new(&engine).unwrap().open().unwrap();
    session.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)").unwrap();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let reader = Connection::open_with_flags(engine.uri(), flags).unwrap();
    assert_eq!(one::<i64>(&reader, "SELECT a FROM t"), 1);
    let refused = reader.execute_batch("INSERT INTO t VALUES (2)").unwrap_err();
    assert_eq!(refused.sqlite_error_code(), Some(ErrorCode::ReadOnly));
    // SAFETY: the connection is open, and of this thread.
    assert_eq!(unsafe { ffi::sqlite3_db_readonly(reader.handle(), c"main".as_ptr()) }, 1);
}

/// One step of one of three connections.
#[derive(Debug, Clone)]
enum Step {
    Begin,
    Immediate,
    Commit,
    Rollback,
    Savepoint,
    RollbackTo,
    Release,
    Insert(u8, u16),
    Update(u8, u16),
    Delete(u8),
    Select,
    CreateIndex,
    DropIndex,
    AddTable,
    DropTable,
    Vacuum,
    IncrementalVacuum(u8),
    Checkpoint,
    Temporary,
    Mode(bool),
}

impl Step {
    fn sql(&self) -> String {
        match self {
            Self::Begin => "BEGIN".into(),
            Self::Immediate => "BEGIN IMMEDIATE".into(),
            Self::Commit => "COMMIT".into(),
            Self::Rollback => "ROLLBACK".into(),
            Self::Savepoint => "SAVEPOINT s".into(),
            Self::RollbackTo => "ROLLBACK TO s".into(),
            Self::Release => "RELEASE s".into(),
            Self::Insert(key, size) => format!("INSERT INTO t VALUES ({key}, zeroblob({size}))"),
            Self::Update(key, size) => format!("UPDATE t SET b = hex(zeroblob({size})) WHERE a >= {key}"),
            Self::Delete(key) => format!("DELETE FROM t WHERE a < {key}"),
            Self::Select => "SELECT a, length(b) FROM t ORDER BY a".into(),
            Self::CreateIndex => "CREATE INDEX i ON t (b)".into(),
            Self::DropIndex => "DROP INDEX i".into(),
            Self::AddTable => "CREATE TABLE u AS SELECT * FROM t".into(),
            Self::DropTable => "DROP TABLE u".into(),
            Self::Vacuum => "VACUUM".into(),
            Self::IncrementalVacuum(pages) => format!("PRAGMA incremental_vacuum({pages})"),
            Self::Checkpoint => "PRAGMA wal_checkpoint(TRUNCATE)".into(),
            Self::Temporary => "CREATE TEMP TABLE IF NOT EXISTS x AS SELECT * FROM t".into(),
            Self::Mode(wal) => format!("PRAGMA journal_mode = {}", if *wal { "wal" } else { "delete" }),
        }
    }
}

fn step() -> impl Strategy<Value = (usize, Step)> {
    let key = 0..60_u8;
    let size = prop_oneof![8 => 0..200_u16, 2 => 0..9000_u16];
    let step = prop_oneof![
        2 => Just(Step::Begin),
        2 => Just(Step::Immediate),
        4 => Just(Step::Commit),
        2 => Just(Step::Rollback),
        2 => Just(Step::Savepoint),
        2 => Just(Step::RollbackTo),
        2 => Just(Step::Release),
        12 => (key.clone(), size.clone()).prop_map(|(key, size)| Step::Insert(key, size)),
        4 => (key.clone(), size).prop_map(|(key, size)| Step::Update(key, size)),
        4 => key.prop_map(Step::Delete),
        6 => Just(Step::Select),
        1 => Just(Step::CreateIndex),
        1 => Just(Step::DropIndex),
        1 => Just(Step::AddTable),
        1 => Just(Step::DropTable),
        1 => Just(Step::Vacuum),
        1 => (0..9_u8).prop_map(Step::IncrementalVacuum),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Temporary),
        1 => any::<bool>().prop_map(Step::Mode),
    ];
    (0..3_usize, step)
}

/// What a statement gives: its rows, or its error.
fn outcome(connection: &Connection, sql: &str) -> String {
    let run = || {
        let mut statement = connection.prepare(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        let mut text = String::new();
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                text += &format!("{:?} ", row.get_ref(column)?);
            }
        }
        Ok::<_, Error>(text)
    };
    run().unwrap_or_else(|error| error.to_string())
}

/// As many cases as `VFS_CASES` says, else 1,000.
#[test]
fn random_statements_match_a_real_file() {
    let cases = env::var("VFS_CASES").map_or(1000, |cases| cases.parse().unwrap());
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let modes = prop_oneof![Just(JournalMode::Delete), Just(JournalMode::Wal)];
    let vacuum = prop_oneof![Just("NONE"), Just("FULL"), Just("INCREMENTAL")];
    let size = prop_oneof![Just(512), Just(4096), Just(65536)];
    let steps = proptest::collection::vec(step(), 1..40);
    runner
        .run(&(modes, vacuum, size, steps), |(mode, vacuum, size, steps)| {
            let engine = || {
                Engine::builder()
                    .pragma("busy_timeout", 0)
                    .pragma("page_size", size)
                    .pragma("auto_vacuum", vacuum)
                    .journal_mode(mode)
            };
            let open = |engine: Engine| {
                let sessions = SessionFactory::new(engine).unwrap();
                let open: Vec<Session> = (0..3).map(|_| sessions.open().unwrap()).collect();
                open[0].execute_batch("CREATE TABLE t (a INTEGER PRIMARY KEY, b)").unwrap();
                open
            };
            let memory = open(engine().memory().unwrap());
            let file = open(engine().temp_file().unwrap());
            for (number, (connection, step)) in steps.iter().enumerate() {
                let sql = step.sql();
                let (here, there) = (outcome(&memory[*connection], &sql), outcome(&file[*connection], &sql));
                assert_eq!(here, there, "step {number}, `{sql}` on connection {connection} of {steps:?}");
            }
            let images = [memory, file].map(|mut open| {
                let engine = open[0].engine().clone();
                for session in &open {
                    let _ = session.execute_batch("ROLLBACK");
                }
                let last = open.remove(0);
                drop(open);
                sound(&last);
                let text = dump(&last);
                drop(last);
                // In all its bytes, once the last connection has put the log back.
                let folder = tempfile::tempdir().unwrap();
                engine.save_to(folder.path().join("saved")).unwrap();
                (text, std::fs::read(folder.path().join("saved")).unwrap())
            });
            assert_eq!(images[0].0, images[1].0);
            assert!(images[0].1 == images[1].1, "the bytes differ");
            Ok(())
        })
        .unwrap();
}
