//! A fresh, seeded, leak-checked database for every test, in one run: `cargo run --example quickstart [-- DIR]`.
//!
//! It builds a template from the seed folder DIR (this crate's own `fixtures/` by default), lets simulated tests run in
//! parallel on clones of it, then forgets a session on purpose to show the report. The last lines are for machines.

use sqlite_fixtures::{Ledger, SessionFactory, Template, rusqlite, template::TemplateError};
use std::{env, error::Error, path::PathBuf, process::ExitCode, thread};

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    let folder = match env::args_os().nth(1) {
        Some(folder) => env::current_dir().unwrap_or_default().join(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures"),
    };
    match run(folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("  caused by: {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn run(folder: PathBuf) -> Result<(), Failure> {
    println!("template: {}", folder.display());
    let template = Template::from_folder(folder);
    let counts = rows(&fresh(&template)?)?;
    println!("built once: {} tables, {} rows", counts.len(), counts.iter().map(|(_, rows)| rows).sum::<i64>());

    println!("\nfour tests in parallel, each on a clone of its own:");
    thread::scope(|scope| {
        let template = &template;
        let tests: Vec<_> = (1..=4).map(|number| scope.spawn(move || simulated_test(template, number))).collect();
        for test in tests {
            let seen = test.join().expect("a simulated test does not panic")?;
            println!("  {seen}");
        }
        Ok::<_, Failure>(())
    })?;

    println!("\na session that is forgotten on purpose:");
    let sessions = fresh(&template)?;
    std::mem::forget(sessions.open()?);
    let report = sessions.ledger().find().expect_err("the forgotten session is found");
    println!("{report}");
    let leaked = report.leaks().len();
    // Without this the check at exit would turn the process red.
    sessions.ledger().ignore_current();

    println!();
    for (table, rows) in counts {
        println!("rows {table} {rows}");
    }
    let sessions = Ledger::process().counts();
    println!("sessions opened={} closed={} leaked={leaked}", sessions.opened, sessions.closed);
    Ok(())
}

fn fresh(template: &Template) -> Result<SessionFactory, TemplateError> {
    Ok(SessionFactory::new(template.memory()?).expect("an engine of a template is synchronous"))
}

/// Writes a row and says which rows it sees; the others write theirs at the same time.
fn simulated_test(template: &Template, number: u32) -> Result<String, Failure> {
    let sessions = fresh(template)?;
    let writer = sessions.open()?;
    writer.execute_batch("CREATE TABLE quickstart_visits (visitor TEXT NOT NULL)")?;
    writer.execute("INSERT INTO quickstart_visits VALUES (?1)", [format!("test {number}")])?;
    // A second session sees what the first has committed, and nothing of the other tests.
    let reader = sessions.open()?;
    let seen: String =
        reader.query_row("SELECT group_concat(visitor, ', ') FROM quickstart_visits", [], |row| row.get(0))?;
    Ok(format!("test {number} wrote 1 row and sees: {seen}"))
}

/// The rows of each table, in the order of their names.
fn rows(sessions: &SessionFactory) -> Result<Vec<(String, i64)>, Failure> {
    let session = sessions.open()?;
    let names: Vec<String> = session
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' ORDER BY name")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, rusqlite::Error>>()?;
    let mut counts = Vec::new();
    for name in names {
        let table = name.replace('"', "\"\"");
        let rows = session.query_row(&format!("SELECT count(*) FROM \"{table}\""), [], |row| row.get(0))?;
        counts.push((name, rows));
    }
    Ok(counts)
}
