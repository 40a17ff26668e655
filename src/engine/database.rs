//! The one thing that an engine's handles share: the place, its options, its record, its labels.

use super::{EngineError, Options, Origin, kept, memory::Memory, slots::Slots, temp_file::TempFile};
use crate::{
    labels::SharedLabels,
    ledger::{EngineIdentity, EngineRecord, Ledger, tell, test_name},
    settings::Keep,
    sqlite::{copy, untracked},
    storage,
};
use rusqlite::Connection;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

#[derive(Debug)]
pub(super) enum Place {
    Memory(Memory),
    TempFile(TempFile),
}

impl Place {
    pub(super) fn open(&self) -> Result<Connection, EngineError> {
        match self {
            Self::Memory(memory) => memory.open(),
            Self::TempFile(file) => file.open(),
        }
        .map_err(EngineError::Open)
    }

    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Memory(_) => None,
            Self::TempFile(file) => Some(file.path()),
        }
    }

    /// What SQLite calls its file.
    fn file(&self) -> String {
        match self {
            Self::Memory(memory) => memory.file(),
            Self::TempFile(file) => file.file(),
        }
    }

    pub(super) fn uri(&self) -> String {
        match self {
            Self::Memory(memory) => memory.uri().to_owned(),
            Self::TempFile(file) => file.uri(),
        }
    }

    pub(super) fn persist(&self) -> Result<PathBuf, EngineError> {
        match self {
            Self::Memory(_) => Err(EngineError::NoFolder),
            Self::TempFile(file) => file.persist(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Memory(_) => "memory",
            Self::TempFile(_) => "temp_file",
        }
    }
}

pub(crate) struct Database {
    pub(super) place: Place,
    /// What it started as.
    pub(super) origin: Origin,
    pub(super) options: Options,
    pub(super) slots: Slots,
    pub(super) record: Arc<EngineRecord>,
    labels: Mutex<SharedLabels>,
    failed: AtomicBool,
    settled: AtomicBool,
    journal: Mutex<()>,
}

impl Database {
    pub(super) fn new(name: Option<String>, place: Place, origin: Origin, options: Options) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = name.unwrap_or_else(|| format!("{}-{number}", place.kind()));
        Self {
            slots: Slots::new(options.max_sessions, options.acquire_timeout),
            record: EngineRecord::new(EngineIdentity {
                name: name.into(),
                file: place.file(),
                owner: test_name::current(None),
                leaks: options.leaks,
            }),
            labels: Mutex::default(),
            failed: AtomicBool::new(false),
            settled: AtomicBool::new(false),
            journal: Mutex::new(()),
            place,
            origin,
            options,
        }
    }

    pub(super) fn connect(&self) -> Result<Connection, EngineError> {
        let connection = self.place.open()?;
        self.options.prepare(&connection)?;
        // Two connections that switch the mode at once do not wait for each other in SQLite.
        let _one_at_a_time = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        self.options.set_journal_mode(&connection)?;
        Ok(connection)
    }

    pub(super) fn ledger(&self) -> Ledger {
        Ledger::of(Arc::clone(&self.record))
    }

    pub(super) fn labels(&self) -> MutexGuard<'_, SharedLabels> {
        self.labels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn mark_failed(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }

    pub(super) fn save_to(&self, path: &Path) -> Result<(), EngineError> {
        let error =
            |source: Box<dyn std::error::Error + Send + Sync>| EngineError::Save { path: path.to_owned(), source };
        storage::create_file(path).map_err(|source| error(source.into()))?;
        let saved = untracked(|| self.place.open()).map_err(Into::into).and_then(|from| {
            // Who holds a lock now may be the very leak that this is for.
            // By pragma: rusqlite's own way does not link with a system library before 3.44.
            from.pragma_update(None, "busy_timeout", 0)?;
            let mut to = untracked(|| Connection::open(path))?;
            copy(&from, &mut to)?;
            to.close().map_err(|(_, source)| source.into())
        });
        saved.map_err(|source| {
            let _ = fs::remove_file(path);
            error(source)
        })
    }

    /// Keeps the database of a failed test, or removes what an earlier failure of it left. Once.
    pub(super) fn settle(&self) {
        let Some(test) = &self.record.identity.owner else { return };
        if self.settled.swap(true, Ordering::Relaxed) {
            return;
        }
        let keep = match self.options.keep {
            Keep::Always => true,
            Keep::Failed => self.failed.load(Ordering::Relaxed),
            Keep::Never => false,
        };
        if !keep {
            return kept::forget(test);
        }
        let kept = kept::place_for(test)
            .map_err(|source| EngineError::Save { path: kept::folder_of(test), source: source.into() })
            .and_then(|path| self.save_to(&path).map(|()| path));
        match kept {
            Ok(path) => {
                tell(&format!("the database of test `{test}` is kept; open it with\n  sqlite3 '{}'", path.display()));
            }
            Err(error) => {
                tell(&format!("the database of test `{test}` could not be kept: {}", crate::position::chain(&error)));
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.settle();
    }
}
