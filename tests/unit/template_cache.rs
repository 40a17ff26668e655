//! Unit tests of `src/template/cache.rs`.

use super::{Cache, MAX_IMAGES};
use crate::engine::EngineBuilder;
use crate::labels::Labels;
use crate::template::Schema;
use crate::template::image::{Built, Image};
use crate::template::key::{Files, Key, digest};
use std::cell::Cell;
use std::fs;
use std::fs::File;
use std::path::Path;
use std::time::SystemTime;

fn cache(folder: &Path) -> Cache {
    Cache::at(folder.join("templates"))
}

/// The key of a template whose schema is a file with `text`, changed long ago.
fn key(folder: &Path, text: &str) -> Key {
    let path = folder.join("schema.sql");
    if fs::read_to_string(&path).ok().as_deref() != Some(text) {
        fs::write(&path, text).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    }
    let schema = Schema::OwnedFolder(folder.to_owned());
    let files = Files::find(&schema, &crate::seed::Seeds::none(), &crate::seed::Seeds::none()).unwrap();
    Key::new(&schema, &EngineBuilder::default().options().unwrap(), files).unwrap()
}

fn built(number: u8) -> Built {
    Built { bytes: [b"SQLite format 3\0".as_slice(), &[number]].concat(), labels: Labels::default(), has_leak: false }
}

fn number(image: &Image) -> u8 {
    (*image.origin.bytes).as_ref()[16]
}

#[test]
fn changed_file_builds_a_new_image() {
    let folder = tempfile::tempdir().unwrap();
    let times = Cell::new(0);
    let image = |text| {
        let build = || {
            times.set(times.get() + 1);
            Ok(built(times.get()))
        };
        number(&cache(folder.path()).image(&key(folder.path(), text), &build).unwrap())
    };
    assert_eq!((image("one"), image("one"), image("two"), image("two")), (1, 1, 2, 2));
    assert_eq!(image("one"), 1, "the older image is still there");
}

#[test]
fn known_state_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache(folder.path());
    let key = key(folder.path(), "one");
    fs::create_dir(&cache.folder).unwrap();
    cache.put("known content", &built(7)).unwrap();
    cache.remember(&key.by_state().unwrap(), "known content").unwrap();
    assert_eq!(number(&cache.image(&key, &|| panic!("built")).unwrap()), 7);
}

#[test]
fn touched_file_keeps_the_image() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache(folder.path());
    cache.image(&key(folder.path(), "one"), &|| Ok(built(1))).unwrap();
    File::options()
        .write(true)
        .open(folder.path().join("schema.sql"))
        .unwrap()
        .set_modified(SystemTime::now())
        .unwrap();
    let fresh = key(folder.path(), "one");
    cache.image(&fresh, &|| panic!("built")).unwrap();
    assert!(!fresh.is_settled(&fresh.by_state().unwrap()), "it may change again in the same instant");
}

#[test]
fn change_during_the_build_builds_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache(folder.path());
    let key = key(folder.path(), "one");
    let times = Cell::new(0);
    let image = cache.image(&key, &|| {
        times.set(times.get() + 1);
        if times.get() == 1 {
            fs::write(folder.path().join("schema.sql"), "two").unwrap();
        }
        Ok(built(times.get()))
    });
    assert_eq!(number(&image.unwrap()), 2);
}

/// Elsewhere a file that is mapped keeps its name.
#[cfg(unix)]
#[test]
fn partial_and_damaged_images_are_built_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache(folder.path());
    let key = key(folder.path(), "one");
    let name = digest(key.by_content().unwrap().as_bytes());
    fs::create_dir_all(cache.path(&name, ".building").join("half")).unwrap();
    assert_eq!(number(&cache.image(&key, &|| Ok(built(1))).unwrap()), 1);
    let database = cache.path(&name, "").join("database.sqlite3");
    let served = cache.image(&key, &|| panic!("built")).unwrap();
    fs::remove_file(&database).unwrap();
    assert_eq!(number(&cache.image(&key, &|| Ok(built(2))).unwrap()), 2);
    assert_eq!(number(&served), 1, "an image in use stays valid");
    assert!(!cache.path(&name, ".building").exists());
}

#[test]
fn failed_build_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache(folder.path());
    let key = key(folder.path(), "one");
    let failed = || Err(crate::template::TemplateError::function("no".into()));
    assert!(cache.image(&key, &failed).is_err());
    assert_eq!(number(&cache.image(&key, &|| Ok(built(1))).unwrap()), 1);
}

#[test]
fn least_recently_used_images_are_evicted() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache(folder.path());
    let used = key(folder.path(), "used").by_content().unwrap();
    for text in 0..MAX_IMAGES + 20 {
        cache.image(&key(folder.path(), &text.to_string()), &|| Ok(built(1))).unwrap();
        if text == 0 {
            cache.image(&key(folder.path(), "used"), &|| Ok(built(2))).unwrap();
        }
        cache.open(&used).unwrap().unwrap();
    }
    let count = |extension: Option<&str>| {
        let entries = fs::read_dir(&cache.folder).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().and_then(std::ffi::OsStr::to_str) == extension).count()
    };
    let known = if cfg!(unix) { MAX_IMAGES } else { 0 };
    assert_eq!((count(None), count(Some("known")), count(Some("lock"))), (MAX_IMAGES, known, MAX_IMAGES));
}

/// Another thread may have looked before the image was there, and get its lock when it is.
#[test]
fn image_that_came_meanwhile_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (cache, key) = (cache(folder.path()), key(folder.path(), "one"));
    cache.image(&key, &|| Ok(built(1))).unwrap();
    let image = cache.path(&digest(key.by_content().unwrap().as_bytes()), "");
    cache.remove(&image, || false);
    assert!(image.exists());
    cache.remove(&image, || true);
    assert!(!image.exists());
}
