//! Generates the database of the suites, builds them, runs their binaries in turns, and holds the figures to their bars.
//!
//! What is timed is a suite's own binary, or nextest over binaries that are built; never cargo.

mod database;
mod figures;
mod suites;

use figures::{Bar, Figures};
use std::{env, error::Error, process::ExitCode};
use suites::{Runner, Suites, WAYS};

/// How often each way is run: the slow one as often as a person waits for it.
fn rounds(way: &str, quick: bool) -> usize {
    match (way, quick) {
        ("sqlx", true) => 0,
        ("sqlx", false) => 1,
        (_, true) => 3,
        (_, false) => 7,
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let quick = env::args().any(|argument| argument == "--quick");
    database::generate("suites".as_ref())?;
    let suites = Suites::build()?;
    let mut figures = Figures::default();
    for runner in [Runner::Direct, Runner::Nextest] {
        for way in WAYS {
            if rounds(way, quick) > 0 {
                suites.forget_templates()?;
                figures.cold(runner, way, suites.run(runner, way)?);
            }
        }
        for round in 0..rounds("", quick) {
            for way in WAYS {
                if round < rounds(way, quick) {
                    figures.warm(runner, way, suites.run(runner, way)?);
                }
            }
        }
    }
    println!("{}", figures.table());
    let mut holds = true;
    for way in ["handrolled", "copy", "migration", "diesel", "sqlx"] {
        let bar = match way {
            "handrolled" => Some(Bar::AtLeast(25.0)),
            "sqlx" => Some(Bar::AtLeast(300.0)),
            _ => None,
        };
        holds &= figures.ratio(&format!("suite_{way}"), Runner::Direct, way, "ours", bar);
    }
    holds &= figures.ratio("sqlx_test_to_ours", Runner::Direct, "sqlx", "sqlx_ours", Some(Bar::AtLeast(100.0)));
    holds &= figures.ratio("nextest_to_empty", Runner::Nextest, "ours", "empty", Some(Bar::AtMost(1.4)));
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
