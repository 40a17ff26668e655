//! What SQLite itself reports: every handle that is opened in the process, by whomever, and the moment it is freed.
//!
//! An [automatic extension](https://sqlite.org/c3ref/auto_extension.html) is called for each handle that is opened. It gives
//! the handle a function of ours, whose [destructor](https://sqlite.org/c3ref/create_function.html) SQLite calls when the
//! handle is freed, not when a close was only asked for. Handles that were open before, and those of a second copy of SQLite,
//! are not seen.

use super::{
    State, addresses,
    entry::{Client, Opener, Opening},
    record::EngineRecord,
    registry,
    stack::Stack,
    test_name,
};
use crate::sqlite::{is_untracked, statements_of};
use rusqlite::{
    Connection,
    auto_extension::register_auto_extension,
    ffi::{self, sqlite3, sqlite3_api_routines, sqlite3_context, sqlite3_value},
};
use std::{
    cell::RefCell,
    ffi::{CStr, c_char, c_int, c_uint, c_void},
    mem::{self, ManuallyDrop},
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// The function that each handle is given. Its name has our version, because two versions of the crate in one process are two.
const NAME: &CStr =
    match CStr::from_bytes_with_nul(concat!("sqlite_fixtures_", env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(name) => name,
        Err(_) => panic!("a version has no zero in it"),
    };

static STARTED: AtomicBool = AtomicBool::new(false);
static BLIND: AtomicBool = AtomicBool::new(false);
static PROBE_FREED: AtomicBool = AtomicBool::new(false);

/// Whose handle this thread opens next.
pub(super) enum Expected {
    /// A client's.
    Nobodys,
    /// That of a session, which is then entered under this number.
    Opening(Opening),
    Entered(u64),
    /// The probe, which then has been seen.
    Probe,
    Seen,
}

thread_local! {
    /// Never dropped, so that it is there at exit too, when what a thread has to drop has gone. Nothing is left in it: each
    /// expectation puts back what was before.
    static EXPECTED: RefCell<ManuallyDrop<Expected>> = const { RefCell::new(ManuallyDrop::new(Expected::Nobodys)) };
}

fn replace(next: Expected) -> Expected {
    ManuallyDrop::into_inner(EXPECTED.with(|expected| expected.replace(ManuallyDrop::new(next))))
}

/// What is expected until this is dropped.
pub(super) struct Expectation(Expected);

pub(super) fn expect(next: Expected) -> Expectation {
    Expectation(replace(next))
}

impl Expectation {
    /// What has become of it.
    pub(super) fn met(mut self) -> Expected {
        let met = replace(mem::replace(&mut self.0, Expected::Nobodys));
        mem::forget(self);
        met
    }
}

impl Drop for Expectation {
    fn drop(&mut self) {
        drop(replace(mem::replace(&mut self.0, Expected::Nobodys)));
    }
}

/// Lets SQLite report from now on.
pub(super) fn start() -> rusqlite::Result<()> {
    // SAFETY: `opened` opens no database, closes none, and leaves the list of extensions alone.
    unsafe { register_auto_extension(opened)? };
    STARTED.store(true, Ordering::Relaxed);
    Ok(())
}

/// Why SQLite's reports cannot be relied on: found by opening a handle, which must be seen to open and to be freed.
pub(super) fn fault() -> Option<&'static str> {
    if !STARTED.load(Ordering::Relaxed) {
        return None;
    }
    let expectation = expect(Expected::Probe);
    let probe = Connection::open_in_memory();
    let seen = matches!(expectation.met(), Expected::Seen);
    // Whether the opening then succeeds is not ours: an extension of the user's may fail it.
    drop(probe);
    (BLIND.load(Ordering::Relaxed) || !seen || !PROBE_FREED.load(Ordering::Relaxed)).then_some(
        "SQLite no longer reports its handles, so leaks may have been missed: something called `sqlite3_reset_auto_extension` \
         or `sqlite3_shutdown`; cancel single extensions with `sqlite3_cancel_auto_extension` instead, and run a suite that \
         must configure SQLite itself with SQLITE_FIXTURES_LEAKS=off",
    )
}

/// Enters a session whose opening SQLite has not reported, and watches its handle from now on.
pub(super) fn enter_untracked(connection: &Connection, opening: Opening) -> u64 {
    if STARTED.load(Ordering::Relaxed) {
        BLIND.store(true, Ordering::Relaxed);
    }
    let number = registry::enter(opening);
    // SAFETY: the handle is open, since a connection holds it, and this thread has it.
    unsafe { watch(connection.handle(), number) };
    number
}

/// Has [`freed`] called with `number` when the handle is.
///
/// # Safety
/// `handle` is open, and no other thread uses it.
unsafe fn watch(handle: *mut sqlite3, number: u64) {
    let number = ptr::without_provenance_mut(usize::try_from(number).unwrap_or(usize::MAX));
    let flags = ffi::SQLITE_UTF8 | ffi::SQLITE_DIRECTONLY;
    // SAFETY: as promised by the caller; the functions have the types that SQLite wants, and what they are given is a number.
    // Where it fails, SQLite calls the destructor at once.
    unsafe {
        ffi::sqlite3_create_function_v2(handle, NAME.as_ptr(), 0, flags, number, Some(answer), None, None, Some(freed));
    }
}

// SAFETY (of the unsafe functions below): SQLite calls them with pointers that are valid for the call, and `opened` and `closing` with
// a handle that no other thread uses during the call. No panic crosses: an opening that could not be entered makes us blind.

unsafe extern "C" fn opened(handle: *mut sqlite3, _: *mut *mut c_char, _: *const sqlite3_api_routines) -> c_int {
    let enter = || {
        if is_untracked() {
            return;
        }
        let next = match replace(Expected::Nobodys) {
            Expected::Opening(opening) => {
                let number = registry::enter(opening);
                // SAFETY: see above.
                unsafe { watch(handle, number) };
                Expected::Entered(number)
            }
            Expected::Probe => {
                // SAFETY: see above.
                unsafe { watch(handle, 0) };
                Expected::Seen
            }
            other @ (Expected::Nobodys | Expected::Entered(_) | Expected::Seen) => {
                // SAFETY: see above; the second is a number, as `watch` gives one too.
                unsafe {
                    let number = registry::enter(client(handle));
                    watch(handle, number);
                    let number = ptr::without_provenance_mut(usize::try_from(number).unwrap_or(usize::MAX));
                    ffi::sqlite3_trace_v2(handle, ffi::SQLITE_TRACE_CLOSE as c_uint, Some(closing), number);
                }
                other
            }
        };
        replace(next);
    };
    if catch_unwind(AssertUnwindSafe(enter)).is_err() {
        BLIND.store(true, Ordering::Relaxed);
    }
    ffi::SQLITE_OK
}

/// SQLite wants a function to have something to call.
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
        BLIND.store(true, Ordering::Relaxed);
    }
}

/// A client's close is asked for. Should SQLite refuse it, these are the statements that block.
unsafe extern "C" fn closing(_: c_uint, number: *mut c_void, handle: *mut c_void, _: *mut c_void) -> c_int {
    let note = || {
        // SAFETY: see above.
        let all = unsafe { statements_of(handle.cast()) };
        let users: Vec<String> = all.iter().filter(|sql| !is_internal(sql)).cloned().collect();
        registry::note(number.addr() as u64, State::CloseRefused(if users.is_empty() { all } else { users }));
    };
    let _ = catch_unwind(AssertUnwindSafe(note));
    0
}

/// Whether a statement looks like one that a virtual table (FTS, R-Tree) keeps on its own
/// [shadow tables](https://sqlite.org/vtab.html#the_xshadowname_method), and gives up when it is closed.
fn is_internal(sql: &str) -> bool {
    const TABLES: &[&str] = &[
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
    ['\'', '"'].into_iter().any(|quote| {
        let between = format!("{quote}.{quote}");
        let mut names = sql.split(&between).skip(1);
        names.any(|rest| rest.split(quote).next().is_some_and(|name| TABLES.iter().any(|table| name.ends_with(table))))
    })
}

/// What is known of a handle that a client opens.
///
/// # Safety
/// `handle` is open, and no other thread uses it.
unsafe fn client(handle: *mut sqlite3) -> Opening {
    // SAFETY: as promised by the caller; the name lives as long as the handle, and is copied here.
    let file = unsafe {
        let name = ffi::sqlite3_db_filename(handle, c"main".as_ptr());
        if name.is_null() { c"" } else { CStr::from_ptr(name) }
    };
    let file = file.to_string_lossy();
    let engine = EngineRecord::of_file(&file);
    let own = test_name::of_thread();
    let owner = engine.as_ref().and_then(|engine| engine.identity.owner.clone());
    // A worker with a name that could be a test's closes what it has when it likes.
    let on_test_thread = own.is_some() && owner.as_ref().is_none_or(|owner| Some(owner) == own.as_ref());
    let test = own.or_else(|| test_name::current(owner.as_ref()));
    let running = if test.is_none() { test_name::running() } else { Vec::new() };
    let client = Client {
        addresses: if registry::is_kept() { addresses::addresses() } else { Vec::new() },
        database: if file.is_empty() { ":memory:".to_owned() } else { file.into_owned() },
        thread: test_name::thread(),
        on_test_thread,
        running,
    };
    Opening { engine, test, opener: Opener::Client(Arc::new(client), Some(Arc::new(Stack::capture()))) }
}

#[cfg(test)]
mod tests {
    use super::is_internal;

    #[test]
    fn what_a_virtual_table_keeps_for_itself_is_told_from_a_statement_of_the_user() {
        assert!(is_internal("REPLACE INTO 'main'.'docs_data'(id, block) VALUES(?,?)"));
        assert!(is_internal("SELECT data FROM \"main\".\"places_node\" WHERE nodeno = ?1"));
        assert!(!is_internal("SELECT * FROM docs WHERE docs MATCH 'main'"));
        assert!(!is_internal("SELECT \"a\" FROM \"main\".\"users\""));
    }
}
