//! The options of an engine, and how they are applied to a connection.

use super::EngineError;
use crate::settings::{Keep, Leaks, Lints};
use crate::sqlite::{Switch, set_pragma, switch};
use rusqlite::{Connection, ErrorCode};
use std::any::TypeId;
use std::fmt;
use std::path::{Component, Path};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The journal mode of a database; see [`PRAGMA journal_mode`](https://sqlite.org/pragma.html#pragma_journal_mode).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum JournalMode {
    /// A rollback journal, deleted at each commit.
    Delete,
    /// A rollback journal, truncated at each commit.
    Truncate,
    /// A rollback journal whose header is overwritten at each commit.
    Persist,
    /// A rollback journal in memory.
    Memory,
    /// A write-ahead log, also for a database in memory.
    Wal,
    /// No journal: a failed transaction may corrupt the database.
    Off,
}

impl fmt::Display for JournalMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Delete => "delete",
            Self::Truncate => "truncate",
            Self::Persist => "persist",
            Self::Memory => "memory",
            Self::Wal => "wal",
            Self::Off => "off",
        })
    }
}

pub(super) type Hook = Arc<dyn Fn(&Connection) -> rusqlite::Result<()> + Send + Sync>;

/// The options of an engine and its connections.
#[derive(Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "options that are independent")]
pub(crate) struct Options {
    pub(super) name: Option<String>,
    pub(super) file_name: Option<String>,
    pub(super) absent: bool,
    /// Whether its clock is frozen, for the engine that a template is built on.
    pub(super) frozen_clock: bool,
    pub(super) pragmas: Vec<(String, String)>,
    pub(super) journal_mode: Option<JournalMode>,
    pub(super) durable: bool,
    pub(super) unordered: bool,
    pub(super) foreign_keys: Option<bool>,
    pub(super) double_quoted_strings: Option<bool>,
    pub(super) on_open: Vec<Hook>,
    /// The types of the hooks, which tell them apart in one executable.
    pub(super) hook_types: Vec<TypeId>,
    pub(super) max_sessions: Option<usize>,
    pub(super) acquire_timeout: Duration,
    pub(super) keep: Keep,
    pub(super) leaks: Option<Leaks>,
    pub(super) lints: Lints,
    pub(super) statements: Option<usize>,
    pub(super) statement_values: bool,
    pub(super) instant_busy: bool,
    pub(super) rival: bool,
    pub(crate) backtraces: bool,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("name", &self.name)
            .field("pragmas", &self.pragmas)
            .field("journal_mode", &self.journal_mode)
            .field("on_open", &self.on_open.len())
            .field("max_sessions", &self.max_sessions)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// Applies all options except the journal mode.
    pub(crate) fn prepare(&self, connection: &Connection) -> Result<(), EngineError> {
        self.switch(connection).map_err(EngineError::Open)?;
        set(connection, "temp_store", "MEMORY")?;
        if !self.durable {
            set(connection, "synchronous", "OFF")?;
        }
        if self.unordered {
            set(connection, "reverse_unordered_selects", "ON")?;
        }
        for (name, value) in &self.pragmas {
            set(connection, name, value)?;
        }
        self.on_open.iter().try_for_each(|hook| hook(connection)).map_err(EngineError::OnOpen)
    }

    /// Turns what the library's defaults would leave as it is.
    fn switch(&self, connection: &Connection) -> rusqlite::Result<()> {
        if let Some(enforce) = self.foreign_keys {
            switch(connection, Switch::ForeignKeys, enforce)?;
        }
        if let Some(allow) = self.double_quoted_strings {
            switch(connection, Switch::DoubleQuotedTextInStatements, allow)?;
            switch(connection, Switch::DoubleQuotedTextInSchema, allow)?;
        }
        Ok(())
    }

    /// The options that shape a template's image, as text for its key.
    pub(crate) fn shape(&self) -> String {
        let mut text = format!("file {:?}\n", self.file_name);
        for (name, value) in &self.pragmas {
            text += &format!("pragma {name:?} {value:?}\n");
        }
        if let Some(mode) = self.journal_mode {
            text += &format!("journal {mode}\n");
        }
        text += &format!("{:?} {:?} {}\n", self.foreign_keys, self.double_quoted_strings, self.unordered);
        for hook in &self.hook_types {
            text += &format!("hook {hook:?}\n");
        }
        text
    }

    /// The name of the database's file in its temporary folder.
    pub(super) fn file_name(&self) -> Result<&str, EngineError> {
        let Some(name) = &self.file_name else { return Ok("database.sqlite3") };
        let mut parts = Path::new(name).components();
        match (parts.next(), parts.next()) {
            (Some(Component::Normal(part)), None) if part == name.as_str() && !name.contains('\0') => Ok(name),
            _ => Err(EngineError::FileName { name: name.clone() }),
        }
    }

    /// The options of an engine on which a template with these options is built. The code of the template sets its own options.
    pub(crate) fn for_building(&self) -> Self {
        Self {
            name: Some("template".to_owned()),
            file_name: self.file_name.clone(),
            frozen_clock: true,
            leaks: self.leaks,
            backtraces: self.backtraces,
            ..Self::default()
        }
    }

    /// Whether hooks of the user run on every connection.
    pub(crate) fn has_hooks(&self) -> bool {
        !self.on_open.is_empty()
    }

    /// Sets the journal mode, unless the database has it already.
    pub(crate) fn set_journal_mode(&self, connection: &Connection) -> Result<(), EngineError> {
        let Some(requested) = self.journal_mode else { return Ok(()) };
        /// SQLite's busy handler does not wait where two connections switch the mode at the same time: one of them is busy at once,
        /// and finds the mode switched when it looks again.
        const ATTEMPTS: usize = 100;
        let mode = requested.to_string();
        let get = || connection.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0));
        let set = || connection.query_row(&format!("PRAGMA journal_mode = {mode}"), [], |row| row.get::<_, String>(0));
        let mut attempts = 0;
        let actual = loop {
            if get().map_err(EngineError::Open)? == mode {
                return Ok(());
            }
            attempts += 1;
            match set() {
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && attempts < ATTEMPTS => {
                    thread::yield_now();
                }
                set => break set.map_err(|source| EngineError::Pragma { name: "journal_mode".to_owned(), source })?,
            }
        };
        if actual == mode { Ok(()) } else { Err(EngineError::JournalMode { requested, actual }) }
    }
}

fn set(connection: &Connection, name: &str, value: &str) -> Result<(), EngineError> {
    set_pragma(connection, name, value).map_err(|source| EngineError::Pragma { name: name.to_owned(), source })
}
