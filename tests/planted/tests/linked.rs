//! A suite that uses nothing of the crate: linking it is enough.

use rusqlite::Connection;
use sqlite_fixtures as _;

#[test]
fn connection_of_a_suite_that_only_links() {
    std::mem::forget(Connection::open_in_memory().unwrap()); // leak
}

#[test]
fn clean_in_a_suite_that_only_links() {
    Connection::open_in_memory().unwrap().close().unwrap();
}

/// An extension of the user's that fails every opening at the end is no reason to doubt what SQLite reports.
#[test]
fn clean_with_an_extension_that_fails_at_the_end() {
    // The second argument has another type in rusqlite 0.31.
    unsafe extern "C" fn fails<M>(
        _: *mut rusqlite::ffi::sqlite3,
        _: *mut M,
        _: *const rusqlite::ffi::sqlite3_api_routines,
    ) -> std::ffi::c_int {
        rusqlite::ffi::SQLITE_ERROR
    }
    // SAFETY: the extension does nothing.
    assert_eq!(unsafe { rusqlite::ffi::sqlite3_auto_extension(Some(fails)) }, rusqlite::ffi::SQLITE_OK);
    assert!(Connection::open_in_memory().is_err());
}

/// Whoever takes SQLite's reports away is noticed, also if nothing leaks.
#[test]
fn reports_taken_away() {
    // SAFETY: it only empties a list.
    unsafe { rusqlite::ffi::sqlite3_reset_auto_extension() };
}
