//! The calls that led here as addresses, which another process can resolve to lines when this one has died.

#[cfg(unix)]
use std::ffi::{c_int, c_void};

/// How many calls a connection remembers: the innermost of the user's own code is near the top.
pub(in crate::ledger) const NEAR: usize = 64;

// SAFETY: every Rust program for Unix, except on 32-bit ARM, links an unwinder with these functions and types (Itanium C++ ABI,
// "Exception handling").
#[cfg(all(unix, not(target_arch = "arm")))]
unsafe extern "C" {
    fn _Unwind_Backtrace(step: unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int, to: *mut c_void) -> c_int;
    fn _Unwind_GetIP(context: *mut c_void) -> usize;
}

/// The return addresses of the calls that led here, innermost first, at most so many.
#[cfg(all(unix, not(target_arch = "arm")))]
pub(in crate::ledger) fn addresses(max: usize) -> Vec<usize> {
    unsafe extern "C" fn step(context: *mut c_void, to: *mut c_void) -> c_int {
        const NO_REASON: c_int = 0;
        const END_OF_STACK: c_int = 5;
        // SAFETY: `to` is the vector below, which nobody else uses during the walk; the context is the unwinder's own.
        let (addresses, address) = unsafe { (&mut *to.cast::<Vec<usize>>(), _Unwind_GetIP(context)) };
        // It must not allocate.
        if addresses.len() == addresses.capacity() {
            return END_OF_STACK;
        }
        addresses.push(address);
        NO_REASON
    }
    let mut addresses: Vec<usize> = Vec::with_capacity(max);
    // SAFETY: the unwinder calls `step` for each frame with the pointer passed here; it does not unwind, since it only pushes
    // within the capacity.
    unsafe { _Unwind_Backtrace(step, (&raw mut addresses).cast()) };
    addresses.truncate(max);
    addresses
}

#[cfg(not(all(unix, not(target_arch = "arm"))))]
pub(in crate::ledger) fn addresses(_: usize) -> Vec<usize> {
    Vec::new()
}

/// The load bias of the executable: an address minus this is its address in the file.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
pub(in crate::ledger) fn load_bias() -> usize {
    // SAFETY: the C library has this function (dl_iterate_phdr(3)); the first field of what it passes is an address.
    unsafe extern "C" {
        fn dl_iterate_phdr(
            callback: unsafe extern "C" fn(*const usize, usize, *mut c_void) -> c_int,
            to: *mut c_void,
        ) -> c_int;
    }
    unsafe extern "C" fn first(load_bias: *const usize, _: usize, to: *mut c_void) -> c_int {
        // SAFETY: `to` is the number below, and the executable comes first.
        unsafe { *to.cast::<usize>() = *load_bias };
        1
    }
    let mut load_bias = 0_usize;
    // SAFETY: it calls `first` with the pointer passed here.
    unsafe { dl_iterate_phdr(first, (&raw mut load_bias).cast()) };
    load_bias
}

#[cfg(target_vendor = "apple")]
pub(in crate::ledger) fn load_bias() -> usize {
    // SAFETY: the system's library has this function (dyld(3)); the executable is image 0.
    unsafe extern "C" {
        safe fn _dyld_get_image_vmaddr_slide(image: u32) -> usize;
    }
    _dyld_get_image_vmaddr_slide(0)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_vendor = "apple")))]
pub(in crate::ledger) fn load_bias() -> usize {
    0
}

#[cfg(all(test, target_os = "linux", not(target_arch = "arm")))]
mod tests {
    use super::{addresses, load_bias};

    #[inline(never)]
    fn deep(depth: usize) -> Vec<usize> {
        if depth == 0 { addresses(20) } else { std::hint::black_box(deep(depth - 1)) }
    }

    #[test]
    fn addresses_are_in_this_executable() {
        let found = addresses(100);
        assert!(found.len() > 3, "{found:x?}");
        let size = std::fs::metadata(std::env::current_exe().unwrap()).unwrap().len();
        for address in &found[..3] {
            assert!(*address > load_bias() && (*address - load_bias()) as u64 <= size, "{found:x?} {:x}", load_bias());
        }
        assert_eq!(deep(200).len(), 20);
    }
}
