//! The command line `sqlite-fixtures`: what it takes, and where that leads.
//!
//! [`check`] shows the mistakes in a seed folder, [`seed`] makes or fills a database from one, [`tables`] counts rows,
//! [`dump`] writes a database as such a folder.
//! [`leaks`] runs a test command, [`judge`] is what its processes left open, [`baseline`] is the leaks that a team knows of,
//! [`places`] makes places of the calls of a process that died, [`self_test`] shows that the check is alive.

mod baseline;
mod check;
mod dump;
mod judge;
mod leaks;
mod seed;
mod self_test;
mod tables;

use crate::{position::chain, seed::SeedError};
use clap::{Parser, Subcommand};
use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

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
    Leaks(leaks::Arguments),
}

/// What the command ends with when it could not do its work.
const UNABLE: u8 = 2;

type Failure = Box<dyn Error + Send + Sync>;

/// Runs the command line with the arguments of the process.
#[must_use]
pub fn command_line() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Seed(arguments) => seed::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Dump(arguments) => dump::run(&arguments),
        Command::Leaks(arguments) => leaks::run(arguments),
    };
    done.unwrap_or_else(|error| {
        complain(&chain(&*error));
        ExitCode::from(UNABLE)
    })
}

/// Tells the person who runs the command. Where nobody listens, the exit code still tells.
fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "sqlite-fixtures: {message}");
}

/// Shows all mistakes of seeds, on a terminal in colours, and gives how many they are.
fn mistakes(error: &SeedError) -> usize {
    const BOLD: &str = "\x1b[1m";
    const RED: &str = "\x1b[1;31m";
    const PLAIN: &str = "\x1b[0m";
    let mut shown = anstream::stderr().lock();
    for mistake in error.all() {
        let text = mistake.one_to_string();
        let mut lines = text.lines();
        // As in `complain`.
        let _ = writeln!(shown, "{BOLD}{}{PLAIN}", lines.next().unwrap_or_default());
        for line in lines {
            let is_mark = line.trim_start_matches([' ', '|']).starts_with('^');
            let _ = writeln!(shown, "{}{line}{PLAIN}", if is_mark { RED } else { "" });
        }
    }
    if error.omitted() > 0 {
        let _ = writeln!(shown, "and {} more", error.omitted());
    }
    error.count()
}

/// Prints a result. Whoever reads it may stop when they like.
fn print(text: &str) -> Result<(), Failure> {
    let mut to = io::stdout().lock();
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("the result cannot be printed: {error}").into())
        }
        _ => Ok(()),
    }
}
