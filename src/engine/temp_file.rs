//! The place in a temporary folder of its own.

use super::{EngineError, Origin};
use crate::{
    ledger::{exit, tell},
    storage::{self, Temporary},
};
use rusqlite::{Connection, OpenFlags};
use std::{
    path::{Path, PathBuf, absolute},
    sync::Once,
};

#[derive(Debug)]
pub(super) struct TempFile {
    path: PathBuf,
    /// `None` only while it is dropped.
    folder: Option<Temporary>,
}

impl TempFile {
    /// A database that starts as `origin`.
    pub(super) fn over(origin: &Origin) -> Result<Self, EngineError> {
        let parent = absolute(std::env::temp_dir())
            .map_err(|source| EngineError::Folder { path: std::env::temp_dir(), source })?;
        let error = |source| EngineError::Folder { path: parent.clone(), source };
        // What statics still hold goes at exit.
        static AT_EXIT: Once = Once::new();
        AT_EXIT.call_once(|| exit::last_act(storage::remove_all));
        let folder = Temporary::new_in(&parent).map_err(error)?;
        let path = folder.path().join("database.sqlite3");
        storage::create_file(&path).and_then(|mut file| origin.copy_to(&mut file)).map_err(error)?;
        Ok(Self { path, folder: Some(folder) })
    }

    pub(super) fn open(&self) -> rusqlite::Result<Connection> {
        // Not created here: a database whose file is gone is a fault, not a new database.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(&self.path, flags)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What SQLite calls the file: it follows links.
    pub(super) fn file(&self) -> String {
        let folder = self.folder.as_ref().map(Temporary::real_path).unwrap_or_default();
        folder.join(self.path.file_name().unwrap_or_default()).to_string_lossy().into_owned()
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

    pub(super) fn persist(&self) -> Result<PathBuf, EngineError> {
        let path = self.path.parent().unwrap_or(&self.path).to_owned();
        match self.folder.as_ref().map_or(Ok(()), Temporary::keep) {
            Ok(()) => Ok(path),
            Err(source) => Err(EngineError::Folder { path, source }),
        }
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.folder.take().map(Temporary::remove) {
            tell(&format!("the files of {} could not be removed: {error}", self.path.display()));
        }
    }
}
