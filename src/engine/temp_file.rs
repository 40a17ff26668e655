//! The place in a temporary folder of its own.

use super::{EngineError, Origin};
use crate::{
    folders,
    ledger::{exit, tell},
};
use rusqlite::{Connection, OpenFlags};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf, absolute},
    sync::{Mutex, MutexGuard, Once, PoisonError},
};
use tempfile::TempDir;

/// The folders of this process that are to be removed; those that are left at exit belong to statics.
static FOLDERS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

#[derive(Debug)]
pub(super) struct TempFile {
    path: PathBuf,
    /// `None` once the folder has been handed over.
    folder: Mutex<Option<TempDir>>,
}

impl TempFile {
    /// A database that starts as `origin`.
    pub(super) fn over(origin: &Origin) -> Result<Self, EngineError> {
        let parent = absolute(std::env::temp_dir())
            .map_err(|source| EngineError::Folder { path: std::env::temp_dir(), source })?;
        let error = |source| EngineError::Folder { path: parent.clone(), source };
        let mut builder = tempfile::Builder::new();
        builder.prefix("sqlite-fixtures-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let folder = builder.tempdir_in(&parent).map_err(error)?;
        let path = folder.path().join("database.sqlite3");
        folders::create_file(&path).and_then(|mut file| origin.copy_to(&mut file)).map_err(error)?;
        watch();
        folders().insert(folder.path().to_owned());
        Ok(Self { path, folder: Mutex::new(Some(folder)) })
    }

    pub(super) fn open(&self) -> rusqlite::Result<Connection> {
        // Not created here: a database whose file is gone is a fault, not a new database.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(&self.path, flags)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn uri(&self) -> String {
        let mut uri = "file:".to_owned();
        for byte in self.path.as_os_str().as_encoded_bytes() {
            match byte {
                b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => uri.push(char::from(*byte)),
                other => uri.push_str(&format!("%{other:02X}")),
            }
        }
        uri
    }

    pub(super) fn keep(&self) -> PathBuf {
        let mut folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
        match folder.take() {
            Some(folder) => {
                folders().remove(folder.path());
                folder.keep()
            }
            None => self.path.parent().unwrap_or(&self.path).to_owned(),
        }
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let folder = self.folder.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let Some(folder) = folder else { return };
        let path = folder.path().to_owned();
        if let Err(error) = folder.close() {
            tell(&format!("the folder {} could not be removed: {error}", path.display()));
        }
        folders().remove(&path);
    }
}

fn folders() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    FOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes at exit what statics still hold.
fn watch() {
    static REGISTER: Once = Once::new();
    REGISTER.call_once(|| {
        exit::last_act(|| {
            for folder in std::mem::take(&mut *folders()) {
                let _ = fs::remove_dir_all(folder);
            }
        });
    });
}
