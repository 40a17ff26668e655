//! The record of every session, and of every connection that somebody else opened: which test opened it, where, how it ended.
//!
//! [`entry`] is one line of it, [`registry`] the process-wide record that holds them all, [`record`] the figures, [`token`] a
//! session's claim on its entry. [`hook`] is what SQLite reports, [`stack`] and [`addresses`] tell the place of what no
//! session factory opened, [`test_name`] knows which test is running and whether it is ending. [`start`] looks when the program is
//! loaded, [`exit`] when it ends and its threads are at [`quiesce`], [`journal`] is what outlives a program that does not end well. [`leak`] is what is still open.

mod addresses;
mod entry;
pub(crate) mod exit;
mod hook;
pub(crate) mod journal;
mod leak;
mod quiesce;
mod record;
mod registry;
pub(crate) mod stack;
mod start;
pub(crate) mod test_name;
mod token;

pub(crate) use entry::because;
pub use entry::{Entry, State};
pub use leak::LeakReport;
pub use record::Counts;

pub(crate) use entry::Opening;
pub(crate) use record::{EngineIdentity, EngineRecord};
pub(crate) use token::Token;

use crate::settings::{Leaks, Settings};
use std::{io::Write, panic::catch_unwind, sync::Arc, thread};

/// A view of the record: of one engine, or of the whole process.
///
/// In it are the sessions, and the connections that clients opened without a [`SessionFactory`](crate::session::SessionFactory): SQLite
/// reports every handle that is opened in the process. An engine's record has those to its own database.
///
/// It asks ([`find`](Self::find)) and it demands ([`verify`](Self::verify)). A session counts as open until SQLite has
/// freed its handle.
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

    pub(crate) fn of(engine: Arc<EngineRecord>) -> Self {
        Self { engine: Some(engine) }
    }

    /// How many handles were opened, were closed, are live, and were live at once.
    #[must_use]
    pub fn counts(&self) -> Counts {
        registry::counts(self.engine.as_deref())
    }

    /// Those that are open, in the order of their numbers, then the last ones that ended (256 at most).
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = registry::live(self.engine.as_deref());
        entries.extend(registry::ended(self.engine.as_deref()));
        entries
    }

    /// Asks whether every session is closed.
    ///
    /// # Errors
    /// The sessions that are open, but for those that [`ignore_current`](Self::ignore_current) was told of.
    pub fn find(&self) -> Result<(), LeakReport> {
        self.find_among(|_| true)
    }

    /// As [`find`](Self::find), among those that must be closed when the body of their test ends.
    pub(crate) fn find_at_end_of_test(&self) -> Result<(), LeakReport> {
        self.find_among(Entry::ends_with_its_test)
    }

    fn find_among(&self, wanted: impl Fn(&Entry) -> bool) -> Result<(), LeakReport> {
        let mut leaks = registry::live(self.engine.as_deref());
        leaks.retain(|entry| !entry.is_ignored() && wanted(entry));
        if leaks.is_empty() {
            return Ok(());
        }
        Err(LeakReport::new(self.engine.as_ref().map(|engine| engine.identity.name.clone()), leaks))
    }

    /// Demands that every session is closed.
    ///
    /// With `SQLITE_FIXTURES_LEAKS=warn` it prints the report instead of panicking, with `off` it does nothing. While the
    /// thread is unwinding it prints, since a second panic would abort the process.
    ///
    /// # Panics
    /// With the report, when a session is open.
    #[track_caller]
    pub fn verify(&self) {
        if let Err(report) = self.find() {
            demand(self.leaks(), &report.to_string());
        }
    }

    /// Takes the sessions that are open now as known: [`find`](Self::find) and the check at exit pass over them.
    ///
    /// For adopting the check in a suite with known leaks, and for showing one on purpose.
    pub fn ignore_current(&self) {
        registry::ignore_live(self.engine.as_deref());
    }

    /// What becomes of a leak here.
    pub(crate) fn leaks(&self) -> Leaks {
        level(self.engine.as_ref().and_then(|engine| engine.identity.leaks))
    }
}

/// What becomes of a leak: the environment's word, else what was asked for, else [`Leaks::Deny`].
fn level(asked: Option<Leaks>) -> Leaks {
    Settings::get().ok().and_then(|settings| settings.leaks).or(asked).unwrap_or_default()
}

/// Makes a fault known, as loudly as `leaks` says; never a panic within a panic.
#[track_caller]
pub(crate) fn demand(leaks: Leaks, fault: &str) {
    match leaks {
        Leaks::Off => {}
        Leaks::Deny if !thread::panicking() => panic!("{fault}"),
        Leaks::Deny | Leaks::Warn => tell(fault),
    }
}

/// Prints a message where the running test's output goes.
#[expect(clippy::print_stderr, reason = "only the macro's output is captured with the test's own")]
pub(crate) fn tell(message: &str) {
    // It panics when standard error is gone, which a destructor must not pass on.
    let _ = catch_unwind(|| eprintln!("sqlite-fixtures: {message}"));
}

/// Prints a message at the end of the process, when standard error may be gone.
pub(crate) fn tell_at_exit(message: &str) {
    let _ = writeln!(std::io::stderr(), "sqlite-fixtures: {message}");
}
