//! What leaked: in one process, as people read it, and in a whole run, as CI servers and programs do ([`leaks`]).

#[cfg(feature = "cli")]
pub(crate) mod leaks;

use crate::ledger::{Entry, LeakReport, State, close_blockers};
use std::fmt;

impl fmt::Display for LeakReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let leaks = self.leaks();
        write!(f, "{} still open", count(leaks.len()))?;
        if let Some(engine) = self.engine() {
            write!(f, " on `{engine}`")?;
        }
        f.write_str(":")?;
        for entry in leaks {
            write!(f, "\n  {}", Line { entry, age: self.age(entry) })?;
            if let Some(backtrace) = entry.backtrace() {
                write!(f, "\n{backtrace}")?;
            }
        }
        write!(f, "\n{}", remedy(leaks))
    }
}

struct Line<'a> {
    entry: &'a Entry,
    age: u64,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entry, age } = self;
        match entry.database() {
            None => write!(f, "session {} opened", entry.number())?,
            Some(database) => write!(f, "connection {} to `{database}` opened", entry.number())?,
        }
        match (entry.position(), entry.thread()) {
            (Some(place), _) => write!(f, " at {place}")?,
            (None, Some(thread)) if entry.test() != Some(thread) => write!(f, " on thread `{thread}`")?,
            (None, _) => f.write_str(" where no call of your own code is known")?,
        }
        let running: Vec<String> = entry.running().map(|test| format!("`{test}`")).collect();
        match entry.test() {
            Some(test) => write!(f, " by test `{test}`")?,
            None if running.is_empty() => f.write_str(" where no test is known")?,
            None => write!(f, " while {} ran", running.join(", "))?,
        }
        write!(f, ", {age} event{} ago", if *age == 1 { "" } else { "s" })?;
        match entry.state() {
            State::CloseRefused(statements) => write!(f, "; SQLite refused to close it {}", close_blockers(statements)),
            State::SwappedOut => f.write_str("; its connection was swapped out of its guard"),
            _ => Ok(()),
        }
    }
}

fn count(sessions: usize) -> String {
    match sessions {
        1 => "1 session is".to_owned(),
        more => format!("{more} sessions are"),
    }
}

/// What to do, for the faults that are there.
fn remedy(leaks: &[Entry]) -> String {
    let is = |fault: fn(&Entry) -> bool| leaks.iter().any(fault);
    let remedies = [
        (
            is(|entry| matches!(entry.state(), State::CloseRefused(_))),
            "drop every statement, blob and backup before its session",
        ),
        (
            is(|entry| *entry.state() == State::SwappedOut),
            "swap the session's own connection back before its guard is dropped",
        ),
        (
            is(|entry| !matches!(entry.state(), State::CloseRefused(_) | State::SwappedOut)),
            "drop or close each session before the test ends: look for a guard that is forgotten, cyclic, in a static, or with a thread that still runs",
        ),
        (
            is(|entry| entry.position().is_none() && entry.backtrace().is_none()),
            "run again with SQLITE_FIXTURES_BACKTRACE=1 to see the calls that opened what has no place",
        ),
    ];
    let remedies: Vec<&str> = remedies.into_iter().filter_map(|(applies, remedy)| applies.then_some(remedy)).collect();
    remedies.join("\n")
}
