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
use std::process::ExitCode;

const PAIRS: usize = 500;

fn work() {
    let template = template::<1>();
    let engine = template.memory().expect("a template");
    let uri = engine.uri();
    worker::work(|| {
        let connection = Connection::open(&uri).expect("a connection");
        select(&connection);
        connection.close().expect("a closed connection");
    });
}

fn main() -> ExitCode {
    if worker::asked().is_some() {
        work();
        return ExitCode::SUCCESS;
    }
    let journals = tempfile::tempdir().expect("a temporary folder");
    let mut figures = Figures::default();
    let off = ("SQLITE_FIXTURES_LEAKS", "off");
    let journal = ("SQLITE_FIXTURES_JOURNALS", journals.path().to_str().expect("a path that is text"));
    for (name, with, without) in [("witness_cost", &[][..], &[off][..]), ("journal_cost", &[journal][..], &[][..])] {
        let (mut with, mut without) = (Worker::start("", with), Worker::start("", without));
        figures.compare(name, 0.0..=1.1, PAIRS, || with.time(), || without.time());
    }
    figures.conclude()
}
