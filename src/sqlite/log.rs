//! The errors of statements, from [SQLite's log](https://sqlite.org/errlog.html).
//!
//! No other interface tells what a statement of another's code has failed with: its result goes to its caller, and the next call
//! overwrites what the handle says.

use rusqlite::ffi;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::catch_unwind;

/// A failed statement: the [extended code](https://sqlite.org/rescode.html), and a message that ends with the statement in brackets.
type Failed = fn(code: c_int, message: &str);

/// Calls `failed` with every statement that fails from now on, on its own thread.
///
/// To be called while the process has one thread. Code that sets a log of its own later replaces this one.
pub(crate) fn on_failure(failed: Failed) {
    unsafe extern "C" fn logged(failed: *mut c_void, code: c_int, message: *const c_char) {
        // SAFETY: the argument is the function that was registered below, and SQLite passes a C string.
        let (failed, message) = unsafe { (*(&raw const failed).cast::<Failed>(), CStr::from_ptr(message)) };
        let _ = catch_unwind(|| {
            if let Some(message) =
                message.to_str().ok().and_then(|message| message.strip_prefix("statement aborts at "))
            {
                failed(code, message.split_once(": ").map_or(message, |(_, message)| message));
            }
        });
    }
    let logged: unsafe extern "C" fn(*mut c_void, c_int, *const c_char) = logged;
    // SAFETY: this operation takes such a function and a pointer for it. Failing, it changes nothing.
    unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_LOG as c_int, logged, failed as *mut c_void) };
}
