//! Statements of our own, which the recorder does not look at.

use std::cell::Cell;

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Runs `work`, whose statements on this thread are not recorded.
pub(crate) fn unrecorded<T>(work: impl FnOnce() -> T) -> T {
    struct Restore;
    impl Drop for Restore {
        fn drop(&mut self) {
            DEPTH.set(DEPTH.get() - 1);
        }
    }
    DEPTH.set(DEPTH.get() + 1);
    let _restore = Restore;
    work()
}

pub(crate) fn is_unrecorded() -> bool {
    DEPTH.try_with(Cell::get).unwrap_or_default() > 0
}
