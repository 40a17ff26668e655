//! The record of every SQLite connection of the process: which test opened it, where, and how it ended.

// `entry` is one connection, `registry` holds them all and counts them. `hook` receives SQLite's reports of handles,
// `entry_guard` matches them with sessions. `stack` finds the call that opened a connection, `test_name` the test that runs.
// `process` is its beginning and its end, `abort` its end by a signal. `outside` looks at the files of databases. `journal` is the
// record on disk, of `line`s.

#[cfg(unix)]
mod abort;
mod entry;
mod entry_guard;
pub(crate) mod faults;
mod hook;
pub(crate) mod journal;
mod line;
pub(crate) mod outside;
mod process;
mod registry;
pub(crate) mod stack;
pub(crate) mod test_name;

pub use entry::{Entry, State};
pub use registry::Counts;

pub(crate) use entry::{EngineIdentity, close_blockers, take_call, this_thread};
pub(crate) use entry_guard::EntryGuard;
pub(crate) use process::exit;
use process::quiesce;
pub(crate) use process::start::start;
pub(crate) use registry::{EngineRecord, Observer, entry as entry_of, observe_foreign, statement_of};

use crate::settings::{Leaks, Outside, Settings};
use std::{error::Error, io::Write, panic::catch_unwind, sync::Arc, thread};

/// A view of the record: of one engine, or of the whole process.
///
/// It has sessions, and the connections that clients opened without a [`SessionFactory`](crate::session::SessionFactory): SQLite
/// reports every handle that is opened in the process. An engine's view has those to its own database.
///
/// [`find`](Self::find) returns what is open, [`verify`](Self::verify) panics with it. A session counts as open until SQLite
/// has freed its handle.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use sqlite_fixtures::{Engine, SessionFactory};
///
/// let sessions = SessionFactory::new(Engine::memory()?)?;
/// let session = sessions.open()?;
/// assert_eq!(sessions.ledger().counts().live, 1);
/// let report = sessions.ledger().find().unwrap_err();
/// assert_eq!(report.leaks()[0].position(), session.entry().position());
///
/// session.close()?;
/// sessions.ledger().verify();
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Ledger {
    engine: Option<Arc<EngineRecord>>,
}

impl Ledger {
    /// The record of the whole process.
    #[must_use]
    pub fn process() -> Self {
        Self { engine: None }
    }

    pub(crate) fn for_engine(engine: Arc<EngineRecord>) -> Self {
        Self { engine: Some(engine) }
    }

    /// How many connections were opened and closed, are open now, and were open at once.
    #[must_use]
    pub fn counts(&self) -> Counts {
        registry::counts(self.engine.as_deref())
    }

    /// The open connections in the order of their numbers, then the last ones that ended (256 at most).
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = registry::live(self.engine.as_deref());
        entries.extend(registry::ended(self.engine.as_deref()));
        entries
    }

    /// Checks that every session is closed.
    ///
    /// # Errors
    /// The sessions that are open, without those that [`ignore_current`](Self::ignore_current) has marked.
    pub fn find(&self) -> Result<(), LeakReport> {
        self.find_where(|_| true)
    }

    /// As [`find`](Self::find), among the sessions that this thread used last.
    pub(crate) fn find_last_used_here(&self) -> Result<(), LeakReport> {
        self.find_where(Entry::was_last_used_here)
    }

    /// Likewise, among those that no thread can hold which this one has started: such a thread may close its session later.
    pub(crate) fn find_held_here(&self) -> Result<(), LeakReport> {
        if quiesce::has_children() {
            return Ok(());
        }
        // A thread with a name of its own may be about to use a session that was moved to it.
        quiesce::wait_while(|| self.find_last_used_here().is_err());
        self.find_last_used_here()
    }

    fn find_where(&self, is_checked: fn(&Entry) -> bool) -> Result<(), LeakReport> {
        let mut leaks = registry::live(self.engine.as_deref());
        leaks.retain(|entry| !entry.is_ignored() && is_checked(entry));
        if leaks.is_empty() {
            return Ok(());
        }
        let engine = self.engine.as_ref().map(|engine| Arc::clone(&engine.identity.name));
        Err(LeakReport { engine, event: registry::event(), leaks })
    }

    /// Asserts that every session is closed.
    ///
    /// With `SQLITE_FIXTURES_LEAKS=warn` it prints the report instead of panicking, with `off` it does nothing. While the
    /// thread is unwinding it prints, since a second panic would abort the process.
    ///
    /// # Panics
    /// With the report, when a session is open.
    #[track_caller]
    pub fn verify(&self) {
        if let Err(report) = self.find() {
            enforce(self.leaks(), &report.to_string());
        }
    }

    /// Marks the sessions that are open now as known: [`find`](Self::find) and the check at exit ignore them.
    ///
    /// For adopting the check in a suite with known leaks, and for showing one on purpose.
    pub fn ignore_current(&self) {
        registry::ignore_live(self.engine.as_deref());
    }

    /// What happens when a session of this view leaks.
    pub(crate) fn leaks(&self) -> Leaks {
        level(self.engine.as_ref().and_then(|engine| engine.identity.leaks))
    }
}

/// The sessions that are open when all should be closed.
///
/// Its `Display` names the test, the place and the age of each, and what to do.
#[derive(Clone)]
pub struct LeakReport {
    engine: Option<Arc<str>>,
    event: u64,
    leaks: Vec<Entry>,
}

impl LeakReport {
    /// The name of the engine that was checked, `None` for the whole process.
    #[must_use]
    pub fn engine(&self) -> Option<&str> {
        self.engine.as_deref()
    }

    /// The sessions that are open, in the order of their numbers.
    #[must_use]
    pub fn leaks(&self) -> &[Entry] {
        &self.leaks
    }

    /// How many connections were opened or closed, in the whole process, since `entry` was opened.
    #[must_use]
    pub fn age(&self, entry: &Entry) -> u64 {
        self.event.saturating_sub(entry.opened_at())
    }
}

crate::position::debug_is_chain!(LeakReport);

impl Error for LeakReport {}

/// What happens when a connection opens a database file outside the folders that tests may use (`SQLITE_FIXTURES_OUTSIDE`, which wins).
///
/// They are the temporary folder, the target folder, and `fixtures/` and `tests/` of the crate. For connections that are opened
/// later, by any code. See [the guide](crate::guide::leaks#files-outside-the-tests).
///
/// # Panics
/// If it is to refuse files, and SQLite does not report its connections, which it does not in the system's library of Apple.
pub fn guard_files(outside: Outside) {
    assert!(
        hook::start().is_ok() || !outside.is_denied(),
        "this SQLite does not report its connections, so no file can be refused; use the feature `bundled`"
    );
    outside::set(outside);
}

/// The return addresses of the calls that led here, where the platform has them.
pub(crate) fn call_addresses() -> Vec<usize> {
    stack::addresses::addresses(stack::addresses::NEAR)
}

/// Lets the other threads of the process run until `condition` is false, or they are idle.
pub(crate) fn settle_while(condition: impl Fn() -> bool) {
    quiesce::wait_while(condition);
}

/// What happens on a leak of an engine's connection: as the environment says, else as the engine does, else [`Leaks::Deny`].
fn level(engine: Option<Leaks>) -> Leaks {
    level_of_run().or(engine).unwrap_or_default()
}

/// What the environment says.
fn level_of_run() -> Option<Leaks> {
    Settings::get().ok().and_then(|settings| settings.leaks)
}

/// Panics with a fault or prints it, as `leaks` says; prints it while the thread is unwinding.
#[track_caller]
pub(crate) fn enforce(leaks: Leaks, fault: &str) {
    match leaks {
        Leaks::Off => {}
        Leaks::Deny if !thread::panicking() => panic!("{fault}"),
        Leaks::Deny | Leaks::Warn => warn_stderr(fault),
    }
}

/// Prints a message to stderr, captured with the output of the running test.
#[expect(clippy::print_stderr, reason = "only the macro's output is captured with the test's own")]
pub(crate) fn warn_stderr(message: &str) {
    // It panics when standard error is gone, which a destructor must not pass on.
    let _ = catch_unwind(|| eprintln!("sqlite-fixtures: {message}"));
}

/// Writes a message to the stderr of the process, which may be closed.
pub(crate) fn write_stderr(message: &str) {
    let _ = writeln!(std::io::stderr(), "sqlite-fixtures: {message}");
}
