//! Unit tests of `src/storage/mod.rs`.

use super::target_folder;
use std::path::{Path, PathBuf};

#[cfg(unix)]
#[test]
fn a_folder_that_others_can_write_to_is_not_trusted() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own");
    super::create(&path).unwrap();
    super::require_private(&path).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o777)).unwrap();
    assert!(super::require_private(&path).is_err());
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path(), &link).unwrap();
    assert!(super::require_private(&link).is_err());
}

#[test]
fn finds_the_target_folder_by_tag_or_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("CACHEDIR.TAG"), "").unwrap();
    assert_eq!(target_folder(&folder.path().join("triple/debug/deps/shop-1")), Some(folder.path().to_owned()));
    assert_eq!(target_folder(Path::new("/archive/target/debug/deps/shop-1")), Some(PathBuf::from("/archive/target")));
    assert_eq!(target_folder(Path::new("/nowhere/bin/shop")), None);
}
