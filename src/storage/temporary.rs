//! Folders that go with their process: when they are dropped, at exit, or after a kill with the next process that makes one.
//!
//! A process that makes such folders holds the lock of a file beside them, `sqlite-fixtures-PROCESS.lock`, from which their
//! names begin. The kernel gives the lock back however the process ends, so whoever gets it may remove the folders: no age and
//! no process number is asked. Folders that were handed over to somebody are listed in the file.

use super::{create_new, process_lock::Process, remove, stale::sweep};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// A folder for this process, open to nobody else, with a name that no other has had. It stays until
/// [`remove`](Self::remove), or the end of the process.
#[derive(Debug)]
pub(crate) struct Temporary {
    path: PathBuf,
    process: Arc<Process>,
    is_kept: AtomicBool,
}

impl Temporary {
    pub(crate) fn new_in(parent: &Path) -> io::Result<Self> {
        let process = Process::in_folder(parent, sweep)?;
        loop {
            let path = process.new_name("");
            let free = process.free().pop();
            let made = free
                .map_or_else(|| create_new(&path), |free| process.rename(&free, &path).or_else(|_| create_new(&path)));
            match made {
                Ok(()) => {
                    process.folders().insert(path.clone());
                    return Ok(Self { path, process, is_kept: AtomicBool::new(false) });
                }
                // Somebody else's, who means us no good.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The path with links followed.
    pub(crate) fn real_path(&self) -> PathBuf {
        self.process.real_parent.join(self.path.file_name().unwrap_or_default())
    }

    /// Hands the folder over: nobody of ours removes it any more.
    pub(crate) fn keep(&self) -> io::Result<()> {
        let name = self.path.file_name().unwrap_or_default();
        let line = [name.as_encoded_bytes(), b"\n"].concat();
        if !self.is_kept.swap(true, Ordering::Relaxed) {
            (&self.process.lock).write_all(&line)?;
            self.process.folders().remove(&self.path);
        }
        Ok(())
    }

    /// Removes the folder with all that is in it, unless it was handed over.
    pub(crate) fn remove(self) -> io::Result<()> {
        if self.is_kept.load(Ordering::Relaxed) {
            return Ok(());
        }
        empty(&self.path)?;
        let free = self.process.new_name("free-");
        self.process.rename(&self.path, &free)?;
        // Nobody finds it by its old name any more. What a handle that was left open has made meanwhile must not lie beside
        // another database.
        if fs::read_dir(&free)?.next().is_none() {
            self.process.free().push(free);
            return Ok(());
        }
        remove(&free)?;
        self.process.folders().remove(&free);
        Ok(())
    }
}

/// Removes all that is in a folder.
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
    use super::Temporary;
    use crate::storage::{names, process_lock::Process};
    use std::fs;

    #[test]
    fn a_removed_folder_serves_again_under_a_new_name_until_the_end() {
        let parent = tempfile::tempdir().unwrap();
        let temporary = Temporary::new_in(parent.path()).unwrap();
        let path = temporary.path().to_owned();
        fs::create_dir_all(path.join("folder/below")).unwrap();
        fs::write(path.join("database"), "").unwrap();
        temporary.remove().unwrap();
        assert!(!path.exists());
        let again = Temporary::new_in(parent.path()).unwrap();
        assert_ne!(again.path(), path);
        assert_eq!((names(again.path()).len(), names(parent.path()).len()), (0, 2), "that, and the lock");
        again.process.end();
        assert_eq!(names(parent.path()).len(), 0);
    }

    #[test]
    fn a_folder_that_cannot_be_removed_keeps_its_lock_for_the_next_process() {
        let parent = tempfile::tempdir().unwrap();
        let temporary = Temporary::new_in(parent.path()).unwrap();
        // In its place is something that is no folder.
        fs::remove_dir(temporary.path()).unwrap();
        fs::write(temporary.path(), "").unwrap();
        temporary.process.end();
        assert_eq!(names(parent.path()).len(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_is_open_to_nobody_else_and_a_name_that_is_taken_is_passed_over() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let process = Process::in_folder(parent.path(), |_, _| {}).unwrap();
        fs::create_dir(process.path.with_extension("1")).unwrap();
        let temporary = Temporary::new_in(parent.path()).unwrap();
        assert_eq!(temporary.path(), process.path.with_extension("2"));
        for (path, mode) in [(temporary.path(), 0o700), (process.path.as_path(), 0o600)] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, mode);
        }
    }

    #[test]
    fn a_folder_that_was_handed_over_stays() {
        let parent = tempfile::tempdir().unwrap();
        let temporary = Temporary::new_in(parent.path()).unwrap();
        temporary.keep().unwrap();
        temporary.keep().unwrap();
        let (name, process) = (temporary.path().file_name().unwrap().to_owned(), temporary.process.clone());
        temporary.remove().unwrap();
        process.end();
        assert_eq!(names(parent.path()), [name.to_str().unwrap()]);
    }
}
