//! Connections and statements of our own, which the ledger and the recorder leave out.

use std::cell::Cell;

thread_local! {
    static UNTRACKED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `open`, which opens one connection that the ledger does not record.
pub(crate) fn untracked<T>(open: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            UNTRACKED.set(self.0);
        }
    }
    let _restore = Restore(UNTRACKED.replace(true));
    open()
}

/// Whether the connection that this thread is opening is untracked; the next one is tracked again.
pub(crate) fn is_untracked() -> bool {
    UNTRACKED.try_with(Cell::take).unwrap_or(false)
}

thread_local! {
    static UNRECORDED: Cell<usize> = const { Cell::new(0) };
}

/// Runs `work`, whose statements on this thread are not recorded.
pub(crate) fn unrecorded<T>(work: impl FnOnce() -> T) -> T {
    struct Restore;
    impl Drop for Restore {
        fn drop(&mut self) {
            UNRECORDED.set(UNRECORDED.get() - 1);
        }
    }
    UNRECORDED.set(UNRECORDED.get() + 1);
    let _restore = Restore;
    work()
}

pub(crate) fn is_unrecorded() -> bool {
    UNRECORDED.try_with(Cell::get).unwrap_or_default() > 0
}
