//! What SQL from files may not do, wherever it stands: scripts, values, triggers.

use super::{
    Fault,
    bounds::{Beyond, COSTLY, GROWTH, GROWTH_PER_BYTE, STEPS, TIME, TIME_PER_BYTE},
    script::statements,
    source::LARGEST,
};
use crate::sqlite::{Bound, Bounds, DoubleQuotedText, Work, double_quoted_text, extensions};
use rusqlite::{Connection, ErrorCode, limits::Limit};
use std::cell::Cell;

/// While it lives, no statement runs for ever or fills the memory, and no extension can be loaded.
pub(super) struct Confinement<'c> {
    connection: &'c Connection,
    work: Work<'c>,
    /// How large a value is that the files hold themselves.
    given: Cell<usize>,
    /// Whether a trigger, a view or a constraint calls a costly function.
    schema_is_costly: Cell<bool>,
    /// How large a value may be now.
    values: Cell<i32>,
    before: Before,
}

/// What the connection had set.
struct Before {
    extensions: bool,
    length: i32,
    pages: i64,
}

impl<'c> Confinement<'c> {
    /// Confines the SQL of files that hold so many bytes, and the largest of them so many.
    pub(super) fn of(connection: &'c Connection, bytes: usize, largest: usize) -> rusqlite::Result<Self> {
        let growth = GROWTH.saturating_add(GROWTH_PER_BYTE.saturating_mul(bytes as u64));
        let growth = i64::try_from(growth).unwrap_or(i64::MAX);
        let more = growth / pragma(connection, "page_size")?.max(1);
        let pages = pragma(connection, "page_count")?.saturating_add(more);
        let bounds = Bounds {
            steps: STEPS,
            time: TIME + TIME_PER_BYTE.saturating_mul(u32::try_from(bytes).unwrap_or(u32::MAX)),
            memory: growth,
        };
        let length = connection.limit(Limit::SQLITE_LIMIT_LENGTH)?;
        let before =
            Before { pages: pragma(connection, "max_page_count")?, extensions: extensions(connection, false)?, length };
        let work = Work::within(connection, bounds);
        let confinement = Self {
            connection,
            work,
            given: Cell::new(largest),
            schema_is_costly: Cell::new(false),
            values: Cell::new(length),
            before,
        };
        pragma(connection, &format!("max_page_count = {}", pages.min(confinement.before.pages)))?;
        confinement.look_at_schema()?;
        Ok(confinement)
    }

    /// Begins a statement, or a row with what its triggers do.
    pub(super) fn begin(&self, is_costly: bool) -> rusqlite::Result<()> {
        let is_costly = is_costly || self.schema_is_costly.get();
        self.work.begin(if is_costly { 10 } else { 1_000 });
        let largest = usize::try_from(LARGEST).unwrap_or(usize::MAX);
        let most = if is_costly { COSTLY.max(self.given.get()).min(largest) } else { largest };
        self.limit_values(i32::try_from(most).unwrap_or(i32::MAX).min(self.before.length))
    }

    /// Lets what follows take as long as it takes: statements of ours, which end.
    pub(super) fn lift(&self) -> rusqlite::Result<()> {
        self.work.lift();
        self.limit_values(self.before.length)
    }

    /// Makes room for a value from a file of its own, so large in bytes.
    pub(super) fn admit(&self, size: usize) {
        self.given.set(self.given.get().max(size));
    }

    /// Finds whether the schema calls a costly function, when it may have changed.
    pub(super) fn look_at_schema(&self) -> rusqlite::Result<()> {
        // One that has been dropped may have been called until then.
        if self.schema_is_costly.get() {
            return Ok(());
        }
        let sql = "SELECT sql FROM main.sqlite_master UNION ALL SELECT sql FROM temp.sqlite_master";
        let mut texts = self.connection.prepare(sql)?;
        let mut rows = texts.query([])?;
        while let Some(row) = rows.next()? {
            let text = row.get_ref(0)?.as_str_or_null().ok().flatten().unwrap_or_default();
            if statements(text).any(|statement| statement.is_costly) {
                self.schema_is_costly.set(true);
                break;
            }
        }
        Ok(())
    }

    /// The bound that a statement was ended by, if it was.
    pub(super) fn ended(&self, error: &rusqlite::Error) -> Option<Fault> {
        let beyond = match (self.work.reached(), error.sqlite_error_code()?) {
            (Some(Bound::Steps), _) => Beyond::Steps,
            (Some(Bound::Time), _) => Beyond::Time,
            (Some(Bound::Memory), _) | (None, ErrorCode::DiskFull) => Beyond::Growth,
            (None, ErrorCode::TooBig) => Beyond::Value,
            (None, _) => return None,
        };
        Some(Fault::Beyond(beyond))
    }

    fn limit_values(&self, most: i32) -> rusqlite::Result<()> {
        if self.values.replace(most) == most {
            return Ok(());
        }
        self.connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, most).map(drop)
    }
}

/// Reads or sets a number.
fn pragma(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.query_row(&format!("PRAGMA main.{pragma}"), [], |row| row.get(0))
}

impl Drop for Confinement<'_> {
    fn drop(&mut self) {
        let Before { extensions: allowed, length, pages } = self.before;
        let _ = extensions(self.connection, allowed);
        let _ = self.connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, length);
        let _ = pragma(self.connection, &format!("max_page_count = {pages}"));
    }
}

/// While it lives, double quotes are for names only, so that a misspelt one is an error and no text.
pub(super) struct NoDoubleQuotes<'a> {
    connection: &'a Connection,
    before: DoubleQuotedText,
}

impl<'a> NoDoubleQuotes<'a> {
    pub(super) fn enter(connection: &'a Connection) -> rusqlite::Result<Self> {
        let before = double_quoted_text(connection, DoubleQuotedText::NOWHERE)?;
        Ok(Self { connection, before })
    }
}

impl Drop for NoDoubleQuotes<'_> {
    fn drop(&mut self) {
        let _ = double_quoted_text(self.connection, self.before);
    }
}
