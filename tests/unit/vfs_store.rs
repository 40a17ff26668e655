//! Unit tests of `src/vfs/store/mod.rs`.

use super::{Database, Name};
use crate::vfs::store::locks::Level;
use std::{sync::Arc, thread};

#[test]
fn parses_names_of_databases_and_sidecars() {
    assert_eq!(Name::parse(b"/sqlite-fixtures/12"), Some(Name { number: 12, sidecar: b"" }));
    assert_eq!(Name::parse(b"/sqlite-fixtures/12-mj0-a"), Some(Name { number: 12, sidecar: b"-mj0-a" }));
    for other in [
        "/tmp/app.db",
        "/sqlite-fixtures/",
        "/sqlite-fixtures/a",
        "/sqlite-fixtures/../etc",
        "/sqlite-fixtures/-wal",
        "/sqlite-fixtures/99999999999999999999",
        "12",
    ] {
        assert_eq!(Name::parse(other.as_bytes()), None, "{other}");
    }
}

#[test]
fn database_lives_until_its_last_handle_closes() {
    let database = Database::new(Arc::new(*b"base"));
    let path = database.name();
    let name = Name::parse(path.as_bytes()).unwrap();
    let handle = name.open(false).unwrap();
    drop(database);
    assert!(name.open(false).is_some(), "owned by the handle");
    drop(handle);
    assert!(name.open(true).is_none());
    assert!(!name.exists());
}

#[test]
fn deleted_file_stays_readable_through_open_handles() {
    let database = Database::new(Arc::new([]));
    let path = format!("{}-journal", database.name());
    let journal = Name::parse(path.as_bytes()).unwrap();
    assert!(journal.open(false).is_none());
    let handle = journal.open(true).unwrap();
    assert!(!journal.exists(), "an empty journal does not exist");
    handle.write_content(|content| content.write(0, b"page"));
    assert!(journal.exists());
    assert!(journal.delete());
    assert!(!journal.delete());
    assert!(!journal.exists());
    assert_eq!(handle.read_content(super::Content::to_vec), b"page");
}

#[test]
fn dropped_handle_releases_its_locks() {
    let database = Database::new(Arc::new([]));
    let path = database.name();
    let name = Name::parse(path.as_bytes()).unwrap();
    let (mut one, mut two) = (name.open(false).unwrap(), name.open(false).unwrap());
    for handle in [&mut one, &mut two] {
        handle.region(0, true);
    }
    one.lock(Level::Exclusive).unwrap();
    one.lock_wal_exclusive(0xff).unwrap();
    assert!(two.lock(Level::Shared).is_err() && two.lock_wal_shared(0).is_err() && two.is_reserved());
    drop(one);
    assert!(two.lock(Level::Shared).is_ok() && two.lock_wal_shared(0).is_ok() && !two.is_reserved());
}

#[test]
fn threads_write_clones_of_one_base() {
    let base: Arc<Vec<u8>> = Arc::new(vec![1; 10_000]);
    thread::scope(|scope| {
        for thread in 2..6 {
            let base = base.clone();
            scope.spawn(move || {
                let database = Database::new(base);
                let handle = Name::parse(database.name().as_bytes()).unwrap().open(false).unwrap();
                handle.write_content(|content| content.write(5000, &[thread; 10]));
                let bytes = database.to_vec();
                assert_eq!((bytes[4999], bytes[5000], bytes[5009], bytes[5010]), (1, thread, thread, 1));
            });
        }
    });
    assert!(base.iter().all(|byte| *byte == 1));
}

#[test]
fn sidecars_are_found_by_every_thread_and_end_with_their_database() {
    let databases: Vec<_> = (0..20).map(|_| Database::new(Arc::new([]))).collect();
    let paths: Vec<_> = databases.iter().map(|database| format!("{}-wal", database.name())).collect();
    let exists = |path: &String| Name::parse(path.as_bytes()).unwrap().exists();
    assert!(!paths.iter().any(exists));
    for path in &paths {
        let handle = Name::parse(path.as_bytes()).unwrap().open(true).unwrap();
        handle.write_content(|content| content.write(0, b"log"));
    }
    assert!(paths.iter().all(exists));
    thread::scope(|scope| scope.spawn(|| assert!(paths.iter().all(exists))).join().unwrap());
    drop(databases);
    assert!(!paths.iter().any(exists));
    assert!(paths.iter().all(|path| Name::parse(path.as_bytes()).unwrap().open(true).is_none()));
}
