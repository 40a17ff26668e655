//! What it costs that SQLite reports every handle, that a journal is kept, and that statements are recorded:
//! `cargo bench --bench ledger`.
//!
//! The work is that of code under test which knows nothing of us: a bare connection to a clone of 30 tables opened, one select,
//! closed. With and without are processes of their own, which take turns, A B A B. A figure is the median of the ratios of such
//! pairs, of thirty at least; it prints a table for people, then a line `ratio NAME VALUE` for each figure, and fails when a bar
//! does not hold.
//!
//! For the recorder, connections to one clone take turns: one as it was opened, and one that traces nothing.

mod common;

use common::{
    database::{select, template},
    figures::Figures,
    worker::{self, Worker},
};
use sqlite_fixtures::{
    Engine,
    rusqlite::{Connection, ffi},
};
use std::{
    hint,
    process::ExitCode,
    ptr, thread,
    time::{Duration, Instant},
};

const PAIRS: usize = 500;

/// What opens and closes connections to a clone, whenever it is asked to.
fn work(uri: &str) {
    worker::work(true, || {
        let connection = Connection::open(uri).expect("a connection");
        select(&connection);
        connection.close().expect("a closed connection");
    });
}

/// Runs `act` with a clone that this thread has made.
fn with_clone(act: impl FnOnce(&str)) {
    let template = template::<1>();
    let engine = template.memory().expect("a template");
    act(&engine.uri());
}

fn on_thread(name: &str, act: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(act).expect("a thread");
    assert!(thread.join().is_ok(), "a thread that ends well");
}

/// The threads that code under test may run on: that of a test, which libtest names after it; one that a library has started
/// in a test, such as a pool's; and the first, which runs all tests with `--test-threads=1`.
fn on(place: &str) {
    match place {
        "test" => on_thread("a_test", || with_clone(work)),
        "pool" => on_thread("a_test", || {
            with_clone(|uri| {
                let uri = uri.to_owned();
                on_thread("pool-worker-0", move || work(&uri));
            });
        }),
        _ => with_clone(work),
    }
}

/// Statements of one turn.
const SELECTS: i64 = 2_000;
const INSERTS: i64 = 300;

fn point_selects(connection: &Connection) -> Duration {
    let mut statement = connection.prepare("SELECT b FROM t WHERE id = ?1").expect("a statement");
    let start = Instant::now();
    for id in 0..SELECTS {
        let found: i64 = statement.query_row([id % 1_000], |row| row.get(0)).expect("a row");
        hint::black_box(found);
    }
    start.elapsed()
}

fn inserts(connection: &Connection) -> Duration {
    let mut statement = connection.prepare("INSERT INTO log (n) VALUES (?1)").expect("a statement");
    let start = Instant::now();
    for n in 0..INSERTS {
        statement.execute([n]).expect("a row");
    }
    let elapsed = start.elapsed();
    connection.execute("DELETE FROM log", []).expect("an empty table");
    elapsed
}

/// Compares a connection to the engine with one that traces nothing.
fn compare_with_untraced(
    figures: &mut Figures,
    name: &str,
    bar: f64,
    engine: &Engine,
    work: fn(&Connection) -> Duration,
) {
    let schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER); CREATE TABLE log (n INTEGER);
                  WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n LIMIT 1000) INSERT INTO t SELECT n, n FROM n";
    engine.connect().expect("a connection").execute_batch(schema).expect("a schema");
    let [traced, untraced] = [(); 2].map(|()| engine.connect().expect("a connection"));
    // SAFETY: the handle is open, and this thread has it.
    unsafe { ffi::sqlite3_trace_v2(untraced.handle(), 0, None, ptr::null_mut()) };
    figures.compare(name, 0.0..=bar, PAIRS, || work(&traced), || work(&untraced));
}

fn main() -> ExitCode {
    if let Some(place) = worker::asked() {
        on(&place);
        return ExitCode::SUCCESS;
    }
    let journals = tempfile::tempdir().expect("a temporary folder");
    let mut figures = Figures::default();
    let off = ("SQLITE_FIXTURES_LEAKS", "off");
    let journal = ("SQLITE_FIXTURES_JOURNALS", journals.path().to_str().expect("a path that is text"));
    for (name, place, with, without) in [
        ("hook_cost", "test", &[][..], &[off][..]),
        ("hook_cost_in_pool", "pool", &[][..], &[off][..]),
        ("hook_cost_on_first_thread", "first", &[][..], &[off][..]),
        ("journal_cost", "test", &[journal][..], &[][..]),
    ] {
        let (mut with, mut without) = (Worker::new(place, with), Worker::new(place, without));
        figures.compare(name, 0.0..=1.1, PAIRS, || with.time(), || without.time());
    }
    let recorded = Engine::memory().expect("an engine");
    compare_with_untraced(&mut figures, "recorder_select", 1.25, &recorded, point_selects);
    let recorded = Engine::memory().expect("an engine");
    compare_with_untraced(&mut figures, "recorder_insert", 1.10, &recorded, inserts);
    let off = Engine::builder().statements(0).memory().expect("an engine");
    compare_with_untraced(&mut figures, "recorder_off", 1.01, &off, point_selects);
    figures.conclude()
}
