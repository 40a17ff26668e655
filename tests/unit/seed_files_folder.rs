//! Unit tests of `src/seed/files/folder.rs`.

use super::candidates;
use std::path::{Path, PathBuf};

#[test]
fn relative_path_is_below_the_manifest_or_above_the_executable() {
    let executable = Path::new("/shop/target/debug/deps/shop-0123");
    let current = Path::new("/here");
    let found =
        |path: &str, manifest: Option<&str>| candidates(Path::new(path), manifest.map(Path::new), current, executable);
    assert_eq!(found("/elsewhere", Some("/shop")), [PathBuf::from("/elsewhere")]);
    assert_eq!(found("fixtures", Some("/shop")), [PathBuf::from("/shop/fixtures")]);
    assert_eq!(found("fixtures", None)[0], PathBuf::from("/here/fixtures"), "the current folder first");
    assert_eq!(found("fixtures", None)[1], PathBuf::from("/shop/target/debug/deps/fixtures"), "then the nearest");
    assert!(found("fixtures", None).contains(&PathBuf::from("/shop/fixtures")));
}
