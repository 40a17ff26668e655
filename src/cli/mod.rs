//! The command line `sqlite-fixtures`.
//!
//! [`check`] shows the errors in a seed folder, [`seed`] creates or fills a database from one, [`dump`] writes a database as one,
//! [`schema`] describes its tables; [`layers`] finds their files.
//! [`leaks`] runs a test command; [`judge`] reads what its processes left open, [`baseline`] the leaks that are known;
//! [`self_test`] proves that leaks are found.

mod baseline;
mod check;
mod dump;
mod judge;
mod layers;
mod leaks;
mod schema;
mod seed;
mod self_test;

use crate::{
    ledger::write_stderr,
    position::chain,
    seed::SeedError,
    sqlite::{quote::quoted, shadow_tables, untracked},
};
use clap::{Parser, Subcommand};
use rusqlite::{Connection, OpenFlags};
use std::error::Error;
use std::io;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// SQLite databases for tests.
#[derive(Debug, Parser)]
#[command(name = "sqlite-fixtures", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Seed(seed::Arguments),
    Check(check::Arguments),
    Dump(dump::Arguments),
    Schema(schema::Arguments),
    Leaks(leaks::Arguments),
}

/// The exit code when the command could not do its work.
const UNABLE: u8 = 2;

type Failure = Box<dyn Error + Send + Sync>;

/// Runs the command line with the arguments of the process.
#[must_use]
pub fn command_line() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Seed(arguments) => seed::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Dump(arguments) => dump::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Leaks(arguments) => leaks::run(arguments),
    };
    result.unwrap_or_else(|error| {
        write_stderr(&chain(&*error));
        ExitCode::from(UNABLE)
    })
}

/// Opens a database to read it, so that no files are left beside it that were not there: a connection that can only read leaves
/// those of a write-ahead log, and one that can write writes a log that was left back into the database.
fn open_to_read(file: &Path) -> rusqlite::Result<Connection> {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    let has_log = Path::new(&log).exists();
    let flags = if has_log { OpenFlags::SQLITE_OPEN_READ_ONLY } else { OpenFlags::SQLITE_OPEN_READ_WRITE };
    // The file is the user's own choice.
    untracked(|| Connection::open_with_flags(file, flags))
}

/// Prints all errors of seeds to stderr, on a terminal in colours.
fn print_errors(errors: &SeedError) {
    const BOLD: &str = "\x1b[1m";
    const RED: &str = "\x1b[1;31m";
    const PLAIN: &str = "\x1b[0m";
    let mut stderr = anstream::stderr().lock();
    for error in errors.all() {
        for (number, line) in error.one_to_string().lines().enumerate() {
            let is_mark = line.trim_start_matches([' ', '|']).starts_with('^');
            let colour = if number == 0 {
                BOLD
            } else if is_mark {
                RED
            } else {
                ""
            };
            // If stderr is closed, the exit code remains.
            let _ = writeln!(stderr, "{colour}{line}{PLAIN}");
        }
    }
    if errors.omitted() > 0 {
        let _ = writeln!(stderr, "and {} more", errors.omitted());
    }
}

/// Prints the warning of a load that succeeded.
fn print_warning(warning: Option<&SeedError>) {
    if let Some(warning) = warning {
        write_stderr(&format!("warning: the schema leaves {warning}"));
    }
}

/// Prints a result to stdout, whose reader may close it at any time.
fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("the result cannot be printed: {error}").into())
        }
        _ => Ok(()),
    }
}

/// The tables of a database with their numbers of rows, in the order of their names.
fn row_counts(connection: &Connection) -> rusqlite::Result<Vec<(String, i64)>> {
    let shadows = shadow_tables(connection)?;
    let mut tables = connection.prepare(
        "SELECT name, rootpage = 0 FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' ORDER BY name",
    )?;
    let mut tables = tables.query([])?;
    let mut counts = Vec::new();
    while let Some(row) = tables.next()? {
        let name: String = row.get(0)?;
        if shadows.contains(&name.to_ascii_lowercase()) {
            continue;
        }
        // A virtual table may have no rows to show, or no module.
        let is_virtual: bool = row.get(1)?;
        match connection.query_row(&format!("SELECT count(*) FROM {}", quoted(&name)), [], |row| row.get(0)) {
            Ok(rows) => counts.push((name, rows)),
            Err(_) if is_virtual => {}
            Err(error) => return Err(error),
        }
    }
    Ok(counts)
}
