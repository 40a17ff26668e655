//! The assertion at the end of a test.

use super::database::Database;
use crate::{
    ledger::{State, enforce, test_name, warn_stderr},
    settings::Leaks,
};
use std::{backtrace::Backtrace, sync::Arc, thread};

/// Asserts, when it is dropped by the body of a test, that every session of the database is closed.
///
/// Dropped anywhere else it asserts nothing, since whoever holds the sessions may still close them: the check at exit
/// has the last word.
pub(super) struct EndOfTest {
    database: Arc<Database>,
    made: Backtrace,
}

impl EndOfTest {
    pub(super) fn of(database: Arc<Database>) -> Self {
        Self { database, made: Backtrace::force_capture() }
    }
}

impl Drop for EndOfTest {
    fn drop(&mut self) {
        if thread::panicking() {
            self.database.mark_failed();
        }
        let ledger = self.database.ledger();
        let Err(report) = ledger.find_at_end_of_test() else { return };
        if thread::panicking() {
            // A session that was refused or swapped has spoken for itself when its guard was dropped.
            if ledger.leaks() != Leaks::Off && report.leaks().iter().any(|entry| *entry.state() == State::Open) {
                warn_stderr(&report.to_string());
            }
        } else if test_name::is_ending(&self.made) {
            if ledger.leaks() == Leaks::Deny {
                self.database.mark_failed();
                // The session that is left open holds the database, which may never be dropped.
                self.database.settle();
            }
            enforce(ledger.leaks(), &report.to_string());
        }
    }
}
