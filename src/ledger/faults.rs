//! Faults that are found in the middle of a call of SQLite, where nothing can panic.
//!
//! They fail their test when it drops its fixture, else the process when it ends.

use super::stack::{self, Stack};
use super::test_name::{self, TestName};
use crate::position::Position;
use std::backtrace::Backtrace;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One fault.
pub(crate) struct Fault {
    /// What it is, and where; names and lines take milliseconds, so it is asked when it is reported.
    pub describe: Box<dyn Fn() -> String + Send>,
    /// Faults of one test with the same key are one.
    pub key: String,
    pub test: TestName,
    pub remedy: String,
    /// Whether it fails the test or the process; else the end of the process reports it.
    pub is_denied: bool,
}

struct Found {
    fault: Fault,
    /// Whether its test has failed because of it.
    is_told: bool,
}

static FOUND: Mutex<Vec<Found>> = Mutex::new(Vec::new());
/// Whether there is one.
static ANY: AtomicBool = AtomicBool::new(false);

fn found() -> MutexGuard<'static, Vec<Found>> {
    FOUND.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Remembers a fault, the first of its kind in its test.
pub(crate) fn add(fault: Fault) {
    ANY.store(true, Ordering::Relaxed);
    let mut found = found();
    let is_same = |other: &Found| other.fault.key == fault.key && other.fault.test.guess() == fault.test.guess();
    if !found.iter().any(is_same) {
        found.push(Found { fault, is_told: false });
    }
}

/// Takes the faults of this test that fail it; `None` if there are none.
pub(crate) fn take_of_this_test() -> Option<String> {
    if !ANY.load(Ordering::Relaxed) {
        return None;
    }
    let current = test_name::current(None);
    let test = current.get()?;
    let is_ours = |found: &Found| !found.is_told && found.fault.is_denied && found.fault.test.get() == Some(test);
    let mut told = Vec::new();
    for found in found().iter_mut().filter(|found| is_ours(found)) {
        found.is_told = true;
        told.push(((found.fault.describe)(), found.fault.remedy.clone()));
    }
    (!told.is_empty()).then(|| text(told))
}

/// What the end of the process reports, and whether it fails the process.
pub(super) fn report() -> (Option<String>, bool) {
    let found = found();
    let untold = || found.iter().filter(|found| !found.is_told);
    // Those that fail the process first.
    let denied = untold().filter(|found| found.fault.is_denied).chain(untold().filter(|found| !found.fault.is_denied));
    let told: Vec<_> = denied.map(|found| ((found.fault.describe)(), found.fault.remedy.clone())).collect();
    // Also where all were told: a test may expect a panic, or catch it.
    ((!told.is_empty()).then(|| text(told)), found.iter().any(|found| found.fault.is_denied))
}

/// The faults, a line each, those with the same remedy together.
fn text(faults: Vec<(String, String)>) -> String {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for (fault, remedy) in faults {
        match groups.iter_mut().find(|(other, _)| *other == remedy) {
            Some((_, same)) => same.push(fault),
            None => groups.push((remedy, vec![fault])),
        }
    }
    let groups: Vec<String> = groups.iter().map(|(remedy, same)| format!("{}; {remedy}", same.join("\n  "))).collect();
    groups.join("\n  ")
}

/// The call of the user's own code that led to a fault.
#[derive(Debug, Clone)]
pub(crate) struct Place(Arc<Stack>);

impl Place {
    /// The call on this thread's stack. Takes microseconds.
    pub(crate) fn here() -> Self {
        Self(Arc::new(Stack::new(Backtrace::force_capture())))
    }

    /// `None` if none of the calls is of the user's own code, or the build has no debug information.
    pub(crate) fn position(&self) -> Option<Position> {
        Some(self.0.position()?.clone().relative_to(stack::start_folder()))
    }
}
