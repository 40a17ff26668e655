//! Temporary folders: removed when they are dropped, at exit, or, if the process was killed, by the next process that makes one.
//!
//! A process that has such folders locks a file beside them, `sqlite-fixtures-PROCESS.lock`, whose name theirs begin with. The
//! kernel releases the lock however the process ends, so whoever gets it may remove the folders. Those that stay are listed in the file.

use super::{create_new, process_lock::ProcessLock, remove, stale};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// A folder, open to nobody else, with a name that no other has had. It exists until [`remove`](Self::remove), or the end of the
/// process.
#[derive(Debug)]
pub(crate) struct TempFolder {
    path: PathBuf,
    lock: Arc<ProcessLock>,
    is_kept: AtomicBool,
}

impl TempFolder {
    pub(crate) fn new_in(parent: &Path) -> io::Result<Self> {
        let lock = ProcessLock::in_folder(parent, stale::remove_all)?;
        loop {
            let path = lock.new_name("");
            let free = lock.free().pop();
            let reused = free.is_some_and(|free| lock.rename(&free, &path).is_ok());
            match if reused { Ok(()) } else { create_new(&path) } {
                Ok(()) => {
                    lock.folders().insert(path.clone());
                    return Ok(Self { path, lock, is_kept: AtomicBool::new(false) });
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

    /// The canonical path.
    pub(crate) fn real_path(&self) -> PathBuf {
        self.lock.real_parent.join(self.path.file_name().unwrap_or_default())
    }

    /// Makes the folder permanent: it is never removed.
    pub(crate) fn keep(&self) -> io::Result<()> {
        let name = self.path.file_name().unwrap_or_default();
        let line = [name.as_encoded_bytes(), b"\n"].concat();
        if !self.is_kept.swap(true, Ordering::Relaxed) {
            (&self.lock.file).write_all(&line)?;
            self.lock.folders().remove(&self.path);
        }
        Ok(())
    }

    /// Removes the folder and its contents, unless it is permanent.
    pub(crate) fn remove(self) -> io::Result<()> {
        if self.is_kept.load(Ordering::Relaxed) {
            return Ok(());
        }
        empty(&self.path)?;
        let free = self.lock.new_name("free-");
        self.lock.rename(&self.path, &free)?;
        // Nobody finds it by its old name any more. A handle that was left open may have written to it before, and such files
        // must not be in the folder of another database.
        if fs::read_dir(&free)?.next().is_none() {
            self.lock.free().push(free);
            return Ok(());
        }
        remove(&free)?;
        self.lock.folders().remove(&free);
        Ok(())
    }
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
mod tests {
    use super::TempFolder;
    use crate::storage::{names, process_lock::ProcessLock};
    use std::fs;

    #[test]
    fn reuses_a_removed_folder_under_a_new_name() {
        let parent = tempfile::tempdir().unwrap();
        let folder = TempFolder::new_in(parent.path()).unwrap();
        let path = folder.path().to_owned();
        fs::create_dir_all(path.join("folder/below")).unwrap();
        fs::write(path.join("database"), "").unwrap();
        folder.remove().unwrap();
        assert!(!path.exists());
        let again = TempFolder::new_in(parent.path()).unwrap();
        assert_ne!(again.path(), path);
        assert_eq!((names(again.path()).len(), names(parent.path()).len()), (0, 2), "that, and the lock");
        again.lock.end();
        assert_eq!(names(parent.path()).len(), 0);
    }

    #[test]
    fn the_lock_stays_with_a_folder_that_cannot_be_removed() {
        let parent = tempfile::tempdir().unwrap();
        let folder = TempFolder::new_in(parent.path()).unwrap();
        // A file in its place.
        fs::remove_dir(folder.path()).unwrap();
        fs::write(folder.path(), "").unwrap();
        folder.lock.end();
        assert_eq!(names(parent.path()).len(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_is_private_and_its_name_is_new() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let lock = ProcessLock::in_folder(parent.path(), |_, _| {}).unwrap();
        fs::create_dir(lock.path.with_extension("1")).unwrap();
        let folder = TempFolder::new_in(parent.path()).unwrap();
        assert_eq!(folder.path(), lock.path.with_extension("2"));
        for (path, mode) in [(folder.path(), 0o700), (lock.path.as_path(), 0o600)] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, mode);
        }
    }

    #[test]
    fn a_kept_folder_stays() {
        let parent = tempfile::tempdir().unwrap();
        let folder = TempFolder::new_in(parent.path()).unwrap();
        folder.keep().unwrap();
        folder.keep().unwrap();
        let (name, lock) = (folder.path().file_name().unwrap().to_owned(), folder.lock.clone());
        folder.remove().unwrap();
        lock.end();
        assert_eq!(names(parent.path()), [name.to_str().unwrap()]);
    }
}
