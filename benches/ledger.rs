//! What it costs that SQLite reports every handle, and that a journal is kept: `cargo bench --bench ledger`.
//!
//! The work is that of code under test which knows nothing of us: a bare connection to a clone of 30 tables opened, one select,
//! closed. With and without are processes of their own, which take turns, A B A B. A figure is the median of the ratios of such
//! pairs, of thirty at least; it prints a table for people, then a line `ratio NAME VALUE` for each figure, and fails when a bar
//! does not hold.

mod common;

use common::{
    database::{select, template},
    figures::Figures,
    worker::{self, Worker},
};
use sqlite_fixtures::rusqlite::Connection;
use std::{process::ExitCode, thread};

const PAIRS: usize = 500;

/// What opens and closes connections to a clone, whenever it is asked to.
fn work(uri: &str) {
    worker::work(|| {
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
        let (mut with, mut without) = (Worker::start(place, with), Worker::start(place, without));
        figures.compare(name, 0.0..=1.1, PAIRS, || with.time(), || without.time());
    }
    figures.conclude()
}
