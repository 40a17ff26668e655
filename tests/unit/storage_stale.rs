//! Unit tests of `src/storage/stale.rs`.

use super::remove_folders;
use crate::storage::{TempFolder, names};
use std::fs;
use std::fs::File;
use std::path::Path;

/// What a killed process leaves: an unlocked lock file, and folders.
fn killed(parent: &Path, name: &str, permanent: &str) {
    fs::write(parent.join(format!("sqlite-fixtures-{name}.lock")), permanent).unwrap();
    for number in 1..3 {
        let folder = parent.join(format!("sqlite-fixtures-{name}.{number}"));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("database.sqlite3"), "").unwrap();
    }
}

#[test]
fn removes_only_the_folders_of_killed_processes() {
    let parent = tempfile::tempdir().unwrap();
    let parent = parent.path();
    killed(parent, "dead", "");
    killed(parent, "parent", "sqlite-fixtures-parent.2\n");
    killed(parent, "live", "");
    killed(parent, "starter", "");
    let live = File::open(parent.join("sqlite-fixtures-live.lock")).unwrap();
    live.lock().unwrap();
    let journal = File::create(parent.join("sqlite-fixtures-starter.1/child.journal")).unwrap();
    journal.lock().unwrap();
    for other in ["sqlite-fixtures-orphan.1", "sqlite-fixtures-templates", "app.lock"] {
        fs::create_dir(parent.join(other)).unwrap();
    }

    let folder = TempFolder::new_in(parent).unwrap();
    let left = [
        "app.lock",
        "sqlite-fixtures-live.1",
        "sqlite-fixtures-live.2",
        "sqlite-fixtures-live.lock",
        "sqlite-fixtures-orphan.1",
        "sqlite-fixtures-parent.2",
        "sqlite-fixtures-starter.1",
        "sqlite-fixtures-starter.lock",
        "sqlite-fixtures-templates",
    ];
    let own = folder.path().file_stem().unwrap().to_str().unwrap();
    let others: Vec<_> = names(parent).into_iter().filter(|name| !name.starts_with(own)).collect();
    assert_eq!(others, left);
    assert_eq!(names(parent).len(), left.len() + 2, "its own lock and folder");
}

/// Two processes that start at once both find the lock of a third.
#[test]
fn a_permanent_folder_stays_if_the_lock_was_removed() {
    let parent = tempfile::tempdir().unwrap();
    killed(parent.path(), "parent", "sqlite-fixtures-parent.2\n");
    let lock = parent.path().join("sqlite-fixtures-parent.lock");
    remove_folders(parent.path(), &lock).unwrap();
    assert!(remove_folders(parent.path(), &lock).is_err(), "the first has removed the lock");
    assert_eq!(names(parent.path()), ["sqlite-fixtures-parent.2"]);
}

/// Opening a pipe would wait for a writer.
#[cfg(unix)]
#[test]
fn a_pipe_is_no_lock() {
    let parent = tempfile::tempdir().unwrap();
    killed(parent.path(), "dead", "");
    let pipe = parent.path().join("sqlite-fixtures-dead.1/a.journal");
    assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
    remove_folders(parent.path(), &parent.path().join("sqlite-fixtures-dead.lock")).unwrap();
    assert_eq!(names(parent.path()).len(), 0);
}
