//! Sessions without end: nothing is lost, nothing piles up, nobody is blamed for another's.

use rstest::rstest;
use serial_test::serial;
use sqlite_fixtures::{
    Engine, Ledger, SessionFactory,
    engine::EngineError,
    rusqlite::{Connection, ffi},
};
use std::{env, fs, thread};

/// How many sessions there are in all: as `ENDURANCE_SESSIONS` says, else 20,000.
fn sessions() -> u64 {
    env::var("ENDURANCE_SESSIONS").map_or(20_000, |sessions| sessions.parse().unwrap())
}

/// What must not grow.
#[cfg(target_os = "linux")]
#[derive(Debug, PartialEq, Eq)]
struct Held {
    /// In bytes, as SQLite counts them.
    memory: i64,
    descriptors: usize,
    mappings: usize,
    threads: usize,
}

#[cfg(target_os = "linux")]
impl Held {
    fn now() -> Self {
        Self {
            // SAFETY: it reads a counter.
            memory: unsafe { ffi::sqlite3_memory_used() },
            descriptors: fs::read_dir("/proc/self/fd").unwrap().count(),
            mappings: fs::read_to_string("/proc/self/maps").unwrap().lines().count(),
            threads: fs::read_dir("/proc/self/task").unwrap().count(),
        }
    }
}

/// Resident memory in bytes.
#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    1024 * line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap()
}

/// A session, and a client's connection to the same database.
fn use_once(sessions: &SessionFactory, number: u64) {
    let session = sessions.open().unwrap();
    session.execute("UPDATE t SET a = ?1", [number.cast_signed()]).unwrap();
    session.close().unwrap();
    let client = Connection::open(sessions.engine().uri()).unwrap();
    assert_eq!(client.query_row("SELECT a FROM t", [], |row| row.get(0)), Ok(number.cast_signed()));
}

#[cfg(target_os = "linux")]
fn assert_no_drift(times: u64, mut act: impl FnMut(u64)) {
    const WARM_UP: u64 = 2000;
    (0..WARM_UP).for_each(&mut act);
    let (before, resident_before, counted) = (Held::now(), resident(), Ledger::process().counts());
    (0..times).for_each(&mut act);
    assert_eq!(Held::now(), before);
    let grown = resident().saturating_sub(resident_before);
    assert!(grown < 1 << 20, "{grown} bytes more are resident");
    let counts = Ledger::process().counts();
    assert!(counts.opened - counted.opened >= times);
    assert_eq!((counts.opened, counts.live), (counts.closed, 0));
}

/// Half of all sessions on each kind of engine, each beside a client's connection.
#[cfg(target_os = "linux")]
#[rstest]
#[serial]
fn sessions_do_not_accumulate_resources(
    #[values(Engine::memory().unwrap(), Engine::temp_file().unwrap())] engine: Engine,
) {
    let factory = SessionFactory::new(&engine).unwrap();
    factory.open().unwrap().execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (0)").unwrap();
    assert_no_drift(sessions() / 2, |number| use_once(&factory, number));
}

#[cfg(target_os = "linux")]
#[rstest]
#[serial]
fn engines_do_not_accumulate_resources(#[values(Engine::memory, Engine::temp_file)] make: MakeEngine) {
    assert_no_drift(sessions() / 20, |number| {
        let factory = SessionFactory::new(make().unwrap()).unwrap();
        factory.open().unwrap().execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (0)").unwrap();
        use_once(&factory, number);
    });
}

#[cfg(target_os = "linux")]
type MakeEngine = fn() -> Result<Engine, EngineError>;

/// A leaked handle is what the test above would notice.
#[cfg(target_os = "linux")]
#[test]
#[serial]
fn one_open_handle_is_detected() {
    let engine = Engine::memory().unwrap();
    let before = Held::now();
    let session = SessionFactory::new(&engine).unwrap().open().unwrap();
    assert!(Held::now().memory > before.memory);
    drop(session);
    assert_eq!(Held::now().memory, before.memory);
}

#[test]
#[serial]
fn counts_are_exact_on_64_threads() {
    const SESSIONS: u64 = 1000;
    let before = Ledger::process().counts();
    assert_eq!(before.live, 0);
    thread::scope(|scope| {
        for number in 0..64 {
            let test = format!("thread_{number}");
            let body = move || {
                let own = thread::current().name().unwrap().to_owned();
                // Each thread is named as a test could be, but the runner has not made it; under nextest there is only one test.
                let test = env::var("NEXTEST_TEST_NAME").ok();
                let engine = Engine::builder().name(&own).memory().unwrap();
                let factory = SessionFactory::new(&engine).unwrap();
                for _ in 0..SESSIONS {
                    let (session, client) = (factory.open().unwrap(), Connection::open(engine.uri()).unwrap());
                    let report = engine.ledger().find().unwrap_err();
                    assert_eq!(report.leaks().len(), 2);
                    for leak in report.leaks() {
                        assert_eq!((leak.test(), leak.engine()), (test.as_deref(), Some(own.as_str())));
                    }
                    drop((session, client));
                    engine.ledger().verify();
                }
                let counts = engine.ledger().counts();
                assert_eq!((counts.opened, counts.closed, counts.peak), (2 * SESSIONS, 2 * SESSIONS, 2));
            };
            thread::Builder::new().name(test).spawn_scoped(scope, body).unwrap();
        }
    });
    let after = Ledger::process().counts();
    assert_eq!((after.opened - before.opened, after.closed - before.closed), (128 * SESSIONS, 128 * SESSIONS));
    Ledger::process().verify();
}
