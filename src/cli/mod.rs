//! The command line `sqlite-fixtures`: what it takes, and where that leads.
//!
//! [`leaks`] runs a test command and judges what its processes left open, [`baseline`] is the leaks that a team knows of,
//! [`places`] makes places of the calls of a process that died, [`self_test`] shows that the check is alive.

mod baseline;
mod leaks;
mod places;
mod self_test;

use crate::error::chain;
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
    Leaks(leaks::Arguments),
}

/// What the command ends with when it could not do its work.
const UNABLE: u8 = 2;

type Failure = Box<dyn Error + Send + Sync>;

/// Runs the command line with the arguments of the process.
#[must_use]
pub fn command_line() -> ExitCode {
    let done = match Arguments::parse().command {
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

#[expect(clippy::print_stdout, reason = "a command prints its result")]
fn print(text: &str) {
    print!("{text}");
}
