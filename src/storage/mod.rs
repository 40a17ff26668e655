//! Where the crate keeps files, open to nobody else: in one folder below the target folder, or in temporary folders
//! ([`temp_folder`]); [`stale`] removes those of killed processes.

mod stale;
mod temp_folder;

pub(crate) use temp_folder::{TempFolder, remove_all};

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, fs, io};

/// How the names of temporary folders and their locks begin.
const PREFIX: &str = "sqlite-fixtures-";

const LOCK_SUFFIX: &str = ".lock";

/// The folder for what outlives a process: `target/sqlite-fixtures`, or below the temporary folder, with the number of the user, if
/// the executable is in no target folder.
pub(crate) fn own() -> &'static Path {
    static OWN: OnceLock<PathBuf> = OnceLock::new();
    OWN.get_or_init(|| match target_folder(&env::current_exe().unwrap_or_default()) {
        Some(target) => target.join("sqlite-fixtures"),
        None => env::temp_dir().join(format!("sqlite-fixtures.user{}", user().unwrap_or_default())),
    })
}

/// The target folder that the executable is in.
pub(crate) fn target() -> Option<PathBuf> {
    target_folder(&env::current_exe().ok()?)
}

/// The number of the user, as a new file has it.
#[cfg(unix)]
fn user() -> io::Result<u32> {
    use std::os::unix::fs::MetadataExt;
    Ok(tempfile::tempfile()?.metadata()?.uid())
}

/// The temporary folder is the user's own.
#[cfg(not(unix))]
fn user() -> io::Result<u32> {
    Ok(0)
}

/// The same, for files that other processes trust. An error if it is in the temporary folder, which all users share, and others
/// may write to it.
pub(crate) fn shared() -> io::Result<&'static Path> {
    let own = own();
    #[cfg(unix)]
    if own.starts_with(env::temp_dir()) {
        create(own)?;
        require_private(own)?;
    }
    Ok(own)
}

#[cfg(unix)]
fn require_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::symlink_metadata(folder)?;
    if found.is_dir() && found.uid() == user()? && found.mode() & 0o777 == 0o700 {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, "others may write to it"))
}

/// The target folder of an executable: Cargo tags it, but an archive of tests may lack the tag.
fn target_folder(executable: &Path) -> Option<PathBuf> {
    let tagged = executable.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    let by_name = || {
        let folder = executable.parent()?;
        if folder.ends_with("deps") || folder.ends_with("examples") { folder.parent()?.parent() } else { None }
    };
    tagged.or_else(by_name).map(Path::to_owned)
}

/// Creates a folder, and its parents, open to nobody else.
pub(crate) fn create(folder: &Path) -> io::Result<()> {
    private_builder().recursive(true).create(folder)
}

/// Creates a folder, open to nobody else. An error if it exists.
pub(crate) fn create_new(folder: &Path) -> io::Result<()> {
    private_builder().create(folder)
}

fn private_builder() -> fs::DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "permissions are for Unix"))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Creates a file, open to nobody else. An error if it exists.
pub(crate) fn create_file(path: &Path) -> io::Result<fs::File> {
    private_options().create_new(true).open(path)
}

/// Opens a lock file, which is created if it is missing.
pub(crate) fn open_lock(path: &Path) -> io::Result<fs::File> {
    private_options().create(true).truncate(false).open(path)
}

fn private_options() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Removes a folder and its contents, if it exists.
pub(crate) fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Whether an open file still has this name.
#[cfg(unix)]
pub(crate) fn is_at(file: &fs::File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let number = |found: fs::Metadata| (found.dev(), found.ino());
    file.metadata().is_ok_and(|open| fs::metadata(path).is_ok_and(|named| number(open) == number(named)))
}

/// An open file keeps its name on this system.
#[cfg(not(unix))]
pub(crate) fn is_at(_: &fs::File, _: &Path) -> bool {
    true
}

/// The names of the files in a folder.
#[cfg(test)]
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[cfg(test)]
#[path = "../../tests/unit/storage.rs"]
mod tests;
