//! Temporary folders: removed when they are dropped, at exit, or, if the process was killed, by the next process that makes one.
//!
//! A process that has such folders locks a file beside them, `sqlite-fixtures-PROCESS.lock`, whose name theirs begin with. The
//! kernel releases the lock however the process ends, so whoever gets it may remove the folders. Those that stay are listed in the file.

use super::{LOCK_SUFFIX, PREFIX, create_new, is_at, remove, stale};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fs, io};

/// A folder, open to nobody else, with a name that no other has had. It exists until [`remove`](Self::remove), or the end of the
/// process.
#[derive(Debug)]
pub(crate) struct TempFolder {
    path: PathBuf,
    lock: Arc<ProcessLock>,
}

impl TempFolder {
    pub(crate) fn new_in(parent: &Path) -> io::Result<Self> {
        let lock = ProcessLock::in_folder(parent)?;
        loop {
            let path = lock.new_name("");
            let free = locked(&lock.free).pop();
            let reused = free.is_some_and(|free| lock.rename(&free, &path).is_ok());
            if reused {
                return Ok(Self { path, lock });
            }
            match create_new(&path) {
                Ok(()) => {
                    locked(&lock.folders).push(path.clone());
                    return Ok(Self { path, lock });
                }
                // Another user's, perhaps on purpose.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The path as SQLite names it.
    pub(crate) fn real_path(&self) -> PathBuf {
        self.lock.real_parent.join(self.path.file_name().unwrap_or_default())
    }

    /// Makes the folder permanent: it is never removed.
    pub(crate) fn keep(&self) -> io::Result<()> {
        let mut folders = locked(&self.lock.folders);
        if folders.contains(&self.path) {
            let name = self.path.file_name().unwrap_or_default();
            if let Some(file) = &mut *locked(&self.lock.file) {
                file.write_all(&[name.as_encoded_bytes(), b"\n"].concat())?;
            }
            folders.retain(|other| *other != self.path);
        }
        Ok(())
    }

    /// Removes the folder and its contents, unless it is permanent or has been removed at exit.
    pub(crate) fn remove(self) -> io::Result<()> {
        if !locked(&self.lock.folders).contains(&self.path) {
            return Ok(());
        }
        empty(&self.path)?;
        let free = self.lock.new_name("free-");
        self.lock.rename(&self.path, &free)?;
        // Nobody finds it by its old name any more. A handle that was left open may have written to it before, and such files
        // must not be in the folder of another database.
        if fs::read_dir(&free)?.next().is_none() {
            locked(&self.lock.free).push(free);
            return Ok(());
        }
        remove(&free)?;
        self.lock.forget(&free);
        Ok(())
    }
}

/// The locks of this process, by the folders that they are in.
static LOCKS: Mutex<Vec<(PathBuf, Arc<ProcessLock>)>> = Mutex::new(Vec::new());

/// The lock of this process in a folder for temporary files.
#[derive(Debug)]
struct ProcessLock {
    /// `None` after the end.
    file: Mutex<Option<File>>,
    path: PathBuf,
    /// The path of its folder as SQLite names it.
    real_parent: PathBuf,
    next: AtomicU64,
    /// The folders that exist.
    folders: Mutex<Vec<PathBuf>>,
    /// Those of them that are empty and unused: renaming one is cheaper than creating one.
    free: Mutex<Vec<PathBuf>>,
}

impl ProcessLock {
    /// The lock in a folder. The first time, the folders of killed processes are removed.
    fn in_folder(parent: &Path) -> io::Result<Arc<Self>> {
        let mut locks = locked(&LOCKS);
        if let Some((_, lock)) = locks.iter().find(|(folder, _)| folder == parent) {
            return Ok(Arc::clone(lock));
        }
        let (file, path) = Self::take(parent)?;
        stale::remove_all(parent, &file);
        let lock = Arc::new(Self {
            file: Mutex::new(Some(file)),
            path,
            // SQLite resolves links on Unix only, where a canonical path is also a plain one.
            real_parent: if cfg!(unix) { parent.canonicalize()? } else { parent.to_owned() },
            next: AtomicU64::new(1),
            folders: Mutex::default(),
            free: Mutex::default(),
        });
        locks.push((parent.to_owned(), Arc::clone(&lock)));
        Ok(lock)
    }

    fn take(parent: &Path) -> io::Result<(File, PathBuf)> {
        loop {
            // Open to nobody else, and with an unpredictable name.
            let created = tempfile::Builder::new().prefix(PREFIX).suffix(LOCK_SUFFIX).tempfile_in(parent)?;
            let (file, path) = created.keep()?;
            file.lock()?;
            // Another process may have taken it for a stale one, and removed it.
            if is_at(&file, &path) {
                return Ok((file, path));
            }
        }
    }

    /// A name that no other folder has had: that of the lock with another extension.
    fn new_name(&self, kind: &str) -> PathBuf {
        self.path.with_extension(format!("{kind}{}", self.next.fetch_add(1, Ordering::Relaxed)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)?;
        self.forget(from);
        locked(&self.folders).push(to.to_owned());
        Ok(())
    }

    fn forget(&self, folder: &Path) {
        locked(&self.folders).retain(|other| other != folder);
    }

    /// Removes the folders and the lock.
    fn end(&self) {
        let mut all_removed = true;
        for folder in std::mem::take(&mut *locked(&self.folders)) {
            all_removed &= remove(&folder).is_ok();
        }
        // With the lock, the next process finds what could not be removed.
        if all_removed {
            // On Windows a file that is open may keep its name.
            drop(locked(&self.file).take());
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes, at exit, the folders that statics hold, and the locks.
pub(crate) fn remove_all() {
    for (_, lock) in std::mem::take(&mut *locked(&LOCKS)) {
        lock.end();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the contents of a folder.
fn empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let removed = if entry.file_type()?.is_dir() { remove(&entry.path()) } else { fs::remove_file(entry.path()) };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            // SQLite may have removed it itself, for a handle that was left open.
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "../../tests/unit/storage_temp_folder.rs"]
mod tests;
