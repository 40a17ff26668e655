//! Limits on the work of a connection's statements.

use rusqlite::{Connection, ffi};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Sets a [limit](https://sqlite.org/c3ref/limit.html) of a connection, and returns what it was; `None` changes nothing.
///
/// By SQLite's own function, since rusqlite's differs before 0.34.
pub(crate) fn limit(connection: &Connection, which: c_int, new: Option<c_int>) -> c_int {
    // SAFETY: the handle is open, since a connection holds it, and this thread has it, since a connection is not `Sync`.
    unsafe { ffi::sqlite3_limit(connection.handle(), which, new.unwrap_or(-1)) }
}

/// How much work the statements of a connection may do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExecutionLimits {
    /// How long the thread may compute, in all.
    pub time: Duration,
    /// By how many bytes [SQLite's memory](https://sqlite.org/c3ref/memory_highwater.html) may grow, in all.
    pub memory: i64,
}

/// The limit that a statement exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exceeded {
    Steps,
    Time,
    Memory,
}

/// While it lives, a statement that exceeds a limit ends with `SQLITE_INTERRUPT`.
///
/// It replaces the connection's own [progress handler](https://sqlite.org/c3ref/progress_handler.html), if there is one. SQLite
/// calls it between two instructions of its virtual machine: a single call of a function cannot be interrupted.
#[derive(Debug)]
pub(crate) struct ExecutionLimiter<'c> {
    connection: &'c Connection,
    /// The handler has its address.
    state: Rc<State>,
}

#[derive(Debug)]
struct State {
    limits: ExecutionLimits,
    /// How many instructions SQLite executes between two calls of the handler.
    ops_per_callback: u16,
    steps_left: Cell<u32>,
    /// How many statements have begun since time and memory were measured.
    begun: Cell<u8>,
    /// When time and memory were measured last: that costs more than a call of the handler.
    measured: Cell<Instant>,
    started: Duration,
    memory: i64,
    exceeded: Cell<Option<Exceeded>>,
}

/// How many statements may begin between two looks at the clock, which costs as much as a short statement.
const BEGUN: u8 = 16;

/// How long time and memory are not measured again.
const INTERVAL: Duration = Duration::from_millis(20);

impl<'c> ExecutionLimiter<'c> {
    /// Limits what follows. Time and memory are counted from here.
    pub(crate) fn new(connection: &'c Connection, limits: ExecutionLimits, ops_per_callback: u16) -> Self {
        let state = Rc::new(State {
            limits,
            ops_per_callback,
            steps_left: Cell::new(u32::MAX),
            begun: Cell::new(0),
            measured: Cell::new(Instant::now()),
            started: cpu_time(),
            memory: memory(),
            exceeded: Cell::new(None),
        });
        // SAFETY: the handle is open, since a connection holds it; the state lives until the handler is removed, and only this
        // thread uses the connection, since it is not `Sync`.
        unsafe {
            let state = Rc::as_ptr(&state).cast_mut().cast();
            ffi::sqlite3_progress_handler(connection.handle(), ops_per_callback.into(), Some(on_progress), state);
        }
        Self { connection, state }
    }

    /// Begins the next statement, which may take this many steps. Returns the limit that is exceeded already: a statement
    /// that is shorter than the handler's interval does not notice.
    pub(crate) fn begin(&self, steps: u32) -> Option<Exceeded> {
        self.state.steps_left.set(steps);
        let is_due = self.state.begun.get() >= BEGUN;
        self.state.begun.set(if is_due { 0 } else { self.state.begun.get() + 1 });
        self.state.exceeded.set(if is_due { self.state.measure() } else { None });
        self.exceeded()
    }

    /// The limit that ended the last statement.
    pub(crate) fn exceeded(&self) -> Option<Exceeded> {
        self.state.exceeded.get()
    }
}

impl Drop for ExecutionLimiter<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is open, since a connection holds it. After this SQLite does not use the state any more.
        unsafe { ffi::sqlite3_progress_handler(self.connection.handle(), 0, None, ptr::null_mut()) }
    }
}

impl State {
    fn progress(&self) -> Option<Exceeded> {
        let Some(left) = self.steps_left.get().checked_sub(self.ops_per_callback.into()) else {
            return Some(Exceeded::Steps);
        };
        self.steps_left.set(left);
        self.measure()
    }

    fn measure(&self) -> Option<Exceeded> {
        if self.measured.get().elapsed() < INTERVAL {
            return None;
        }
        self.measured.set(Instant::now());
        if cpu_time().saturating_sub(self.started) > self.limits.time {
            Some(Exceeded::Time)
        } else if memory().saturating_sub(self.memory) > self.limits.memory {
            Some(Exceeded::Memory)
        } else {
            None
        }
    }
}

/// Anything but 0 interrupts the statement.
unsafe extern "C" fn on_progress(state: *mut c_void) -> c_int {
    // SAFETY: it is the state of a limiter that lives, since that removes the handler when it is dropped.
    let state = unsafe { &*state.cast::<State>() };
    state.exceeded.set(state.progress());
    state.exceeded.get().is_some().into()
}

/// The CPU time of this thread: time in which it was stopped, or others ran, does not count.
#[cfg(target_os = "linux")]
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// The time since the first call: the nearest to CPU time that the standard library has.
#[cfg(not(target_os = "linux"))]
fn cpu_time() -> Duration {
    static FIRST: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed()
}

/// How many bytes SQLite holds in the whole process.
fn memory() -> i64 {
    // SAFETY: it only reads a counter, under SQLite's own lock.
    unsafe { ffi::sqlite3_memory_used() }
}

#[cfg(test)]
#[path = "../../../tests/unit/sqlite_limits.rs"]
mod tests;
