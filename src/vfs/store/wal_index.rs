//! The index of a write-ahead log, which the connections of a database share: its memory and its eight locks.
//!
//! A real file has it in its `-shm` file; see [the WAL-index](https://sqlite.org/walformat.html#the_wal_index_file_format).

use super::locks::LockError;
use std::sync::{Arc, atomic::AtomicU64};

/// How much of the index SQLite asks for at a time, in bytes.
pub(crate) const REGION: usize = 32 * 1024;

/// A part of the index, of atomics, since connections write to it concurrently. Its address is stable while one of them uses it.
pub(crate) type Region = [AtomicU64];

#[derive(Debug, Default)]
pub(crate) struct WalIndex {
    regions: Vec<Arc<Region>>,
    /// The number of handles that use the index. The last one clears it, so that the next one reads the log again.
    users: usize,
    /// The number of handles that share each lock, and the locks that are shared, a bit each.
    sharing: [usize; 8],
    shared: u8,
    /// The locks that one handle has exclusively, a bit each.
    exclusive: u8,
}

/// The use of an index by one handle, and its locks.
#[derive(Debug, Default)]
pub(crate) struct Hold {
    uses: bool,
    shared: u8,
    exclusive: u8,
}

impl WalIndex {
    /// A part of the index; `None` if it does not exist and `make` is false.
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

    /// Takes a shared lock.
    pub(crate) fn lock_shared(&mut self, hold: &mut Hold, slot: u32) -> Result<(), LockError> {
        let bit = 1 << slot;
        if !hold.uses {
            return Err(LockError::NotMapped);
        }
        if hold.shared & bit != 0 {
            return Ok(());
        }
        if self.exclusive & !hold.exclusive & bit != 0 {
            return Err(LockError::Busy);
        }
        self.sharing[slot as usize] += 1;
        self.shared |= bit;
        hold.shared |= bit;
        Ok(())
    }

    /// Takes the locks of `mask` exclusively, or none of them. A lock that the handle itself shares conflicts too, as on a real
    /// file: a checkpoint inside its own read transaction is busy.
    pub(crate) fn lock_exclusive(&mut self, hold: &mut Hold, mask: u8) -> Result<(), LockError> {
        if !hold.uses {
            return Err(LockError::NotMapped);
        }
        if self.shared & mask != 0 || self.exclusive & !hold.exclusive & mask != 0 {
            return Err(LockError::Busy);
        }
        self.exclusive |= mask;
        hold.exclusive |= mask;
        Ok(())
    }

    /// Releases those locks of `mask` that the handle has.
    pub(crate) fn release(&mut self, hold: &mut Hold, mask: u8) {
        let mut released = mask & hold.shared;
        while released != 0 {
            let slot = released.trailing_zeros();
            released &= released - 1;
            self.sharing[slot as usize] -= 1;
            if self.sharing[slot as usize] == 0 {
                self.shared &= !(1 << slot);
            }
        }
        self.exclusive &= !(mask & hold.exclusive);
        hold.shared &= !mask;
        hold.exclusive &= !mask;
    }

    /// Ends the use by a handle.
    pub(crate) fn close(&mut self, hold: &mut Hold) {
        self.release(hold, u8::MAX);
        if std::mem::take(&mut hold.uses) {
            self.users -= 1;
        }
        if self.users == 0 {
            self.regions.clear();
        }
    }
}

#[cfg(test)]
#[path = "../../../tests/unit/vfs_wal_index.rs"]
mod tests;
