//! Code that makes a template's database: the user's own constructor or migrations, on a connection, a URI or a path.

use super::TemplateError;
use crate::engine::{Engine, EngineBuilder, Options};
use crate::ledger::{Ledger, settle_while};
use crate::sqlite::{copy, set_pragma};
use rusqlite::{Connection, ErrorCode};
use std::any::TypeId;
use std::error::Error;
use std::fmt;
use std::path::Path;
use std::pin::Pin;

type Done = Result<(), Box<dyn Error + Send + Sync>>;

/// Code, by what it takes.
pub(super) enum Run {
    Connection(Box<OnConnection>),
    Uri(Box<OnUri>),
    Path(Box<OnPath>),
    Async(Box<OnUriAsync>),
}

type OnConnection = dyn Fn(&mut Connection) -> Done + Send + Sync;
type OnUri = dyn Fn(&str) -> Done + Send + Sync;
type OnPath = dyn Fn(&Path) -> Done + Send + Sync;
type OnUriAsync = dyn Fn(String) -> Pin<Box<dyn Future<Output = Done> + Send>> + Send + Sync;

/// Code that makes the database.
pub(super) struct Code {
    pub run: Run,
    /// Identifies the code across processes of one executable; `None` for a closure with captured values, which its type does not
    /// tell.
    pub id: Option<TypeId>,
}

/// Erases the type of asynchronous code, and of its error.
pub(super) fn boxed<E: Into<Box<dyn Error + Send + Sync>>>(
    work: impl Future<Output = Result<(), E>> + Send + 'static,
) -> Pin<Box<dyn Future<Output = Done> + Send>> {
    Box::pin(async { work.await.map_err(Into::into) })
}

impl Code {
    pub(super) fn new<F: 'static>(run: Run) -> Self {
        Self { run, id: (size_of::<F>() == 0).then(TypeId::of::<F>) }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").finish_non_exhaustive()
    }
}

/// The engine on which code makes its database. Connections that the code leaves open are in the ledger as this engine's.
pub(super) struct Building(Engine);

impl Building {
    /// A database of no bytes, so that the code chooses page size and encoding.
    pub(super) fn in_memory(options: &Options) -> Result<Self, TemplateError> {
        EngineBuilder::from(options.for_building()).memory().map(Self).map_err(TemplateError::engine)
    }

    /// The name of a file that is not there yet.
    pub(super) fn in_temp_file(options: &Options) -> Result<Self, TemplateError> {
        EngineBuilder::from(options.for_building()).absent().temp_file().map(Self).map_err(TemplateError::engine)
    }

    pub(super) fn uri(&self) -> String {
        self.0.uri()
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path().unwrap_or(Path::new(""))
    }

    /// Copies what the code has committed to `to`, also what is in its write-ahead log.
    ///
    /// Returns whether the code has left a connection open.
    pub(super) fn finish(self, to: &mut Connection) -> Result<bool, TemplateError> {
        if let Some(path) = self.0.path().filter(|path| !path.exists()) {
            return Err(TemplateError::code(format!(
                "the code made no file {}; open the path that it gets",
                path.file_name().unwrap_or_default().display()
            )));
        }
        let from = self.0.connect_untracked().map_err(TemplateError::engine)?;
        // Not rusqlite's `busy_timeout`, which does not link with a system library before 3.44.
        set_pragma(&from, "busy_timeout", "0").map_err(TemplateError::sqlite)?;
        let lock = || from.execute_batch("BEGIN IMMEDIATE");
        let is_busy = || {
            let busy = lock().is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy));
            let _ = from.execute_batch("ROLLBACK");
            busy
        };
        // A pool may still be closing its connections on threads of its own.
        settle_while(is_busy);
        match lock() {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                return Err(TemplateError::code(open_transaction(&self.0.ledger())));
            }
            locked => locked.map_err(TemplateError::sqlite)?,
        }
        from.execute_batch("ROLLBACK").map_err(TemplateError::sqlite)?;
        copy(&from, to).map_err(TemplateError::sqlite)?;
        let ledger = self.0.ledger();
        settle_while(|| ledger.find().is_err());
        Ok(ledger.find().is_err())
    }
}

fn open_transaction(ledger: &Ledger) -> String {
    let mut openings = String::new();
    for entry in ledger.entries().iter().filter(|entry| !entry.state().is_freed()) {
        let place = entry.position().map_or_else(|| "an unknown place".to_owned(), |place| place.to_string());
        openings += if openings.is_empty() { ", by the connection opened at " } else { " or at " };
        openings += &place;
    }
    format!("the code left a write transaction open{openings}; commit it")
}
