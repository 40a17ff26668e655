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
mod tests {
    use super::{Level, LockError, Locks};
    use proptest::prelude::{Strategy, prop_oneof, proptest};

    #[test]
    fn reader_starts_beside_a_reserved_lock() {
        let (mut locks, mut writer, mut reader) = (Locks::default(), Level::None, Level::None);
        locks.lock(&mut writer, Level::Shared).unwrap();
        locks.lock(&mut writer, Level::Reserved).unwrap();
        assert_eq!(locks.lock(&mut reader, Level::Shared), Ok(()));
        assert!(locks.is_reserved());
    }

    #[test]
    fn pending_writer_blocks_new_readers() {
        let (mut locks, mut writer, mut reader, mut late) = (Locks::default(), Level::None, Level::None, Level::None);
        locks.lock(&mut reader, Level::Shared).unwrap();
        locks.lock(&mut writer, Level::Shared).unwrap();
        assert_eq!(locks.lock(&mut writer, Level::Exclusive), Err(LockError::Busy));
        assert_eq!(writer, Level::Pending);
        assert_eq!(locks.lock(&mut late, Level::Shared), Err(LockError::Busy));
        locks.unlock(&mut reader, Level::None);
        assert_eq!(locks.lock(&mut writer, Level::Exclusive), Ok(()));
        locks.unlock(&mut writer, Level::None);
        assert_eq!(locks.lock(&mut late, Level::Shared), Ok(()));
    }

    fn level() -> impl Strategy<Value = Level> {
        prop_oneof![
            proptest::prelude::Just(Level::Shared),
            proptest::prelude::Just(Level::Reserved),
            proptest::prelude::Just(Level::Exclusive)
        ]
    }

    proptest! {
        #![proptest_config(proptest::test_runner::Config { cases: if cfg!(miri) { 16 } else { 256 }, failure_persistence: None, ..Default::default() })]

        #[test]
        fn at_most_one_handle_writes_and_alone(
            steps in proptest::collection::vec((0_usize..4, level(), proptest::bool::ANY), 0..60)
        ) {
            let (mut locks, mut held) = (Locks::default(), [Level::None; 4]);
            for (handle, wanted, raise) in steps {
                let before = held[handle];
                if raise {
                    let done = locks.lock(&mut held[handle], wanted);
                    assert_eq!(done.is_ok(), held[handle] >= wanted);
                    assert!(held[handle] >= before);
                } else {
                    locks.unlock(&mut held[handle], if wanted == Level::Shared { Level::Shared } else { Level::None });
                }
                let writers = held.iter().filter(|held| **held > Level::Shared).count();
                assert!(writers <= 1);
                assert_eq!(locks.is_reserved(), writers == 1);
                if held.contains(&Level::Exclusive) {
                    assert_eq!(held.iter().filter(|held| **held > Level::None).count(), 1);
                }
            }
            for held in &mut held {
                locks.unlock(held, Level::None);
            }
            assert_eq!((locks.holders, locks.writer), (0, Level::None));
        }
    }
}
