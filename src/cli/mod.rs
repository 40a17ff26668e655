//! The command line `sqlite-fixtures`: what it takes, and where that leads.
//!
//! [`check`] shows the mistakes in a folder of fixtures, [`seed`] makes or fills a database from one, [`tables`] counts rows,
//! [`dump`] writes a database as such a folder.
//! [`leaks`] runs a test command and judges what its processes left open, [`baseline`] is the leaks that a team knows of,
//! [`places`] makes places of the calls of a process that died, [`self_test`] shows that the check is alive.

mod baseline;
mod check;
mod dump;
mod leaks;
mod places;
mod seed;
mod self_test;
mod tables;

use crate::{SeedError, error::chain};
use clap::{Parser, Subcommand};
use std::{error::Error, process::ExitCode};

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

#[expect(clippy::print_stderr, reason = "a command talks to the person who runs it")]
fn complain(message: &str) {
    eprintln!("sqlite-fixtures: {message}");
}

/// Shows all mistakes of seeds, on a terminal in colours, and gives how many they are.
fn mistakes(error: &SeedError) -> usize {
    const BOLD: &str = "\x1b[1m";
    const RED: &str = "\x1b[1;31m";
    const PLAIN: &str = "\x1b[0m";
    let mut count = 0;
    for mistake in error.all() {
        count += mistake.broken_references().len().max(1);
        let shown = mistake.one_to_string();
        let mut lines = shown.lines();
        if let Some(first) = lines.next() {
            anstream::eprintln!("{BOLD}{first}{PLAIN}");
        }
        for line in lines {
            let is_mark = line.trim_start_matches([' ', '|']).starts_with('^');
            anstream::eprintln!("{}{line}{PLAIN}", if is_mark { RED } else { "" });
        }
    }
    count
}

#[expect(clippy::print_stdout, reason = "a command prints its result")]
fn print(text: &str) {
    print!("{text}");
}
