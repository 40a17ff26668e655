//! Work that may not go on for ever.

use rusqlite::{Connection, ffi};
use std::{
    cell::Cell,
    ffi::{c_int, c_void},
    ptr,
    rc::Rc,
    time::{Duration, Instant},
};

/// How far the statements of a connection may go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// How many steps of [SQLite's machine](https://sqlite.org/opcode.html) a statement may take.
    pub steps: u32,
    /// How long the thread may compute, in all.
    pub time: Duration,
    /// By how many bytes [SQLite's memory](https://sqlite.org/c3ref/memory_highwater.html) may grow, in all.
    pub memory: i64,
}

/// What a statement went beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    Steps,
    Time,
    Memory,
}

/// While it lives, a statement that goes beyond its [`Bounds`] ends with `SQLITE_INTERRUPT`.
///
/// It takes the place of a [progress handler](https://sqlite.org/c3ref/progress_handler.html) of the connection. SQLite asks it
/// between two steps: a call of a function is one, however long it takes.
#[derive(Debug)]
pub(crate) struct Work<'c> {
    connection: &'c Connection,
    /// The handler has its address.
    state: Rc<State>,
}

#[derive(Debug)]
struct State {
    bounds: Bounds,
    /// How many steps there are from one rest to the next, which is when SQLite asks whether to go on; 0 for no rests.
    pace: Cell<u16>,
    /// How many steps the statement has left.
    left: Cell<u32>,
    /// How many statements have begun since time and memory were looked at.
    begun: Cell<u8>,
    /// When time and memory were looked at last: that costs more than a rest.
    looked: Cell<Instant>,
    started: Duration,
    memory: i64,
    reached: Cell<Option<Bound>>,
}

/// The pace up to which a single step may take long.
const SLOW: u16 = 10;

/// How many statements may begin from one look at the clock to the next.
const BEGUN: u8 = 16;

/// How long after one look at time and memory the next is.
const LOOK: Duration = Duration::from_millis(20);

impl<'c> Work<'c> {
    /// Work within these bounds. Time and memory count from here.
    pub(crate) fn within(connection: &'c Connection, bounds: Bounds) -> Self {
        let state = Rc::new(State {
            bounds,
            pace: Cell::new(0),
            left: Cell::new(bounds.steps),
            begun: Cell::new(0),
            looked: Cell::new(Instant::now()),
            started: computed(),
            memory: memory(),
            reached: Cell::new(None),
        });
        Self { connection, state }
    }

    /// Begins the next statement, which rests after every `pace` steps: the longer one step may take, the fewer. Gives the bound that
    /// was reached before, which a statement without a rest does not see.
    pub(crate) fn begin(&self, pace: u16) -> Option<Bound> {
        self.begin_with(self.state.bounds.steps, pace)
    }

    /// Likewise, a statement that may take as many steps as it needs.
    pub(crate) fn begin_long(&self, pace: u16) -> Option<Bound> {
        self.begin_with(u32::MAX, pace)
    }

    fn begin_with(&self, steps: u32, pace: u16) -> Option<Bound> {
        self.state.left.set(steps);
        // Even the clock costs as much as a short statement.
        let is_due = pace <= SLOW || self.state.begun.get() >= BEGUN;
        self.state.begun.set(if is_due { 0 } else { self.state.begun.get() + 1 });
        self.state.reached.set(if is_due { self.state.look() } else { None });
        self.rest_each(pace);
        self.reached()
    }

    /// Lets what follows do what it does.
    pub(crate) fn end(&self) {
        self.rest_each(0);
    }

    /// The bound that has ended the last statement.
    pub(crate) fn reached(&self) -> Option<Bound> {
        self.state.reached.get()
    }

    fn rest_each(&self, pace: u16) {
        if self.state.pace.replace(pace) == pace {
            return;
        }
        // SAFETY: the handle is open, since a connection holds it; the state lives until the handler is taken back, and only this
        // thread has the connection, since it is not `Sync`. A pace of 0 takes it back.
        unsafe {
            let state = Rc::as_ptr(&self.state).cast_mut().cast();
            ffi::sqlite3_progress_handler(self.connection.handle(), pace.into(), Some(rest), state);
        }
    }
}

impl Drop for Work<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is open, since a connection holds it. After this SQLite does not know the state any more.
        unsafe { ffi::sqlite3_progress_handler(self.connection.handle(), 0, None, ptr::null_mut()) }
    }
}

impl State {
    /// What has been gone beyond by now.
    fn beyond(&self) -> Option<Bound> {
        let Some(left) = self.left.get().checked_sub(self.pace.get().into()) else { return Some(Bound::Steps) };
        self.left.set(left);
        self.look()
    }

    /// What has been gone beyond of time and memory, which are looked at now and then.
    fn look(&self) -> Option<Bound> {
        if self.looked.get().elapsed() < LOOK {
            return None;
        }
        self.looked.set(Instant::now());
        if computed().saturating_sub(self.started) > self.bounds.time {
            Some(Bound::Time)
        } else if memory().saturating_sub(self.memory) > self.bounds.memory {
            Some(Bound::Memory)
        } else {
            None
        }
    }
}

/// Anything but 0 ends the statement.
unsafe extern "C" fn rest(state: *mut c_void) -> c_int {
    // SAFETY: it is the state of a `Work` that lives, since it takes the handler back when it is dropped.
    let state = unsafe { &*state.cast::<State>() };
    state.reached.set(state.beyond());
    state.reached.get().is_some().into()
}

/// How long this thread has computed: time in which it was stopped, or others ran, does not count.
#[cfg(target_os = "linux")]
fn computed() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// How long it is since the first call: the nearest to it that the standard library has.
#[cfg(not(target_os = "linux"))]
fn computed() -> Duration {
    static FIRST: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed()
}

/// How many bytes SQLite holds, in the whole process.
fn memory() -> i64 {
    // SAFETY: it only reads a counter, under SQLite's own lock.
    unsafe { ffi::sqlite3_memory_used() }
}

#[cfg(test)]
mod tests {
    use super::{Bound, Bounds, Work};
    use rusqlite::{Connection, ErrorCode};
    use std::time::Duration;

    const WIDE: Bounds = Bounds { steps: u32::MAX, time: Duration::MAX, memory: i64::MAX };

    fn endless(connection: &Connection) -> rusqlite::Result<i64> {
        let sql = "WITH RECURSIVE n (a) AS (VALUES (1) UNION ALL SELECT a + 1 FROM n) SELECT count(*) FROM n";
        connection.query_row(sql, [], |row| row.get(0))
    }

    fn long(connection: &Connection) -> rusqlite::Result<i64> {
        let sql =
            "WITH RECURSIVE n (a) AS (VALUES (1) UNION ALL SELECT a + 1 FROM n LIMIT 20000) SELECT count(*) FROM n";
        connection.query_row(sql, [], |row| row.get(0))
    }

    fn is_interrupted<T>(ended: rusqlite::Result<T>) -> bool {
        ended.is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted))
    }

    #[test]
    fn a_statement_without_end_ends_and_the_next_begins_anew() {
        let connection = Connection::open_in_memory().unwrap();
        for pace in [1, 10, 1_000] {
            let work = Work::within(&connection, Bounds { steps: 1_000_000, ..WIDE });
            for _ in 0..3 {
                assert_eq!(work.begin(pace), None);
                assert!(is_interrupted(endless(&connection)));
                assert_eq!(work.reached(), Some(Bound::Steps));
                assert_eq!(work.begin(pace), None);
                assert_eq!(long(&connection).unwrap(), 20_000);
            }
            work.begin_long(pace);
            for _ in 0..10 {
                assert_eq!(long(&connection).unwrap(), 20_000);
            }
        }
        for _ in 0..10 {
            assert_eq!(long(&connection).unwrap(), 20_000, "all together are more than a million steps");
        }
    }

    #[test]
    fn many_statements_together_end_when_their_time_is_over() {
        let connection = Connection::open_in_memory().unwrap();
        let work = Work::within(&connection, Bounds { time: Duration::from_millis(100), ..WIDE });
        let mut statements = 0;
        while work.begin(1_000).is_none() && long(&connection).is_ok() {
            statements += 1;
        }
        assert_eq!(work.reached(), Some(Bound::Time));
        assert!(statements > 1, "no single one takes so long");
    }

    #[test]
    fn statements_without_a_rest_end_when_their_time_is_over() {
        let connection = Connection::open_in_memory().unwrap();
        let work = Work::within(&connection, Bounds { time: Duration::from_millis(100), ..WIDE });
        let mut statements = 0;
        while work.begin(1_000).is_none() {
            connection.query_row("SELECT length(hex(zeroblob(1000000)))", [], |row| row.get::<_, i64>(0)).unwrap();
            statements += 1;
        }
        assert_eq!(work.reached(), Some(Bound::Time));
        assert!(statements > 1);
    }

    #[test]
    fn a_statement_that_fills_the_memory_ends() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (a); PRAGMA temp_store = MEMORY").unwrap();
        let work = Work::within(&connection, Bounds { memory: 64 << 20, ..WIDE });
        for sql in ["CREATE TEMP TABLE filled AS", "INSERT INTO t"] {
            let reached = work.begin(1_000);
            let filled = "WITH RECURSIVE n (a) AS (VALUES (1) UNION ALL SELECT a + 1 FROM n)
                SELECT zeroblob(10000) FROM n";
            assert!(reached.is_some() || is_interrupted(connection.execute(&format!("{sql} {filled}"), [])));
            assert_eq!(work.reached(), Some(Bound::Memory), "{sql}");
        }
    }
}
