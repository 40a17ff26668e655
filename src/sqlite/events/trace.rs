//! What SQLite says of a handle's statements: [`sqlite3_trace_v2`](https://sqlite.org/c3ref/trace_v2.html).

use crate::sqlite::files::{DatabaseFile, attached_files};
use crate::sqlite::handle::statements_of;
use rusqlite::{Connection, ffi};
use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

// SAFETY: SQLite has these functions with these types since 3.34 and 3.39. The bindings to the system's library do not have them.
unsafe extern "C" {
    fn sqlite3_txn_state(db: *mut ffi::sqlite3, schema: *const c_char) -> c_int;
    fn sqlite3_db_name(db: *mut ffi::sqlite3, number: c_int) -> *const c_char;
}

/// `SQLITE_STMTSTATUS_RUN`, which the bindings to an older library do not have.
const RUN: c_int = 6;

/// What is called with each event of one handle, on the thread that uses the handle.
pub(crate) trait Tracer: Send + Sync {
    /// A statement is run; not one that a trigger or a virtual table runs.
    fn begins(&self, statement: &Running);

    /// Its run has ended: it is done, has failed, or was reset. Reported for [`Events::All`].
    fn ends(&self, statement: &Running);

    /// The handle is about to be closed, if SQLite does not refuse.
    fn closes(&self, handle: &OpenHandle);
}

/// Which events are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Events {
    /// The close alone.
    Close,
    /// Beginnings of statements, and the close.
    Begin,
    /// Their ends too, for which SQLite asks twice what time it is.
    All,
}

/// Reports the events of a handle to `tracer`. Replaces what was traced before.
///
/// # Safety
/// The handle is open, no other thread uses it, and `tracer` lives until SQLite has freed it.
pub(crate) unsafe fn trace<T: Tracer>(handle: *mut ffi::sqlite3, tracer: *const T, events: Events) {
    // SAFETY: as promised by the caller.
    unsafe { set_trace(handle, traced::<T>, tracer.cast_mut().cast(), events) };
}

type Callback = unsafe extern "C" fn(c_uint, *mut c_void, *mut c_void, *mut c_void) -> c_int;

/// # Safety
/// The handle is open, no other thread uses it, and the callback can be called with `tracer` until SQLite has freed it.
unsafe fn set_trace(handle: *mut ffi::sqlite3, callback: Callback, tracer: *mut c_void, events: Events) {
    let mask = match events {
        Events::Close => ffi::SQLITE_TRACE_CLOSE,
        Events::Begin => ffi::SQLITE_TRACE_CLOSE | ffi::SQLITE_TRACE_STMT,
        Events::All => ffi::SQLITE_TRACE_CLOSE | ffi::SQLITE_TRACE_STMT | ffi::SQLITE_TRACE_PROFILE,
    };
    // SAFETY: as promised by the caller.
    unsafe { ffi::sqlite3_trace_v2(handle, mask as c_uint, Some(callback), tracer) };
}

unsafe extern "C" fn traced<T: Tracer>(
    event: c_uint,
    context: *mut c_void,
    object: *mut c_void,
    more: *mut c_void,
) -> c_int {
    const STMT: c_uint = ffi::SQLITE_TRACE_STMT as c_uint;
    const PROFILE: c_uint = ffi::SQLITE_TRACE_PROFILE as c_uint;
    const CLOSE: c_uint = ffi::SQLITE_TRACE_CLOSE as c_uint;
    let report = || {
        // SAFETY: SQLite passes the pointer that `trace` got, and a statement or handle that no other thread uses during the
        // call. For a statement of a trigger or a virtual table it passes a comment instead of the statement's own text.
        unsafe {
            let tracer = &*context.cast::<T>();
            let running = || Running { statement: object.cast(), callback: traced::<T>, tracer: context };
            match event {
                STMT if ffi::sqlite3_sql(object.cast()) == more.cast::<c_char>().cast_const() => {
                    tracer.begins(&running());
                }
                PROFILE => tracer.ends(&running()),
                CLOSE => tracer.closes(&OpenHandle(object.cast())),
                _ => {}
            }
        }
    };
    // A panic must not cross into SQLite.
    let _ = catch_unwind(AssertUnwindSafe(report));
    0
}

/// A statement during the report of its beginning or end.
pub(crate) struct Running {
    statement: *mut ffi::sqlite3_stmt,
    callback: Callback,
    tracer: *mut c_void,
}

// SAFETY (of the blocks below): a `Running` or `OpenHandle` exists only during a report, in which SQLite guarantees that the
// statement and its handle are valid and used by this thread alone. What SQLite returns is copied or borrowed for that time.
impl Running {
    /// Which statement it is, for comparison only.
    pub(crate) fn address(&self) -> usize {
        self.statement.addr()
    }

    /// Its text, without values.
    pub(crate) fn text(&self) -> &[u8] {
        // SAFETY: see above.
        unsafe {
            let text = ffi::sqlite3_sql(self.statement);
            if text.is_null() { &[] } else { CStr::from_ptr(text).to_bytes() }
        }
    }

    /// Its text with its values, cut to so many bytes, and the length of the whole.
    pub(crate) fn expanded(&self, max: usize) -> Option<(Vec<u8>, usize)> {
        // SAFETY: see above; SQLite allocates the text, which is copied and freed here.
        unsafe {
            let text = ffi::sqlite3_expanded_sql(self.statement);
            if text.is_null() {
                return None;
            }
            let bytes = CStr::from_ptr(text).to_bytes();
            let copy = (bytes[..bytes.len().min(max)].to_vec(), bytes.len());
            ffi::sqlite3_free(text.cast());
            Some(copy)
        }
    }

    pub(crate) fn is_readonly(&self) -> bool {
        // SAFETY: see above.
        unsafe { ffi::sqlite3_stmt_readonly(self.statement) != 0 }
    }

    /// Whether it ends because SQLite refused it a lock: neither done, nor failed, nor at a row when it was reset.
    pub(crate) fn is_refused(&self) -> bool {
        // SAFETY: see above.
        unsafe { ffi::sqlite3_stmt_busy(self.statement) != 0 && ffi::sqlite3_data_count(self.statement) == 0 }
    }

    /// How often it has run before.
    pub(crate) fn runs(&self) -> usize {
        // SAFETY: see above.
        let runs = unsafe { ffi::sqlite3_stmt_status(self.statement, RUN, 0) };
        usize::try_from(runs).unwrap_or_default()
    }

    /// Its steps in SQLite's virtual machine, up to the last return of `sqlite3_step`.
    pub(crate) fn steps(&self) -> usize {
        // SAFETY: see above.
        let steps = unsafe { ffi::sqlite3_stmt_status(self.statement, ffi::SQLITE_STMTSTATUS_VM_STEP as c_int, 0) };
        usize::try_from(steps).unwrap_or_default()
    }

    /// Its steps in full scans so far.
    pub(crate) fn scan_steps(&self) -> usize {
        // SAFETY: see above.
        let steps =
            unsafe { ffi::sqlite3_stmt_status(self.statement, ffi::SQLITE_STMTSTATUS_FULLSCAN_STEP as c_int, 0) };
        usize::try_from(steps).unwrap_or_default()
    }

    /// Reports the ends of statements too, or no longer: from the next one on.
    pub(crate) fn report_ends(&self, ends: bool) {
        let events = if ends { Events::All } else { Events::Begin };
        // SAFETY: see above; what is traced stays the same.
        unsafe { set_trace(ffi::sqlite3_db_handle(self.statement), self.callback, self.tracer, events) };
    }

    pub(crate) fn handle(&self) -> OpenHandle {
        // SAFETY: see above.
        OpenHandle(unsafe { ffi::sqlite3_db_handle(self.statement) })
    }
}

/// The [state of a transaction](https://sqlite.org/c3ref/txn_state.html) on one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Transaction {
    #[default]
    None,
    Read,
    Write,
}

/// A handle during a report.
pub(crate) struct OpenHandle(*mut ffi::sqlite3);

impl OpenHandle {
    /// Whether no explicit transaction is open.
    pub(crate) fn is_autocommit(&self) -> bool {
        // SAFETY: see above.
        unsafe { ffi::sqlite3_get_autocommit(self.0) != 0 }
    }

    /// How many rows were changed since the handle was opened, modulo 2^32.
    pub(crate) fn total_changes(&self) -> u32 {
        // SAFETY: see above.
        unsafe { ffi::sqlite3_total_changes(self.0) }.cast_unsigned()
    }

    /// Whether it has a transaction that writes to its main database.
    pub(crate) fn is_writing(&self) -> bool {
        // SAFETY: see above.
        state(unsafe { sqlite3_txn_state(self.0, c"main".as_ptr()) }) == Transaction::Write
    }

    /// The transactions on the main database and the attached ones, not that on temporary tables, which nobody else locks.
    pub(crate) fn transactions(&self) -> Vec<Transaction> {
        let mut states = Vec::new();
        for number in (0..).filter(|number| *number != 1) {
            // SAFETY: see above.
            unsafe {
                let name = sqlite3_db_name(self.0, number);
                if name.is_null() {
                    break;
                }
                states.push(state(sqlite3_txn_state(self.0, name)));
            }
        }
        states
    }

    /// The names of the attached databases, and their files.
    pub(crate) fn attached(&self) -> Vec<(CString, String)> {
        let mut found = Vec::new();
        for number in 2.. {
            // SAFETY: see above; the names are copied.
            unsafe {
                let name = sqlite3_db_name(self.0, number);
                if name.is_null() {
                    break;
                }
                let file = ffi::sqlite3_db_filename(self.0, name);
                if !file.is_null() {
                    found.push((CStr::from_ptr(name).to_owned(), CStr::from_ptr(file).to_string_lossy().into_owned()));
                }
            }
        }
        found
    }

    /// Passes an operation to the [file of a database](https://sqlite.org/c3ref/file_control.html).
    ///
    /// # Safety
    /// The argument is what the operation takes.
    pub(crate) unsafe fn control(&self, schema: &CStr, operation: c_int, argument: *mut c_void) {
        // SAFETY: see above, and as promised by the caller.
        unsafe { ffi::sqlite3_file_control(self.0, schema.as_ptr(), operation, argument) };
    }

    /// The code and the message of the error that the last call returned, if it was one.
    pub(crate) fn last_error(&self) -> Option<(c_int, String)> {
        // SAFETY: see above.
        unsafe {
            let code = ffi::sqlite3_extended_errcode(self.0);
            if matches!(code & 0xff, ffi::SQLITE_OK | ffi::SQLITE_ROW | ffi::SQLITE_DONE) {
                return None;
            }
            Some((code, CStr::from_ptr(ffi::sqlite3_errmsg(self.0)).to_string_lossy().into_owned()))
        }
    }

    /// A connection that borrows it, for statements of our own during the report; they are not reported.
    pub(crate) fn connection(&self) -> rusqlite::Result<Connection> {
        // SAFETY: see above; it does not close the handle.
        unsafe { Connection::from_handle(self.0) }
    }

    /// The SQL of its unfinished statements.
    pub(crate) fn statements(&self) -> Vec<String> {
        // SAFETY: see above.
        unsafe { statements_of(self.0) }
    }

    pub(crate) fn attached_files(&self) -> Vec<DatabaseFile> {
        // SAFETY: see above.
        unsafe { attached_files(self.0) }
    }
}

fn state(number: c_int) -> Transaction {
    match number {
        1 => Transaction::Read,
        2 => Transaction::Write,
        _ => Transaction::None,
    }
}
