//! SQLite's own reports: every handle that is opened in the process, by any code, and the moment that it is freed.
//!
//! SQLite calls an [automatic extension](https://sqlite.org/c3ref/auto_extension.html) for each handle that is opened. Ours adds a
//! function to the handle, whose [destructor](https://sqlite.org/c3ref/create_function.html) SQLite calls when it frees the
//! handle, not when a close was only requested. Handles that were opened before, and those of a second copy of SQLite, are not
//! reported.

use super::entry::{Client, Opener};
use super::registry::EngineRecord;
use super::stack::{Stack, addresses};
use super::{State, outside, registry, test_name};
use crate::sqlite::{self, DIRECTONLY, Events, OpenHandle, Running, Tracer, is_untracked, main_file};
use crate::vfs;
use rusqlite::ffi::{sqlite3, sqlite3_api_routines, sqlite3_context, sqlite3_value};
use rusqlite::{Connection, ffi};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{ptr, thread};

/// The function that each handle gets. Its name has our version, because two versions of the crate may be in one process.
const NAME: &str = concat!("sqlite_fixtures_", env!("CARGO_PKG_VERSION"), "\0");

static STARTED: AtomicBool = AtomicBool::new(false);
/// Whether a handle was opened without a report.
static MISSED: AtomicBool = AtomicBool::new(false);
static PROBE_FREED: AtomicBool = AtomicBool::new(false);

/// What the handle is that this thread opens next.
#[derive(Clone, Copy)]
pub(super) enum NextHandle {
    Client,
    /// That of the session with this number.
    Session(u64),
    /// That of [`fault`].
    Probe,
    /// It was a session or the probe, which is open now; the next one is a client's.
    Reported,
}

thread_local! {
    // `Copy`, so that it has no destructor and can be used at exit too.
    static NEXT: Cell<NextHandle> = const { Cell::new(NextHandle::Client) };
}

/// Runs `open`, whose first handle is `next`. Returns also whether SQLite reported that handle.
pub(super) fn open_as<T>(next: NextHandle, open: impl FnOnce() -> T) -> (T, bool) {
    struct Restore(NextHandle);
    impl Drop for Restore {
        fn drop(&mut self) {
            let next = NEXT.replace(self.0);
            if let NextHandle::Session(number) = next
                && thread::panicking()
            {
                registry::freed(number);
            }
        }
    }
    let _restore = Restore(NEXT.replace(next));
    let opened = open();
    (opened, matches!(NEXT.get(), NextHandle::Reported))
}

/// Makes SQLite report every handle from now on. Idempotent.
pub(super) fn start() -> rusqlite::Result<()> {
    if is_started() {
        return Ok(());
    }
    // SAFETY: `opened` opens no database, closes none, and leaves the list of extensions alone.
    let code = unsafe { ffi::sqlite3_auto_extension(Some(opened)) };
    if code != ffi::SQLITE_OK {
        return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
    }
    STARTED.store(true, Ordering::Relaxed);
    Ok(())
}

pub(super) fn is_started() -> bool {
    STARTED.load(Ordering::Relaxed)
}

/// Why SQLite's reports may be incomplete: found by opening a handle, whose opening and end must be reported.
pub(super) fn fault() -> Option<&'static str> {
    if !STARTED.load(Ordering::Relaxed) {
        return None;
    }
    let (probe, is_reported) = open_as(NextHandle::Probe, Connection::open_in_memory);
    // It may be an error: an extension of the user's may fail every opening.
    drop(probe);
    (MISSED.load(Ordering::Relaxed) || !is_reported || !PROBE_FREED.load(Ordering::Relaxed)).then_some(
        "SQLite no longer reports its handles, so leaks may have been missed: something called `sqlite3_reset_auto_extension` \
         or `sqlite3_shutdown`; cancel single extensions with `sqlite3_cancel_auto_extension` instead, and run a suite that \
         must configure SQLite itself with SQLITE_FIXTURES_LEAKS=off",
    )
}

/// Watches the handle of a session whose opening SQLite has not reported.
pub(super) fn watch_unreported(connection: &Connection, number: u64) {
    if STARTED.load(Ordering::Relaxed) {
        MISSED.store(true, Ordering::Relaxed);
    }
    // SAFETY: the handle is open, since a connection owns it, and no other thread has the connection.
    unsafe {
        watch(connection.handle(), number);
        trace(connection.handle(), number, false);
    }
}

/// Makes SQLite call [`freed`] with `number` when it frees the handle.
///
/// # Safety
/// `handle` is open, and no other thread uses it.
unsafe fn watch(handle: *mut sqlite3, number: u64) {
    let flags = ffi::SQLITE_UTF8 | DIRECTONLY;
    let number = as_pointer(number);
    let name = NAME.as_ptr().cast();
    // SAFETY: as promised by the caller; the name ends with a zero, the functions have the types that SQLite wants, and their
    // argument is a number. If it fails, SQLite calls the destructor at once.
    let code = unsafe {
        ffi::sqlite3_create_function_v2(handle, name, 0, flags, number, Some(answer), None, None, Some(freed))
    };
    if code != ffi::SQLITE_OK {
        MISSED.store(true, Ordering::Relaxed);
    }
}

/// A number as the argument of a callback.
fn as_pointer(number: u64) -> *mut c_void {
    ptr::without_provenance_mut(usize::try_from(number).unwrap_or(usize::MAX))
}

// SAFETY (of the unsafe functions below): SQLite calls them with pointers that are valid for the call, and `opened` with a handle
// that no other thread uses during the call. No panic leaves them; one of `opened` sets `MISSED`.

/// The second argument has another type in the bindings of rusqlite 0.31.
unsafe extern "C" fn opened<M>(handle: *mut sqlite3, message: *mut M, _: *const sqlite3_api_routines) -> c_int {
    let enter = || {
        if is_untracked() {
            return None;
        }
        // SAFETY: see above.
        let watch = |number| unsafe { watch(handle, number) };
        match NEXT.get() {
            NextHandle::Session(number) => {
                watch(number);
                NEXT.set(NextHandle::Reported);
                // SAFETY: see above.
                unsafe { trace(handle, number, false) };
                None
            }
            NextHandle::Probe => {
                watch(0);
                NEXT.set(NextHandle::Reported);
                None
            }
            NextHandle::Client | NextHandle::Reported => {
                // SAFETY: see above; the last argument is a number.
                unsafe {
                    let number = enter_client(handle);
                    watch(number);
                    trace(handle, number, true);
                    if outside::is_on() { outside::refusal(&main_file(handle)?, number) } else { None }
                }
            }
        }
    };
    let refusal = catch_unwind(AssertUnwindSafe(enter)).unwrap_or_else(|_| {
        MISSED.store(true, Ordering::Relaxed);
        None
    });
    let Some(refusal) = refusal else { return ffi::SQLITE_OK };
    // SAFETY: see above; SQLite frees the message, which is a copy, and adds it to its own.
    unsafe { *message.cast::<*mut c_char>() = ffi::sqlite3_mprintf(c"%s".as_ptr(), refusal.as_ptr()) };
    ffi::SQLITE_PERM
}

/// A function must have an implementation.
unsafe extern "C" fn answer(context: *mut sqlite3_context, _: c_int, _: *mut *mut sqlite3_value) {
    // SAFETY: see above.
    unsafe { ffi::sqlite3_result_null(context) };
}

extern "C" fn freed(number: *mut c_void) {
    let end = || match number.addr() {
        0 => PROBE_FREED.store(true, Ordering::Relaxed),
        number => registry::freed(number as u64),
    };
    if catch_unwind(end).is_err() {
        MISSED.store(true, Ordering::Relaxed);
    }
}

/// What is called with the events of a handle.
struct Traced {
    number: u64,
    is_client: bool,
    observer: Option<Arc<dyn Tracer>>,
}

impl Tracer for Traced {
    fn begins(&self, statement: &Running) {
        if let Some(observer) = &self.observer {
            observer.begins(statement);
        }
    }

    fn ends(&self, statement: &Running) {
        if let Some(observer) = &self.observer {
            observer.ends(statement);
        }
    }

    fn closes(&self, handle: &OpenHandle) {
        if let Some(observer) = &self.observer {
            observer.closes(handle);
        }
        if self.is_client {
            closing(handle, self.number);
        }
    }
}

/// Traces what the ledger and the observer of a new handle want to know.
///
/// # Safety
/// `handle` is open, and no other thread uses it.
unsafe fn trace(handle: *mut sqlite3, number: u64, is_client: bool) {
    let (observer, events) = registry::observe(number).unzip();
    if observer.is_some() && registry::file_of(number).is_some_and(|file| vfs::is_name(&file)) {
        // SAFETY: as promised by the caller.
        unsafe { vfs::set_connection(handle, number) };
    }
    if observer.is_none() && !is_client {
        return;
    }
    let traced = Arc::new(Traced { number, is_client, observer });
    // SAFETY: as promised by the caller; the registry keeps it until SQLite has freed the handle.
    unsafe { sqlite::trace(handle, Arc::as_ptr(&traced), events.unwrap_or(Events::Close)) };
    registry::keep(number, traced);
}

/// A client requests a close. Records the statements that block it, in case SQLite refuses; else [`freed`] follows.
fn closing(handle: &OpenHandle, number: u64) {
    if outside::is_on() {
        outside::look_at_attached(&handle.attached_files(), number);
    }
    let all = handle.statements();
    let users: Vec<String> = all.iter().filter(|sql| !is_internal(sql)).cloned().collect();
    registry::set_state(number, State::CloseRefused(if users.is_empty() { all } else { users }));
}

/// Whether a statement looks like one that a virtual table (FTS, R-Tree) keeps on its own
/// [shadow tables](https://sqlite.org/vtab.html#the_xshadowname_method), and finalizes when it is closed.
fn is_internal(sql: &str) -> bool {
    const SUFFIXES: &[&str] = &[
        "_config",
        "_content",
        "_data",
        "_docsize",
        "_idx",
        "_node",
        "_parent",
        "_rowid",
        "_segdir",
        "_segments",
        "_stat",
    ];
    // It names a table as `'main'.'docs_data'` or `"main"."docs_data"`.
    ["'.'", "\".\""].iter().any(|between| {
        let mut names = sql.split(between).skip(1).filter_map(|rest| rest.split(&between[..1]).next());
        names.any(|name| SUFFIXES.iter().any(|suffix| name.ends_with(suffix)))
    })
}

/// Enters a client's connection, and returns its number.
///
/// # Safety
/// `handle` is open, and no other thread uses it.
unsafe fn enter_client(handle: *mut sqlite3) -> u64 {
    // SAFETY: as promised by the caller; the name lives as long as the handle, and is copied here.
    let file = unsafe {
        let name = ffi::sqlite3_db_filename(handle, c"main".as_ptr());
        if name.is_null() { c"" } else { CStr::from_ptr(name) }
    };
    let file = file.to_string_lossy();
    let engine = EngineRecord::with_file(&file);
    let test = test_name::current(engine.as_ref().map(|engine| &engine.identity.owner));
    let running = if test.guess().is_none() { test_name::running() } else { Vec::new() };
    let client = Client {
        addresses: if registry::has_journal() { addresses::addresses(addresses::NEAR) } else { Vec::new() },
        database: if file.is_empty() { ":memory:".to_owned() } else { file.into_owned() },
        thread: test_name::thread(),
        running,
    };
    let stack = Stack::new(Backtrace::force_capture());
    registry::enter(engine, test, Opener::Client(Arc::new(client)), Some(Arc::new(stack)))
}

#[cfg(test)]
#[path = "../../tests/unit/ledger_hook.rs"]
mod tests;
