//! The place in a temporary folder of its own.

use super::{EngineError, Origin};
use crate::{
    folders::{self, Temporary},
    ledger::{exit, tell},
};
use rusqlite::{Connection, OpenFlags};
use std::{
    path::{Path, PathBuf, absolute},
    sync::Once,
};

#[derive(Debug)]
pub(super) struct TempFile {
    path: PathBuf,
    folder: Temporary,
}

impl TempFile {
    /// A database that starts as `origin`.
    pub(super) fn over(origin: &Origin) -> Result<Self, EngineError> {
        let parent = absolute(std::env::temp_dir())
            .map_err(|source| EngineError::Folder { path: std::env::temp_dir(), source })?;
        let error = |source| EngineError::Folder { path: parent.clone(), source };
        // What statics still hold goes at exit.
        static AT_EXIT: Once = Once::new();
        AT_EXIT.call_once(|| exit::last_act(folders::remove_all));
        let folder = Temporary::new_in(&parent).map_err(error)?;
        let path = folder.path().join("database.sqlite3");
        folders::create_file(&path).and_then(|mut file| origin.copy_to(&mut file)).map_err(error)?;
        Ok(Self { path, folder })
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
        self.folder.real_path().join("database.sqlite3").to_string_lossy().into_owned()
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

    pub(super) fn keep(&self) -> Result<PathBuf, EngineError> {
        let path = self.folder.path().to_owned();
        self.folder.keep().map_err(|source| EngineError::Folder { path: path.clone(), source })?;
        Ok(path)
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        if let Err(error) = self.folder.remove() {
            tell(&format!("the folder {} could not be removed: {error}", self.folder.path().display()));
        }
    }
}
