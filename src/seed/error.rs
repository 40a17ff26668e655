//! A mistake in a seed file, with its place, its row and its value.

use super::Fault;
use crate::Position;
use std::{error::Error, fmt};

/// A mistake in a seed file: where it stands, which row and value it concerns, and what to do.
///
/// `Display` is one line, `file:line:column: what is wrong; what to do`; the database is as it was.
pub struct SeedError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    position: Option<Position>,
    table: Option<String>,
    label: Option<String>,
    column: Option<String>,
    value: Option<String>,
    fault: Fault,
}

/// A row that points at a row that is not there.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokenReference {
    pub(super) position: Option<Position>,
    pub(super) table: String,
    pub(super) label: Option<String>,
    pub(super) row: Option<i64>,
    pub(super) columns: Vec<(String, String)>,
    pub(super) parent: String,
    pub(super) parent_is_missing: bool,
}

impl BrokenReference {
    /// Where the value stands; `None` for a row that a SQL script or a trigger made.
    #[must_use]
    pub fn position(&self) -> Option<&Position> {
        self.position.as_ref()
    }

    /// The table that points.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The label of the row that points.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// The columns that point, with their values as SQL literals.
    #[must_use]
    pub fn columns(&self) -> &[(String, String)] {
        &self.columns
    }

    /// The table that is pointed at.
    #[must_use]
    pub fn parent(&self) -> &str {
        &self.parent
    }
}

impl SeedError {
    pub(crate) fn new(fault: Fault) -> Self {
        Self(Box::new(Inner { position: None, table: None, label: None, column: None, value: None, fault }))
    }

    pub(crate) fn at(mut self, position: Position) -> Self {
        self.0.position.get_or_insert(position);
        self
    }

    pub(super) fn table_is(mut self, table: impl Into<String>) -> Self {
        self.0.table.get_or_insert(table.into());
        self
    }

    pub(super) fn label_is(mut self, label: Option<&str>) -> Self {
        self.0.label = self.0.label.or(label.map(str::to_owned));
        self
    }

    pub(super) fn column_is(mut self, column: impl Into<String>) -> Self {
        self.0.column.get_or_insert(column.into());
        self
    }

    pub(super) fn value_is(mut self, value: impl Into<String>) -> Self {
        self.0.value.get_or_insert(value.into());
        self
    }

    /// Where the mistake stands.
    #[must_use]
    pub fn position(&self) -> Option<&Position> {
        self.0.position.as_ref()
    }

    /// The table that it concerns.
    #[must_use]
    pub fn table(&self) -> Option<&str> {
        self.0.table.as_deref()
    }

    /// The label of the row that it concerns.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.0.label.as_deref()
    }

    /// The column that it concerns.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        self.0.column.as_deref()
    }

    /// The value that is wrong, as text.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.0.value.as_deref()
    }

    /// The rows that point at rows that are not there; empty for any other mistake.
    #[must_use]
    pub fn broken_references(&self) -> &[BrokenReference] {
        match &self.0.fault {
            Fault::BrokenReferences(broken) => broken,
            _ => &[],
        }
    }
}

impl fmt::Display for SeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { position, table, label, column, value, fault } = &*self.0;
        if let Some(position) = position {
            write!(f, "{position}: ")?;
        }
        let context = [("table", table), ("row", label), ("column", column), ("value", value)];
        let mut parts = context.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))).peekable();
        while let Some((name, value)) = parts.next() {
            write!(f, "{name} `{value}`{}", if parts.peek().is_some() { ", " } else { ": " })?;
        }
        fault.fmt(f)
    }
}

impl fmt::Display for BrokenReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(position) = &self.position {
            write!(f, "{position}: ")?;
        }
        write!(f, "table `{}`", self.table)?;
        match (&self.label, self.row) {
            (Some(label), _) => write!(f, ", row `{label}`")?,
            (None, Some(row)) => write!(f, ", rowid {row}")?,
            (None, None) => {}
        }
        if self.position.is_none() {
            f.write_str(", made by a script or a trigger")?;
        }
        for (column, value) in &self.columns {
            write!(f, ", `{column}` = {value}")?;
        }
        let what = if self.parent_is_missing { "there is no table" } else { "no such row in" };
        write!(f, ": {what} `{}`", self.parent)
    }
}

crate::error::debug_is_chain!(SeedError);

impl Error for SeedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.fault.source()
    }
}
