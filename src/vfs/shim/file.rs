//! The [methods](https://sqlite.org/c3ref/io_methods.html) of an open file.

use super::guarded;
use crate::vfs::store::{Content, Handle, Level, LockError, REGION};
use rusqlite::ffi;
use std::ffi::{c_int, c_void};
use std::sync::atomic;
use std::{ptr, slice};

/// An open file in the layout that SQLite expects: its methods first.
#[repr(C)]
pub(super) struct File {
    base: ffi::sqlite3_file,
    handle: Handle,
}

const _: () = assert!(align_of::<File>() <= 8, "SQLite aligns files to eight bytes");

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // Version 2 has the index of the write-ahead log; version 3 would map files.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

impl File {
    /// Makes an open file of `handle`.
    ///
    /// # Safety
    /// `file` has room for one of ours, and is not open.
    pub(super) unsafe fn put(file: *mut ffi::sqlite3_file, handle: Handle) {
        let opened = Self { base: ffi::sqlite3_file { pMethods: &raw const METHODS }, handle };
        // SAFETY: as promised by the caller. SQLite aligns files to eight bytes.
        unsafe { file.cast::<Self>().write(opened) };
    }
}

// SAFETY (of every unsafe function below): SQLite calls it with an open file that was registered with it, with pointers that are
// valid for the call, and never two methods of one file at a time.

/// The handle of an open file.
///
/// # Safety
/// `file` was opened by [`File::put`] and not closed, and no other reference to its handle lives.
unsafe fn handle<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Handle {
    // SAFETY: as promised by the caller, `File::put` stored a handle there that `close` has not dropped.
    unsafe { &mut (*file.cast::<File>()).handle }
}

/// Runs `act` on an open file's handle.
///
/// # Safety
/// As [`handle`].
unsafe fn with(file: *mut ffi::sqlite3_file, error: c_int, act: impl FnOnce(&mut Handle) -> c_int) -> c_int {
    // SAFETY: as promised by the caller.
    guarded(error, || act(unsafe { handle(file) }))
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    guarded(ffi::SQLITE_IOERR_CLOSE, || {
        // SAFETY: `File::put` stored the handle, and SQLite closes a file once; without methods it will not be used again.
        unsafe {
            (*file).pMethods = ptr::null();
            ptr::drop_in_place(&raw mut (*file.cast::<File>()).handle);
        }
        ffi::SQLITE_OK
    })
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, into: *mut c_void, amount: c_int, at: i64) -> c_int {
    let (Ok(amount), Ok(at)) = (usize::try_from(amount), usize::try_from(at)) else { return ffi::SQLITE_IOERR_READ };
    let act = |handle: &mut Handle| {
        // SAFETY: SQLite gives room for `amount` bytes, which nobody else accesses during the call, and which are only written.
        let into = unsafe { slice::from_raw_parts_mut(into.cast::<u8>(), amount) };
        if handle.read_content(|content| content.read(at, into)) == amount {
            ffi::SQLITE_OK
        } else {
            ffi::SQLITE_IOERR_SHORT_READ
        }
    };
    // SAFETY: see above.
    unsafe { with(file, ffi::SQLITE_IOERR_READ, act) }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, amount: c_int, at: i64) -> c_int {
    let (Ok(amount), Ok(at)) = (usize::try_from(amount), usize::try_from(at)) else { return ffi::SQLITE_IOERR_WRITE };
    let act = |handle: &mut Handle| {
        // SAFETY: SQLite gives `amount` bytes, which nobody writes during the call.
        let from = unsafe { slice::from_raw_parts(from.cast::<u8>(), amount) };
        handle.write_content(|content| content.write(at, from));
        ffi::SQLITE_OK
    };
    // SAFETY: see above.
    unsafe { with(file, ffi::SQLITE_IOERR_WRITE, act) }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, len: i64) -> c_int {
    let Ok(len) = usize::try_from(len) else { return ffi::SQLITE_IOERR_TRUNCATE };
    let act = |handle: &mut Handle| {
        handle.write_content(|content| content.set_len(len));
        ffi::SQLITE_OK
    };
    // SAFETY: see above.
    unsafe { with(file, ffi::SQLITE_IOERR_TRUNCATE, act) }
}

/// There is no disk to wait for.
extern "C" fn sync(_: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, out: *mut i64) -> c_int {
    let act = |handle: &mut Handle| {
        let Ok(len) = i64::try_from(handle.read_content(Content::len)) else { return ffi::SQLITE_IOERR_FSTAT };
        // SAFETY: `out` has room for a number.
        unsafe { *out = len };
        ffi::SQLITE_OK
    };
    // SAFETY: see above.
    unsafe { with(file, ffi::SQLITE_IOERR_FSTAT, act) }
}

fn level(lock: c_int) -> Level {
    match lock {
        ffi::SQLITE_LOCK_NONE => Level::None,
        ffi::SQLITE_LOCK_SHARED => Level::Shared,
        ffi::SQLITE_LOCK_RESERVED => Level::Reserved,
        ffi::SQLITE_LOCK_PENDING => Level::Pending,
        _ => Level::Exclusive,
    }
}

fn result_code(result: Result<(), LockError>) -> c_int {
    match result {
        Ok(()) => ffi::SQLITE_OK,
        Err(LockError::Busy) => ffi::SQLITE_BUSY,
        Err(LockError::NotMapped) => ffi::SQLITE_IOERR_SHMLOCK,
    }
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, wanted: c_int) -> c_int {
    // SAFETY: see above.
    unsafe { with(file, ffi::SQLITE_IOERR_LOCK, |handle| result_code(handle.lock(level(wanted)))) }
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, wanted: c_int) -> c_int {
    let act = |handle: &mut Handle| {
        handle.unlock(level(wanted));
        ffi::SQLITE_OK
    };
    // SAFETY: see above.
    unsafe { with(file, ffi::SQLITE_IOERR_UNLOCK, act) }
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    let act = |handle: &mut Handle| {
        // SAFETY: `out` has room for a number.
        unsafe { *out = handle.is_reserved().into() };
        ffi::SQLITE_OK
    };
    // SAFETY: see above.
    unsafe { with(file, ffi::SQLITE_IOERR_CHECKRESERVEDLOCK, act) }
}

/// Says which connection a file belongs to. SQLite leaves the operations above 100 to file systems.
pub(super) const SET_CONNECTION: c_int = 0x5146_6978;

/// All others are optional, but `PRAGMA mmap_size` has a result on every real file.
unsafe extern "C" fn file_control(file: *mut ffi::sqlite3_file, operation: c_int, argument: *mut c_void) -> c_int {
    if operation == SET_CONNECTION {
        // SAFETY: see above; for this operation the argument is a number.
        return unsafe {
            let number = *argument.cast::<u64>();
            with(file, ffi::SQLITE_ERROR, |handle| {
                handle.set_connection(number);
                ffi::SQLITE_OK
            })
        };
    }
    if operation != ffi::SQLITE_FCNTL_MMAP_SIZE {
        return ffi::SQLITE_NOTFOUND;
    }
    // SAFETY: for this operation the argument is a number, into which the size goes that may be mapped.
    unsafe { *argument.cast::<i64>() = 0 };
    ffi::SQLITE_OK
}

extern "C" fn sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    512
}

extern "C" fn device_characteristics(_: *mut ffi::sqlite3_file) -> c_int {
    // As in SQLite's own `memdb`: no write can be torn.
    ffi::SQLITE_IOCAP_ATOMIC
        | ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
        | ffi::SQLITE_IOCAP_SAFE_APPEND
        | ffi::SQLITE_IOCAP_SEQUENTIAL
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    number: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    let act = |handle: &mut Handle| {
        let (Ok(number), Ok(REGION)) = (usize::try_from(number), usize::try_from(size)) else {
            return ffi::SQLITE_IOERR_SHMMAP;
        };
        let region = handle.region(number, extend != 0);
        // The database keeps the region until this handle has unmapped it, so the pointer outlives the reference here. The
        // memory is atomic, so it may be written through shared references.
        let address = region.map_or(ptr::null_mut(), |region| region.as_ptr().cast_mut().cast());
        // SAFETY: `out` has room for a pointer.
        unsafe { *out = address };
        ffi::SQLITE_OK
    };
    // SAFETY: see above.
    unsafe { with(file, ffi::SQLITE_IOERR_SHMMAP, act) }
}

unsafe extern "C" fn shm_lock(file: *mut ffi::sqlite3_file, first: c_int, count: c_int, flags: c_int) -> c_int {
    let act = |handle: &mut Handle| {
        let (Ok(first), Ok(count)) = (u32::try_from(first), u32::try_from(count)) else {
            return ffi::SQLITE_IOERR_SHMLOCK;
        };
        if count == 0 || first + count > 8 {
            return ffi::SQLITE_IOERR_SHMLOCK;
        }
        let mask = (u8::MAX >> (8 - count)) << first;
        if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
            handle.release_wal_locks(mask);
            ffi::SQLITE_OK
        } else if flags & ffi::SQLITE_SHM_SHARED != 0 {
            result_code(handle.lock_wal_shared(first))
        } else {
            result_code(handle.lock_wal_exclusive(mask))
        }
    };
    // SAFETY: see above.
    unsafe { with(file, ffi::SQLITE_IOERR_SHMLOCK, act) }
}

extern "C" fn shm_barrier(_: *mut ffi::sqlite3_file) {
    atomic::fence(atomic::Ordering::SeqCst);
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    let act = |handle: &mut Handle| {
        handle.close_wal_index();
        ffi::SQLITE_OK
    };
    // SAFETY: see above.
    unsafe { with(file, ffi::SQLITE_IOERR_SHMMAP, act) }
}
