//! An error in a seed file, with its place, its row and its value.

pub(crate) mod collect;
pub(crate) mod excerpt;
pub(crate) mod kind;

use crate::position::Position;
use excerpt::{Excerpt, Place};
use kind::SeedErrorKind;
use rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY;
use std::{error::Error, fmt};

/// An error in a seed file: where it stands, which row and value it concerns, and what to do.
///
/// `Display` is `file:line:column: what is wrong; what to do`, followed by the line itself with a mark under the place;
/// then the same for [all](Self::all) other errors of the load. The database is unchanged.
pub struct SeedError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    place: Option<Place>,
    table: Option<String>,
    label: Option<String>,
    column: Option<String>,
    value: Option<String>,
    kind: SeedErrorKind,
    /// Independent errors of the same load.
    others: Vec<SeedError>,
    /// How many further errors are not kept.
    omitted: usize,
}

/// A row that refers to a row that does not exist.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BrokenReference {
    /// Where the value stands; `None` for a row that a SQL script or a trigger made.
    pub position: Option<Position>,
    /// The referring table.
    pub table: String,
    /// The label of the referring row.
    pub label: Option<String>,
    /// The rowid of a row that is in no seed file.
    pub rowid: Option<i64>,
    /// The referring columns, with their values as SQL literals.
    pub columns: Vec<(String, String)>,
    /// The referenced table.
    pub parent: String,
    /// Whether there is no such table.
    pub parent_is_missing: bool,
    pub(crate) excerpt: Option<Excerpt>,
}

impl SeedError {
    pub(crate) fn new(kind: SeedErrorKind) -> Self {
        Self(Box::new(Inner {
            place: None,
            table: None,
            label: None,
            column: None,
            value: None,
            kind,
            others: Vec::new(),
            omitted: 0,
        }))
    }

    /// The database cannot be read or written.
    pub(crate) fn database(error: rusqlite::Error) -> Self {
        Self::new(SeedErrorKind::Database(error))
    }

    /// Sets the place, unless it is known already. So do the others for the table, the label, the column and the value.
    pub(crate) fn at(mut self, place: impl Into<Place>) -> Self {
        self.0.place.get_or_insert_with(|| place.into());
        self
    }

    pub(crate) fn in_table(mut self, table: impl Into<String>) -> Self {
        self.0.table.get_or_insert(table.into());
        self
    }

    pub(crate) fn in_row(mut self, label: Option<&str>) -> Self {
        self.0.label = self.0.label.or(label.map(str::to_owned));
        self
    }

    pub(crate) fn in_column(mut self, column: impl Into<String>) -> Self {
        self.0.column.get_or_insert(column.into());
        self
    }

    pub(crate) fn with_value(mut self, value: impl Into<String>) -> Self {
        self.0.value.get_or_insert(value.into());
        self
    }

    /// Replaces what SQLite says by what `explain` knows of it.
    pub(crate) fn explained(mut self, explain: impl FnOnce(&rusqlite::Error) -> Option<SeedErrorKind>) -> Self {
        if let SeedErrorKind::Database(error) | SeedErrorKind::Sql(error) = &self.0.kind
            && let Some(kind) = explain(error)
        {
            self.0.kind = kind;
        }
        self
    }

    /// Several errors as one, with how many more there are; `None` for none.
    fn from_all(found: Vec<Self>, omitted: usize) -> Option<Self> {
        let mut found = found.into_iter();
        let mut first = found.next()?;
        first.0.others = found.collect();
        first.0.omitted = omitted;
        Some(first)
    }

    /// This error and all others that the load found and that do not follow from it; the first hundred, while `Display`
    /// also says how many more there are.
    ///
    /// The methods below describe this error, the first.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.0.others)
    }

    /// What is wrong, as data.
    #[must_use]
    pub fn kind(&self) -> &SeedErrorKind {
        &self.0.kind
    }

    /// Where the error stands.
    #[must_use]
    pub fn position(&self) -> Option<&Position> {
        self.0.place.as_ref().map(|place| &place.position)
    }

    /// The text of the line, or of a line longer than 4 KiB the part around the place; `None` where the error concerns a
    /// whole file, or rows from code.
    #[must_use]
    pub fn source_line(&self) -> Option<&str> {
        self.0.place.as_ref()?.excerpt.as_ref().map(|excerpt| excerpt.text.as_str())
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> Option<&str> {
        self.0.table.as_deref()
    }

    /// The label of the row.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.0.label.as_deref()
    }

    /// The column.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        self.0.column.as_deref()
    }

    /// The value, as text.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.0.value.as_deref()
    }

    /// Whether the folder or the database could not be read or written, so that errors in the files are not known.
    #[cfg(feature = "cli")]
    pub(crate) fn is_system_error(&self) -> bool {
        self.all().any(|error| {
            matches!(
                error.0.kind,
                SeedErrorKind::NotFound { .. }
                    | SeedErrorKind::Read(_)
                    | SeedErrorKind::Database(_)
                    | SeedErrorKind::NotAlone
                    | SeedErrorKind::NotRestored { .. }
            )
        })
    }

    /// Whether an enforced foreign key is the reason.
    pub(crate) fn is_foreign_key(&self) -> bool {
        match &self.0.kind {
            SeedErrorKind::Sql(error) => {
                error.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_CONSTRAINT_FOREIGNKEY)
            }
            // A missing parent is named with its schema.
            SeedErrorKind::Statement { message, .. } => {
                ["foreign key mismatch", "no such table: main."].iter().any(|start| message.starts_with(start))
            }
            _ => false,
        }
    }

    /// Whether a script was refused a transaction of its own.
    pub(crate) fn needs_own_transactions(&self) -> bool {
        self.all().any(|error| matches!(error.0.kind, SeedErrorKind::OwnTransaction))
    }

    /// How many errors there are that [`all`](Self::all) does not give.
    #[cfg(feature = "cli")]
    pub(crate) fn omitted(&self) -> usize {
        self.0.omitted
    }

    /// How many errors there are, counting each broken reference.
    #[cfg(feature = "cli")]
    pub(crate) fn count(&self) -> usize {
        let of = |error: &Self| match &error.0.kind {
            SeedErrorKind::BrokenReferences { references, omitted } => references.len() + omitted,
            _ => 1,
        };
        self.all().map(of).sum::<usize>() + self.0.omitted
    }

    /// This error alone, as `Display` shows it, with its cause.
    #[cfg(feature = "cli")]
    pub(crate) fn one_to_string(&self) -> String {
        let mut text = String::new();
        // Writing into memory cannot fail.
        let _ = self.write_one(&mut text).and_then(|()| self.write_cause(&mut text));
        text
    }

    fn write_one(&self, f: &mut impl fmt::Write) -> fmt::Result {
        let Inner { place, table, label, column, value, kind, .. } = &*self.0;
        if let Some(Place { position, .. }) = place {
            write!(f, "{position}: ")?;
        }
        let mut separator = "";
        for (name, value) in [("table", table), ("row", label), ("column", column), ("value", value)] {
            if let Some(value) = value {
                write!(f, "{separator}{name} `{value}`")?;
                separator = ", ";
            }
        }
        write!(f, "{}{kind}", if separator.is_empty() { "" } else { ": " })?;
        match place.as_ref().and_then(|place| place.excerpt.as_ref()) {
            Some(excerpt) => write!(f, "\n{excerpt}"),
            None => Ok(()),
        }
    }

    fn write_cause(&self, f: &mut impl fmt::Write) -> fmt::Result {
        match self.0.kind.source() {
            Some(cause) => write!(f, "\n  caused by: {cause}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for SeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_one(f)?;
        if self.0.others.is_empty() {
            return Ok(());
        }
        // The cause of a single error is its source; of several, each has its cause below it.
        self.write_cause(f)?;
        for other in &self.0.others {
            f.write_str("\n")?;
            other.write_one(f)?;
            other.write_cause(f)?;
        }
        match self.0.omitted {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

impl fmt::Display for BrokenReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(position) = &self.position {
            write!(f, "{position}: ")?;
        }
        write!(f, "table `{}`", self.table)?;
        match (&self.label, self.rowid) {
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

crate::position::debug_is_chain!(SeedError);

impl Error for SeedError {
    /// The error of the database or the operating system; of [several](SeedError::all) errors, `Display` shows each cause.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if self.0.others.is_empty() { self.0.kind.source() } else { None }
    }
}
