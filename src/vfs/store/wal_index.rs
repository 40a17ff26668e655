//! The index of a write-ahead log, which the connections of one database share: its memory, and its eight locks.
//!
//! On a real file it is the `-shm` file; see [the WAL-index](https://sqlite.org/walformat.html#the_wal_index_file_format).

use super::locks::Refused;
use std::sync::{Arc, atomic::AtomicU64};

/// How much of the index SQLite asks for at a time, in bytes.
pub(crate) const REGION: usize = 32 * 1024;

/// A part of the index. Connections write to it at the same time, so it is made of atomics; they find it at the same
/// address for as long as one of them has it.
pub(crate) type Region = [AtomicU64];

#[derive(Debug, Default)]
pub(crate) struct WalIndex {
    regions: Vec<Arc<Region>>,
    /// How many handles use the index. With the last of them it goes, so that the next finds it empty and reads the log.
    users: usize,
    /// How many handles share each lock.
    sharing: [usize; 8],
    /// The locks that one handle has for itself, a bit each.
    exclusive: u8,
}

/// What one handle has of an index.
#[derive(Debug, Default)]
pub(crate) struct Hold {
    uses: bool,
    shared: u8,
    exclusive: u8,
}

impl WalIndex {
    /// A part of the index; `None` when it is not there and shall not be made.
    pub(crate) fn region(&mut self, hold: &mut Hold, number: usize, make: bool) -> Option<Arc<Region>> {
        if !hold.uses {
            hold.uses = true;
            self.users += 1;
        }
        while make && self.regions.len() <= number {
            self.regions.push((0..REGION / 8).map(|_| AtomicU64::new(0)).collect());
        }
        self.regions.get(number).cloned()
    }

    /// Takes one lock together with others.
    pub(crate) fn share(&mut self, hold: &mut Hold, slot: u32) -> Result<(), Refused> {
        let bit = 1 << slot;
        if !hold.uses {
            return Err(Refused::NotMapped);
        }
        if hold.shared & bit != 0 {
            return Ok(());
        }
        if self.exclusive & !hold.exclusive & bit != 0 {
            return Err(Refused::Busy);
        }
        self.sharing[slot as usize] += 1;
        hold.shared |= bit;
        Ok(())
    }

    /// Takes the locks of `mask` alone, or none of them. A lock that the handle itself shares is in the way too, as on a
    /// real file: a checkpoint inside a read transaction of its own is busy.
    pub(crate) fn take(&mut self, hold: &mut Hold, mask: u8) -> Result<(), Refused> {
        if !hold.uses {
            return Err(Refused::NotMapped);
        }
        if slots(mask).any(|slot| self.sharing[slot] > 0) || self.exclusive & !hold.exclusive & mask != 0 {
            return Err(Refused::Busy);
        }
        self.exclusive |= mask;
        hold.exclusive |= mask;
        Ok(())
    }

    /// Gives the locks of `mask` back, those that the handle has.
    pub(crate) fn give_back(&mut self, hold: &mut Hold, mask: u8) {
        for slot in slots(mask & hold.shared) {
            self.sharing[slot] -= 1;
        }
        self.exclusive &= !(mask & hold.exclusive);
        hold.shared &= !mask;
        hold.exclusive &= !mask;
    }

    /// Ends a handle's use.
    pub(crate) fn leave(&mut self, hold: &mut Hold) {
        self.give_back(hold, u8::MAX);
        if std::mem::take(&mut hold.uses) {
            self.users -= 1;
        }
        if self.users == 0 {
            self.regions.clear();
        }
    }
}

fn slots(mask: u8) -> impl Iterator<Item = usize> {
    (0..8).filter(move |slot| mask >> slot & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::{Hold, WalIndex};
    use crate::vfs::store::locks::Refused;
    use std::sync::{Arc, atomic::Ordering};

    #[test]
    fn a_region_is_the_same_for_all_and_goes_with_the_last() {
        let (mut index, mut one, mut two) = (WalIndex::default(), Hold::default(), Hold::default());
        assert!(index.region(&mut one, 0, false).is_none());
        let region = index.region(&mut one, 1, true).unwrap();
        region[0].store(7, Ordering::Relaxed);
        assert!(Arc::ptr_eq(&region, &index.region(&mut two, 1, false).unwrap()));
        index.leave(&mut one);
        assert_eq!(index.region(&mut two, 1, false).unwrap()[0].load(Ordering::Relaxed), 7);
        index.leave(&mut two);
        assert!(index.region(&mut one, 1, false).is_none());
    }

    #[test]
    fn a_lock_is_shared_by_many_or_taken_by_one() {
        let (mut index, mut one, mut two) = (WalIndex::default(), Hold::default(), Hold::default());
        assert_eq!(index.share(&mut one, 3), Err(Refused::NotMapped));
        index.region(&mut one, 0, true);
        index.region(&mut two, 0, true);
        index.share(&mut one, 3).unwrap();
        index.share(&mut two, 3).unwrap();
        assert_eq!(index.take(&mut one, 0b1000), Err(Refused::Busy));
        index.give_back(&mut two, 0b1000);
        assert_eq!(index.take(&mut one, 0b1000), Err(Refused::Busy), "its own is in the way too");
        index.give_back(&mut one, 0b1000);
        index.take(&mut one, 0b1100).unwrap();
        assert_eq!(index.share(&mut two, 3), Err(Refused::Busy));
        assert_eq!(index.take(&mut two, 0b0110), Err(Refused::Busy));
        assert_eq!(index.take(&mut two, 0b0010), Ok(()), "the refused one took nothing");
        index.leave(&mut one);
        assert_eq!(index.share(&mut two, 3), Ok(()));
    }

    #[test]
    fn what_a_handle_does_not_hold_it_cannot_give_back() {
        let (mut index, mut one, mut two) = (WalIndex::default(), Hold::default(), Hold::default());
        index.region(&mut one, 0, true);
        index.region(&mut two, 0, true);
        index.take(&mut one, 1).unwrap();
        index.give_back(&mut two, 1);
        assert_eq!(index.share(&mut two, 0), Err(Refused::Busy));
    }
}
