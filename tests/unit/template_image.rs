//! Unit tests of `src/template/image.rs`.

use super::{ABOUT, Built, DATABASE, open, write};
use crate::labels::{Key, Labels};
use rusqlite::types::Value;
use std::{fs, path::Path};

fn built(folder: &Path) {
    let mut labels = Labels::default();
    labels.insert("users", "alice", Key::Single(Value::Integer(7)));
    let bytes = [b"SQLite format 3\0".as_slice(), &[1; 4080]].concat();
    write(folder, "key\n", &Built { bytes, labels, has_leak: false }).unwrap();
}

#[test]
fn round_trips() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    assert!(open(&path, "key\n").unwrap().is_none());
    built(&path);
    let image = open(&path, "key\n").unwrap().unwrap();
    assert_eq!((*image.origin.bytes).as_ref().len(), 4096);
    assert_eq!(image.labels.key::<i64>("users", "alice").unwrap(), 7);
}

#[test]
fn damaged_and_foreign_images_are_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    built(&path);
    assert!(open(&path, "key").unwrap().is_none(), "a prefix of its key");
    assert!(open(&path, "key\nand more\n").unwrap().is_none());
    let change = |name: &str, with: &dyn Fn(&mut Vec<u8>)| {
        let file = path.join(name);
        let before = fs::read(&file).unwrap();
        let mut after = before.clone();
        with(&mut after);
        fs::write(&file, after).unwrap();
        let found = open(&path, "key\n").unwrap().is_some();
        fs::write(&file, before).unwrap();
        found
    };
    for name in [ABOUT, DATABASE] {
        assert!(!change(name, &|bytes| bytes.truncate(bytes.len() - 1)), "truncated {name}");
        assert!(!change(name, &|bytes| bytes.push(0)), "longer {name}");
        assert!(!change(name, &|bytes| bytes[0] ^= 1), "foreign {name}");
        assert!(!change(name, &Vec::clear), "empty {name}");
    }
    assert!(change(ABOUT, &|_| {}), "unchanged");
    fs::remove_file(path.join(DATABASE)).unwrap();
    assert!(open(&path, "key\n").unwrap().is_none());
}
