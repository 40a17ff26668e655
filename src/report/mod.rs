//! What leaked: in one process, as text, and in a whole run ([`leaks`]), also for CI servers and programs.

#[cfg(feature = "cli")]
pub(crate) mod leaks;

use crate::ledger::{Entry, LeakReport, State, close_blockers};
use std::{env, fmt};

impl fmt::Display for LeakReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.leaks().iter().all(Entry::is_session) { "session" } else { "connection" };
        match self.leaks().len() {
            1 => write!(f, "1 {what} is still open")?,
            many => write!(f, "{many} {what}s are still open")?,
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

impl LeakReport {
    /// Connections that are no engine's, in one line.
    pub(crate) fn as_warning(&self) -> String {
        let Some(first) = self.leaks().first() else { return String::new() };
        // A passed test's output is not shown under nextest, so the place is not worth its time.
        let position = if env::var_os("NEXTEST").is_some() { None } else { first.position() };
        let place = position.map_or_else(String::new, |position| format!(" opened at {position}"));
        let more = match self.leaks().len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        format!(
            "warning: at the end of the process, connection {} to `{}`{place}{} is still open{more}; close it, or set \
             SQLITE_FIXTURES_LEAKS=deny to fail, or off to watch nothing",
            first.number(),
            first.database().unwrap_or_default(),
            by_test(first.test(), &first.running().collect::<Vec<_>>()),
        )
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
        (None, _) => f.write_str(" at an unknown place")?,
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
