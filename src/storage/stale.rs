//! What killed processes have left.

use super::{
    is_at,
    process_lock::{LOCK, PREFIX},
    remove,
};
use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs::{self, File, TryLockError},
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Removes what killed processes have left in a folder for temporary files. What cannot be removed now is left to the next.
pub(super) fn sweep(parent: &Path, own: &File) {
    for path in fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        if name.starts_with(PREFIX) && name.ends_with(LOCK) && is_of_owner(&path, own, fs::Metadata::is_file) {
            let _ = sweep_process(parent, &path);
        }
    }
}

/// Removes the folders of one process, if it has ended.
fn sweep_process(parent: &Path, path: &Path) -> io::Result<()> {
    // Never made here: in a lock that another process has just removed nothing would be said to be kept.
    let mut lock = File::options().read(true).write(true).open(path)?;
    match lock.try_lock() {
        Ok(()) if is_at(&lock, path) => {}
        Ok(()) | Err(TryLockError::WouldBlock) => return Ok(()),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let mut kept = Vec::new();
    lock.read_to_end(&mut kept)?;
    let kept: BTreeSet<&[u8]> = kept.split(|byte| *byte == b'\n').collect();
    let mut all_gone = true;
    for folder in fs::read_dir(parent)?.flatten() {
        let (name, folder) = (folder.file_name(), folder.path());
        // Another user may have made a folder of such a name.
        let is_theirs = folder.file_stem() == path.file_stem() && is_of_owner(&folder, &lock, fs::Metadata::is_dir);
        if is_theirs && !kept.contains(name.as_encoded_bytes()) {
            all_gone &= !is_in_use(&folder, &lock) && remove(&folder).is_ok();
        }
    }
    if all_gone { fs::remove_file(path) } else { Ok(()) }
}

/// Whether another process, one that the dead one has started, still holds the lock of a file in a folder: its journal, or
/// the one that the dead one has handed to all that it started.
fn is_in_use(folder: &Path, lock: &File) -> bool {
    let is_lock = |path: &Path| path.extension().is_some_and(|extension| extension == "journal" || extension == "lock");
    let is_held = |path: PathBuf| {
        is_lock(&path)
            && is_of_owner(&path, lock, fs::Metadata::is_file)
            && File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    };
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| is_held(entry.path()))
}

/// Whether what is at a path, links not followed, is of this kind and belongs to the owner of a file.
fn is_of_owner(path: &Path, file: &File, is_kind: fn(&fs::Metadata) -> bool) -> bool {
    let (Ok(found), Ok(own)) = (fs::symlink_metadata(path), file.metadata()) else { return false };
    #[cfg(unix)]
    let is_same = std::os::unix::fs::MetadataExt::uid(&found) == std::os::unix::fs::MetadataExt::uid(&own);
    #[cfg(not(unix))]
    let is_same = own.is_file();
    is_same && is_kind(&found)
}

#[cfg(test)]
mod tests {
    use super::sweep_process;
    use crate::storage::{Temporary, names};
    use std::{
        fs::{self, File},
        path::Path,
    };

    /// What a killed process leaves: a lock that nobody holds, and its folders.
    fn killed(parent: &Path, name: &str, kept: &str) {
        fs::write(parent.join(format!("sqlite-fixtures-{name}.lock")), kept).unwrap();
        for number in 1..3 {
            let folder = parent.join(format!("sqlite-fixtures-{name}.{number}"));
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("database.sqlite3"), "").unwrap();
        }
    }

    #[test]
    fn what_killed_processes_left_is_removed_and_what_is_in_use_or_handed_over_or_not_ours_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let parent = parent.path();
        killed(parent, "dead", "");
        killed(parent, "giver", "sqlite-fixtures-giver.2\n");
        killed(parent, "live", "");
        killed(parent, "starter", "");
        let live = File::open(parent.join("sqlite-fixtures-live.lock")).unwrap();
        live.lock().unwrap();
        let journal = File::create(parent.join("sqlite-fixtures-starter.1/child.journal")).unwrap();
        journal.lock().unwrap();
        for other in ["sqlite-fixtures-orphan.1", "sqlite-fixtures-templates", "app.lock"] {
            fs::create_dir(parent.join(other)).unwrap();
        }

        let temporary = Temporary::new_in(parent).unwrap();
        let left = [
            "app.lock",
            "sqlite-fixtures-giver.2",
            "sqlite-fixtures-live.1",
            "sqlite-fixtures-live.2",
            "sqlite-fixtures-live.lock",
            "sqlite-fixtures-orphan.1",
            "sqlite-fixtures-starter.1",
            "sqlite-fixtures-starter.lock",
            "sqlite-fixtures-templates",
        ];
        let own = temporary.path().file_stem().unwrap().to_str().unwrap();
        let others: Vec<_> = names(parent).into_iter().filter(|name| !name.starts_with(own)).collect();
        assert_eq!(others, left);
        assert_eq!(names(parent).len(), left.len() + 2, "its own lock and folder");
    }

    /// Two processes that start at once both find what a third has left.
    #[test]
    fn what_was_handed_over_stays_whoever_clears_up_last() {
        let parent = tempfile::tempdir().unwrap();
        killed(parent.path(), "giver", "sqlite-fixtures-giver.2\n");
        let lock = parent.path().join("sqlite-fixtures-giver.lock");
        sweep_process(parent.path(), &lock).unwrap();
        assert!(sweep_process(parent.path(), &lock).is_err(), "the other one has removed the lock");
        assert_eq!(names(parent.path()), ["sqlite-fixtures-giver.2"]);
    }

    /// Else the next process would wait for somebody to write into it.
    #[cfg(unix)]
    #[test]
    fn a_pipe_in_the_place_of_a_journal_is_no_lock() {
        let parent = tempfile::tempdir().unwrap();
        killed(parent.path(), "dead", "");
        let pipe = parent.path().join("sqlite-fixtures-dead.1/a.journal");
        assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
        sweep_process(parent.path(), &parent.path().join("sqlite-fixtures-dead.lock")).unwrap();
        assert_eq!(names(parent.path()).len(), 0);
    }
}
