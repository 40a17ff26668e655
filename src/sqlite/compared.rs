//! Which columns of which tables a statement compares, as SQLite offers them to a virtual table
//! ([`xBestIndex`](https://sqlite.org/vtab.html#the_xbestindex_method)).

use rusqlite::{Connection, ffi};
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// A comparison that an index could serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compared {
    pub table: String,
    /// The number of the column, from 0.
    pub column: usize,
    /// Whether it is with `=`, else with `<` or `>`.
    pub is_equality: bool,
}

type Found = Rc<RefCell<Vec<Compared>>>;

/// The comparisons of a statement. `scratch` is an empty database, in which each table becomes a virtual one with these columns,
/// written as in `CREATE TABLE`; the views are created there too.
pub(crate) fn compared_columns(
    scratch: &Connection,
    tables: &[(String, Vec<String>)],
    views: &[String],
    sql: &str,
) -> rusqlite::Result<Vec<Compared>> {
    let found = Found::default();
    add_module(scratch, &found)?;
    for (table, columns) in tables {
        let quoted = super::quote::quoted(table);
        scratch.execute_batch(&format!("CREATE VIRTUAL TABLE {quoted} USING compared({})", columns.join(", ")))?;
    }
    for view in views {
        scratch.execute_batch(view)?;
    }
    drop(scratch.prepare(sql)?);
    Ok(found.take())
}

/// Defines the functions and collations of `from` in `to`, for statements that are prepared and never run.
pub(crate) fn declare_functions(from: &Connection, to: &Connection) -> rusqlite::Result<()> {
    let mut functions = from.prepare("SELECT name, type, narg FROM pragma_function_list WHERE NOT builtin")?;
    let mut rows = functions.query([])?;
    while let Some(row) = rows.next()? {
        let (name, kind, arguments): (String, String, c_int) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Ok(name) = CString::new(name) else { continue };
        let is_scalar = kind == "s";
        let (scalar, step, end) = if is_scalar {
            (Some(function as _), None, None)
        } else {
            (None, Some(function as _), Some(aggregate as _))
        };
        // SAFETY: the handle is open, since a connection holds it, and this thread has it; the functions do nothing.
        unsafe {
            let (handle, flags) = (to.handle(), ffi::SQLITE_UTF8);
            let nothing = std::ptr::null_mut();
            ffi::sqlite3_create_function_v2(handle, name.as_ptr(), arguments, flags, nothing, scalar, step, end, None);
        }
    }
    let mut collations = from.prepare("SELECT name FROM pragma_collation_list")?;
    let mut rows = collations.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        if matches!(&*name, "BINARY" | "NOCASE" | "RTRIM") {
            continue;
        }
        let Ok(name) = CString::new(name) else { continue };
        // SAFETY: as above.
        unsafe {
            let nothing = std::ptr::null_mut();
            ffi::sqlite3_create_collation_v2(to.handle(), name.as_ptr(), ffi::SQLITE_UTF8, nothing, Some(same), None);
        }
    }
    Ok(())
}

unsafe extern "C" fn function(_: *mut ffi::sqlite3_context, _: c_int, _: *mut *mut ffi::sqlite3_value) {}

unsafe extern "C" fn aggregate(_: *mut ffi::sqlite3_context) {}

unsafe extern "C" fn same(_: *mut c_void, _: c_int, _: *const c_void, _: c_int, _: *const c_void) -> c_int {
    0
}

/// A virtual table in the layout that SQLite expects.
#[repr(C)]
struct Table {
    base: ffi::sqlite3_vtab,
    name: String,
    found: Found,
}

fn add_module(to: &Connection, found: &Found) -> rusqlite::Result<()> {
    // SAFETY: SQLite takes a method that is null for one that is not there, and 0 for the first version.
    let mut module: ffi::sqlite3_module = unsafe { mem::zeroed() };
    module.xCreate = Some(connect);
    module.xConnect = Some(connect);
    module.xBestIndex = Some(best_index);
    module.xDisconnect = Some(disconnect);
    module.xDestroy = Some(disconnect);
    module.xOpen = Some(open);
    module.xClose = Some(close);
    module.xFilter = Some(filter);
    module.xNext = Some(next);
    module.xEof = Some(eof);
    module.xColumn = Some(column);
    module.xRowid = Some(rowid);
    module.xUpdate = Some(update);
    let module = Box::new((module, Rc::clone(found)));
    let module = Box::into_raw(module);
    // SAFETY: the handle is open, and this thread has it. The module lives until SQLite calls `forget`, which it does also when this
    // fails.
    let code = unsafe {
        let methods = &raw const (*module).0;
        ffi::sqlite3_create_module_v2(to.handle(), c"compared".as_ptr(), methods, module.cast(), Some(forget))
    };
    if code == ffi::SQLITE_OK {
        return Ok(());
    }
    Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
}

type Module = (ffi::sqlite3_module, Found);

// SAFETY (of the functions below): SQLite calls them with pointers that are valid for the call: the module that `add_module` made,
// and tables that `connect` made. A statement on these tables is never run, so most are never called.

unsafe extern "C" fn forget(module: *mut c_void) {
    // SAFETY: see above; SQLite calls it once.
    drop(unsafe { Box::from_raw(module.cast::<Module>()) });
}

unsafe extern "C" fn connect(
    handle: *mut ffi::sqlite3,
    module: *mut c_void,
    count: c_int,
    arguments: *const *const c_char,
    out: *mut *mut ffi::sqlite3_vtab,
    _: *mut *mut c_char,
) -> c_int {
    let connect = || {
        // SAFETY: see above; there are `count` arguments: the module, the schema, the name of the table, and its columns.
        unsafe {
            let text = |at: c_int| CStr::from_ptr(*arguments.offset(at as isize)).to_string_lossy().into_owned();
            let columns: Vec<String> = (3..count).map(text).collect();
            let Ok(declared) = CString::new(format!("CREATE TABLE x({})", columns.join(","))) else {
                return ffi::SQLITE_ERROR;
            };
            let code = ffi::sqlite3_declare_vtab(handle, declared.as_ptr());
            if code == ffi::SQLITE_OK {
                let found = Rc::clone(&(*module.cast::<Module>()).1);
                let table = Table { base: mem::zeroed(), name: text(2), found };
                *out = Box::into_raw(Box::new(table)).cast();
            }
            code
        }
    };
    catch_unwind(AssertUnwindSafe(connect)).unwrap_or(ffi::SQLITE_ERROR)
}

unsafe extern "C" fn best_index(table: *mut ffi::sqlite3_vtab, info: *mut ffi::sqlite3_index_info) -> c_int {
    let collect = || {
        // SAFETY: see above; the constraints are an array of so many.
        let (table, constraints) = unsafe {
            let count = usize::try_from((*info).nConstraint).unwrap_or_default();
            let constraints: &[_] =
                if count == 0 { &[] } else { std::slice::from_raw_parts((*info).aConstraint, count) };
            (&*table.cast::<Table>(), constraints)
        };
        for constraint in constraints {
            let operation = c_int::from(constraint.op);
            let is_equality = operation == ffi::SQLITE_INDEX_CONSTRAINT_EQ as c_int;
            let is_range = [
                ffi::SQLITE_INDEX_CONSTRAINT_GT as c_int,
                ffi::SQLITE_INDEX_CONSTRAINT_GE as c_int,
                ffi::SQLITE_INDEX_CONSTRAINT_LT as c_int,
                ffi::SQLITE_INDEX_CONSTRAINT_LE as c_int,
            ]
            .contains(&operation);
            // The rowid, which is column -1, needs no index.
            if let Ok(column) = usize::try_from(constraint.iColumn)
                && constraint.usable != 0
                && (is_equality || is_range)
            {
                let compared = Compared { table: table.name.clone(), column, is_equality };
                let mut found = table.found.borrow_mut();
                if !found.contains(&compared) {
                    found.push(compared);
                }
            }
        }
    };
    if catch_unwind(AssertUnwindSafe(collect)).is_err() { ffi::SQLITE_ERROR } else { ffi::SQLITE_OK }
}

unsafe extern "C" fn disconnect(table: *mut ffi::sqlite3_vtab) -> c_int {
    // SAFETY: see above; SQLite disconnects a table once.
    drop(unsafe { Box::from_raw(table.cast::<Table>()) });
    ffi::SQLITE_OK
}

unsafe extern "C" fn open(_: *mut ffi::sqlite3_vtab, _: *mut *mut ffi::sqlite3_vtab_cursor) -> c_int {
    ffi::SQLITE_ERROR
}

unsafe extern "C" fn close(_: *mut ffi::sqlite3_vtab_cursor) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn filter(
    _: *mut ffi::sqlite3_vtab_cursor,
    _: c_int,
    _: *const c_char,
    _: c_int,
    _: *mut *mut ffi::sqlite3_value,
) -> c_int {
    ffi::SQLITE_ERROR
}

unsafe extern "C" fn next(_: *mut ffi::sqlite3_vtab_cursor) -> c_int {
    ffi::SQLITE_ERROR
}

unsafe extern "C" fn eof(_: *mut ffi::sqlite3_vtab_cursor) -> c_int {
    1
}

unsafe extern "C" fn column(_: *mut ffi::sqlite3_vtab_cursor, _: *mut ffi::sqlite3_context, _: c_int) -> c_int {
    ffi::SQLITE_ERROR
}

unsafe extern "C" fn rowid(_: *mut ffi::sqlite3_vtab_cursor, _: *mut i64) -> c_int {
    ffi::SQLITE_ERROR
}

unsafe extern "C" fn update(
    _: *mut ffi::sqlite3_vtab,
    _: c_int,
    _: *mut *mut ffi::sqlite3_value,
    _: *mut i64,
) -> c_int {
    ffi::SQLITE_ERROR
}
