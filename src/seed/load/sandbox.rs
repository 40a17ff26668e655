//! What SQL of seed files may do, enforced by SQLite itself.
//!
//! The authorizer refuses what reaches beyond the database: other files, extensions, limits. Defensive mode protects the
//! schema and the tables of modules. `SQLITE_LIMIT_LENGTH` bounds a value, `max_page_count` the database, and the progress
//! handler steps, CPU time and SQLite's memory. A single call of a function cannot be interrupted.

use crate::seed::SeedError;
use crate::seed::error::kind::{LimitExceeded, SeedErrorKind};
use crate::seed::files::text::LARGEST;
use crate::sqlite::{
    Answer, Authorizer, Exceeded, ExecutionLimiter, ExecutionLimits, Policy, Request, Switch, limit, shadow_tables,
    switch,
};
use rusqlite::{Connection, Error, ErrorCode, ffi};
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// The steps of SQLite's virtual machine that a statement may take, or a row with what its triggers do.
const STEPS: u32 = 250_000_000;

/// The CPU time of a load, and what each byte of its files adds.
const TIME: Duration = Duration::from_secs(100);
const TIME_PER_BYTE: Duration = Duration::from_micros(10);

/// The bytes that a load may add to the database, and to SQLite's memory, and what each byte of its files adds.
const GROWTH: u64 = 1 << 30;
const GROWTH_PER_BYTE: u64 = 16;

/// The size of a value that SQL makes, unless the files or the database hold larger ones.
const VALUE: u64 = 16 << 20;

/// The bytes of values that SQL may make between two calls of the progress handler.
const BETWEEN_CALLBACKS: u64 = 1 << 30;

/// The length of a pattern of `LIKE`: its work grows with the product of pattern and text.
const LIKE_PATTERN: i32 = 1_000;

/// SQLite 3.38, the first that reports where an error stands.
const OLDEST: i32 = 3_038_000;

/// The pragmas that set limits and folders, most of them of the whole process.
const FORBIDDEN: [&str; 5] =
    ["data_store_directory", "hard_heap_limit", "max_page_count", "soft_heap_limit", "temp_store_directory"];

/// The pragmas that write without a value.
const WRITING: [&str; 3] = ["incremental_vacuum", "optimize", "wal_checkpoint"];

/// Which transactions a script may begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transaction {
    /// Its own.
    Own,
    /// None, since it runs in one of ours; it can run again without.
    Ours,
    /// None, since it runs in one of the caller's.
    Caller,
}

/// The pragmas that fail or do nothing inside a transaction.
const OUTSIDE_TRANSACTIONS: [&str; 7] =
    ["auto_vacuum", "encoding", "incremental_vacuum", "journal_mode", "page_size", "synchronous", "wal_checkpoint"];

/// While it lives, SQL on the connection is restricted. It replaces the connection's own authorizer and progress handler.
#[derive(Debug)]
pub(crate) struct Sandbox<'c> {
    connection: &'c Connection,
    rules: Authorizer<'c, Rules>,
    limiter: ExecutionLimiter<'c>,
    /// Whether the connection is in defensive mode.
    defensive: Cell<bool>,
    time: Duration,
    growth: u64,
    /// The size that the database may have.
    max_bytes: i64,
    value_limit: Cell<i32>,
    /// Whether our limit of pages is lower than the connection's own.
    limits_pages: Cell<bool>,
    before: Before,
}

/// What the connection had set.
#[derive(Debug)]
struct Before {
    length: i32,
    workers: i32,
    defensive: bool,
    like_pattern: i32,
    pages: i64,
}

/// What the authorizer knows.
#[derive(Debug, Default)]
struct Rules {
    /// Whether the statement being prepared is one of ours.
    is_own: Cell<bool>,
    /// Whether a statement of a script is being prepared, and not one that another runs by itself.
    is_preparing: Cell<bool>,
    /// Whether a plain VACUUM runs, which attaches a database for itself.
    is_vacuuming: Cell<bool>,
    /// Which transactions the statement being prepared may begin and end; `None` for one of ours.
    transaction: Cell<Option<Transaction>>,
    /// Whether the statement being prepared ends a transaction.
    is_commit: Cell<bool>,
    refused: RefCell<Option<SeedErrorKind>>,
    /// Whether a script asked to write to the schema.
    writes_schema: Cell<bool>,
    /// Whether the size of pages may have changed.
    is_resized: Cell<bool>,
}

impl Policy for Rules {
    fn answer(&self, request: Request<'_>) -> Answer {
        let Request { action, first, second, schema } = request;
        let is = |text: Option<&str>, name: &str| text.is_some_and(|text| text.eq_ignore_ascii_case(name));
        let is_vacuuming = self.is_vacuuming.get();
        let is_ours = |schema: &str| {
            is_vacuuming && schema.starts_with("vacuum_")
                || ["main", "temp"].iter().any(|own| schema.eq_ignore_ascii_case(own))
        };
        // ALTER TABLE names its schema first, and a column where other actions name the schema.
        let schema = if action == ffi::SQLITE_ALTER_TABLE { first } else { schema };
        let is_elsewhere = schema.is_some_and(|schema| !is_ours(schema));
        let kind = match action {
            _ if self.is_own.get() => return Answer::Allow,
            // What a VACUUM reads, it writes back.
            ffi::SQLITE_READ if is_vacuuming && is_elsewhere => SeedErrorKind::Forbidden,
            ffi::SQLITE_READ | ffi::SQLITE_SELECT | ffi::SQLITE_RECURSIVE => return Answer::Allow,
            ffi::SQLITE_PRAGMA if second.is_none() && !(is_elsewhere && WRITING.iter().any(|name| is(first, name))) => {
                return Answer::Allow;
            }
            // A plain VACUUM writes the new database to an empty one, which it attaches while it runs.
            ffi::SQLITE_ATTACH if first == Some("") && !self.is_preparing.get() => {
                self.is_vacuuming.set(true);
                self.is_resized.set(true);
                return Answer::Allow;
            }
            ffi::SQLITE_ATTACH | ffi::SQLITE_DETACH => SeedErrorKind::Forbidden,
            ffi::SQLITE_FUNCTION if is(second, "load_extension") => SeedErrorKind::Forbidden,
            ffi::SQLITE_PRAGMA if FORBIDDEN.iter().any(|name| is(first, name)) => SeedErrorKind::Forbidden,
            // Only in memory are temporary tables counted.
            // Without a journal nothing could be undone. Defensive mode, which a script may leave, ignores it too.
            ffi::SQLITE_PRAGMA if is(first, "journal_mode") && is(second, "off") => return Answer::Ignore,
            ffi::SQLITE_PRAGMA if is(first, "temp_store") && !is(second, "memory") && second != Some("2") => {
                return Answer::Ignore;
            }
            ffi::SQLITE_PRAGMA if is(first, "locking_mode") => return Answer::Ignore,
            ffi::SQLITE_PRAGMA
                if self.transaction.get() == Some(Transaction::Ours)
                    && OUTSIDE_TRANSACTIONS.iter().any(|name| is(first, name)) =>
            {
                SeedErrorKind::OwnTransaction
            }
            ffi::SQLITE_TRANSACTION | ffi::SQLITE_SAVEPOINT
                if self.transaction.get().is_some_and(|transaction| transaction != Transaction::Own) =>
            {
                SeedErrorKind::OwnTransaction
            }
            ffi::SQLITE_TRANSACTION => {
                self.is_commit.set(is(first, "COMMIT"));
                return Answer::Allow;
            }
            _ if is_elsewhere => SeedErrorKind::Forbidden,
            ffi::SQLITE_PRAGMA => {
                self.writes_schema.set(self.writes_schema.get() || is(first, "writable_schema"));
                self.is_resized.set(self.is_resized.get() || is(first, "page_size"));
                return Answer::Allow;
            }
            _ => return Answer::Allow,
        };
        *self.refused.borrow_mut() = Some(kind);
        Answer::Deny
    }
}

/// While it lives, the connection is not in defensive mode.
pub(crate) struct Undefended<'s, 'c>(&'s Sandbox<'c>);

impl Drop for Undefended<'_, '_> {
    fn drop(&mut self) {
        let _ = switch(self.0.connection, Switch::Defensive, self.0.defensive.get());
    }
}

impl<'c> Sandbox<'c> {
    /// Restricts the SQL of files that hold so many bytes, and the largest of them so many.
    pub(crate) fn enter(connection: &'c Connection, bytes: usize, largest: usize) -> Result<Self, SeedError> {
        if rusqlite::version_number() < OLDEST {
            return Err(SeedError::new(SeedErrorKind::OldSqlite { version: rusqlite::version() }));
        }
        Self::restrict(connection, bytes as u64, largest as u64).map_err(SeedError::database)
    }

    fn restrict(connection: &'c Connection, bytes: u64, largest: u64) -> rusqlite::Result<Self> {
        let growth = GROWTH.saturating_add(GROWTH_PER_BYTE.saturating_mul(bytes));
        let time = TIME + TIME_PER_BYTE.saturating_mul(u32::try_from(bytes).unwrap_or(u32::MAX));
        let memory = i64::try_from(growth).unwrap_or(i64::MAX);
        let held = pragma(connection, "page_count")?.saturating_mul(pragma(connection, "page_size")?);
        let before = Before {
            pages: pragma(connection, "max_page_count")?,
            length: limit(connection, ffi::SQLITE_LIMIT_LENGTH, None),
            // The work of threads is not counted.
            workers: limit(connection, ffi::SQLITE_LIMIT_WORKER_THREADS, Some(0)),
            like_pattern: limit(connection, ffi::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, Some(LIKE_PATTERN)),
            defensive: switch(connection, Switch::Defensive, true)?,
        };
        let value = VALUE.max(largest).max(u64::try_from(held).unwrap_or_default()).min(LARGEST);
        let ops_per_callback = u16::try_from(BETWEEN_CALLBACKS / value).unwrap_or(u16::MAX);
        let sandbox = Self {
            connection,
            rules: Authorizer::install(connection, Rules::default()),
            limiter: ExecutionLimiter::new(connection, ExecutionLimits { time, memory }, ops_per_callback),
            defensive: Cell::new(true),
            time,
            growth,
            max_bytes: held.saturating_add(memory),
            value_limit: Cell::new(before.length),
            limits_pages: Cell::new(true),
            before,
        };
        sandbox.limit_values(value);
        sandbox.limit_pages()?;
        Ok(sandbox)
    }

    /// Begins a statement of a file.
    pub(crate) fn begin(&self) -> Result<(), SeedErrorKind> {
        self.begin_with(STEPS)
    }

    /// Begins a row of so many bytes, with what its triggers do.
    pub(crate) fn begin_row(&self, size: usize) -> Result<(), SeedErrorKind> {
        if i32::try_from(size).unwrap_or(i32::MAX) > self.value_limit.get() {
            self.limit_values((size as u64).min(LARGEST));
        }
        self.begin()
    }

    /// Begins a statement of ours: it ends, but it may compute columns of the schema until then.
    pub(crate) fn begin_own(&self) -> Result<(), SeedErrorKind> {
        self.begin_with(u32::MAX)
    }

    fn begin_with(&self, steps: u32) -> Result<(), SeedErrorKind> {
        self.rules.refused.take();
        self.rules.is_vacuuming.set(false);
        match self.limiter.begin(steps) {
            Some(exceeded) => Err(SeedErrorKind::LimitExceeded(self.limit(exceeded))),
            None => Ok(()),
        }
    }

    /// Prepares a statement of a script by `prepare`; one that asks to write to the schema leaves defensive mode, until
    /// [`end_script`](Self::end_script), and is prepared again.
    pub(crate) fn preparing<T>(&self, transaction: Transaction, mut prepare: impl FnMut() -> T) -> T {
        self.rules.refused.take();
        self.rules.transaction.set(Some(transaction));
        self.rules.is_commit.set(false);
        self.rules.is_preparing.set(true);
        let mut prepared = prepare();
        if self.rules.writes_schema.take() && self.defensive.replace(false) {
            let _ = switch(self.connection, Switch::Defensive, false);
            prepared = prepare();
        }
        self.rules.transaction.set(None);
        self.rules.is_preparing.set(false);
        prepared
    }

    /// Whether the statement that was prepared last ends a transaction.
    pub(crate) fn is_commit(&self) -> bool {
        self.rules.is_commit.get()
    }

    /// Whether defensive mode has refused a table of the user's, which only has the name of one that a module keeps.
    pub(crate) fn mistakes_a_table(&self, error: &Error) -> bool {
        let message = error.to_string();
        if message.starts_with("object name reserved for internal use: ") {
            return true;
        }
        let shadows = || shadow_tables(self.connection).unwrap_or_default();
        if message == "cannot create triggers on shadow tables" {
            // It has no name.
            let by_name = "SELECT lower(name) FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'";
            let names = self.connection.prepare(by_name).and_then(|mut names| {
                names.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()
            });
            return names.is_ok_and(|names| names.iter().any(|name| !shadows().contains(name)));
        }
        let name = [" modified", " altered", " dropped"].iter().find_map(|done| {
            Some(message.strip_prefix("table ")?.strip_suffix(done)?.strip_suffix(" may not be")?.to_ascii_lowercase())
        });
        name.is_some_and(|name| !name.starts_with("sqlite_") && !shadows().contains(&name))
    }

    /// Leaves defensive mode for a while. SQLite prepares a statement again when the mode changes, so also while it runs.
    pub(crate) fn undefended(&self) -> Undefended<'_, 'c> {
        let _ = switch(self.connection, Switch::Defensive, false);
        Undefended(self)
    }

    /// Limits the pages again where a statement may have changed their size.
    pub(crate) fn end_statement(&self) -> rusqlite::Result<()> {
        if self.rules.is_resized.take() { self.limit_pages() } else { Ok(()) }
    }

    /// Returns to defensive mode, and has SQLite read again what a script wrote to the schema.
    pub(crate) fn end_script(&self) -> rusqlite::Result<()> {
        if !self.defensive.replace(true) {
            self.rules.is_own.set(true);
            let reset = self.connection.execute_batch("PRAGMA writable_schema = RESET");
            self.rules.is_own.set(false);
            reset?;
        }
        switch(self.connection, Switch::Defensive, true).map(drop)
    }

    /// Why the sandbox ended a statement with this error, if it did.
    pub(crate) fn explain(&self, error: &Error) -> Option<SeedErrorKind> {
        if let Some(kind) = self.rules.refused.take() {
            return Some(kind);
        }
        Some(SeedErrorKind::LimitExceeded(match (self.limiter.exceeded(), error.sqlite_error_code()?) {
            (Some(exceeded), _) => self.limit(exceeded),
            (None, ErrorCode::DiskFull) if self.limits_pages.get() => self.limit(Exceeded::Memory),
            (None, ErrorCode::TooBig) => {
                LimitExceeded::Value(u64::try_from(self.value_limit.get()).unwrap_or_default())
            }
            (None, _) => return None,
        }))
    }

    fn limit(&self, exceeded: Exceeded) -> LimitExceeded {
        match exceeded {
            Exceeded::Steps => LimitExceeded::Steps(STEPS),
            Exceeded::Time => LimitExceeded::Time(self.time),
            Exceeded::Memory => LimitExceeded::Growth(self.growth),
        }
    }

    fn limit_values(&self, size: u64) {
        let new = i32::try_from(size).unwrap_or(i32::MAX).min(self.before.length);
        if self.value_limit.replace(new) != new {
            limit(self.connection, ffi::SQLITE_LIMIT_LENGTH, Some(new));
        }
    }

    fn limit_pages(&self) -> rusqlite::Result<()> {
        self.rules.is_own.set(true);
        let limited = pragma(self.connection, "page_size").and_then(|size| {
            let pages = self.max_bytes / size.max(1);
            self.limits_pages.set(pages < self.before.pages);
            pragma(self.connection, &format!("max_page_count = {}", pages.min(self.before.pages)))
        });
        self.rules.is_own.set(false);
        limited.map(drop)
    }
}

/// Reads or sets a number.
fn pragma(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.query_row(&format!("PRAGMA main.{pragma}"), [], |row| row.get(0))
}

impl Drop for Sandbox<'_> {
    fn drop(&mut self) {
        let Before { length, workers, like_pattern, defensive, pages } = self.before;
        limit(self.connection, ffi::SQLITE_LIMIT_LENGTH, Some(length));
        limit(self.connection, ffi::SQLITE_LIMIT_WORKER_THREADS, Some(workers));
        limit(self.connection, ffi::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, Some(like_pattern));
        self.rules.is_own.set(true);
        let _ = pragma(self.connection, &format!("max_page_count = {pages}"));
        // A script that failed has not ended. Last, since what it wrote to the schema may be unreadable.
        let _ = self.end_script();
        let _ = switch(self.connection, Switch::Defensive, defensive);
    }
}
