//! What leaked: in one process, as text, and in a whole run ([`leaks`]), also for CI servers and programs.

#[cfg(feature = "cli")]
pub(crate) mod leaks;

use crate::ledger::{Entry, LeakReport, State, close_blockers};
use std::fmt;

impl fmt::Display for LeakReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.leaks().len() {
            1 => f.write_str("1 session is still open")?,
            sessions => write!(f, "{sessions} sessions are still open")?,
        }
        if let Some(engine) = self.engine() {
            write!(f, " on `{engine}`")?;
        }
        f.write_str(":")?;
        for entry in self.leaks() {
            f.write_str("\n  ")?;
            describe(f, entry, self.age(entry))?;
            if let Some(backtrace) = entry.backtrace() {
                write!(f, "\n{backtrace}")?;
            }
        }
        remedies(f, self.leaks())
    }
}

fn describe(f: &mut fmt::Formatter<'_>, entry: &Entry, age: u64) -> fmt::Result {
    match entry.database() {
        None => write!(f, "session {} opened", entry.number())?,
        Some(database) => write!(f, "connection {} to `{database}` opened", entry.number())?,
    }
    match (entry.position(), entry.thread()) {
        (Some(position), _) => write!(f, " at {position}")?,
        (None, Some(thread)) if entry.test() != Some(thread) => write!(f, " on thread `{thread}`")?,
        (None, _) => f.write_str(" where no call of your own code is known")?,
    }
    let running: Vec<&str> = entry.running().collect();
    f.write_str(&by_test(entry.test(), &running))?;
    write!(f, ", {age} event{} ago", if age == 1 { "" } else { "s" })?;
    match entry.state() {
        State::CloseRefused(statements) => write!(f, "; SQLite refused to close it {}", close_blockers(statements)),
        State::SwappedOut => f.write_str("; its connection was swapped out of its guard"),
        _ => Ok(()),
    }
}

/// The test that opened a connection, or those that were running.
fn by_test(test: Option<&str>, running: &[&str]) -> String {
    match test {
        Some(test) => format!(" by test `{test}`"),
        None if running.is_empty() => " where no test is known".to_owned(),
        None => format!(" while `{}` ran", running.join("`, `")),
    }
}

/// What to do, one line for each kind of leak.
fn remedies(f: &mut fmt::Formatter<'_>, leaks: &[Entry]) -> fmt::Result {
    let is_refused = |entry: &Entry| matches!(entry.state(), State::CloseRefused(_));
    let is_swapped = |entry: &Entry| *entry.state() == State::SwappedOut;
    if leaks.iter().any(is_refused) {
        f.write_str("\ndrop every statement, blob and backup before its session")?;
    }
    if leaks.iter().any(is_swapped) {
        f.write_str("\nswap the session's own connection back before its guard is dropped")?;
    }
    if leaks.iter().any(|entry| !is_refused(entry) && !is_swapped(entry)) {
        f.write_str(
            "\ndrop or close each session before the test ends: look for a guard that is forgotten, cyclic, in a static, or with a thread that still runs",
        )?;
    }
    if leaks.iter().any(|entry| entry.position().is_none() && entry.backtrace().is_none()) {
        f.write_str("\nrun again with SQLITE_FIXTURES_BACKTRACE=1 to see the calls that opened a connection")?;
    }
    Ok(())
}
