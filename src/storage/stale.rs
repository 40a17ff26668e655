//! The temporary folders of killed processes.

use super::{LOCK_SUFFIX, PREFIX, is_at, remove};
use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Removes the folders of killed processes, ignoring errors: the next process tries again. `own` is the lock of this one.
pub(super) fn remove_all(parent: &Path, own: &File) {
    for path in fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        if name.starts_with(PREFIX) && name.ends_with(LOCK_SUFFIX) && has_owner_of(&path, own, fs::Metadata::is_file) {
            let _ = remove_folders(parent, &path);
        }
    }
}

/// Removes the folders of the process with this lock, if it has ended.
fn remove_folders(parent: &Path, path: &Path) -> io::Result<()> {
    // Not created if another process has just removed it: a new one would list no permanent folders.
    let mut lock = File::options().read(true).write(true).open(path)?;
    match lock.try_lock() {
        Ok(()) if is_at(&lock, path) => {}
        Ok(()) | Err(TryLockError::WouldBlock) => return Ok(()),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let mut permanent = Vec::new();
    lock.read_to_end(&mut permanent)?;
    let permanent: Vec<&[u8]> = permanent.split(|byte| *byte == b'\n').collect();
    let mut all_removed = true;
    for folder in fs::read_dir(parent)?.flatten() {
        let (name, folder) = (folder.file_name(), folder.path());
        // Another user may have created a folder with such a name.
        let is_theirs = folder.file_stem() == path.file_stem() && has_owner_of(&folder, &lock, fs::Metadata::is_dir);
        if is_theirs && !permanent.contains(&name.as_encoded_bytes()) {
            all_removed &= !is_in_use(&folder, &lock) && remove(&folder).is_ok();
        }
    }
    if all_removed { fs::remove_file(path) } else { Ok(()) }
}

/// Whether a child of the dead process still holds a lock in a folder: that of its journal, or one that it has inherited.
fn is_in_use(folder: &Path, lock: &File) -> bool {
    let is_lock = |path: &Path| path.extension().is_some_and(|extension| extension == "journal" || extension == "lock");
    let is_held = |path: PathBuf| {
        is_lock(&path)
            && has_owner_of(&path, lock, fs::Metadata::is_file)
            && File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    };
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| is_held(entry.path()))
}

/// Whether a path, links not followed, is of this kind and has the same owner as a file.
fn has_owner_of(path: &Path, file: &File, is_kind: fn(&fs::Metadata) -> bool) -> bool {
    let (Ok(found), Ok(own)) = (fs::symlink_metadata(path), file.metadata()) else { return false };
    #[cfg(unix)]
    let is_same = std::os::unix::fs::MetadataExt::uid(&found) == std::os::unix::fs::MetadataExt::uid(&own);
    #[cfg(not(unix))]
    let is_same = own.is_file();
    is_same && is_kind(&found)
}

#[cfg(test)]
#[path = "../../tests/unit/storage_stale.rs"]
mod tests;
