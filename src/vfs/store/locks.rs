//! The locks of one database file, with the [semantics of a real file](https://sqlite.org/lockingv3.html).

/// The lock of a handle. Each level includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Level {
    #[default]
    None,
    /// Reading; any number of handles.
    Shared,
    /// About to write; others can still read, and start to.
    Reserved,
    /// Waiting for the readers; no new reader can start.
    Pending,
    /// Writing, alone.
    Exclusive,
}

/// A lock that was not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LockError {
    /// Another lock conflicts.
    Busy,
    /// The handle has not mapped the index that the lock belongs to.
    NotMapped,
}

#[derive(Debug, Default)]
pub(crate) struct Locks {
    /// The number of handles with a lock of any level.
    holders: usize,
    /// The level of the handle that has more than [`Level::Shared`].
    writer: Level,
}

impl Locks {
    /// Raises a handle's lock to `wanted`. On an error it is unchanged, except that a handle that waits for readers stays
    /// [pending](Level::Pending), as on a real file.
    pub(crate) fn lock(&mut self, held: &mut Level, wanted: Level) -> Result<(), LockError> {
        if wanted <= *held {
            return Ok(());
        }
        let writes = *held > Level::Shared;
        let other = if writes { Level::None } else { self.writer };
        if other >= Level::Pending || (other > Level::None && wanted > Level::Shared) {
            return Err(LockError::Busy);
        }
        if *held == Level::None {
            self.holders += 1;
            *held = Level::Shared;
        }
        if wanted > Level::Shared {
            let alone = self.holders == 1;
            *held = if wanted == Level::Exclusive && !alone { Level::Pending } else { wanted };
            self.writer = *held;
        }
        if *held == wanted { Ok(()) } else { Err(LockError::Busy) }
    }

    /// Lowers a handle's lock to `wanted`, which is `None` or `Shared`.
    pub(crate) fn unlock(&mut self, held: &mut Level, wanted: Level) {
        if *held > Level::Shared && wanted <= Level::Shared {
            self.writer = Level::None;
            *held = Level::Shared;
        }
        if *held == Level::Shared && wanted == Level::None {
            self.holders -= 1;
            *held = Level::None;
        }
    }

    /// Whether a handle has more than a shared lock.
    pub(crate) fn is_reserved(&self) -> bool {
        self.writer > Level::None
    }
}

#[cfg(test)]
#[path = "../../../tests/unit/vfs_locks.rs"]
mod tests;
