//! What SQL from files may not do, wherever it stands: scripts, values, triggers.

use super::{
    bounds::{Beyond, COSTLY, GROWTH, GROWTH_PER_BYTE, HELD, MADE, PATTERN, STEPS, TIME, TIME_PER_BYTE},
    mentions::{Cost, Mentions},
    splitter::statements,
};
use crate::{
    seed::{error::kind::Fault, files::text::LARGEST},
    sqlite::{Bound, Bounds, DoubleQuotedText, Work, double_quoted_text, extensions},
};
use rusqlite::{Connection, ErrorCode, limits::Limit};
use std::cell::Cell;

/// How much memory the values of a row may take together.
#[expect(clippy::cast_possible_truncation, reason = "a GiB")]
const MEMORY: usize = GROWTH as usize;

/// While it lives, no statement runs for ever or fills the memory, and no extension can be loaded.
pub(crate) struct Confinement<'c> {
    connection: &'c Connection,
    work: Work<'c>,
    bounds: Bounds,
    /// How many bytes the database may have.
    most: i64,
    /// How large a row is that the files hold themselves.
    given: Cell<usize>,
    /// What triggers, views and constraints mention.
    schema: Cell<Mentions>,
    /// How large a value may be now.
    values: Cell<i32>,
    before: Before,
}

/// What the connection had set.
struct Before {
    extensions: bool,
    length: i32,
    workers: i32,
    pattern: i32,
    pages: i64,
}

impl<'c> Confinement<'c> {
    /// Confines the SQL of files that hold so many bytes, and the largest of them so many.
    pub(crate) fn of(connection: &'c Connection, bytes: usize, largest: usize) -> rusqlite::Result<Self> {
        let growth = GROWTH.saturating_add(GROWTH_PER_BYTE.saturating_mul(bytes as u64));
        let bounds = Bounds {
            steps: STEPS,
            time: TIME + TIME_PER_BYTE.saturating_mul(u32::try_from(bytes).unwrap_or(u32::MAX)),
            memory: i64::try_from(growth).unwrap_or(i64::MAX),
        };
        let held = pragma(connection, "page_count")?.saturating_mul(pragma(connection, "page_size")?);
        let before = Before {
            pages: pragma(connection, "max_page_count")?,
            length: connection.limit(Limit::SQLITE_LIMIT_LENGTH)?,
            // What these compute is not counted.
            workers: connection.set_limit(Limit::SQLITE_LIMIT_WORKER_THREADS, 0)?,
            pattern: connection.set_limit(Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN)?,
            extensions: extensions(connection, false)?,
        };
        let confinement = Self {
            connection,
            work: Work::within(connection, bounds),
            bounds,
            most: held.saturating_add(bounds.memory),
            given: Cell::new(largest.max(usize::try_from(held.min(HELD)).unwrap_or_default())),
            schema: Cell::default(),
            values: Cell::new(before.length),
            before,
        };
        confinement.limit_pages()?;
        // Where values may be as large as any, as those of the code, it makes no difference.
        if (largest as u64) < LARGEST {
            confinement.look_at_schema()?;
        }
        Ok(confinement)
    }

    /// Begins a statement of a file.
    pub(crate) fn begin(&self, mentions: Mentions) -> Result<(), Fault> {
        let schema = self.schema.get();
        let is_costly = mentions.cost.max(schema.cost) > Cost::Linear;
        // All that one row is made of is there at once.
        let made = MEMORY / (mentions.words.max(schema.words) + 1);
        self.limit_values(made.min(if is_costly { COSTLY } else { MADE }))?;
        let reached = self.work.begin(self.pace(is_costly));
        reached.map_or(Ok(()), |bound| Err(Fault::Beyond(self.beyond(bound))))
    }

    /// Begins a row, with what its triggers do.
    pub(crate) fn begin_row(&self, size: usize) -> Result<(), Fault> {
        self.given.set(self.given.get().max(size));
        self.begin(Mentions::default())
    }

    /// Begins a statement of ours, which has an end, but may compute columns of the schema until then.
    pub(crate) fn begin_own(&self) -> Result<(), Fault> {
        let is_costly = self.schema.get().cost == Cost::ProductInColumn;
        if is_costly {
            self.limit_values(COSTLY)?;
        } else {
            self.set_values(self.before.length)?;
        }
        let reached = self.work.begin_long(if is_costly { 10 } else { 100 });
        reached.map_or(Ok(()), |bound| Err(Fault::Beyond(self.beyond(bound))))
    }

    /// How many steps there are between two rests: so many that what they make does not fill the memory.
    fn pace(&self, is_costly: bool) -> u16 {
        let most = usize::try_from(self.values.get()).unwrap_or(usize::MAX).max(1);
        u16::try_from(MEMORY / most).unwrap_or(u16::MAX).clamp(1, if is_costly { 10 } else { 100 })
    }

    /// Takes note of a statement that has changed the schema.
    pub(crate) fn note_schema(&self, mentions: Mentions) {
        let schema = self.schema.get();
        let (cost, words) = (schema.cost.max(mentions.cost), schema.words.max(mentions.words));
        self.schema.set(Mentions { cost, words, ..schema });
    }

    /// Finds what the schema mentions, where that does not stand in the statements which have changed it.
    pub(crate) fn look_at_schema(&self) -> rusqlite::Result<()> {
        self.connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, self.before.length)?;
        self.values.set(self.before.length);
        let sql = "SELECT sql FROM main.sqlite_master UNION ALL SELECT sql FROM temp.sqlite_master";
        let mut texts = self.connection.prepare(sql)?;
        let mut rows = texts.query([])?;
        while let Some(row) = rows.next()? {
            let text = row.get_ref(0)?.as_str_or_null().ok().flatten().unwrap_or_default();
            statements(text).for_each(|statement| self.note_schema(statement.mentions));
        }
        Ok(())
    }

    /// Limits the pages of the database, whose size may have changed.
    pub(crate) fn limit_pages(&self) -> rusqlite::Result<()> {
        let pages = (self.most / pragma(self.connection, "page_size")?.max(1)).min(self.before.pages);
        pragma(self.connection, &format!("max_page_count = {pages}")).map(drop)
    }

    /// The bound that has ended a statement, if one has.
    pub(crate) fn ended(&self, error: &rusqlite::Error) -> Option<Fault> {
        Some(Fault::Beyond(match (self.work.reached(), error.sqlite_error_code()?) {
            (Some(bound), _) => self.beyond(bound),
            (None, ErrorCode::DiskFull) => self.beyond(Bound::Memory),
            (None, ErrorCode::TooBig) => Beyond::Value(self.values.get()),
            (None, _) => return None,
        }))
    }

    fn beyond(&self, bound: Bound) -> Beyond {
        match bound {
            Bound::Steps => Beyond::Steps,
            Bound::Time => Beyond::Time(self.bounds.time),
            Bound::Memory => Beyond::Growth(self.bounds.memory),
        }
    }

    /// Limits the values that SQL makes, but for those that the files hold themselves.
    fn limit_values(&self, made: usize) -> Result<(), Fault> {
        let most = made.max(self.given.get()).min(usize::try_from(LARGEST).unwrap_or(usize::MAX));
        self.set_values(i32::try_from(most).unwrap_or(i32::MAX).min(self.before.length))
    }

    fn set_values(&self, most: i32) -> Result<(), Fault> {
        if self.values.replace(most) == most {
            return Ok(());
        }
        self.connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, most).map(drop).map_err(Fault::Database)
    }
}

/// Reads or sets a number.
fn pragma(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.query_row(&format!("PRAGMA main.{pragma}"), [], |row| row.get(0))
}

impl Drop for Confinement<'_> {
    fn drop(&mut self) {
        let Before { extensions: allowed, length, workers, pattern, pages } = self.before;
        let _ = extensions(self.connection, allowed);
        let _ = self.connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, length);
        let _ = self.connection.set_limit(Limit::SQLITE_LIMIT_WORKER_THREADS, workers);
        let _ = self.connection.set_limit(Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, pattern);
        self.work.end();
        let _ = pragma(self.connection, &format!("max_page_count = {pages}"));
    }
}

/// Has temporary tables and sorts of a connection of ours in SQLite's memory, which is counted, and in no file.
pub(crate) fn keep_temporaries_in_memory(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("PRAGMA temp_store = MEMORY")
}

/// Whether they are there.
pub(crate) fn keeps_temporaries_in_memory(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA temp_store", [], |row| Ok(row.get::<_, i64>(0)? == 2))
}

/// While it lives, double quotes are for names only, so that a misspelt one is an error and no text.
pub(crate) struct NoDoubleQuotes<'a> {
    connection: &'a Connection,
    before: DoubleQuotedText,
}

impl<'a> NoDoubleQuotes<'a> {
    pub(crate) fn enter(connection: &'a Connection) -> rusqlite::Result<Self> {
        let before = double_quoted_text(connection, DoubleQuotedText::NOWHERE)?;
        Ok(Self { connection, before })
    }
}

impl Drop for NoDoubleQuotes<'_> {
    fn drop(&mut self) {
        let _ = double_quoted_text(self.connection, self.before);
    }
}
