//! Unit tests of `src/storage/temp_folder.rs`.

use super::TempFolder;
use crate::storage::names;
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
    let lock = super::ProcessLock::in_folder(parent.path()).unwrap();
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
