//! What only SQLite's C interface can do, and what rusqlite spells differently over the range that we take.

use rusqlite::{
    Connection, Error,
    backup::{Backup, StepResult},
    ffi,
};
use std::{
    cell::Cell,
    ffi::{CStr, c_int, c_void},
    ptr,
};

/// `SQLITE_CONSTRAINT_DATATYPE`, which the bindings to an older library do not have.
pub(crate) const CONSTRAINT_DATATYPE: c_int = ffi::SQLITE_CONSTRAINT | (12 << 8);

/// Which SQLite this is, to the commit ([`sqlite3_sourceid`](https://sqlite.org/c3ref/libversion.html)).
pub(crate) fn source_id() -> &'static str {
    // SAFETY: it is a constant C string.
    unsafe { CStr::from_ptr(ffi::sqlite3_sourceid()) }.to_str().unwrap_or_default()
}

/// Makes `to` the same database as `from`, by SQLite's [backup](https://sqlite.org/backup.html) in one step, so all or
/// nothing.
pub(crate) fn copy(from: &Connection, to: &mut Connection) -> rusqlite::Result<()> {
    match Backup::new(from, to)?.step(-1)? {
        StepResult::Done => Ok(()),
        _ => Err(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None)),
    }
}

thread_local! {
    static UNSEEN: Cell<bool> = const { Cell::new(false) };
}

/// Runs `open`, which opens one connection of our own that is nobody's session, and so in no record.
pub(crate) fn unseen<T>(open: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            UNSEEN.set(self.0);
        }
    }
    let _restore = Restore(UNSEEN.replace(true));
    open()
}

/// Whether the connection that is being opened on this thread is to be in no record. The next one is again.
pub(crate) fn is_unseen() -> bool {
    UNSEEN.try_with(Cell::take).unwrap_or(false)
}

/// Makes `random()` and `randomblob()` of a connection give the same each time it is opened.
pub(crate) fn without_chance(connection: &Connection) -> rusqlite::Result<()> {
    let functions: [(&CStr, c_int, Function); 2] = [(c"random", 0, random), (c"randomblob", 1, random_blob)];
    for (name, arguments, function) in functions {
        let state = Box::into_raw(Box::new(Cell::new(0_u64)));
        let flags = ffi::SQLITE_UTF8 | ffi::SQLITE_INNOCUOUS;
        // SAFETY: the handle is open, since a connection holds it; the functions have the types that SQLite wants, and the box is
        // theirs until SQLite calls the destructor, which it does also where this fails.
        let code = unsafe {
            let handle = connection.handle();
            let (name, state) = (name.as_ptr(), state.cast());
            ffi::sqlite3_create_function_v2(
                handle,
                name,
                arguments,
                flags,
                state,
                Some(function),
                None,
                None,
                Some(drop_state),
            )
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

/// The next of numbers that look like chance ([SplitMix64](https://prng.di.unimi.it/splitmix64.c)).
fn next(state: &Cell<u64>) -> u64 {
    state.set(state.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
    let mixed = state.get();
    let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// Where double quotes may be around a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DoubleQuotedText {
    pub in_statements: bool,
    pub in_schema: bool,
}

impl DoubleQuotedText {
    /// Nowhere, so that a misspelt name is an error and no text.
    pub(crate) const NOWHERE: Self = Self { in_statements: false, in_schema: false };
}

/// Says where double quotes may be around a text, and gives what was said before.
///
/// By [`sqlite3_db_config`](https://sqlite.org/c3ref/db_config.html), since rusqlite 0.37 hides these options from builds
/// on the system's library.
pub(crate) fn double_quoted_text(
    connection: &Connection,
    allowed: DoubleQuotedText,
) -> rusqlite::Result<DoubleQuotedText> {
    /// `SQLITE_DBCONFIG_DQS_DML` and `SQLITE_DBCONFIG_DQS_DDL`; an argument of -1 changes nothing.
    const OPTIONS: [c_int; 2] = [1013, 1014];
    let config = |option: c_int, value: c_int| {
        let mut now: c_int = 0;
        // SAFETY: the handle is open, since a connection holds it; for these options the arguments that follow are an
        // `int` and a pointer to an `int`, which outlives the call.
        let code = unsafe { ffi::sqlite3_db_config(connection.handle(), option, value, &raw mut now) };
        if code == ffi::SQLITE_OK { Ok(now != 0) } else { Err(Error::SqliteFailure(ffi::Error::new(code), None)) }
    };
    let before = DoubleQuotedText { in_statements: config(OPTIONS[0], -1)?, in_schema: config(OPTIONS[1], -1)? };
    config(OPTIONS[0], allowed.in_statements.into())?;
    config(OPTIONS[1], allowed.in_schema.into())?;
    Ok(before)
}

/// Which SQLite handle a connection is; only ever compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Handle(usize);

impl Handle {
    pub(crate) fn of(connection: &Connection) -> Self {
        // SAFETY: the pointer is made a number and never followed.
        Self(unsafe { connection.handle() }.addr())
    }
}

/// The SQL of the statements that are not finalized ([`sqlite3_next_stmt`](https://sqlite.org/c3ref/next_stmt.html)).
///
/// Unfinished blobs and backups have none.
pub(crate) fn statements(connection: &Connection) -> Vec<String> {
    // SAFETY: the handle is open, since a connection holds it, and this thread has it, since a connection is not `Sync`.
    unsafe { statements_of(connection.handle()) }
}

/// The same, of a bare handle.
///
/// # Safety
/// `handle` is open, and no other thread uses it.
pub(crate) unsafe fn statements_of(handle: *mut ffi::sqlite3) -> Vec<String> {
    let mut found = Vec::new();
    // SAFETY: as promised by the caller, no statement comes or goes while the list is walked, and each SQL text lives as long
    // as its statement.
    unsafe {
        let mut statement = ffi::sqlite3_next_stmt(handle, ptr::null_mut());
        while !statement.is_null() {
            let sql = ffi::sqlite3_sql(statement);
            if !sql.is_null() {
                found.push(CStr::from_ptr(sql).to_string_lossy().into_owned());
            }
            statement = ffi::sqlite3_next_stmt(handle, statement);
        }
    }
    // SQLite lists the newest first.
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use super::{DoubleQuotedText, Handle, double_quoted_text, statements, without_chance};
    use rusqlite::Connection;

    #[test]
    fn two_connections_are_two_handles() {
        let (one, two) = (Connection::open_in_memory().unwrap(), Connection::open_in_memory().unwrap());
        assert_eq!(Handle::of(&one), Handle::of(&one));
        assert_ne!(Handle::of(&one), Handle::of(&two));
    }

    #[test]
    fn live_statements_are_listed_in_the_order_they_were_made_and_finalized_ones_are_not() {
        let connection = Connection::open_in_memory().unwrap();
        let one = connection.prepare("SELECT 1").unwrap();
        let two = connection.prepare("SELECT 2").unwrap();
        assert_eq!(statements(&connection), ["SELECT 1", "SELECT 2"]);
        drop(one);
        assert_eq!(statements(&connection), ["SELECT 2"]);
        drop(two);
        assert_eq!(statements(&connection), [""; 0]);
    }

    #[test]
    fn without_chance_every_connection_draws_the_same_and_no_number_twice() {
        let drawn = || {
            let connection = Connection::open_in_memory().unwrap();
            without_chance(&connection).unwrap();
            let sql = "SELECT random(), random(), hex(randomblob(11)), length(randomblob(-1))";
            connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap()
        };
        let (one, two, bytes, least): (i64, i64, String, i64) = drawn();
        assert_eq!((one, two, bytes.clone(), least), drawn());
        assert_ne!(one, two);
        assert_eq!((bytes.len(), least), (22, 1));
        let connection = Connection::open_in_memory().unwrap();
        without_chance(&connection).unwrap();
        assert!(connection.execute_batch("SELECT randomblob(9223372036854775807)").is_err());
    }

    #[test]
    fn double_quoted_text_is_refused_and_allowed_again() {
        let connection = Connection::open_in_memory().unwrap();
        let statement = |connection: &Connection| connection.execute_batch("SELECT \"no such column\"").is_ok();
        let schema = |connection: &Connection| {
            let table = "CREATE TABLE IF NOT EXISTS t (a CHECK (a <> \"no such column\")); DROP TABLE t";
            connection.execute_batch(table).is_ok()
        };
        for in_statements in [true, false] {
            for in_schema in [true, false] {
                let allowed = DoubleQuotedText { in_statements, in_schema };
                double_quoted_text(&connection, allowed).unwrap();
                assert_eq!((statement(&connection), schema(&connection)), (in_statements, in_schema));
                assert_eq!(double_quoted_text(&connection, allowed).unwrap(), allowed, "what was said before");
            }
        }
    }
}
