//! The calls that led here as addresses, which another process can make names and lines of when this one has died.

use std::ffi::{c_int, c_void};

/// More calls than this are not looked at: the first of the user's own is near the top.
const MOST: usize = 64;

#[cfg(unix)]
// SAFETY: every Rust program for Unix links an unwinder with these functions (Itanium C++ ABI, "Exception handling"), and a
// C library with `dladdr`; the types are theirs.
unsafe extern "C" {
    fn _Unwind_Backtrace(step: unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int, to: *mut c_void) -> c_int;
    fn _Unwind_GetIP(context: *mut c_void) -> usize;
    fn dladdr(address: *const c_void, found: *mut Module) -> c_int;
}

/// What `dladdr` tells of the module that an address is in.
#[cfg(unix)]
#[repr(C)]
struct Module {
    file: *const std::ffi::c_char,
    base: *mut c_void,
    symbol: *const std::ffi::c_char,
    address: *mut c_void,
}

/// The return addresses of the calls that led here, innermost first.
#[cfg(unix)]
pub(super) fn addresses() -> Vec<usize> {
    unsafe extern "C" fn step(context: *mut c_void, to: *mut c_void) -> c_int {
        const NO_REASON: c_int = 0;
        const END_OF_STACK: c_int = 5;
        // SAFETY: `to` is the vector below, which nobody else uses during the walk; the context is the unwinder's own.
        let (addresses, address) = unsafe { (&mut *to.cast::<Vec<usize>>(), _Unwind_GetIP(context)) };
        if addresses.len() == MOST {
            return END_OF_STACK;
        }
        addresses.push(address);
        NO_REASON
    }
    let mut addresses: Vec<usize> = Vec::with_capacity(MOST);
    // SAFETY: `step` is what the unwinder calls for each frame, with the pointer it is given here; it does not unwind, as it
    // only pushes into room that is there.
    unsafe { _Unwind_Backtrace(step, (&raw mut addresses).cast()) };
    addresses
}

/// Where the test executable was loaded.
#[cfg(unix)]
pub(super) fn base() -> usize {
    let mut module = Module {
        file: std::ptr::null(),
        base: std::ptr::null_mut(),
        symbol: std::ptr::null(),
        address: std::ptr::null_mut(),
    };
    // SAFETY: it fills the structure, and only looks up the address.
    let found = unsafe { dladdr((base as *const ()).cast(), &raw mut module) };
    if found == 0 { 0 } else { module.base.addr() }
}

#[cfg(not(unix))]
pub(super) fn addresses() -> Vec<usize> {
    Vec::new()
}

#[cfg(not(unix))]
pub(super) fn base() -> usize {
    0
}

#[cfg(all(test, unix))]
mod tests {
    use super::{MOST, addresses, base};

    #[inline(never)]
    fn deep(depth: usize) -> Vec<usize> {
        if depth == 0 { addresses() } else { std::hint::black_box(deep(depth - 1)) }
    }

    #[test]
    fn the_calls_are_addresses_in_this_executable_and_never_more_than_are_wanted() {
        let found = addresses();
        assert!(found.len() > 3, "{found:x?}");
        assert!(found[..3].iter().all(|address| *address > base() && base() > 0), "{found:x?} {:x}", base());
        assert_eq!(deep(200).len(), MOST);
    }
}
