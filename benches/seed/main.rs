//! How fast seed files go in: `cargo bench --bench seed --all-features`.
//!
//! 100,000 rows of seven columns, and an index. The floor has them in memory already and puts them in by one prepared INSERT in
//! one transaction; ours reads the file, keeps the place of each value, resolves it, inserts it, and checks foreign keys. Both fill
//! a database in memory, and take turns, A B A B. The same JSON is also loaded by Python's standard library, `json` and
//! `executemany`, in a process of its own that times itself. A figure is the median of the ratios of such pairs, of thirty at
//! least; it prints a table for people, then a line `ratio NAME VALUE` for each figure, and fails when a bar does not hold, or
//! there is no `python3`.

#[path = "../common/figures.rs"]
mod figures;
mod people;
mod python;

use figures::Figures;
use people::{PEOPLE, Person, SCHEMA};
use python::Python;
use sqlite_fixtures::{
    Seeds,
    rusqlite::{Connection, params},
};
use std::{
    fs,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

const PAIRS: usize = 30;

fn database() -> Connection {
    let connection = Connection::open_in_memory().expect("a database");
    connection.execute_batch(SCHEMA).expect("a table");
    connection
}

/// The same rows, in memory already.
fn floor(people: &[Person]) -> Duration {
    let mut connection = database();
    let start = Instant::now();
    let transaction = connection.transaction().expect("a transaction");
    {
        let sql = "INSERT INTO people (id, name, email, city, age, score, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)";
        let mut insert = transaction.prepare(sql).expect("an INSERT");
        for Person { id, name, email, city, age, score, created_at } in people {
            insert.execute(params![id, name, email, city, age, score, created_at]).expect("a row");
        }
    }
    transaction.commit().expect("a commit");
    let taken = start.elapsed();
    hold_all(&connection);
    taken
}

fn load(file: &Path) -> Duration {
    let mut connection = database();
    let seeds = Seeds::from(file);
    let start = Instant::now();
    seeds.load(&mut connection).unwrap_or_else(|error| panic!("{error}"));
    let taken = start.elapsed();
    hold_all(&connection);
    taken
}

/// Asserts that a database holds what was put into it.
fn hold_all(connection: &Connection) {
    let sql = "SELECT count(*), count(city), sum(id), sum(score), count(DISTINCT email), min(typeof(age)) FROM people";
    let held: (i64, i64, i64, f64, i64, String) = connection
        .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)))
        .expect("what it holds");
    assert_eq!(held, (PEOPLE, PEOPLE / 5 * 4, 5_000_050_000, 625_056_250.0, PEOPLE, "integer".to_owned()));
}

fn main() -> ExitCode {
    let people = people::all();
    let folder = tempfile::tempdir().expect("a folder");
    let file = |format: &str, text: String| {
        let file = folder.path().join(format!("people.{format}"));
        fs::write(&file, text).expect("a file");
        file
    };
    let mut figures = Figures::default();
    for (format, most, text) in [
        ("json", 2.6, people::json(&people)),
        ("jsonl", 3.0, people::json_lines(&people)),
        ("csv", 3.0, people::csv(&people)),
        ("sql", 5.0, people::sql(&people)),
        ("yaml", 6.0, people::yaml(&people)),
        ("toml", 6.0, people::toml(&people)),
    ] {
        let file = file(format, text);
        let name = format!("{format}_to_floor");
        let (_, taken) = figures.compare(&name, 0.0..=most, PAIRS, || load(&file), || floor(&people));
        println!("{format}: {:.0} rows a second", 100_000.0 / taken.as_secs_f64());
    }
    let json = folder.path().join("people.json");
    let mut python = Python::start(SCHEMA, &json);
    figures.compare("python_to_json", 1.5..=f64::INFINITY, PAIRS, || python.load(), || load(&json));
    figures.conclude()
}
