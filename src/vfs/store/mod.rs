//! Databases in memory: their files, their locks, and who has them open. Safe code that knows nothing of SQLite's types.
//!
//! [`content`] is the bytes of a file, [`locks`] who may read and write it, [`wal_index`] what connections share in
//! write-ahead mode.

mod content;
mod locks;
mod wal_index;

pub(crate) use content::Base;
pub(super) use content::Content;
pub(super) use locks::{Level, Refused};
pub(super) use wal_index::{REGION, Region};

use locks::Locks;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
};
use wal_index::{Hold, WalIndex};

/// Below this every database has its number as name, and beside it its journals: `12`, `12-journal`, `12-wal`.
pub(super) const FOLDER: &str = "/sqlite-fixtures/";

/// The databases of a process, by number. Each is held by its engine and its handles, and goes with the last of them.
static DATABASES: Mutex<BTreeMap<u64, Weak<Database>>> = Mutex::new(BTreeMap::new());

type File = Arc<RwLock<Content>>;

/// A database: its main file, and the files beside it.
#[derive(Debug)]
pub(crate) struct Database {
    number: u64,
    main: File,
    beside: Mutex<BTreeMap<String, File>>,
    locks: Mutex<Locks>,
    wal_index: Mutex<WalIndex>,
}

impl Database {
    /// A new database whose main file starts as `base`.
    pub(crate) fn over(base: Base) -> Arc<Self> {
        // Never used again: a name that somebody kept must not lead into another test's database.
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let database = Arc::new(Self {
            number,
            main: Arc::new(RwLock::new(Content::over(base))),
            beside: Mutex::default(),
            locks: Mutex::default(),
            wal_index: Mutex::default(),
        });
        lock(&DATABASES).insert(number, Arc::downgrade(&database));
        database
    }

    /// Its main file's name.
    pub(crate) fn name(&self) -> String {
        format!("{FOLDER}{}", self.number)
    }

    /// The bytes of its main file.
    pub(crate) fn to_vec(&self) -> Vec<u8> {
        self.main.read().unwrap_or_else(PoisonError::into_inner).to_vec()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        lock(&DATABASES).remove(&self.number);
    }
}

/// The name of a file: its database's number, and what stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name<'a> {
    number: u64,
    beside: &'a str,
}

impl<'a> Name<'a> {
    /// `None` for a name that is not below our folder.
    pub(super) fn parse(path: &'a str) -> Option<Self> {
        let name = path.strip_prefix(FOLDER)?;
        let (number, beside) = name.split_at(name.find('-').unwrap_or(name.len()));
        Some(Self { number: number.parse().ok()?, beside })
    }

    fn database(self) -> Option<Arc<Database>> {
        lock(&DATABASES).get(&self.number)?.upgrade()
    }

    /// Opens the file; `None` when it is not there, or its database has gone.
    pub(super) fn open(self, make: bool) -> Option<Handle> {
        let database = self.database()?;
        if self.beside.is_empty() {
            let file = Arc::clone(&database.main);
            return Some(Handle { file, locked: Some(Locked { database, level: Level::None, hold: Hold::default() }) });
        }
        let mut beside = lock(&database.beside);
        let file = match beside.get(self.beside) {
            Some(file) => Arc::clone(file),
            None if make => Arc::clone(beside.entry(self.beside.to_owned()).or_default()),
            None => return None,
        };
        Some(Handle { file, locked: None })
    }

    /// Whether the file is there and holds something.
    pub(super) fn exists(self) -> bool {
        self.open(false).is_some_and(|handle| handle.read_content(|content| content.len() > 0))
    }

    /// Deletes a file beside the main one; `false` when it is not there. Who has it open keeps it.
    pub(super) fn delete(self) -> bool {
        self.database().is_some_and(|database| lock(&database.beside).remove(self.beside).is_some())
    }
}

/// An open file.
#[derive(Debug, Default)]
pub(super) struct Handle {
    file: File,
    /// What a handle of a main file has besides.
    locked: Option<Locked>,
}

#[derive(Debug)]
struct Locked {
    database: Arc<Database>,
    level: Level,
    hold: Hold,
}

impl Handle {
    pub(super) fn read_content<T>(&self, read: impl FnOnce(&Content) -> T) -> T {
        read(&self.file.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn write_content<T>(&self, write: impl FnOnce(&mut Content) -> T) -> T {
        write(&mut self.file.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn lock(&mut self, wanted: Level) -> Result<(), Refused> {
        let Some(Locked { database, level, .. }) = &mut self.locked else { return Ok(()) };
        lock(&database.locks).lock(level, wanted)
    }

    pub(super) fn unlock(&mut self, wanted: Level) {
        if let Some(Locked { database, level, .. }) = &mut self.locked {
            lock(&database.locks).unlock(level, wanted);
        }
    }

    /// Whether any handle of the file means to write.
    pub(super) fn is_reserved(&self) -> bool {
        self.locked.as_ref().is_some_and(|locked| lock(&locked.database.locks).is_reserved())
    }

    /// A part of the write-ahead log's index. Its memory stays until the last handle that asked for one has
    /// [left](Self::leave_wal_index).
    pub(super) fn region(&mut self, number: usize, make: bool) -> Option<Arc<Region>> {
        let Locked { database, hold, .. } = self.locked.as_mut()?;
        lock(&database.wal_index).region(hold, number, make)
    }

    pub(super) fn share_wal_lock(&mut self, slot: u32) -> Result<(), Refused> {
        let Some(Locked { database, hold, .. }) = &mut self.locked else { return Err(Refused::NotMapped) };
        lock(&database.wal_index).share(hold, slot)
    }

    pub(super) fn take_wal_locks(&mut self, mask: u8) -> Result<(), Refused> {
        let Some(Locked { database, hold, .. }) = &mut self.locked else { return Err(Refused::NotMapped) };
        lock(&database.wal_index).take(hold, mask)
    }

    pub(super) fn give_wal_locks_back(&mut self, mask: u8) {
        if let Some(Locked { database, hold, .. }) = &mut self.locked {
            lock(&database.wal_index).give_back(hold, mask);
        }
    }

    pub(super) fn leave_wal_index(&mut self) {
        if let Some(Locked { database, hold, .. }) = &mut self.locked {
            lock(&database.wal_index).leave(hold);
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.leave_wal_index();
        self.unlock(Level::None);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{Database, Name};
    use crate::vfs::store::locks::Level;
    use std::{sync::Arc, thread};

    #[test]
    fn names_below_the_folder_are_databases_and_what_stands_beside_them() {
        assert_eq!(Name::parse("/sqlite-fixtures/12"), Some(Name { number: 12, beside: "" }));
        assert_eq!(Name::parse("/sqlite-fixtures/12-mj0-a"), Some(Name { number: 12, beside: "-mj0-a" }));
        for other in ["/tmp/app.db", "/sqlite-fixtures/", "/sqlite-fixtures/a", "/sqlite-fixtures/../etc", "12"] {
            assert_eq!(Name::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_database_is_gone_with_its_owner_and_its_last_handle() {
        let database = Database::over(Arc::new(*b"base"));
        let path = database.name();
        let name = Name::parse(&path).unwrap();
        let handle = name.open(false).unwrap();
        drop(database);
        assert!(name.open(false).is_some(), "held by the handle");
        drop(handle);
        assert!(name.open(true).is_none());
        assert!(!name.exists());
    }

    #[test]
    fn a_deleted_file_stays_with_those_that_have_it_open() {
        let database = Database::over(Arc::new([]));
        let path = format!("{}-journal", database.name());
        let journal = Name::parse(&path).unwrap();
        assert!(journal.open(false).is_none());
        let handle = journal.open(true).unwrap();
        assert!(!journal.exists(), "an empty journal is none");
        handle.write_content(|content| content.write(0, b"page"));
        assert!(journal.exists());
        assert!(journal.delete());
        assert!(!journal.delete());
        assert!(!journal.exists());
        assert_eq!(handle.read_content(super::Content::to_vec), b"page");
    }

    #[test]
    fn a_dropped_handle_gives_its_locks_back() {
        let database = Database::over(Arc::new([]));
        let path = database.name();
        let name = Name::parse(&path).unwrap();
        let (mut one, mut two) = (name.open(false).unwrap(), name.open(false).unwrap());
        for handle in [&mut one, &mut two] {
            handle.region(0, true);
        }
        one.lock(Level::Exclusive).unwrap();
        one.take_wal_locks(0xff).unwrap();
        assert!(two.lock(Level::Shared).is_err() && two.share_wal_lock(0).is_err() && two.is_reserved());
        drop(one);
        assert!(two.lock(Level::Shared).is_ok() && two.share_wal_lock(0).is_ok() && !two.is_reserved());
    }

    #[test]
    fn clones_of_one_base_are_written_from_many_threads_and_share_what_they_do_not_change() {
        let base: Arc<Vec<u8>> = Arc::new(vec![1; 10_000]);
        thread::scope(|scope| {
            for thread in 2..6 {
                let base = base.clone();
                scope.spawn(move || {
                    let database = Database::over(base);
                    let handle = Name::parse(&database.name()).unwrap().open(false).unwrap();
                    handle.write_content(|content| content.write(5000, &[thread; 10]));
                    let bytes = database.to_vec();
                    assert_eq!((bytes[4999], bytes[5000], bytes[5009], bytes[5010]), (1, thread, thread, 1));
                });
            }
        });
        assert!(base.iter().all(|byte| *byte == 1));
    }
}
