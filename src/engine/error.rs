//! What can go wrong with an engine.

use super::JournalMode;
use crate::settings::SettingError;
use std::{error::Error, fmt, io, path::PathBuf};

/// An engine that cannot be made, or may not give what was asked of it.
#[non_exhaustive]
pub enum EngineError {
    /// No engine is configured for the process; call [`configure`](crate::session::configure) first.
    NoEngine,
    /// A synchronous session was asked of an asynchronous engine.
    AsyncEngine,
    /// A setting in the environment is not understood.
    Setting(SettingError),
    /// A folder or file of ours could not be made.
    #[non_exhaustive]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// SQLite could not open the database.
    Open(rusqlite::Error),
    /// A pragma was refused.
    #[non_exhaustive]
    Pragma {
        /// The pragma.
        name: String,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The place cannot have the journal mode that was asked for.
    #[non_exhaustive]
    JournalMode {
        /// The mode that was asked for.
        asked: JournalMode,
        /// The mode that SQLite has instead.
        got: String,
    },
    /// A hook of [`EngineBuilder::on_open`](crate::engine::EngineBuilder::on_open) failed.
    OnOpen(rusqlite::Error),
    /// The database could not be read.
    Read(rusqlite::Error),
    /// A database in memory has no folder to hand over.
    NoFolder,
    /// A copy of the database could not be written.
    #[non_exhaustive]
    Save {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEngine => f.write_str("no engine is configured"),
            Self::AsyncEngine => f.write_str(
                "synchronous session requested, but engine is an AsyncEngine; use an async session for an AsyncEngine",
            ),
            Self::Setting(_) => f.write_str("the environment is not understood; correct the setting"),
            Self::Folder { path, .. } => write!(
                f,
                "no folder for the database at {}; make it writable, or set TMPDIR to one that is",
                path.display()
            ),
            Self::Open(_) => f.write_str("SQLite could not open the engine's database; see the cause"),
            Self::Pragma { name, .. } => {
                write!(f, "the pragma `{name}` was refused; correct it in the engine's builder")
            }
            Self::JournalMode { asked, got } => {
                write!(f, "journal mode `{asked}` is not to be had here, SQLite has `{got}`; leave the mode out")
            }
            Self::OnOpen(_) => f.write_str("an `on_open` hook failed on a new connection; correct the hook"),
            Self::Read(_) => f.write_str("the database could not be read; see the cause"),
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
            Self::NoEngine | Self::AsyncEngine | Self::JournalMode { .. } | Self::NoFolder => None,
            Self::Setting(source) => Some(source),
            Self::Folder { source, .. } => Some(source),
            Self::Open(source) | Self::Pragma { source, .. } | Self::OnOpen(source) | Self::Read(source) => {
                Some(source)
            }
            Self::Save { source, .. } => Some(source.as_ref()),
        }
    }
}
