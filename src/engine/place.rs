//! Where a database is: in our file system in memory, or in a temporary folder.

use super::{EngineError, Options, Origin};
use crate::ledger::{exit, warn_stderr};
use crate::recorder::Recorder;
use crate::sqlite::{quote::file_uri, untracked};
use crate::storage::TempFolder;
use crate::{storage, vfs};
use rusqlite::Connection;
use std::env;
use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;

#[derive(Debug)]
pub(super) enum Place {
    Memory {
        uri: String,
        /// The database lives as long as this, or a connection to it.
        database: Arc<vfs::Database>,
    },
    TempFile {
        path: PathBuf,
        /// Whether a connection may create the file.
        absent: bool,
        /// `None` only during the drop.
        folder: Option<TempFolder>,
    },
}

/// A URI in the form that sqlx and sea-orm take.
pub(crate) fn url(uri: &str) -> String {
    uri.replacen("file:", "sqlite:", 1)
}

/// A connection, for internal use, to a new database that is a copy of `origin`.
pub(super) fn open_copy(origin: &Origin) -> rusqlite::Result<Connection> {
    let database = vfs::Database::new(Arc::clone(&origin.bytes));
    let uri = vfs::uri(&database)?;
    untracked(|| Connection::open(uri))
}

impl Place {
    /// A copy of `origin` in memory.
    pub(super) fn memory(origin: &Origin, options: &Options) -> Result<Self, EngineError> {
        let database =
            if options.absent { vfs::Database::absent() } else { vfs::Database::new(Arc::clone(&origin.bytes)) };
        let uri = if options.frozen_clock { vfs::frozen_clock_uri(&database) } else { vfs::uri(&database) };
        let uri = uri.map_err(EngineError::Open)?;
        Ok(Self::Memory { uri, database })
    }

    /// A copy of `origin` in a temporary folder.
    pub(super) fn temp_file(origin: &Origin, options: &Options) -> Result<Self, EngineError> {
        let name = options.file_name()?;
        // An engine in a static is never dropped.
        exit::register();
        let error = |source| EngineError::Folder { path: env::temp_dir(), source };
        let folder = TempFolder::new_in(&absolute(env::temp_dir()).map_err(error)?).map_err(error)?;
        let path = folder.path().join(name);
        if !options.absent {
            storage::create_file(&path).and_then(|mut file| origin.copy_to(&mut file)).map_err(error)?;
        }
        Ok(Self::TempFile { path, absent: options.absent, folder: Some(folder) })
    }

    /// Opens a connection with the flags that [`Connection::open`] has, which ATTACH uses too.
    pub(super) fn open(&self) -> Result<Connection, EngineError> {
        // If the file is gone, that is an error, not a new database.
        let mode = if matches!(self, Self::TempFile { absent: false, .. }) { "?mode=rw" } else { "" };
        Connection::open(self.uri() + mode).map_err(EngineError::Open)
    }

    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Memory { .. } => None,
            Self::TempFile { path, .. } => Some(path),
        }
    }

    /// The number of a database in memory.
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Memory { database, .. } => Some(database.number()),
            Self::TempFile { .. } => None,
        }
    }

    /// Lets the recorder say what the locks of a database in memory ask.
    pub(super) fn set_watcher(&self, recorder: &Arc<Recorder>) {
        if let Self::Memory { database, .. } = self {
            database.set_watcher(Arc::clone(recorder) as Arc<dyn vfs::Watcher>);
        }
    }

    /// The locks that were refused on a database in memory.
    pub(super) fn refusals(&self) -> Option<Vec<vfs::Refusal>> {
        match self {
            Self::Memory { database, .. } => Some(database.refusals()),
            Self::TempFile { .. } => None,
        }
    }

    /// The file name that SQLite reports, which has links resolved.
    pub(super) fn file(&self) -> String {
        match self {
            Self::Memory { database, .. } => database.name(),
            Self::TempFile { path, folder, .. } => {
                let folder = folder.as_ref().map(TempFolder::real_path).unwrap_or_default();
                folder.join(path.file_name().unwrap_or_default()).to_string_lossy().into_owned()
            }
        }
    }

    pub(super) fn uri(&self) -> String {
        match self {
            Self::Memory { uri, .. } => uri.clone(),
            Self::TempFile { path, .. } => file_uri(path),
        }
    }

    /// As [`uri`](Self::uri), in the form of other clients.
    pub(super) fn url(&self) -> String {
        url(&self.uri())
    }

    pub(super) fn persist(&self) -> Result<PathBuf, EngineError> {
        let Self::TempFile { path, folder, .. } = self else { return Err(EngineError::NoFolder) };
        let path = path.parent().unwrap_or(path).to_owned();
        match folder.as_ref().map_or(Ok(()), TempFolder::keep) {
            Ok(()) => Ok(path),
            Err(source) => Err(EngineError::Folder { path, source }),
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Memory { .. } => "memory",
            Self::TempFile { .. } => "temp_file",
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::TempFile { path, folder, .. } = self
            && let Some(Err(error)) = folder.take().map(TempFolder::remove)
        {
            warn_stderr(&format!("could not remove the temporary files of {}: {error}", path.display()));
        }
    }
}
