//! Databases in memory: their files, locks and open handles, in safe code without SQLite's types.
//!
//! [`content`] has the bytes of a file, [`locks`] its locks, [`holders`] who has them, [`sidecars`] the files beside it, [`wal_index`]
//! the shared memory of the write-ahead mode. [`recent`] finds the sidecars of a database without a lock of the process.

mod content;
mod holders;
mod locks;
mod recent;
mod sidecars;
mod wal_index;

pub(crate) use content::Base;
pub(super) use content::Content;
pub(crate) use holders::{
    Actor, Refusal, StatementKind, Watcher, begin_statement, has_refusal, take_refusal, with_refusal,
};
pub(super) use locks::{Level, LockError};
pub(super) use wal_index::{REGION, Region};

use content::NumberHasher;
use holders::{Holder, Holders, Wanted};
use locks::Locks;
use sidecars::Sidecars;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use wal_index::{Hold, WalIndex};

/// The folder of all databases. A database is named by its number, followed by its sidecars: `12`, `12-journal`, `12-wal`.
pub(super) const FOLDER: &str = "/sqlite-fixtures/";

/// The databases of the process, by number. Each is owned by its engine and its handles.
static DATABASES: Mutex<HashMap<u64, Weak<Database>, BuildHasherDefault<NumberHasher>>> =
    Mutex::new(HashMap::with_hasher(BuildHasherDefault::new()));

type File = Arc<RwLock<Content>>;

/// A database: its main file and its sidecar files.
#[derive(Debug)]
pub(crate) struct Database {
    number: u64,
    /// Whether the main file is there; else opening it must create it.
    exists: AtomicBool,
    main: File,
    sidecars: Arc<Sidecars>,
    locks: Mutex<Locks>,
    wal_index: Mutex<WalIndex>,
    holders: Holders,
}

impl Database {
    /// A new database whose main file starts as `base`.
    pub(crate) fn new(base: Base) -> Arc<Self> {
        Self::make(base, true)
    }

    /// A new database whose main file is not there yet.
    pub(crate) fn absent() -> Arc<Self> {
        Self::make(Arc::new([]), false)
    }

    fn make(base: Base, exists: bool) -> Arc<Self> {
        // Never reused: an old name must not lead to another test's database.
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let database = Arc::new(Self {
            number,
            exists: AtomicBool::new(exists),
            main: Arc::new(RwLock::new(Content::new(base))),
            sidecars: Arc::default(),
            locks: Mutex::default(),
            wal_index: Mutex::default(),
            holders: Holders::default(),
        });
        lock(&DATABASES).insert(number, Arc::downgrade(&database));
        database
    }

    /// Its number, which no other database of the process has.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The name of its main file.
    pub(crate) fn name(&self) -> String {
        format!("{FOLDER}{}", self.number)
    }

    /// Lets `watcher` say what its locks ask.
    pub(crate) fn set_watcher(&self, watcher: Arc<dyn Watcher>) {
        self.holders.set_watcher(watcher);
    }

    /// The locks that were refused, oldest first; the last hundred.
    pub(crate) fn refusals(&self) -> Vec<Refusal> {
        self.holders.refusals()
    }

    /// The bytes of its main file.
    pub(crate) fn to_vec(&self) -> Vec<u8> {
        self.main.read().unwrap_or_else(PoisonError::into_inner).to_vec()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        lock(&DATABASES).remove(&self.number);
        self.sidecars.clear();
    }
}

/// The name of a file: the number of its database, and the suffix of a sidecar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name<'a> {
    number: u64,
    sidecar: &'a [u8],
}

impl<'a> Name<'a> {
    /// `None` for a name outside [`FOLDER`].
    pub(super) fn parse(path: &'a [u8]) -> Option<Self> {
        // SQLite asks for names at each read, so nothing is looked at twice.
        let name = path.strip_prefix(FOLDER.as_bytes())?;
        let mut number: Option<u64> = None;
        for (at, byte) in name.iter().enumerate() {
            match byte {
                b'0'..=b'9' => {
                    number = Some(number.unwrap_or_default().checked_mul(10)?.checked_add((byte - b'0').into())?);
                }
                b'-' => return Some(Self { number: number?, sidecar: &name[at..] }),
                _ => return None,
            }
        }
        Some(Self { number: number?, sidecar: b"" })
    }

    fn database(self) -> Option<Arc<Database>> {
        lock(&DATABASES).get(&self.number)?.upgrade()
    }

    /// Opens the file, after making it if `make`; `None` if it or its database does not exist.
    pub(super) fn open(self, make: bool) -> Option<Handle> {
        if !self.sidecar.is_empty() {
            let file = self.ask_sidecars(|sidecars| sidecars.open(self.sidecar, make))??;
            return Some(Handle { file, locked: None });
        }
        let database = self.database()?;
        if make {
            database.exists.store(true, Ordering::Relaxed);
        } else if !database.exists.load(Ordering::Relaxed) {
            return None;
        }
        let (file, holder) = (Arc::clone(&database.main), database.holders.add());
        let locked = Locked { database, level: Level::None, hold: Hold::default(), holder, was_refused: false };
        Some(Handle { file, locked: Some(locked) })
    }

    /// `None` if there is no such database.
    fn ask_sidecars<T>(self, ask: impl Fn(&Sidecars) -> T) -> Option<T> {
        recent::ask(self.number, || self.database().map(|database| Arc::clone(&database.sidecars)), ask)
    }

    /// Whether the file exists and is not empty.
    pub(super) fn exists(self) -> bool {
        if self.sidecar.is_empty() {
            return self.open(false).is_some_and(|handle| handle.read_content(|content| content.len() > 0));
        }
        self.ask_sidecars(|sidecars| sidecars.exists(self.sidecar)).unwrap_or_default()
    }

    /// Deletes a sidecar; `false` if it does not exist. Open handles keep its content.
    pub(super) fn delete(self) -> bool {
        self.ask_sidecars(|sidecars| sidecars.delete(self.sidecar)).unwrap_or_default()
    }
}

/// An open file.
#[derive(Debug, Default)]
pub(super) struct Handle {
    file: File,
    /// Only for a main file.
    locked: Option<Locked>,
}

#[derive(Debug)]
struct Locked {
    database: Arc<Database>,
    level: Level,
    hold: Hold,
    holder: Arc<Holder>,
    /// Whether the rival was faster in this transaction.
    was_refused: bool,
}

impl Locked {
    /// Whether a rival takes the lock to write first.
    #[inline]
    fn is_overtaken(&mut self) -> bool {
        let Self { database, holder, .. } = self;
        self.was_refused = !self.was_refused && database.holders.has_rival_for(database.number, holder);
        self.was_refused
    }

    /// Tells whoever asks who has the lock.
    fn note(&self, wanted: Wanted, result: Result<(), LockError>) -> Result<(), LockError> {
        match result {
            Ok(()) => self.holder.granted(),
            Err(_) => self.database.holders.refused(self.database.number, &self.holder, wanted),
        }
        result
    }
}

/// Whether the statement of this thread waits for a lock that the thread itself holds, on another connection.
pub(super) fn waits_for_itself() -> bool {
    let Some((number, holder)) = holders::awaited() else { return false };
    let Some(database) = lock(&DATABASES).get(&number).and_then(Weak::upgrade) else { return false };
    let watcher = database.holders.watcher();
    watcher.is_some_and(|watcher| watcher.is_instant() && watcher.is_last_used_here(holder.connection))
}

impl Handle {
    pub(super) fn read_content<T>(&self, read: impl FnOnce(&Content) -> T) -> T {
        read(&self.file.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn write_content<T>(&self, write: impl FnOnce(&mut Content) -> T) -> T {
        write(&mut self.file.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Says which connection it belongs to, by its number in the ledger.
    pub(super) fn set_connection(&self, number: u64) {
        if let Some(locked) = &self.locked {
            locked.holder.set_connection(number);
        }
    }

    pub(super) fn lock(&mut self, wanted: Level) -> Result<(), LockError> {
        let Some(locked) = &mut self.locked else { return Ok(()) };
        if wanted > Level::Shared && locked.level <= Level::Shared && locked.is_overtaken() {
            return Err(LockError::Busy);
        }
        let before = locked.level;
        let result = lock(&locked.database.locks).lock(&mut locked.level, wanted);
        locked.holder.note_level(before, locked.level);
        locked.note(Wanted::Level(wanted), result)
    }

    pub(super) fn unlock(&mut self, wanted: Level) {
        if let Some(locked) = &mut self.locked {
            let before = locked.level;
            lock(&locked.database.locks).unlock(&mut locked.level, wanted);
            locked.holder.note_level(before, locked.level);
        }
    }

    /// Whether a handle of the file has more than a shared lock.
    pub(super) fn is_reserved(&self) -> bool {
        self.locked.as_ref().is_some_and(|locked| lock(&locked.database.locks).is_reserved())
    }

    /// A part of the index of the write-ahead log. Its memory stays until the last handle that uses the index has
    /// [closed](Self::close_wal_index) it.
    pub(super) fn region(&mut self, number: usize, make: bool) -> Option<Arc<Region>> {
        let Locked { database, hold, .. } = self.locked.as_mut()?;
        lock(&database.wal_index).region(hold, number, make)
    }

    pub(super) fn lock_wal_shared(&mut self, slot: u32) -> Result<(), LockError> {
        let Some(Locked { database, hold, holder, .. }) = &mut self.locked else { return Err(LockError::NotMapped) };
        lock(&database.wal_index).lock_shared(hold, slot)?;
        // A reader asks for the lock to write where it finds the index half written, and tries again.
        holder.granted();
        Ok(())
    }

    pub(super) fn lock_wal_exclusive(&mut self, mask: u8) -> Result<(), LockError> {
        let Some(locked) = &mut self.locked else { return Err(LockError::NotMapped) };
        // Others are of SQLite's own, for checkpoints and recovery; it tries them and goes on.
        let is_to_write = mask == WAL_WRITE;
        if is_to_write && locked.is_overtaken() {
            return Err(LockError::Busy);
        }
        let result = lock(&locked.database.wal_index).lock_exclusive(&mut locked.hold, mask);
        if !is_to_write {
            return result;
        }
        if result.is_ok() {
            locked.holder.note_wal(true);
        }
        locked.note(Wanted::Wal, result)
    }

    pub(super) fn release_wal_locks(&mut self, mask: u8) {
        if let Some(Locked { database, hold, holder, .. }) = &mut self.locked {
            lock(&database.wal_index).release(hold, mask);
            if mask & WAL_WRITE != 0 {
                holder.note_wal(false);
            }
        }
    }

    pub(super) fn close_wal_index(&mut self) {
        if let Some(Locked { database, hold, holder, .. }) = &mut self.locked {
            lock(&database.wal_index).close(hold);
            holder.note_wal(false);
        }
    }
}

/// `WAL_WRITE_LOCK`, the first of the [eight locks](https://sqlite.org/walformat.html#wal_locks).
const WAL_WRITE: u8 = 1;

impl Drop for Handle {
    fn drop(&mut self) {
        self.close_wal_index();
        self.unlock(Level::None);
        if let Some(Locked { database, holder, .. }) = &self.locked {
            database.holders.remove(holder);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "../../../tests/unit/vfs_store.rs"]
mod tests;
