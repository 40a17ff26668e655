//! This process, as those that come later see it: a lock that the kernel gives back however it ends.

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
pub(super) const LOCK: &str = ".lock";

/// The locks of this process, by the folder that they are in.
static PROCESSES: Mutex<BTreeMap<PathBuf, Arc<Process>>> = Mutex::new(BTreeMap::new());

/// This process, in one folder for temporary files.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) lock: File,
    pub(super) path: PathBuf,
    /// The folder, with links followed.
    pub(super) real_parent: PathBuf,
    made: AtomicU64,
    /// Those that are there,
    folders: Mutex<BTreeSet<PathBuf>>,
    /// and those among them that are empty and in nobody's hands, for the next: a new name costs less than a new folder.
    free: Mutex<Vec<PathBuf>>,
}

impl Process {
    /// This process in a folder. Where it is the first time, `on_first` is called with the lock that it has taken.
    pub(super) fn in_folder(parent: &Path, on_first: fn(&Path, &File)) -> io::Result<Arc<Self>> {
        let mut processes = processes();
        if let Some(process) = processes.get(parent) {
            return Ok(Arc::clone(process));
        }
        let (lock, path) = Self::lock(parent)?;
        on_first(parent, &lock);
        let real_parent = parent.canonicalize()?;
        let process = Arc::new(Self {
            lock,
            path,
            real_parent,
            made: AtomicU64::new(1),
            folders: Mutex::default(),
            free: Mutex::default(),
        });
        processes.insert(parent.to_owned(), Arc::clone(&process));
        Ok(process)
    }

    fn lock(parent: &Path) -> io::Result<(File, PathBuf)> {
        loop {
            // Open to nobody else, and at a name that nobody can foresee.
            let made = tempfile::Builder::new().prefix(PREFIX).suffix(LOCK).tempfile_in(parent)?;
            let (lock, path) = made.keep()?;
            lock.lock()?;
            // Whoever clears up may have had it first, and removed it.
            if is_at(&lock, &path) {
                return Ok((lock, path));
            }
        }
    }

    /// A name that no other folder has had. It begins as the lock's, up to the end of that.
    pub(super) fn new_name(&self, kind: &str) -> PathBuf {
        self.path.with_extension(format!("{kind}{}", self.made.fetch_add(1, Ordering::Relaxed)))
    }

    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)?;
        let mut folders = self.folders();
        folders.remove(from);
        folders.insert(to.to_owned());
        Ok(())
    }

    pub(super) fn end(&self) {
        let mut all_gone = true;
        for folder in std::mem::take(&mut *self.folders()) {
            all_gone &= remove(&folder).is_ok();
        }
        // With its lock, what could not be removed now is found by the next process.
        if all_gone {
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

/// Removes what this process still has at its end: what statics hold, and its locks.
pub(crate) fn remove_all() {
    for process in std::mem::take(&mut *processes()).into_values() {
        process.end();
    }
}

fn processes() -> MutexGuard<'static, BTreeMap<PathBuf, Arc<Process>>> {
    PROCESSES.lock().unwrap_or_else(PoisonError::into_inner)
}
