//! What SQLite calls: a [`sqlite3_vfs`](https://sqlite.org/c3ref/vfs.html) over the [`store`](crate::vfs::store); [`file`] is the
//! methods of its files.
//!
//! Files below our folder, and temporary ones, are in the store; every other name is the default file system's, so that a
//! session in memory can attach a file. No panic crosses: it becomes an I/O error.

mod file;

use super::store::{FOLDER, Handle, Name};
use file::File;
use rusqlite::ffi;
use std::{
    ffi::{CStr, CString, c_char, c_int},
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
    sync::OnceLock,
};

/// The name of the file system. It has our version, because two versions of the crate in one process are two.
pub(super) const NAME: &str = concat!("sqlite-fixtures-", env!("CARGO_PKG_VERSION"));

/// The same with a clock that stands still.
pub(super) const TIMELESS: &str = concat!("sqlite-fixtures-", env!("CARGO_PKG_VERSION"), "-timeless");

/// Makes both known to SQLite. Idempotent; an error is SQLite's code.
pub(super) fn register() -> Result<(), c_int> {
    static REGISTERED: OnceLock<Result<(), c_int>> = OnceLock::new();
    *REGISTERED.get_or_init(|| {
        add(NAME, |_| {})?;
        add(TIMELESS, |timeless| {
            timeless.xCurrentTime = Some(julian_day);
            timeless.xCurrentTimeInt64 = Some(julian_milliseconds);
        })
    })
}

fn add(name: &str, change: fn(&mut ffi::sqlite3_vfs)) -> Result<(), c_int> {
    // SAFETY: `sqlite3_vfs_find` initializes SQLite by itself, and what it gives stays registered for as long as
    // the program runs, so it can be read. The copy and its name are leaked, since SQLite keeps both for ever. Methods
    // that are left as they were (loading, randomness, sleep, time) do not look at the file system they are called for.
    unsafe {
        let default = ffi::sqlite3_vfs_find(ptr::null());
        if default.is_null() {
            return Err(ffi::SQLITE_ERROR);
        }
        let mut ours = Box::new(ptr::read(default));
        let size = c_int::try_from(size_of::<File>()).unwrap_or(c_int::MAX);
        ours.szOsFile = ours.szOsFile.max(size);
        ours.pNext = ptr::null_mut();
        ours.zName = CString::new(name).map_err(|_| ffi::SQLITE_MISUSE)?.into_raw();
        ours.pAppData = default.cast();
        ours.xOpen = Some(open);
        ours.xDelete = Some(delete);
        ours.xAccess = Some(access);
        ours.xFullPathname = Some(full_pathname);
        change(&mut ours);
        match ffi::sqlite3_vfs_register(Box::into_raw(ours), 0) {
            ffi::SQLITE_OK => Ok(()),
            code => Err(code),
        }
    }
}

/// 2000-01-01 00:00:00, in milliseconds since the beginning of the [Julian day](https://sqlite.org/lang_datefunc.html) 0.
const STANDS_AT: i64 = 211_813_444_800_000;

/// Runs `act`; a panic becomes `fault`.
fn guarded(fault: c_int, act: impl FnOnce() -> c_int) -> c_int {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or(fault)
}

/// What a name is to us.
enum Path<'a> {
    Ours(Name<'a>),
    /// A temporary file, which has no name.
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
    text.to_str().ok().and_then(Name::parse).map_or(Path::Default, Path::Ours)
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
        // nothing to close. The default file system gets what SQLite meant for it, in the room that it asked for.
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
        // SAFETY: the name is a C string; the default file system gets what SQLite meant for it.
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
        // SAFETY: the name is a C string and `out` has room for a number; the default file system gets what SQLite meant
        // for it.
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
        // SAFETY: the name is a C string, `out` has `room` bytes, and the copy with its end is checked to fit; the default
        // file system gets what SQLite meant for it.
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

unsafe extern "C" fn julian_milliseconds(_: *mut ffi::sqlite3_vfs, out: *mut i64) -> c_int {
    // SAFETY: `out` has room for a number.
    unsafe { *out = STANDS_AT };
    ffi::SQLITE_OK
}

unsafe extern "C" fn julian_day(_: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    #[expect(clippy::cast_precision_loss, reason = "half a day is exact")]
    // SAFETY: `out` has room for a number.
    unsafe {
        *out = STANDS_AT as f64 / 86_400_000.0;
    };
    ffi::SQLITE_OK
}

#[cfg(test)]
mod tests {
    use super::guarded;

    #[test]
    fn a_panic_does_not_cross() {
        assert_eq!(guarded(10, || 0), 0);
        assert_eq!(guarded(10, || panic!("no further")), 10);
    }
}
