//! What runs when the program is loaded: tests may open connections before they use anything of ours.

use crate::{ledger, recorder};
use std::panic::catch_unwind;

/// Called by the system's loader before `main`, in every program that this crate is linked into.
#[cfg(not(miri))]
#[used]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(windows, unsafe(link_section = ".CRT$XCU"))]
#[cfg_attr(not(any(target_vendor = "apple", windows)), unsafe(link_section = ".init_array"))]
// SAFETY (of the section): it is the list of functions of this type that the loader calls once, each of them alone.
static AT_LOAD: extern "C" fn() = {
    extern "C" fn at_load() {
        // A panic must not cross into the loader; the check at exit notices that the start is incomplete.
        let _ = catch_unwind(|| {
            recorder::start();
            ledger::start();
        });
    }
    at_load
};
