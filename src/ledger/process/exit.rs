//! The check at exit, which decides the exit code of the process.
//!
//! `Drop` cannot see a guard that was forgotten, is in a static, or is on another thread; nor can it undo a `#[should_panic]` that
//! a leak's own panic satisfied. The C library's exit hook can: it prints what is open, and turns success into failure. With
//! glibc, which passes the status to the hook, a failure keeps its own status.

use super::quiesce;
use crate::ledger::{Entry, Ledger, faults, hook, level, level_of_run, outside, registry, write_stderr};
use crate::position::chain;
use crate::settings::{Leaks, OUTSIDE, Settings};
use crate::storage;
use std::ffi::c_int;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
use std::ffi::c_void;
use std::panic::catch_unwind;
use std::process;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// The exit code when all tests passed and a session was left open: that of a failed libtest.
const FAILED: c_int = 101;

/// The process that registered the hook. A forked child runs it too, though the sessions are its parent's.
static OWNER: AtomicU32 = AtomicU32::new(0);

/// Whether the ledger was started when the program was loaded.
static STARTED: AtomicBool = AtomicBool::new(false);

/// Registers the check, after which temporary folders are removed. Idempotent.
pub(crate) fn register() {
    static REGISTER: Once = Once::new();
    REGISTER.call_once(|| {
        OWNER.store(process::id(), Ordering::Relaxed);
        register_hook();
    });
}

pub(super) fn set_started() {
    STARTED.store(true, Ordering::Relaxed);
}

/// Ends the process at once, as failed: leaks could no longer be reported.
pub(super) fn fail(fault: &str) -> ! {
    write_stderr(fault);
    _exit(FAILED)
}

// SAFETY: the C library has these functions with these types: `on_exit` in glibc, `atexit` (C11 7.22.4.2) and `_exit` everywhere.
// They are safe to call: a function lives as long as the program, glibc passes the argument on and does not follow it, and
// nothing runs after `_exit`.
unsafe extern "C" {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    safe fn on_exit(hook: extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    safe fn atexit(hook: extern "C" fn()) -> c_int;
    safe fn _exit(status: c_int) -> !;
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn register_hook() {
    extern "C" fn hook(status: c_int, _: *mut c_void) {
        at_exit(status);
    }
    warn_unless(on_exit(hook, std::ptr::null_mut()) == 0);
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn register_hook() {
    extern "C" fn hook() {
        at_exit(0);
    }
    warn_unless(atexit(hook) == 0);
}

fn warn_unless(is_registered: bool) {
    if !is_registered {
        write_stderr("the check at the end of the process cannot be registered, so leaks may be missed");
    }
}

fn at_exit(status: c_int) {
    if OWNER.load(Ordering::Relaxed) != process::id() {
        return;
    }
    // A panic must not cross into the C library.
    let failed = catch_unwind(check).unwrap_or_else(|_| fail("the check at exit panicked"));
    if failed && status == 0 {
        _exit(FAILED);
    }
}

/// Prints what is open, and returns whether the process has failed.
fn check() -> bool {
    let gaps = gaps();
    for gap in &gaps {
        write_stderr(&format!("at the end of the process, {gap}"));
    }
    let find = |is_checked: fn(&Entry) -> bool| Ledger::process().find_where(is_checked).err();
    let is_watched = |entry: &Entry| level(entry.leaks()) != Leaks::Off;
    // Another thread may be about to close what it has.
    quiesce::wait_while(|| find(is_watched).is_some());
    let is_reported = |entry: &Entry| !is_only_warned(entry) && level(entry.leaks()) != Leaks::Off;
    let report = find(is_reported);
    if let Some(report) = &report {
        write_stderr(&format!("at the end of the process, {report}"));
    }
    let warned = find(is_only_warned);
    if let Some(warned) = &warned {
        write_stderr(&warned.as_warning());
    }
    let (found, is_found_red) = faults::report();
    if let Some(report) = &found {
        write_stderr(&format!("at the end of the process, {report}"));
    }
    storage::remove_all();
    let [red, foreign] = [&report, &warned].map(|report| report.as_ref().map_or(&[][..], |report| report.leaks()));
    registry::end_journal(red.iter().chain(foreign), &gaps);
    let is_denied = red.iter().any(|entry| level(entry.leaks()) == Leaks::Deny);
    let is_checked = level(None) == Leaks::Deny || outside::level().is_denied();
    is_denied || is_found_red || !gaps.is_empty() && is_checked
}

/// Whether a connection is worth a warning, where nobody has asked for more.
fn is_only_warned(entry: &Entry) -> bool {
    entry.is_foreign() && level_of_run().is_none()
}

/// Why the check may be incomplete.
fn gaps() -> Vec<String> {
    let mut gaps = Vec::new();
    if let Err(error) = Settings::get() {
        gaps.push(chain(&error));
    }
    if !STARTED.load(Ordering::Relaxed) && !cfg!(miri) {
        gaps.push("the ledger was not started when the program was loaded, so leaks may have been missed".to_owned());
    }
    if outside::level().is_denied() && !hook::is_started() {
        gaps.push(format!("SQLite does not report its connections, so {OUTSIDE} could not refuse any file"));
    }
    gaps.extend(hook::fault().map(str::to_owned));
    gaps
}
