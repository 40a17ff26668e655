//! Repeatable random numbers.

use rusqlite::{Connection, Error, ffi};
use std::cell::Cell;
use std::ffi::{CStr, c_int, c_void};

/// Makes `random()` and `randomblob()` return the same values in every connection.
pub(crate) fn fixed_random(connection: &Connection) -> rusqlite::Result<()> {
    let functions: [(&CStr, c_int, Function); 2] = [(c"random", 0, random), (c"randomblob", 1, random_blob)];
    for (name, arguments, function) in functions {
        let state = Box::into_raw(Box::new(Cell::new(0_u64)));
        let flags = ffi::SQLITE_UTF8 | crate::sqlite::INNOCUOUS;
        // SAFETY: the handle is open, since a connection holds it; the functions have the types that SQLite expects, and own the
        // box until SQLite calls the destructor, which it does also if this fails.
        let code = unsafe {
            let handle = connection.handle();
            let (name, state) = (name.as_ptr(), state.cast());
            let (call, destroy) = (Some(function), Some(drop_state as unsafe extern "C" fn(_)));
            ffi::sqlite3_create_function_v2(handle, name, arguments, flags, state, call, None, None, destroy)
        };
        if code != ffi::SQLITE_OK {
            return Err(Error::SqliteFailure(ffi::Error::new(code), None));
        }
    }
    Ok(())
}

type Function = unsafe extern "C" fn(*mut ffi::sqlite3_context, c_int, *mut *mut ffi::sqlite3_value);

// SAFETY (of the functions below): SQLite calls them with pointers that are valid for the call, and with the box that the function
// was made with, one at a time. They do not panic.

unsafe extern "C" fn random(context: *mut ffi::sqlite3_context, _: c_int, _: *mut *mut ffi::sqlite3_value) {
    // SAFETY: see above.
    unsafe {
        let state = &*ffi::sqlite3_user_data(context).cast::<Cell<u64>>();
        ffi::sqlite3_result_int64(context, next(state).cast_signed());
    }
}

unsafe extern "C" fn random_blob(
    context: *mut ffi::sqlite3_context,
    _: c_int,
    arguments: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: see above; there is one argument. SQLite copies the bytes.
    unsafe {
        let state = &*ffi::sqlite3_user_data(context).cast::<Cell<u64>>();
        let asked = ffi::sqlite3_value_int64(*arguments).max(1);
        let most = ffi::sqlite3_limit(ffi::sqlite3_context_db_handle(context), ffi::SQLITE_LIMIT_LENGTH, -1);
        let Some(length) = c_int::try_from(asked).ok().filter(|length| *length <= most) else {
            return ffi::sqlite3_result_error_toobig(context);
        };
        let words = (0..(length.unsigned_abs() as usize).div_ceil(8)).flat_map(|_| next(state).to_le_bytes());
        let bytes: Vec<u8> = words.collect();
        ffi::sqlite3_result_blob(context, bytes.as_ptr().cast(), length, ffi::SQLITE_TRANSIENT());
    }
}

unsafe extern "C" fn drop_state(state: *mut c_void) {
    // SAFETY: see above; it is not used any more.
    drop(unsafe { Box::from_raw(state.cast::<Cell<u64>>()) });
}

/// The next pseudo-random number ([SplitMix64](https://prng.di.unimi.it/splitmix64.c)).
fn next(state: &Cell<u64>) -> u64 {
    state.set(state.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
    let mixed = state.get();
    let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

#[cfg(test)]
#[path = "../../../tests/unit/sqlite_random.rs"]
mod tests;
