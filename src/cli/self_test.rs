//! `sqlite-fixtures leaks --self-test`: plants leaks, each in a process of its own, and must find them.

use super::{Failure, UNABLE, judge::judge, print};
use crate::ledger::journal::leak::Kind;
use crate::ledger::journal::read::journals;
use crate::ledger::write_stderr;
use crate::settings::{JOURNALS, LEAKS};
use crate::storage::TempFolder;
use clap::ValueEnum;
use rusqlite::Connection;
use std::env;
use std::path::absolute;
use std::process::{Command, ExitCode, Stdio};

/// What a process of the self-test does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Plant {
    /// It closes what it opens.
    Clean,
    /// It forgets a connection, and exits.
    Forgotten,
    /// It forgets a connection, and aborts.
    Aborted,
}

impl Plant {
    pub(super) fn run(self) -> ExitCode {
        let Ok(connection) = Connection::open_in_memory() else { return ExitCode::from(UNABLE) };
        if self != Self::Clean {
            std::mem::forget(connection);
        }
        if self == Self::Aborted {
            std::process::abort();
        }
        ExitCode::SUCCESS
    }

    /// Runs such a process. Returns whether it exits with this code, and exactly these leaks are found.
    fn check(self, code: Option<i32>, leaks: &[Kind]) -> Result<bool, Failure> {
        let folder = TempFolder::new_in(&absolute(env::temp_dir())?)?;
        let name = self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        let status = Command::new(env::current_exe()?)
            .args(["leaks", "--plant", &name])
            .env(JOURNALS, folder.path())
            .env(LEAKS, "deny")
            .stderr(Stdio::null())
            .status()?;
        let verdict = judge(&journals(folder.path())?, Vec::new());
        folder.remove()?;
        let found: Vec<Kind> = verdict.leaks.iter().map(|leak| leak.kind).collect();
        let passed = status.code() == code && found == leaks && verdict.faults.is_empty() && verdict.opened == 1;
        if !passed {
            write_stderr(&format!("self-test `{name}`: {status}, found {found:?}, {:?}", verdict.faults));
        }
        Ok(passed)
    }
}

pub(super) fn run() -> Result<ExitCode, Failure> {
    let passed = [
        Plant::Clean.check(Some(0), &[])?,
        Plant::Forgotten.check(Some(101), &[Kind::Open])?,
        Plant::Aborted.check(None, &[Kind::UncleanEnd])?,
    ];
    if passed.contains(&false) {
        write_stderr("the self-test failed: leaks are not found reliably");
        return Ok(ExitCode::from(UNABLE));
    }
    print(
        "sqlite-fixtures: the self-test passed: leaks are found at exit and after an abort, and none in a clean process\n",
    )?;
    Ok(ExitCode::SUCCESS)
}
