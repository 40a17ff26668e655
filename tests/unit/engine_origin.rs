//! Unit tests of `src/engine/origin.rs`.

use super::Origin;
use std::fs;
use std::fs::File;
use std::sync::Arc;

#[test]
fn copies_from_a_file_and_from_memory() {
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    let path = folder.path().join("from");
    fs::write(&path, &bytes).unwrap();
    let short = folder.path().join("short");
    fs::write(&short, &bytes[..10]).unwrap();
    // The copy from a truncated file must fall back to memory.
    for (number, file) in [None, Some(path), Some(short)].into_iter().enumerate() {
        let origin =
            Origin { bytes: Arc::new(bytes.clone()), file: file.map(|path| Arc::new(File::open(path).unwrap())) };
        let to = folder.path().join(number.to_string());
        for _ in 0..2 {
            origin.copy_to(&mut File::create(&to).unwrap()).unwrap();
            assert!(fs::read(&to).unwrap() == bytes, "{number}");
        }
    }
}
