//! Unit tests of `src/vfs/shim/mod.rs`.

use super::{ffi, guarded, over};
use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};
use std::ptr;

#[test]
fn panic_becomes_an_error() {
    assert_eq!(guarded(10, || 0), 0);
    assert_eq!(guarded(10, || panic!("inside a callback")), 10);
}

/// A default file system with a field of its own behind SQLite's struct, as SQLite's own tests have them.
#[repr(C)]
struct Extended {
    base: ffi::sqlite3_vfs,
    calls: Cell<u32>,
}

/// Counts a call of one of the methods of an [`Extended`].
unsafe fn count(vfs: *mut ffi::sqlite3_vfs) -> c_int {
    // SAFETY: every method below is called with the pointer that it belongs to: that is what the test is about.
    let calls = unsafe { &(*vfs.cast::<Extended>()).calls };
    calls.set(calls.get() + 1);
    ffi::SQLITE_OK
}

/// Methods of an [`Extended`], each of which counts its call.
macro_rules! counted {
    ($($name:ident($($type:ty),*) $(-> $result:ty = $value:expr)?;)*) => {$(
        unsafe extern "C" fn $name(vfs: *mut ffi::sqlite3_vfs, $(_: $type),*) $(-> $result)? {
            // SAFETY: see `count`.
            let _ok = unsafe { count(vfs) };
            $($value)?
        }
    )*};
}

counted! {
    full_pathname(*const c_char, c_int, *mut c_char) -> c_int = 0;
    delete(*const c_char, c_int) -> c_int = 0;
    access(*const c_char, c_int, *mut c_int) -> c_int = 0;
    open(*const c_char, *mut ffi::sqlite3_file, c_int, *mut c_int) -> c_int = 0;
    dl_open(*const c_char) -> *mut c_void = ptr::null_mut();
    dl_error(c_int, *mut c_char);
    dl_sym(*mut c_void, *const c_char) -> Option<super::Symbol> = None;
    dl_close(*mut c_void);
    randomness(c_int, *mut c_char) -> c_int = 0;
    sleep(c_int) -> c_int = 0;
    current_time(*mut f64) -> c_int = 0;
    get_last_error(c_int, *mut c_char) -> c_int = 0;
    current_time_int64(*mut i64) -> c_int = 0;
    set_system_call(*const c_char, ffi::sqlite3_syscall_ptr) -> c_int = 0;
    get_system_call(*const c_char) -> ffi::sqlite3_syscall_ptr = None;
    next_system_call(*const c_char) -> *const c_char = ptr::null();
}

fn extended(version: c_int) -> Extended {
    let base = ffi::sqlite3_vfs {
        iVersion: version,
        szOsFile: 4096,
        mxPathname: 77,
        pNext: ptr::null_mut(),
        zName: c"extended".as_ptr(),
        pAppData: ptr::null_mut(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        xDlOpen: Some(dl_open),
        xDlError: Some(dl_error),
        xDlSym: Some(dl_sym),
        xDlClose: Some(dl_close),
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: Some(get_last_error),
        xCurrentTimeInt64: Some(current_time_int64),
        xSetSystemCall: Some(set_system_call),
        xGetSystemCall: Some(get_system_call),
        xNextSystemCall: Some(next_system_call),
    };
    Extended { base, calls: Cell::new(0) }
}

#[test]
fn other_methods_are_called_with_the_pointer_of_the_default() {
    let default = Box::into_raw(Box::new(extended(3)));
    let (name, null) = (c"/tmp/file".as_ptr(), ptr::null_mut());
    // SAFETY: the methods of the default file system follow none of these pointers.
    let calls = unsafe {
        let ours = Box::into_raw(Box::new(over(default.cast(), c"ours".as_ptr())));
        let mut file: Vec<u64> = vec![0; usize::try_from((*ours).szOsFile).unwrap() / 8 + 1];
        (*ours).xOpen.unwrap()(ours, name, file.as_mut_ptr().cast(), 0, ptr::null_mut());
        (*ours).xDelete.unwrap()(ours, name, 0);
        (*ours).xAccess.unwrap()(ours, name, 0, ptr::null_mut());
        (*ours).xFullPathname.unwrap()(ours, name, 0, ptr::null_mut());
        (*ours).xDlOpen.unwrap()(ours, name);
        (*ours).xDlError.unwrap()(ours, 0, ptr::null_mut());
        (*ours).xDlSym.unwrap()(ours, null, name);
        (*ours).xDlClose.unwrap()(ours, null);
        (*ours).xRandomness.unwrap()(ours, 0, ptr::null_mut());
        (*ours).xSleep.unwrap()(ours, 0);
        (*ours).xCurrentTime.unwrap()(ours, ptr::null_mut());
        (*ours).xGetLastError.unwrap()(ours, 0, ptr::null_mut());
        (*ours).xCurrentTimeInt64.unwrap()(ours, ptr::null_mut());
        (*ours).xSetSystemCall.unwrap()(ours, name, None);
        (*ours).xGetSystemCall.unwrap()(ours, name);
        (*ours).xNextSystemCall.unwrap()(ours, name);
        assert_eq!(((*ours).szOsFile, (*ours).mxPathname), (4096, 77), "room for its files and names");
        drop(Box::from_raw(ours));
        Box::from_raw(default).calls.get()
    };
    assert_eq!(calls, 16, "each of the 16 methods");
}

#[test]
fn default_of_an_older_version_is_not_read_beyond_its_end() {
    for (version, has_time, has_calls) in [(1, false, false), (2, true, false), (3, true, true), (4, true, true)] {
        let mut default = extended(version);
        // SAFETY: it lives longer than ours.
        let ours = unsafe { over((&raw mut default).cast(), c"ours".as_ptr()) };
        assert_eq!(ours.iVersion, version.min(3));
        assert_eq!(ours.xCurrentTimeInt64.is_some(), has_time, "{version}");
        assert_eq!(ours.xNextSystemCall.is_some(), has_calls, "{version}");
    }
}

#[test]
fn method_that_the_default_lacks_is_not_there() {
    let mut default = extended(3);
    (default.base.xDlOpen, default.base.xGetSystemCall) = (None, None);
    // SAFETY: it lives longer than ours.
    let ours = unsafe { over((&raw mut default).cast(), c"ours".as_ptr()) };
    assert!(ours.xDlOpen.is_none() && ours.xGetSystemCall.is_none() && ours.xDlSym.is_some());
}
