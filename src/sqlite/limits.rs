//! Limits on the work of a connection's statements.

use rusqlite::{Connection, ffi};
use std::{
    cell::Cell,
    ffi::{c_int, c_void},
    ptr,
    rc::Rc,
    time::{Duration, Instant},
};

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
mod tests {
    use super::{Exceeded, ExecutionLimiter, ExecutionLimits};
    use rusqlite::{Connection, ErrorCode};
    use std::time::Duration;

    const WIDE: ExecutionLimits = ExecutionLimits { time: Duration::MAX, memory: i64::MAX };

    fn endless(connection: &Connection) -> rusqlite::Result<i64> {
        let sql = "WITH RECURSIVE n (a) AS (VALUES (1) UNION ALL SELECT a + 1 FROM n) SELECT count(*) FROM n";
        connection.query_row(sql, [], |row| row.get(0))
    }

    fn long(connection: &Connection) -> rusqlite::Result<i64> {
        let sql =
            "WITH RECURSIVE n (a) AS (VALUES (1) UNION ALL SELECT a + 1 FROM n LIMIT 20000) SELECT count(*) FROM n";
        connection.query_row(sql, [], |row| row.get(0))
    }

    fn is_interrupted<T>(result: rusqlite::Result<T>) -> bool {
        result.is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted))
    }

    #[test]
    fn endless_statement_is_interrupted_and_the_next_begins_anew() {
        let connection = Connection::open_in_memory().unwrap();
        for ops_per_callback in [1, 10, 1_000] {
            let limiter = ExecutionLimiter::new(&connection, WIDE, ops_per_callback);
            for _ in 0..3 {
                assert_eq!(limiter.begin(1_000_000), None);
                assert!(is_interrupted(endless(&connection)));
                assert_eq!(limiter.exceeded(), Some(Exceeded::Steps));
                assert_eq!(limiter.begin(1_000_000), None);
                assert_eq!(long(&connection).unwrap(), 20_000);
            }
            limiter.begin(u32::MAX);
            for _ in 0..10 {
                assert_eq!(long(&connection).unwrap(), 20_000);
            }
        }
        for _ in 0..10 {
            assert_eq!(long(&connection).unwrap(), 20_000, "all together are more than a million steps");
        }
    }

    #[test]
    fn many_statements_share_their_time() {
        let connection = Connection::open_in_memory().unwrap();
        for sql in [
            "SELECT length(hex(zeroblob(1000000)))",
            "SELECT sum(length(hex(zeroblob(100000)))) FROM pragma_function_list",
        ] {
            let limits = ExecutionLimits { time: Duration::from_millis(100), ..WIDE };
            let limiter = ExecutionLimiter::new(&connection, limits, 1_000);
            let mut statements = 0;
            while limiter.begin(u32::MAX).is_none() && connection.query_row(sql, [], |row| row.get::<_, i64>(0)).is_ok()
            {
                statements += 1;
            }
            assert_eq!(limiter.exceeded(), Some(Exceeded::Time));
            assert!(statements > 0, "no single one takes so long");
        }
    }

    #[test]
    fn statement_that_fills_the_memory_is_interrupted() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (a); PRAGMA temp_store = MEMORY").unwrap();
        let limiter = ExecutionLimiter::new(&connection, ExecutionLimits { memory: 64 << 20, ..WIDE }, 64);
        for sql in ["CREATE TEMP TABLE filled AS", "INSERT INTO t"] {
            let exceeded = limiter.begin(u32::MAX);
            let filled = "WITH RECURSIVE n (a) AS (VALUES (1) UNION ALL SELECT a + 1 FROM n)
                SELECT zeroblob(10000) FROM n";
            assert!(exceeded.is_some() || is_interrupted(connection.execute(&format!("{sql} {filled}"), [])));
            assert_eq!(limiter.exceeded(), Some(Exceeded::Memory), "{sql}");
        }
    }
}
