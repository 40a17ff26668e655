//! The statements that ran on a database meanwhile: [`Engine::watch`](crate::engine::Engine::watch).

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A statement that ran while its database was watched.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statement {
    sql: String,
    pub(super) rows: Option<u64>,
    pub(super) scan_steps: Option<usize>,
    pub(super) error: Option<String>,
}

impl Statement {
    pub(super) fn new(sql: &str) -> Self {
        Self { sql: sql.trim().to_owned(), rows: None, scan_steps: None, error: None }
    }

    /// Its text, without values.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// How many rows it has inserted, updated or deleted, with those of its triggers.
    ///
    /// `None` if that is not known: a connection that was open before has run only this statement since.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        self.rows
    }

    /// How many steps it has taken through tables without an index
    /// ([`SQLITE_STMTSTATUS_FULLSCAN_STEP`](https://sqlite.org/c3ref/c_stmtstatus_counter.html)).
    #[must_use]
    pub fn scan_steps(&self) -> usize {
        self.scan_steps.unwrap_or_default()
    }

    /// The error, if it has failed.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }
}

impl fmt::Display for Statement {
    /// In one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql.split_whitespace().collect::<Vec<_>>().join(" "))?;
        match (&self.error, self.rows) {
            (Some(error), _) => write!(f, "  -- error: {error}"),
            (None, None | Some(0)) => Ok(()),
            (None, Some(1)) => f.write_str("  -- 1 row"),
            (None, Some(rows)) => write!(f, "  -- {rows} rows"),
        }
    }
}

/// A list of statements that grows while somebody watches.
#[derive(Debug, Default)]
pub(crate) struct Watch(Mutex<Vec<Statement>>);

impl Watch {
    fn list(&self) -> MutexGuard<'_, Vec<Statement>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a statement, and returns its place.
    pub(super) fn push(&self, sql: &str) -> usize {
        let mut list = self.list();
        list.push(Statement::new(sql));
        list.len() - 1
    }

    pub(super) fn update(&self, at: usize, update: impl FnOnce(&mut Statement)) {
        if let Some(statement) = self.list().get_mut(at) {
            update(statement);
        }
    }

    /// Ends the list. Where SQLite has not reported the end of a statement, as of the first one on a connection that was open
    /// before, `is_scan` says whether it scans.
    pub(crate) fn take(&self, mut is_scan: impl FnMut(&str) -> bool) -> Vec<Statement> {
        let mut statements = std::mem::take(&mut *self.list());
        for statement in &mut statements {
            if statement.scan_steps.is_none() {
                statement.scan_steps = Some(is_scan(&statement.sql).into());
            }
        }
        statements
    }
}

/// What ran on a database while some code did, and what the code has returned.
///
/// Its `Display` is a line for each statement, in their order, without values and places, so that a snapshot test can hold it.
#[derive(Debug, Clone)]
pub struct Watched<T = ()> {
    value: T,
    statements: Vec<Statement>,
}

impl<T> Watched<T> {
    pub(crate) fn new(value: T, statements: Vec<Statement>) -> Self {
        Self { value, statements }
    }

    /// What the code has returned.
    pub fn into_value(self) -> T {
        self.value
    }

    /// The statements, in their order.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// How many statements begin with these words, such as `SELECT` or `INSERT INTO users`. Ignores ASCII case.
    #[must_use]
    pub fn count(&self, beginning: &str) -> usize {
        let words: Vec<&str> = beginning.split_whitespace().collect();
        let begins = |statement: &&Statement| {
            let mut own = statement.sql.split_whitespace();
            words.iter().all(|word| own.next().is_some_and(|own| own.eq_ignore_ascii_case(word)))
        };
        self.statements.iter().filter(begins).count()
    }

    /// Asserts how many statements ran.
    ///
    /// # Panics
    /// With all of them, if there were more or fewer.
    #[track_caller]
    pub fn assert_count(&self, count: usize) {
        let found = self.statements.len();
        assert!(found == count, "expected {count} statements, but there were {found}:\n{self}");
    }

    /// Asserts that no statement walked through a table without an index. Where a table has one row or none, none does.
    ///
    /// # Panics
    /// With the statements that did.
    #[track_caller]
    pub fn assert_no_full_scan(&self) {
        let scans = self.statements.iter().filter(|statement| statement.scan_steps() > 0);
        let scans: Vec<String> =
            scans.map(|statement| format!("{statement}  -- {} steps", statement.scan_steps())).collect();
        assert!(
            scans.is_empty(),
            "expected no full scan; add an index on the columns that are compared:\n{}",
            scans.join("\n")
        );
    }
}

impl<T> fmt::Display for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, statement) in self.statements.iter().enumerate() {
            let end = if at == 0 { "" } else { "\n" };
            write!(f, "{end}{statement}")?;
        }
        Ok(())
    }
}

/// The statements that some code ran on databases of growing size: [`Engine::watch_growth`](crate::engine::Engine::watch_growth).
#[derive(Debug, Clone)]
pub struct Growth(Vec<(usize, Watched)>);

impl Growth {
    pub(crate) fn new(sizes: Vec<(usize, Watched)>) -> Self {
        Self(sizes)
    }

    /// Each size, and what ran at it.
    #[must_use]
    pub fn sizes(&self) -> &[(usize, Watched)] {
        &self.0
    }

    /// Asserts that each statement ran as often at every size.
    ///
    /// # Panics
    /// With the statements whose count has changed, and how.
    #[track_caller]
    pub fn assert_constant(&self) {
        let mut counts: Vec<(&str, Vec<usize>)> = Vec::new();
        for (at, (_, watched)) in self.0.iter().enumerate() {
            for statement in watched.statements() {
                if !counts.iter().any(|(sql, _)| *sql == statement.sql()) {
                    counts.push((statement.sql(), vec![0; self.0.len()]));
                }
                if let Some((_, counts)) = counts.iter_mut().find(|(sql, _)| *sql == statement.sql()) {
                    counts[at] += 1;
                }
            }
        }
        counts.retain(|(_, counts)| counts.iter().any(|count| *count != counts[0]));
        let sizes: Vec<String> = self.0.iter().map(|(size, _)| size.to_string()).collect();
        let mut lines = Vec::new();
        for (sql, counts) in counts {
            let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
            lines.push(format!("`{}` ran {} times", sql, counts.join(", ")));
        }
        assert!(
            lines.is_empty(),
            "the number of statements changes with the size of the data ({}); read what belongs together in one statement, by a join \
             or a list of keys:\n{}",
            sizes.join(", "),
            lines.join("\n")
        );
    }
}
