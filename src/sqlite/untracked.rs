//! Connections of our own that are nobody's session.

use std::cell::Cell;

thread_local! {
    static UNSEEN: Cell<bool> = const { Cell::new(false) };
}

/// Runs `open`, which opens one connection of our own that is nobody's session, and so in no record.
pub(crate) fn untracked<T>(open: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            UNSEEN.set(self.0);
        }
    }
    let _restore = Restore(UNSEEN.replace(true));
    open()
}

/// Whether the connection that is being opened on this thread is to be in no record. The next one is again.
pub(crate) fn is_untracked() -> bool {
    UNSEEN.try_with(Cell::take).unwrap_or(false)
}
