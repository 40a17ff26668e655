//! The errors of statements, from [SQLite's log](https://sqlite.org/errlog.html).
//!
//! No other interface tells what a statement of another's code has failed with: its result goes to its caller, and the next call
//! overwrites what the handle says.

use rusqlite::ffi;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::catch_unwind;

/// A failed statement: the [extended code](https://sqlite.org/rescode.html), the reason, and its text, or as much as the log has.
type Failed = fn(code: c_int, reason: &str, sql: &str);

/// Calls `failed` with every statement that fails from now on, on its own thread.
///
/// To be called while the process has one thread. Code that sets a log of its own later replaces this one.
pub(crate) fn on_failure(failed: Failed) {
    unsafe extern "C" fn logged(failed: *mut c_void, code: c_int, message: *const c_char) {
        // SAFETY: the argument is the function that was registered below, and SQLite passes a C string.
        let (failed, message) = unsafe { (*(&raw const failed).cast::<Failed>(), CStr::from_ptr(message)) };
        let _ = catch_unwind(|| {
            if let Some((reason, sql)) = message.to_str().ok().and_then(parse) {
                failed(code, reason, sql);
            }
        });
    }
    let logged: unsafe extern "C" fn(*mut c_void, c_int, *const c_char) = logged;
    // SAFETY: this operation takes such a function and a pointer for it. Failing, it changes nothing.
    unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_LOG as c_int, logged, failed as *mut c_void) };
}

/// The reason and the SQL in a message; SQLite has written it in three ways, and cuts it off after some 200 bytes.
fn parse(message: &str) -> Option<(&str, &str)> {
    let message = message.strip_prefix("statement aborts at ").or_else(|| message.strip_prefix("abort at "))?;
    let message = message.trim_start_matches(|digit: char| digit.is_ascii_digit());
    if let Some(older) = message.strip_prefix(" in [") {
        let (sql, reason) = older.rsplit_once("]: ").unwrap_or((older, ""));
        return Some((reason, sql));
    }
    if let Some(older) = message.strip_prefix(": [") {
        let (sql, reason) = older.rsplit_once("] ").unwrap_or((older, ""));
        return Some((reason, sql));
    }
    let (reason, sql) = message.strip_prefix(": ")?.split_once("; [")?;
    Some((reason, sql.strip_suffix(']').unwrap_or(sql)))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn every_form_has_reason_and_statement() {
        let expected = Some(("UNIQUE constraint failed: t.a", "INSERT INTO t VALUES (1)"));
        for message in [
            "statement aborts at 9: UNIQUE constraint failed: t.a; [INSERT INTO t VALUES (1)]",
            "statement aborts at 12: [INSERT INTO t VALUES (1)] UNIQUE constraint failed: t.a",
            "abort at 12 in [INSERT INTO t VALUES (1)]: UNIQUE constraint failed: t.a",
        ] {
            assert_eq!(parse(message), expected, "{message}");
        }
        assert_eq!(parse("abort at 12 in [INSERT INTO"), Some(("", "INSERT INTO")));
        assert_eq!(parse("near \"x\": syntax error"), None);
    }
}
