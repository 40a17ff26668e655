//! The calls that led here as addresses, which another process can make names and lines of when this one has died.

use std::ffi::{c_int, c_void};

/// More calls than this are not looked at: the first of the user's own is near the top.
#[cfg(all(unix, not(target_arch = "arm")))]
const MOST: usize = 64;

// SAFETY: every Rust program for Unix links an unwinder with these functions (Itanium C++ ABI, "Exception handling"), but on
// ARM of 32 bits; the types are theirs.
#[cfg(all(unix, not(target_arch = "arm")))]
unsafe extern "C" {
    fn _Unwind_Backtrace(step: unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int, to: *mut c_void) -> c_int;
    fn _Unwind_GetIP(context: *mut c_void) -> usize;
}

/// The return addresses of the calls that led here, innermost first.
#[cfg(all(unix, not(target_arch = "arm")))]
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

#[cfg(not(all(unix, not(target_arch = "arm"))))]
pub(super) fn addresses() -> Vec<usize> {
    Vec::new()
}

/// By how much the test executable was moved when it was loaded: what is to be taken from an address in it to find it in the
/// file. 0 for one that is loaded where it was linked to.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
pub(super) fn slide() -> usize {
    // SAFETY: the C library has this function (dl_iterate_phdr(3)); the first field of what it tells is an address.
    unsafe extern "C" {
        fn dl_iterate_phdr(
            tell: unsafe extern "C" fn(*const usize, usize, *mut c_void) -> c_int,
            to: *mut c_void,
        ) -> c_int;
    }
    unsafe extern "C" fn first(slide: *const usize, _: usize, to: *mut c_void) -> c_int {
        // SAFETY: `to` is the number below, and the executable comes first.
        unsafe { *to.cast::<usize>() = *slide };
        1
    }
    let mut slide = 0_usize;
    // SAFETY: `first` is what it calls, with the pointer that it is given here.
    unsafe { dl_iterate_phdr(first, (&raw mut slide).cast()) };
    slide
}

#[cfg(target_vendor = "apple")]
pub(super) fn slide() -> usize {
    // SAFETY: the system's library has this function (dyld(3)); the executable is image 0.
    unsafe extern "C" {
        safe fn _dyld_get_image_vmaddr_slide(image: u32) -> usize;
    }
    _dyld_get_image_vmaddr_slide(0)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd", target_vendor = "apple")))]
pub(super) fn slide() -> usize {
    0
}

#[cfg(all(test, target_os = "linux", not(target_arch = "arm")))]
mod tests {
    use super::{MOST, addresses, slide};

    #[inline(never)]
    fn deep(depth: usize) -> Vec<usize> {
        if depth == 0 { addresses() } else { std::hint::black_box(deep(depth - 1)) }
    }

    #[test]
    fn the_calls_are_addresses_in_this_executable_and_never_more_than_are_wanted() {
        let found = addresses();
        assert!(found.len() > 3, "{found:x?}");
        let size = std::fs::metadata(std::env::current_exe().unwrap()).unwrap().len();
        for address in &found[..3] {
            assert!(*address > slide() && (*address - slide()) as u64 <= size, "{found:x?} {:x}", slide());
        }
        assert_eq!(deep(200).len(), MOST);
    }
}
