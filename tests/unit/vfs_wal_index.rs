//! Unit tests of `src/vfs/store/wal_index.rs`.

use super::{Hold, WalIndex};
use crate::vfs::store::locks::LockError;
use std::sync::{Arc, atomic::Ordering};

#[test]
fn region_is_shared_until_the_last_handle_closes() {
    let (mut index, mut one, mut two) = (WalIndex::default(), Hold::default(), Hold::default());
    assert!(index.region(&mut one, 0, false).is_none());
    let region = index.region(&mut one, 1, true).unwrap();
    region[0].store(7, Ordering::Relaxed);
    assert!(Arc::ptr_eq(&region, &index.region(&mut two, 1, false).unwrap()));
    index.close(&mut one);
    assert_eq!(index.region(&mut two, 1, false).unwrap()[0].load(Ordering::Relaxed), 7);
    index.close(&mut two);
    assert!(index.region(&mut one, 1, false).is_none());
}

#[test]
fn lock_is_shared_or_exclusive() {
    let (mut index, mut one, mut two) = (WalIndex::default(), Hold::default(), Hold::default());
    assert_eq!(index.lock_shared(&mut one, 3), Err(LockError::NotMapped));
    index.region(&mut one, 0, true);
    index.region(&mut two, 0, true);
    index.lock_shared(&mut one, 3).unwrap();
    index.lock_shared(&mut two, 3).unwrap();
    assert_eq!(index.lock_exclusive(&mut one, 0b1000), Err(LockError::Busy));
    index.release(&mut two, 0b1000);
    assert_eq!(index.lock_exclusive(&mut one, 0b1000), Err(LockError::Busy), "its own shared lock conflicts");
    index.release(&mut one, 0b1000);
    index.lock_exclusive(&mut one, 0b1100).unwrap();
    assert_eq!(index.lock_shared(&mut two, 3), Err(LockError::Busy));
    assert_eq!(index.lock_exclusive(&mut two, 0b0110), Err(LockError::Busy));
    assert_eq!(index.lock_exclusive(&mut two, 0b0010), Ok(()), "the failed call took nothing");
    index.close(&mut one);
    assert_eq!(index.lock_shared(&mut two, 3), Ok(()));
}

#[test]
fn handle_releases_only_its_own_locks() {
    let (mut index, mut one, mut two) = (WalIndex::default(), Hold::default(), Hold::default());
    index.region(&mut one, 0, true);
    index.region(&mut two, 0, true);
    index.lock_exclusive(&mut one, 1).unwrap();
    index.release(&mut two, 1);
    assert_eq!(index.lock_shared(&mut two, 0), Err(LockError::Busy));
}
