//! The database that the handles of an engine share, and what happens to it at the end of a test.

use super::{EngineError, Options, Origin, kept, place::Place, slots::Slots};
use crate::labels::SharedLabels;
use crate::ledger::Observer;
use crate::ledger::{EngineIdentity, EngineRecord, Ledger, State, enforce, faults, test_name, warn_stderr};
use crate::position::chain;
use crate::recorder::{self, Recorder, full_scans};
use crate::settings::{Keep, Leaks};
use crate::sqlite::{copy, set_pragma, unrecorded, untracked};
use crate::storage;
use crate::vfs;
use rusqlite::Connection;
use std::backtrace::Backtrace;
use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fs, thread};

pub(crate) struct Database {
    pub(super) place: Place,
    /// The content it started with.
    pub(super) origin: Origin,
    pub(super) options: Options,
    pub(super) slots: Slots,
    pub(super) record: Arc<EngineRecord>,
    pub(super) recorder: Option<Arc<Recorder>>,
    labels: Mutex<SharedLabels>,
    failed: AtomicBool,
    is_settled: AtomicBool,
}

impl Database {
    pub(super) fn new(name: Option<String>, place: Place, origin: Origin, options: Options) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = name.unwrap_or_else(|| format!("{}-{number}", place.kind()));
        let owner = test_name::current(None);
        // The database that a template is built on is no test's.
        let is_tests = !options.frozen_clock;
        let wanted = recorder::Wanted {
            lints: options.lints,
            statements: options.statements.unwrap_or(recorder::DEFAULT_STATEMENTS),
            values: options.statement_values,
            is_on_disk: place.path().is_some(),
            instant_busy: options.instant_busy,
            rival: options.rival,
        };
        let recorder = is_tests.then(|| Recorder::new(owner.clone(), wanted)).flatten();
        if let Some(recorder) = &recorder {
            place.set_watcher(recorder);
        }
        let observer = recorder.clone().map(|recorder| recorder as Arc<dyn Observer>);
        Self {
            slots: Slots::new(options.max_sessions, options.acquire_timeout),
            record: EngineRecord::new(
                EngineIdentity {
                    name: name.into(),
                    file: place.file(),
                    owner,
                    leaks: options.leaks,
                    is_kept: AtomicBool::new(false),
                },
                observer,
            ),
            recorder,
            labels: Mutex::default(),
            failed: AtomicBool::new(false),
            is_settled: AtomicBool::new(!is_tests),
            place,
            origin,
            options,
        }
    }

    pub(super) fn connect(&self) -> Result<Connection, EngineError> {
        let connection = self.place.open()?;
        let prepare = || {
            self.options.prepare(&connection)?;
            self.options.set_journal_mode(&connection)
        };
        self.naming_holder(|| unrecorded(prepare))?;
        Ok(connection)
    }

    /// Runs `work` on the database. Where it fails because that is locked, the error names who has the lock.
    pub(super) fn naming_holder<T>(&self, work: impl FnOnce() -> Result<T, EngineError>) -> Result<T, EngineError> {
        let (done, refusal) = vfs::with_refusal(work);
        // A hook may have met another database.
        let refusal = refusal.filter(|(number, _)| self.place.number() == Some(*number)).map(|(_, refusal)| refusal);
        done.map_err(|error| error.name_holder(|| self.recorder.as_ref()?.refused_lock(refusal)))
    }

    pub(super) fn ledger(&self) -> Ledger {
        Ledger::for_engine(Arc::clone(&self.record))
    }

    /// Whether a statement would walk through a table without an index, by its
    /// [query plan](https://sqlite.org/eqp.html).
    pub(super) fn scans(&self, sql: &str) -> bool {
        let connection = self.connect_to_plan();
        connection.is_ok_and(|connection| full_scans(&connection, sql).is_ok_and(|scans| scans > 0))
    }

    /// Lets the lints look at what is only known when a test ends.
    fn look_for_faults(&self) {
        if let Some(recorder) = self.recorder.as_ref().filter(|_| !thread::panicking()) {
            recorder.test_ends(|| self.connect_to_plan());
        }
    }

    /// A connection on which statements are prepared and not run.
    fn connect_to_plan(&self) -> Result<Connection, EngineError> {
        let connection = untracked(|| self.place.open())?;
        self.options.prepare(&connection)?;
        Ok(connection)
    }

    pub(super) fn labels(&self) -> MutexGuard<'_, SharedLabels> {
        self.labels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn mark_failed(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }

    pub(super) fn save_to(&self, path: &Path) -> Result<(), EngineError> {
        let error = |source: Box<dyn Error + Send + Sync>| EngineError::Save { path: path.to_owned(), source };
        storage::create_file(path).map_err(|source| error(source.into()))?;
        let saved = untracked(|| self.place.open()).map_err(Into::into).and_then(|from| {
            // Without a wait: the lock may belong to the leaked session that is the reason to save the database.
            // Not rusqlite's `busy_timeout`, which does not link with a system library before 3.44.
            set_pragma(&from, "busy_timeout", "0")?;
            let mut to = untracked(|| Connection::open(path))?;
            copy(&from, &mut to)?;
            to.close().map_err(|(_, source)| source.into())
        });
        saved.map_err(|source| {
            let _ = fs::remove_file(path);
            error(source)
        })
    }

    /// Keeps the database as its policy says, or removes the ones that earlier runs of the test kept. Once.
    fn persist_or_discard(&self) {
        let owner = &self.record.identity.owner;
        if self.is_settled.swap(true, Ordering::Relaxed) {
            return;
        }
        if self.failed.load(Ordering::Relaxed)
            && let Some(statements) = self.recorder.as_ref().and_then(|recorder| recorder.last_statements())
        {
            let name = &self.record.identity.name;
            warn_stderr(&format!("the last statements on the database of engine `{name}`:\n  {statements}"));
        }
        let keep = match self.options.keep {
            Keep::Always => true,
            Keep::Failed => self.failed.load(Ordering::Relaxed),
            Keep::Never => false,
        };
        if !keep {
            return owner.guess().map_or((), kept::discard);
        }
        let Some(test) = owner.get() else { return };
        let kept = kept::next_path(test)
            .map_err(|source| EngineError::Save { path: kept::folder_of(test), source: source.into() })
            .and_then(|path| self.save_to(&path).map(|()| path));
        match kept {
            Ok(path) => {
                warn_stderr(&format!(
                    "the database of test `{test}` is kept; open it with\n  sqlite3 '{}'",
                    path.display()
                ));
            }
            Err(error) => warn_stderr(&format!("could not keep the database of test `{test}`: {}", chain(&error))),
        }
    }
}

impl Drop for Database {
    /// An engine that no fixture made has no assertion: here its test fails for a lint, and its database is kept.
    fn drop(&mut self) {
        self.look_for_faults();
        let fault = if thread::panicking() { None } else { faults::take_of_this_test() };
        if thread::panicking() || fault.is_some() {
            self.mark_failed();
        }
        self.persist_or_discard();
        if let Some(fault) = fault {
            enforce(Leaks::Deny, &fault);
        }
    }
}

/// Asserts that every session of the database is closed, when the body of a test drops it.
///
/// It asserts only what is certain: that a session is open which this thread used last, and which no thread that the test has
/// started can hold. Other connections may still be closed; the check at exit reports those that are not.
pub(super) struct LeakAssertion {
    database: Arc<Database>,
    created: Backtrace,
}

impl LeakAssertion {
    pub(super) fn new(database: Arc<Database>) -> Self {
        Self { database, created: Backtrace::force_capture() }
    }
}

impl Drop for LeakAssertion {
    fn drop(&mut self) {
        if thread::panicking() {
            self.database.mark_failed();
        }
        self.database.look_for_faults();
        if !thread::panicking()
            && let Some(fault) = faults::take_of_this_test()
        {
            self.database.mark_failed();
            enforce(Leaks::Deny, &fault);
        }
        let ledger = self.database.ledger();
        let Err(report) = ledger.find_last_used_here() else { return };
        if ledger.leaks() == Leaks::Off {
            return;
        }
        if thread::panicking() {
            // The guards of other leaks have already reported them.
            if report.leaks().iter().any(|entry| *entry.state() == State::Open) {
                warn_stderr(&report.to_string());
            }
            return;
        }
        if test_name::is_ending(&self.created)
            && let Err(report) = ledger.find_held_here()
        {
            if ledger.leaks() == Leaks::Deny {
                self.database.mark_failed();
                // Now, since the leaked session may keep the database from ever being dropped.
                self.database.persist_or_discard();
            }
            enforce(ledger.leaks(), &report.to_string());
        }
    }
}
