//! Unit tests of `src/vfs/store/locks.rs`.

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
