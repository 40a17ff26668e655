//! Which test aborts the process: its thread writes a line to the journal before it dies.
//!
//! A signal handler may neither allocate nor lock, so each thread of a test has its line ready.

use super::line::Line;
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

/// The journal; -1 without one.
static JOURNAL: AtomicI32 = AtomicI32::new(-1);

/// The handler before ours; 0 is the default, which ends the process.
static PREVIOUS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static LINE: Cell<&'static [u8]> = const { Cell::new(&[]) };
}

const SIGABRT: c_int = 6;

// SAFETY: the C library has these functions with these types (POSIX), a handler being an address.
unsafe extern "C" {
    fn signal(number: c_int, handler: usize) -> usize;
    safe fn raise(number: c_int) -> c_int;
    fn write(file: c_int, from: *const c_void, length: usize) -> isize;
}

/// Has a thread that aborts the process write its line to this file, which stays open.
pub(super) fn watch(journal: c_int) {
    JOURNAL.store(journal, Ordering::Relaxed);
    // SAFETY: the handler is a function of this type, which lives as long as the program, and calls only what a handler may.
    let previous = unsafe { signal(SIGABRT, aborting as extern "C" fn(c_int) as usize) };
    PREVIOUS.store(previous, Ordering::Relaxed);
}

/// Whether lines are wanted.
pub(super) fn is_watched() -> bool {
    JOURNAL.load(Ordering::Relaxed) >= 0
}

/// Sets the test of this thread. Its line stays in memory.
pub(super) fn set_test(test: &str) {
    let line = Line::new("aborted").field(test).finish();
    let _ = LINE.try_with(|own| own.set(line.leak()));
}

/// Leaves the rest to the handler before it: the signal comes again when this one returns.
extern "C" fn aborting(_: c_int) {
    let line = LINE.try_with(Cell::get).unwrap_or_default();
    if !line.is_empty() {
        // SAFETY: the bytes live as long as the program; `write` may be called in a signal handler.
        unsafe { write(JOURNAL.load(Ordering::Relaxed), line.as_ptr().cast(), line.len()) };
    }
    // SAFETY: a handler may call it, and this one was set before.
    unsafe { signal(SIGABRT, PREVIOUS.load(Ordering::Relaxed)) };
    raise(SIGABRT);
}
