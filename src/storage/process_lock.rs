//! The lock of this process in a folder for temporary files. The kernel releases it however the process ends.

use super::{is_at, remove};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

pub(super) const PREFIX: &str = "sqlite-fixtures-";
pub(super) const SUFFIX: &str = ".lock";

/// The locks of this process, by the folders that they are in.
static LOCKS: Mutex<BTreeMap<PathBuf, Arc<ProcessLock>>> = Mutex::new(BTreeMap::new());

#[derive(Debug)]
pub(super) struct ProcessLock {
    pub(super) file: File,
    pub(super) path: PathBuf,
    /// The canonical path of its folder.
    pub(super) real_parent: PathBuf,
    next: AtomicU64,
    /// The folders that exist.
    folders: Mutex<BTreeSet<PathBuf>>,
    /// Those of them that are empty and unused: renaming one is cheaper than creating one.
    free: Mutex<Vec<PathBuf>>,
}

impl ProcessLock {
    /// The lock in a folder. The first time, `on_first` is called once the lock is taken.
    pub(super) fn in_folder(parent: &Path, on_first: fn(&Path, &File)) -> io::Result<Arc<Self>> {
        let mut locks = locks();
        if let Some(lock) = locks.get(parent) {
            return Ok(Arc::clone(lock));
        }
        let (file, path) = Self::take(parent)?;
        on_first(parent, &file);
        let lock = Arc::new(Self {
            file,
            path,
            real_parent: parent.canonicalize()?,
            next: AtomicU64::new(1),
            folders: Mutex::default(),
            free: Mutex::default(),
        });
        locks.insert(parent.to_owned(), Arc::clone(&lock));
        Ok(lock)
    }

    fn take(parent: &Path) -> io::Result<(File, PathBuf)> {
        loop {
            // Open to nobody else, and with an unpredictable name.
            let created = tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).tempfile_in(parent)?;
            let (file, path) = created.keep()?;
            file.lock()?;
            // Another process may have taken it for a stale one, and removed it.
            if is_at(&file, &path) {
                return Ok((file, path));
            }
        }
    }

    /// A name that no other folder has had: that of the lock with another extension.
    pub(super) fn new_name(&self, kind: &str) -> PathBuf {
        self.path.with_extension(format!("{kind}{}", self.next.fetch_add(1, Ordering::Relaxed)))
    }

    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)?;
        let mut folders = self.folders();
        folders.remove(from);
        folders.insert(to.to_owned());
        Ok(())
    }

    /// Removes the folders and the lock.
    pub(super) fn end(&self) {
        let mut all_removed = true;
        for folder in std::mem::take(&mut *self.folders()) {
            all_removed &= remove(&folder).is_ok();
        }
        // With the lock, the next process finds what could not be removed.
        if all_removed {
            let _ = fs::remove_file(&self.path);
        }
    }

    pub(super) fn free(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn folders(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes, at exit, the folders that statics hold, and the locks.
pub(crate) fn remove_all() {
    for lock in std::mem::take(&mut *locks()).into_values() {
        lock.end();
    }
}

fn locks() -> MutexGuard<'static, BTreeMap<PathBuf, Arc<ProcessLock>>> {
    LOCKS.lock().unwrap_or_else(PoisonError::into_inner)
}
