//! A [`sqlite3_vfs`](https://sqlite.org/c3ref/vfs.html) over the [`store`](crate::vfs::store); [`file`] has the methods of its
//! files.
//!
//! Files below [`FOLDER`] and temporary files are in the store. Every other name is forwarded to the default file system, so
//! that a session in memory can attach a file. A panic becomes an I/O error instead of unwinding into C.

mod file;

use super::is_name;
use super::store::{FOLDER, Handle, Name, waits_for_itself};
use crate::sqlite::OpenHandle;
use file::File;
use rusqlite::ffi;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::OnceLock;

/// The name of the file system, with our version, since a process may contain two versions of the crate.
pub(super) const NAME: &str = concat!("sqlite-fixtures-", env!("CARGO_PKG_VERSION"));

/// Likewise, with a frozen clock.
pub(super) const FROZEN_CLOCK: &str = concat!("sqlite-fixtures-", env!("CARGO_PKG_VERSION"), "-frozen-clock");

/// Registers both. Idempotent; an error is a result code of SQLite.
pub(super) fn register() -> Result<(), c_int> {
    static REGISTERED: OnceLock<Result<(), c_int>> = OnceLock::new();
    *REGISTERED.get_or_init(|| {
        add(NAME, |_| {})?;
        add(FROZEN_CLOCK, |vfs| {
            vfs.xCurrentTime = Some(frozen_time);
            vfs.xCurrentTimeInt64 = Some(frozen_time_int64);
        })
    })
}

fn add(name: &str, customize: fn(&mut ffi::sqlite3_vfs)) -> Result<(), c_int> {
    let name = CString::new(name).map_err(|_| ffi::SQLITE_MISUSE)?;
    // SAFETY: `sqlite3_vfs_find` initializes SQLite, and the default file system stays registered while the program runs. Ours
    // and its name are leaked, since SQLite keeps both for ever.
    unsafe {
        let default = ffi::sqlite3_vfs_find(ptr::null());
        if default.is_null() {
            return Err(ffi::SQLITE_ERROR);
        }
        let mut ours = Box::new(over(default, name.into_raw()));
        customize(&mut ours);
        match ffi::sqlite3_vfs_register(Box::into_raw(ours), 0) {
            ffi::SQLITE_OK => Ok(()),
            code => Err(code),
        }
    }
}

/// A file system that forwards to `default` what is not its own.
///
/// # Safety
/// `default` and `name` live as long as the file system is used.
unsafe fn over(default: *mut ffi::sqlite3_vfs, name: *const c_char) -> ffi::sqlite3_vfs {
    // SAFETY: as promised by the caller. The default file system may have fewer methods than ours, in an older version, or more
    // fields, in a larger struct, so it is not copied.
    unsafe {
        let version = (*default).iVersion.min(3);
        let (times, calls) = (version >= 2, version >= 3);
        ffi::sqlite3_vfs {
            iVersion: version,
            szOsFile: (*default).szOsFile.max(c_int::try_from(size_of::<File>()).unwrap_or(c_int::MAX)),
            mxPathname: (*default).mxPathname,
            pNext: ptr::null_mut(),
            zName: name,
            pAppData: default.cast(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            xFullPathname: Some(full_pathname),
            // Without a method, SQLite does without it.
            xDlOpen: (*default).xDlOpen.and(Some(dl_open)),
            xDlError: (*default).xDlError.and(Some(dl_error)),
            xDlSym: (*default).xDlSym.and(Some(dl_sym)),
            xDlClose: (*default).xDlClose.and(Some(dl_close)),
            xRandomness: (*default).xRandomness.and(Some(randomness)),
            xSleep: (*default).xSleep.and(Some(sleep)),
            xCurrentTime: (*default).xCurrentTime.and(Some(current_time)),
            xGetLastError: (*default).xGetLastError.and(Some(get_last_error)),
            xCurrentTimeInt64: if times { (*default).xCurrentTimeInt64.and(Some(current_time_int64)) } else { None },
            xSetSystemCall: if calls { (*default).xSetSystemCall.and(Some(set_system_call)) } else { None },
            xGetSystemCall: if calls { (*default).xGetSystemCall.and(Some(get_system_call)) } else { None },
            xNextSystemCall: if calls { (*default).xNextSystemCall.and(Some(next_system_call)) } else { None },
        }
    }
}

/// Methods that call the same one of the default file system, with its own pointer.
macro_rules! forward {
    ($($name:ident to $method:ident($($argument:ident: $type:ty),*) -> $result:ty, or $otherwise:expr;)*) => {$(
        unsafe extern "C" fn $name(vfs: *mut ffi::sqlite3_vfs, $($argument: $type),*) -> $result {
            // SAFETY: the default file system gets the arguments of SQLite. `over` looked whether it has the method.
            unsafe {
                let default = default(vfs);
                (*default).$method.map_or($otherwise, |method| method(default, $($argument),*))
            }
        }
    )*};
}

/// A symbol of a loaded library.
type Symbol = unsafe extern "C" fn(*mut ffi::sqlite3_vfs, *mut c_void, *const c_char);

forward! {
    dl_open to xDlOpen(file: *const c_char) -> *mut c_void, or ptr::null_mut();
    dl_error to xDlError(room: c_int, out: *mut c_char) -> (), or ();
    dl_sym to xDlSym(library: *mut c_void, symbol: *const c_char) -> Option<Symbol>, or None;
    dl_close to xDlClose(library: *mut c_void) -> (), or ();
    randomness to xRandomness(room: c_int, out: *mut c_char) -> c_int, or 0;
    sleep_there to xSleep(microseconds: c_int) -> c_int, or 0;
    current_time to xCurrentTime(out: *mut f64) -> c_int, or ffi::SQLITE_ERROR;
    get_last_error to xGetLastError(room: c_int, out: *mut c_char) -> c_int, or 0;
    current_time_int64 to xCurrentTimeInt64(out: *mut i64) -> c_int, or ffi::SQLITE_ERROR;
    set_system_call to xSetSystemCall(name: *const c_char, call: ffi::sqlite3_syscall_ptr) -> c_int, or ffi::SQLITE_NOTFOUND;
    get_system_call to xGetSystemCall(name: *const c_char) -> ffi::sqlite3_syscall_ptr, or None;
    next_system_call to xNextSystemCall(name: *const c_char) -> *const c_char, or ptr::null();
}

/// SQLite's own busy handler counts how long it has slept, so it gives up in time.
unsafe extern "C" fn sleep(vfs: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    if catch_unwind(waits_for_itself).unwrap_or_default() {
        return microseconds;
    }
    // SAFETY: it is called with the arguments of SQLite.
    unsafe { sleep_there(vfs, microseconds) }
}

/// Says which connection an open handle to one of our files is, by its number in the ledger.
///
/// # Safety
/// `handle` is open, no other thread uses it, and its main database is in our file system.
pub(crate) unsafe fn set_connection(handle: *mut ffi::sqlite3, mut number: u64) {
    let argument = (&raw mut number).cast::<c_void>();
    // SAFETY: as promised by the caller; for this operation the argument is a number.
    unsafe { ffi::sqlite3_file_control(handle, c"main".as_ptr(), file::SET_CONNECTION, argument) };
}

/// Likewise, of the attached databases that are in our file system.
pub(crate) fn set_connection_of_attached(handle: &OpenHandle, mut number: u64) {
    for (schema, _) in handle.attached().iter().filter(|(_, file)| is_name(file)) {
        // SAFETY: for this operation the argument is a number.
        unsafe { handle.control(schema, file::SET_CONNECTION, (&raw mut number).cast()) };
    }
}

/// 2000-01-01 00:00:00, in milliseconds since the beginning of the [Julian day](https://sqlite.org/lang_datefunc.html) 0.
const FROZEN_NOW: i64 = 211_813_444_800_000;

/// Runs `act`; a panic becomes `error`.
#[inline]
fn guarded(error: c_int, act: impl FnOnce() -> c_int) -> c_int {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or(error)
}

/// Which file system a name belongs to.
enum Path<'a> {
    Ours(Name<'a>),
    /// Temporary files have no name.
    Temporary,
    Default,
}

/// # Safety
/// `path` is null or a C string that outlives `'a`.
unsafe fn path<'a>(path: *const c_char) -> Path<'a> {
    if path.is_null() {
        return Path::Temporary;
    }
    // SAFETY: as promised by the caller.
    let text = unsafe { CStr::from_ptr(path) };
    Name::parse(text.to_bytes()).map_or(Path::Default, Path::Ours)
}

/// # Safety
/// `vfs` is the one that `register` made.
unsafe fn default(vfs: *mut ffi::sqlite3_vfs) -> *mut ffi::sqlite3_vfs {
    // SAFETY: ours is never freed, and its data is the default file system, which is not either.
    unsafe { (*vfs).pAppData.cast() }
}

// SAFETY (of every function below): SQLite calls it with the file system that it was registered for, and with pointers that
// are valid for the call.

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    guarded(ffi::SQLITE_CANTOPEN, || {
        // SAFETY: SQLite gives room for `szOsFile` bytes, of which a file's methods are the first; null means that there is
        // nothing to close. The default file system gets the arguments of SQLite, with the room that it asked for.
        unsafe {
            (*file).pMethods = ptr::null();
            let handle = match path(name) {
                Path::Ours(name) => name.open(flags & ffi::SQLITE_OPEN_CREATE != 0),
                Path::Temporary => Some(Handle::default()),
                Path::Default => {
                    let default = default(vfs);
                    return (*default)
                        .xOpen
                        .map_or(ffi::SQLITE_CANTOPEN, |open| open(default, name, file, flags, out_flags));
                }
            };
            let Some(handle) = handle else { return ffi::SQLITE_CANTOPEN };
            File::put(file, handle);
            if !out_flags.is_null() {
                *out_flags = flags;
            }
        }
        ffi::SQLITE_OK
    })
}

unsafe extern "C" fn delete(vfs: *mut ffi::sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    guarded(ffi::SQLITE_IOERR_DELETE, || {
        // SAFETY: the name is a C string; the default file system gets the arguments of SQLite.
        match unsafe { path(name) } {
            Path::Ours(name) if name.delete() => ffi::SQLITE_OK,
            Path::Ours(_) | Path::Temporary => ffi::SQLITE_IOERR_DELETE_NOENT,
            // SAFETY: as above.
            Path::Default => unsafe {
                let default = default(vfs);
                (*default).xDelete.map_or(ffi::SQLITE_IOERR_DELETE, |delete| delete(default, name, sync_folder))
            },
        }
    })
}

unsafe extern "C" fn access(vfs: *mut ffi::sqlite3_vfs, name: *const c_char, flags: c_int, out: *mut c_int) -> c_int {
    guarded(ffi::SQLITE_IOERR_ACCESS, || {
        // SAFETY: the name is a C string and `out` has room for a number; the default file system gets the arguments of SQLite.
        unsafe {
            match path(name) {
                Path::Ours(name) => *out = name.exists().into(),
                Path::Temporary => *out = 0,
                Path::Default => {
                    let default = default(vfs);
                    return (*default)
                        .xAccess
                        .map_or(ffi::SQLITE_IOERR_ACCESS, |access| access(default, name, flags, out));
                }
            }
        }
        ffi::SQLITE_OK
    })
}

unsafe extern "C" fn full_pathname(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    guarded(ffi::SQLITE_CANTOPEN_FULLPATH, || {
        // SAFETY: the name is a C string, `out` has `room` bytes, and the copy with its NUL is checked to fit; the default file
        // system gets the arguments of SQLite.
        unsafe {
            if !CStr::from_ptr(name).to_bytes().starts_with(FOLDER.as_bytes()) {
                let default = default(vfs);
                return (*default)
                    .xFullPathname
                    .map_or(ffi::SQLITE_CANTOPEN, |full_pathname| full_pathname(default, name, room, out));
            }
            let bytes = CStr::from_ptr(name).to_bytes_with_nul();
            if usize::try_from(room).map_or(true, |room| bytes.len() > room) {
                return ffi::SQLITE_CANTOPEN_FULLPATH;
            }
            ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len());
        }
        ffi::SQLITE_OK
    })
}

unsafe extern "C" fn frozen_time_int64(_: *mut ffi::sqlite3_vfs, out: *mut i64) -> c_int {
    // SAFETY: `out` has room for a number.
    unsafe { *out = FROZEN_NOW };
    ffi::SQLITE_OK
}

unsafe extern "C" fn frozen_time(_: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    #[expect(clippy::cast_precision_loss, reason = "half a day is exact")]
    // SAFETY: `out` has room for a number.
    unsafe {
        *out = FROZEN_NOW as f64 / 86_400_000.0;
    };
    ffi::SQLITE_OK
}

#[cfg(test)]
#[path = "../../../tests/unit/vfs_shim.rs"]
mod tests;
