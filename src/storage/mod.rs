//! Where the crate leaves things, open to nobody else: what outlives a process in one folder below the target folder of the
//! tests that run, what does not in [`temporary`] folders
//! that belong to a [`process_lock`]; [`stale`] is what killed ones have left.

mod process_lock;
mod stale;
mod temporary;

pub(crate) use process_lock::remove_all;
pub(crate) use temporary::Temporary;

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The folder for what outlives a process: `target/sqlite-fixtures`, or below the temporary folder where an executable is in
/// no target folder.
pub(crate) fn own() -> &'static Path {
    static OWN: OnceLock<PathBuf> = OnceLock::new();
    OWN.get_or_init(|| {
        target(&env::current_exe().unwrap_or_default()).unwrap_or_else(env::temp_dir).join("sqlite-fixtures")
    })
}

/// The same, for what other processes shall trust: in the temporary folder, which is everybody's, only if nobody else can
/// write there.
pub(crate) fn shared() -> io::Result<&'static Path> {
    let own = own();
    #[cfg(unix)]
    if own.starts_with(env::temp_dir()) {
        create(own)?;
        only_ours(own)?;
    }
    Ok(own)
}

#[cfg(unix)]
fn only_ours(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::symlink_metadata(folder)?;
    let me = tempfile::tempfile()?.metadata()?.uid();
    if found.is_dir() && found.uid() == me && found.mode() & 0o777 == 0o700 {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("{} is open to others; remove it", folder.display())))
}

/// The target folder that an executable is in: cargo marks it, but an archive of tests may have lost the mark.
fn target(executable: &Path) -> Option<PathBuf> {
    let marked = executable.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    let named = || {
        let folder = executable.parent()?;
        if folder.ends_with("deps") || folder.ends_with("examples") { folder.parent()?.parent() } else { None }
    };
    marked.or_else(named).map(Path::to_owned)
}

/// Makes a folder, and those above it, open to nobody else.
pub(crate) fn create(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes a new file, open to nobody else.
pub(crate) fn create_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a new folder, open to nobody else.
pub(crate) fn create_new(folder: &Path) -> io::Result<()> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "permissions are for Unix"))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Removes a folder and all in it, if it is there.
pub(crate) fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Opens the file of a lock, which is made if it is not there.
pub(crate) fn open_lock(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Whether an open file is still the one with this name.
#[cfg(unix)]
pub(crate) fn is_at(file: &fs::File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let number = |found: fs::Metadata| (found.dev(), found.ino());
    file.metadata().is_ok_and(|open| fs::metadata(path).is_ok_and(|named| number(open) == number(named)))
}

/// A file that is open cannot lose its name here.
#[cfg(not(unix))]
pub(crate) fn is_at(_: &fs::File, _: &Path) -> bool {
    true
}

/// What is in a folder.
#[cfg(test)]
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::target;
    use std::path::{Path, PathBuf};

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_can_write_to_is_not_trusted() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own");
        super::create(&path).unwrap();
        super::only_ours(&path).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o777)).unwrap();
        assert!(super::only_ours(&path).is_err());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        assert!(super::only_ours(&link).is_err());
    }

    #[test]
    fn the_target_folder_is_known_by_its_mark_or_by_what_cargo_puts_into_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("CACHEDIR.TAG"), "").unwrap();
        assert_eq!(target(&folder.path().join("triple/debug/deps/shop-1")), Some(folder.path().to_owned()));
        assert_eq!(target(Path::new("/archive/target/debug/deps/shop-1")), Some(PathBuf::from("/archive/target")));
        assert_eq!(target(Path::new("/nowhere/bin/shop")), None);
    }
}
