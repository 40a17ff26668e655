//! Shows that the check is alive: it plants leaks, each in a process of its own, and must find them.

use super::{Failure, UNABLE, complain, judge::judge, print};
use crate::{
    ledger::journal::{leak::Kind, read::journals},
    settings::{JOURNALS, LEAKS},
    storage::Temporary,
};
use clap::ValueEnum;
use rusqlite::Connection;
use std::{
    env,
    path::absolute,
    process::{Command, ExitCode, Stdio},
};

/// What a process of the self-test does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Plant {
    /// It closes what it opens.
    Clean,
    /// It forgets a connection, and ends well.
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

    /// Runs a process of that kind; whether it ended as it must, and the kinds of leaks that were found in it.
    fn check(self, expected: Option<i32>, leaks: &[Kind]) -> Result<bool, Failure> {
        let temporary = Temporary::new_in(&absolute(env::temp_dir())?)?;
        let name = self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        let status = Command::new(env::current_exe()?)
            .args(["leaks", "--plant", &name])
            .env(JOURNALS, temporary.path())
            .env(LEAKS, "deny")
            .stderr(Stdio::null())
            .status()?;
        let verdict = judge(&journals(temporary.path())?, Vec::new());
        temporary.remove()?;
        let found: Vec<Kind> = verdict.leaks.iter().map(|leak| leak.kind).collect();
        let holds = status.code() == expected && found == leaks && verdict.is_sure() && verdict.opened == 1;
        if !holds {
            complain(&format!("self-test `{name}`: ended with {status}, found {found:?}, {:?}", verdict.faults));
        }
        Ok(holds)
    }
}

pub(super) fn run() -> Result<ExitCode, Failure> {
    let holds = [
        Plant::Clean.check(Some(0), &[])?,
        Plant::Forgotten.check(Some(101), &[Kind::Open])?,
        Plant::Aborted.check(None, &[Kind::UncleanEnd])?,
    ];
    if holds.contains(&false) {
        complain("the check is not alive");
        return Ok(ExitCode::from(UNABLE));
    }
    print(
        "sqlite-fixtures: the check is alive: a leak was found at exit and after an abort, and none where there was none\n",
    )?;
    Ok(ExitCode::SUCCESS)
}
