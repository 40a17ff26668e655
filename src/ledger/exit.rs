//! The last look, when the process ends normally.
//!
//! `Drop` cannot see a guard that was forgotten, kept in a static, or left with a thread; nor can it undo a
//! `#[should_panic]` that a leak's own panic satisfied. The C library's exit hook can: it shows what is open, and turns
//! a success into a failure. A status that already says failure is left as it is where the C library tells it (glibc).

use super::{Ledger, hook, level, quiesce, registry, tell_at_exit};
use crate::{
    position::chain,
    settings::{Leaks, Settings},
};
use std::{
    ffi::{c_int, c_void},
    panic::catch_unwind,
    process,
    sync::{
        Mutex, Once, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

/// What the process exits with when all tests passed and a session was left open: the status of a failed libtest.
const FAILED: c_int = 101;

/// A forked child runs the hooks of its parent, whose sessions are not its own.
static OWNER: AtomicU32 = AtomicU32::new(0);

/// Whether the ledger was started when the program was loaded.
static STARTED: AtomicBool = AtomicBool::new(false);

static LAST_ACTS: Mutex<Vec<fn()>> = Mutex::new(Vec::new());

/// Looks at the ledger at exit. Idempotent.
pub(super) fn watch() {
    static REGISTER: Once = Once::new();
    REGISTER.call_once(|| {
        OWNER.store(process::id(), Ordering::Relaxed);
        register();
    });
}

/// Notes that the ledger was started.
pub(super) fn note_started() {
    STARTED.store(true, Ordering::Relaxed);
}

/// Runs `act` at exit, after the look.
pub(crate) fn last_act(act: fn()) {
    watch();
    LAST_ACTS.lock().unwrap_or_else(PoisonError::into_inner).push(act);
}

/// Ends the process at once, as failed: for when leaks could not be told any more.
pub(super) fn fail(fault: &str) -> ! {
    tell_at_exit(fault);
    _exit(FAILED)
}

// SAFETY: the C library has these functions with these types: `on_exit` in glibc, `atexit` (C11 7.22.4.2) and `_exit` everywhere.
// They are safe to call: a function lives as long as the program, glibc hands the argument on and does not follow it, and
// nothing runs behind `_exit`.
unsafe extern "C" {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    safe fn on_exit(hook: extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    safe fn atexit(hook: extern "C" fn()) -> c_int;
    safe fn _exit(status: c_int) -> !;
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn register() {
    extern "C" fn hook(status: c_int, _: *mut c_void) {
        at_exit(status);
    }
    let _ = on_exit(hook, std::ptr::null_mut());
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn register() {
    extern "C" fn hook() {
        at_exit(0);
    }
    let _ = atexit(hook);
}

fn at_exit(status: c_int) {
    if OWNER.load(Ordering::Relaxed) != process::id() {
        return;
    }
    // A panic must not cross into the C library.
    let failed = catch_unwind(look).unwrap_or_else(|_| fail("the last look at the ledger panicked"));
    if failed && status == 0 {
        // Every act that must come before it has run.
        _exit(FAILED);
    }
}

/// Looks once more, tells what is found, and gives whether the process has failed.
fn look() -> bool {
    let faults = faults();
    for fault in &faults {
        tell_at_exit(&format!("at the end of the process, {fault}"));
    }
    let find = || Ledger::process().find_among(|entry| level(entry.leaks()) != Leaks::Off).err();
    // A library's own thread may still be about to close what it has.
    quiesce::wait_while(|| find().is_some_and(|report| report.leaks().iter().any(|entry| !entry.ends_with_its_test())));
    let found = find();
    if let Some(report) = &found {
        tell_at_exit(&format!("at the end of the process, {report}"));
    }
    let acts = std::mem::take(&mut *LAST_ACTS.lock().unwrap_or_else(PoisonError::into_inner));
    for act in acts {
        act();
    }
    let leaks = found.as_ref().map_or(&[][..], |report| report.leaks());
    registry::end(leaks, &faults);
    let denied = leaks.iter().any(|entry| level(entry.leaks()) == Leaks::Deny);
    let unsure = !faults.is_empty() && level(None) == Leaks::Deny;
    denied || unsure
}

/// Why the check cannot be relied on.
fn faults() -> Vec<String> {
    let mut faults = Vec::new();
    if let Err(error) = Settings::get() {
        faults.push(chain(&error));
    }
    if !STARTED.load(Ordering::Relaxed) && !cfg!(miri) {
        faults.push("the ledger was not started when the program was loaded, so leaks may have been missed".to_owned());
    }
    faults.extend(hook::fault().map(str::to_owned));
    faults
}
