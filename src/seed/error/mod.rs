//! A mistake in a seed file, with its place, its row and its value.

pub(crate) mod collect;
pub(crate) mod excerpt;
pub(crate) mod kind;

use super::files::text::Place;
use crate::position::Position;
use excerpt::Excerpt;
use kind::Fault;
use std::{error::Error, fmt};

/// A mistake in a seed file: where it stands, which row and value it concerns, and what to do.
///
/// `Display` is `file:line:column: what is wrong; what to do`, and below it the line itself with a mark under what is wrong;
/// then the same of [all](Self::all) others. The database is as it was.
pub struct SeedError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    place: Option<Place>,
    table: Option<String>,
    label: Option<String>,
    column: Option<String>,
    value: Option<String>,
    fault: Fault,
    /// What else is wrong, independent of it.
    others: Vec<SeedError>,
    /// How many more there are, which are not told.
    untold: usize,
}

/// A row that points at a row that is not there.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokenReference {
    pub(crate) position: Option<Position>,
    pub(crate) excerpt: Option<Excerpt>,
    pub(crate) table: String,
    pub(crate) label: Option<String>,
    pub(crate) row: Option<i64>,
    pub(crate) columns: Vec<(String, String)>,
    pub(crate) parent: String,
    pub(crate) parent_is_missing: bool,
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
        let others = Vec::new();
        Self(Box::new(Inner {
            place: None,
            table: None,
            label: None,
            column: None,
            value: None,
            fault,
            others,
            untold: 0,
        }))
    }

    pub(crate) fn at(mut self, place: impl Into<Place>) -> Self {
        self.0.place.get_or_insert_with(|| place.into());
        self
    }

    /// Several as one, with how many more there are; `None` for none.
    pub(crate) fn of_all(found: Vec<Self>, untold: usize) -> Option<Self> {
        let mut found = found.into_iter();
        let mut first = found.next()?;
        first.0.others = found.collect();
        first.0.untold = untold;
        Some(first)
    }

    /// Whether the folder or the database could not be read or written, so that its mistakes are not known.
    #[cfg(feature = "cli")]
    pub(crate) fn is_of_the_system(&self) -> bool {
        let is = |error: &Self| {
            matches!(
                error.0.fault,
                Fault::NoFolder { .. }
                    | Fault::Read(_)
                    | Fault::Database(_)
                    | Fault::WrittenMeanwhile
                    | Fault::Restore { .. }
            )
        };
        self.all().any(is)
    }

    /// How many mistakes there are that [`all`](Self::all) does not give.
    #[cfg(feature = "cli")]
    pub(crate) fn untold(&self) -> usize {
        self.0.untold
    }

    /// How many mistakes there are, each broken reference one.
    #[cfg(feature = "cli")]
    pub(crate) fn count(&self) -> usize {
        let of = |error: &Self| match &error.0.fault {
            Fault::BrokenReferences { references, untold } => references.len() + untold,
            _ => 1,
        };
        self.all().map(of).sum::<usize>() + self.0.untold
    }

    pub(crate) fn fault(&self) -> &Fault {
        &self.0.fault
    }

    pub(crate) fn table_is(mut self, table: impl Into<String>) -> Self {
        self.0.table.get_or_insert(table.into());
        self
    }

    pub(crate) fn label_is(mut self, label: Option<&str>) -> Self {
        self.0.label = self.0.label.or(label.map(str::to_owned));
        self
    }

    pub(crate) fn column_is(mut self, column: impl Into<String>) -> Self {
        self.0.column.get_or_insert(column.into());
        self
    }

    pub(crate) fn value_is(mut self, value: impl Into<String>) -> Self {
        self.0.value.get_or_insert(value.into());
        self
    }

    /// This mistake, and all others that were found in the same load and do not follow from it: the first hundred, while
    /// `Display` also says how many more there are.
    ///
    /// Each of the methods below tells of one mistake: of this one, the first.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.0.others)
    }

    /// This mistake alone, as it is shown, with its cause.
    #[cfg(feature = "cli")]
    pub(crate) fn one_to_string(&self) -> String {
        let mut text = String::new();
        // Writing into memory cannot fail.
        let _ = self.write_one(&mut text).and_then(|()| self.write_cause(&mut text));
        text
    }

    fn write_cause(&self, f: &mut impl fmt::Write) -> fmt::Result {
        match self.0.fault.source() {
            Some(cause) => write!(f, "\n  caused by: {cause}"),
            None => Ok(()),
        }
    }

    fn write_one(&self, f: &mut impl fmt::Write) -> fmt::Result {
        let Inner { place, table, label, column, value, fault, .. } = &*self.0;
        if let Some(Place { position, .. }) = place {
            write!(f, "{position}: ")?;
        }
        let context = [("table", table), ("row", label), ("column", column), ("value", value)];
        let mut parts = context.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))).peekable();
        while let Some((name, value)) = parts.next() {
            write!(f, "{name} `{value}`{}", if parts.peek().is_some() { ", " } else { ": " })?;
        }
        write!(f, "{fault}")?;
        match place.as_ref().and_then(|place| place.excerpt.as_ref()) {
            Some(excerpt) => write!(f, "\n{excerpt}"),
            None => Ok(()),
        }
    }

    /// Where the mistake stands.
    #[must_use]
    pub fn position(&self) -> Option<&Position> {
        self.0.place.as_ref().map(|place| &place.position)
    }

    /// The line that it is in, or of one that is longer than 4 KiB what is around the mistake; `None` for a file as a whole, and for rows from code.
    #[must_use]
    pub fn line(&self) -> Option<&str> {
        self.0.place.as_ref()?.excerpt.as_ref().map(|excerpt| excerpt.text.as_str())
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

    /// The rows that point at rows that are not there: the first hundred, while `Display` also says how many more there are; empty
    /// for any other mistake.
    #[must_use]
    pub fn broken_references(&self) -> &[BrokenReference] {
        match &self.0.fault {
            Fault::BrokenReferences { references, .. } => references,
            _ => &[],
        }
    }
}

impl fmt::Display for SeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_one(f)?;
        if self.0.others.is_empty() {
            return Ok(());
        }
        // Of several each has its cause below it; of one it is the source.
        self.write_cause(f)?;
        for other in &self.0.others {
            f.write_str("\n")?;
            other.write_one(f)?;
            other.write_cause(f)?;
        }
        match self.0.untold {
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

crate::position::debug_is_chain!(SeedError);

impl Error for SeedError {
    /// What the database or the operating system says; of [several](SeedError::all) `Display` tells it for each.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if self.0.others.is_empty() { self.0.fault.source() } else { None }
    }
}
