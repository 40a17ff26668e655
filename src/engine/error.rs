//! What can go wrong with an engine.

use super::JournalMode;
use crate::recorder::RefusedLock;
use crate::settings::SettingError;
use rusqlite::ffi;
use std::{error::Error, fmt, io, path::PathBuf};

/// An engine that cannot be created, or that cannot do what was requested.
#[non_exhaustive]
pub enum EngineError {
    /// No engine is configured for the process; call [`configure`](crate::session::configure) first.
    NoEngine,
    /// A synchronous session was requested from an asynchronous engine.
    AsyncEngine,
    /// A setting in the environment is invalid.
    Setting(SettingError),
    /// The folder of the database could not be created.
    #[non_exhaustive]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// SQLite could not open the database.
    Open(rusqlite::Error),
    /// SQLite rejected a pragma.
    #[non_exhaustive]
    Pragma {
        /// The pragma.
        name: String,
        /// The error of SQLite.
        source: rusqlite::Error,
    },
    /// SQLite did not accept the journal mode.
    #[non_exhaustive]
    JournalMode {
        /// The requested mode.
        requested: JournalMode,
        /// The mode that SQLite uses instead.
        actual: String,
    },
    /// A hook of [`EngineBuilder::on_open`](crate::engine::EngineBuilder::on_open) failed.
    OnOpen(rusqlite::Error),
    /// The database could not be read.
    Read(rusqlite::Error),
    /// Another connection of the process has locked the database.
    #[non_exhaustive]
    Locked {
        /// Who has the lock.
        lock: Box<RefusedLock>,
        /// The operation that failed, for the message.
        failed: String,
        /// The error of SQLite.
        source: rusqlite::Error,
    },
    /// [`EngineBuilder::file_name`](crate::engine::EngineBuilder::file_name) got what is not the name of a file.
    #[non_exhaustive]
    FileName {
        /// The name.
        name: String,
    },
    /// [`EngineBuilder::absent`](crate::engine::EngineBuilder::absent) was asked of a template.
    AbsentTemplate,
    /// A database in memory has no folder to keep.
    NoFolder,
    /// A copy of the database could not be written.
    #[non_exhaustive]
    Save {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl EngineError {
    /// Returns [`Locked`](Self::Locked) if the cause is a refused lock whose holder `lock` returns. All other errors are unchanged.
    pub(super) fn name_holder(self, lock: impl FnOnce() -> Option<RefusedLock>) -> Self {
        let (failed, source) = match &self {
            Self::Open(source) => ("the database could not be opened".to_owned(), source),
            Self::OnOpen(source) => ("an `on_open` hook failed".to_owned(), source),
            Self::Read(source) => ("the database could not be read".to_owned(), source),
            Self::Pragma { name, source } => (format!("the pragma `{name}` could not be set"), source),
            _ => return self,
        };
        let Some(lock) = is_locked(source).then(lock).flatten() else { return self };
        match self {
            Self::Open(source) | Self::OnOpen(source) | Self::Read(source) | Self::Pragma { source, .. } => {
                Self::Locked { lock: Box::new(lock), failed, source }
            }
            other => other,
        }
    }
}

/// Whether a lock was refused. SQLite has the same code for other things that are busy, such as a function that is running.
fn is_locked(error: &rusqlite::Error) -> bool {
    let rusqlite::Error::SqliteFailure(error, message) = error else { return false };
    error.extended_code == ffi::SQLITE_BUSY && message.as_ref().is_none_or(|message| message == "database is locked")
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEngine => f.write_str("no engine is configured"),
            Self::AsyncEngine => f.write_str(
                "synchronous session requested, but engine is an AsyncEngine; use an async session for an AsyncEngine",
            ),
            Self::Setting(_) => f.write_str("a setting in the environment is invalid; correct it"),
            Self::Folder { path, .. } => write!(
                f,
                "could not create a folder for the database in {}; make it writable, or set TMPDIR to one that is",
                path.display()
            ),
            Self::Open(_) => f.write_str("SQLite could not open the database of the engine; see the cause"),
            Self::Pragma { name, .. } => {
                write!(f, "SQLite rejected the pragma `{name}`; correct it in the engine's builder")
            }
            Self::JournalMode { requested, actual } => write!(
                f,
                "journal mode `{requested}` was requested, but SQLite uses `{actual}`; remove the mode from the engine's builder"
            ),
            Self::OnOpen(_) => f.write_str("an `on_open` hook failed on a new connection; correct the hook"),
            Self::Read(_) => f.write_str("the database could not be read; see the cause"),
            Self::Locked { lock, failed, .. } => {
                write!(f, "{failed}: it is locked {}; finish that transaction or statement first", lock.reason())
            }
            Self::FileName { name } => {
                write!(f, "`{name}` is not the name of a file; give one without folders, such as `app.db`")
            }
            Self::AbsentTemplate => {
                f.write_str("the database of a template cannot be absent; remove `absent` from its engine options")
            }
            Self::NoFolder => {
                f.write_str("an engine in memory has no folder to keep; write it to a file with `save_to`")
            }
            Self::Save { path, .. } => write!(
                f,
                "the database could not be written to {}; choose a file that does not exist, in a writable folder",
                path.display()
            ),
        }
    }
}

crate::position::debug_is_chain!(EngineError);

impl Error for EngineError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoEngine
            | Self::AsyncEngine
            | Self::JournalMode { .. }
            | Self::FileName { .. }
            | Self::AbsentTemplate
            | Self::NoFolder => None,
            Self::Setting(source) => Some(source),
            Self::Folder { source, .. } => Some(source),
            Self::Open(source)
            | Self::Pragma { source, .. }
            | Self::OnOpen(source)
            | Self::Read(source)
            | Self::Locked { source, .. } => Some(source),
            Self::Save { source, .. } => Some(source.as_ref()),
        }
    }
}
