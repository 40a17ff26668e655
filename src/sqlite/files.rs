//! The files of a connection's databases.

use super::untracked::unrecorded;
use rusqlite::{Connection, ffi};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;

/// The file of a database that a connection has open.
#[derive(Debug)]
pub(crate) struct DatabaseFile {
    /// As SQLite names it; empty for a database without a file.
    pub path: String,
    /// The name of its [file system](https://sqlite.org/vfs.html).
    pub vfs: String,
    pub is_readonly: bool,
}

/// The file of the main database.
///
/// # Safety
/// `handle` is open, and no other thread uses it.
pub(crate) unsafe fn main_file(handle: *mut ffi::sqlite3) -> Option<DatabaseFile> {
    // SAFETY: as promised by the caller.
    unsafe { file(handle, c"main") }
}

/// The files of the attached databases.
///
/// # Safety
/// As [`main_file`].
pub(crate) unsafe fn attached_files(handle: *mut ffi::sqlite3) -> Vec<DatabaseFile> {
    // SAFETY: as promised by the caller.
    let mut names = unrecorded(|| unsafe { schemas(handle) });
    names.retain(|name| !matches!(name.to_bytes(), b"main" | b"temp"));
    // SAFETY: as promised by the caller.
    names.iter().filter_map(|name| unsafe { file(handle, name) }).collect()
}

/// The names of all schemas.
///
/// # Safety
/// As [`main_file`].
unsafe fn schemas(handle: *mut ffi::sqlite3) -> Vec<CString> {
    let (mut names, mut statement) = (Vec::<CString>::new(), ptr::null_mut());
    // SAFETY: as promised by the caller; the text ends with a zero, and a column's text lives until the next step. Without a
    // statement, after an error, finalizing does nothing.
    unsafe {
        ffi::sqlite3_prepare_v2(handle, c"PRAGMA database_list".as_ptr(), -1, &raw mut statement, ptr::null_mut());
        while !statement.is_null() && ffi::sqlite3_step(statement) == ffi::SQLITE_ROW {
            let name = ffi::sqlite3_column_text(statement, 1);
            if !name.is_null() {
                names.push(CStr::from_ptr(name.cast::<c_char>()).to_owned());
            }
        }
        ffi::sqlite3_finalize(statement);
    }
    names
}

/// Likewise, of a connection.
pub(crate) fn files_attached_to(connection: &Connection) -> Vec<DatabaseFile> {
    // SAFETY: the handle is open, since a connection holds it, and this thread has it, since a connection is not `Sync`.
    unsafe { attached_files(connection.handle()) }
}

/// The file of a schema.
///
/// # Safety
/// As [`main_file`].
unsafe fn file(handle: *mut ffi::sqlite3, schema: &CStr) -> Option<DatabaseFile> {
    let mut vfs: *mut ffi::sqlite3_vfs = ptr::null_mut();
    // SAFETY: as promised by the caller; for this operation the argument is a pointer to a pointer. The names live as long as the
    // database is open, and are copied.
    unsafe {
        let argument = (&raw mut vfs).cast::<c_void>();
        let code = ffi::sqlite3_file_control(handle, schema.as_ptr(), ffi::SQLITE_FCNTL_VFS_POINTER as c_int, argument);
        let path = ffi::sqlite3_db_filename(handle, schema.as_ptr());
        if code != ffi::SQLITE_OK || vfs.is_null() || path.is_null() {
            return None;
        }
        let text = |text: *const c_char| CStr::from_ptr(text).to_string_lossy().into_owned();
        let is_readonly = ffi::sqlite3_db_readonly(handle, schema.as_ptr()) == 1;
        Some(DatabaseFile { path: text(path), vfs: text((*vfs).zName), is_readonly })
    }
}
