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

/// Whoever takes SQLite's reports away is noticed, also if nothing leaks.
#[test]
fn reports_taken_away() {
    // SAFETY: it only empties a list.
    unsafe { rusqlite::ffi::sqlite3_reset_auto_extension() };
}
