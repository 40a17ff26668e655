//! Collects the independent errors of one load, and leaves out those that only follow from another.

use super::SeedError;
use super::kind::{LimitExceeded, SeedErrorKind};
use crate::position::sort_by;
use std::collections::HashSet;

/// How many errors are kept; the others are counted.
pub(crate) const MOST: usize = 100;

#[derive(Default)]
pub(crate) struct Collector {
    found: Vec<SeedError>,
    omitted: usize,
    /// The words of files that could not be parsed.
    unparsed: HashSet<String>,
    is_limit_exceeded: bool,
    /// The tables that lack rows because of an error, in lower case.
    incomplete: HashSet<String>,
    /// Whether any table may be incomplete.
    any_is_incomplete: bool,
}

impl Collector {
    /// Adds an error, unless it follows from one before.
    pub(crate) fn push(&mut self, error: SeedError) {
        if let Some(table) = error.table() {
            self.incomplete.insert(table.to_ascii_lowercase());
        }
        // A wrong header of CSV is one error, not one in each row.
        // (Rows from code all stand at one place, so the column counts too.)
        let is_known = |found: &SeedError| found.position() == error.position() && found.column() == error.column();
        if matches!(error.kind(), SeedErrorKind::UnknownColumn { .. } | SeedErrorKind::NoForeignKey { .. })
            && self.found.iter().any(is_known)
        {
            return;
        }
        self.is_limit_exceeded |= matches!(
            error.kind(),
            SeedErrorKind::LimitExceeded(limit) if !matches!(limit, LimitExceeded::Value(_))
        );
        if self.found.len() == MOST {
            self.omitted += 1;
            return;
        }
        let follows = match error.kind() {
            SeedErrorKind::UnknownLabel { .. } => error.value().is_some_and(|label| self.may_be_unparsed(label)),
            _ => false,
        };
        if !follows {
            self.found.push(error);
        }
    }

    /// Adds an error, unless there is one at the same place.
    pub(crate) fn push_unless_known(&mut self, error: SeedError) {
        if !self.found.iter().any(|found| found.position() == error.position()) {
            self.push(error);
        }
    }

    /// Adds the error of a file that could not be parsed, with its text, and whether it holds rows of one table only.
    pub(crate) fn push_unparsed(&mut self, error: SeedError, text: &str, has_one_table: bool) {
        self.push(error);
        self.unparsed.extend(words(text).map(str::to_owned));
        self.any_is_incomplete |= !has_one_table;
    }

    /// Whether the load exceeded a limit, so that no more SQL should run.
    pub(crate) fn is_limit_exceeded(&self) -> bool {
        self.is_limit_exceeded
    }

    /// Whether a label may stand in a file that could not be parsed, since all of its words do.
    fn may_be_unparsed(&self, label: &str) -> bool {
        !self.unparsed.is_empty() && words(label).all(|word| self.unparsed.contains(word))
    }

    /// Whether no error keeps a row out of a table.
    pub(crate) fn is_complete(&self, table: &str) -> bool {
        !self.any_is_incomplete && !self.incomplete.contains(&table.to_ascii_lowercase())
    }

    /// All errors as one, in the order of their places; `Ok` without any.
    pub(crate) fn finish(mut self) -> Result<(), SeedError> {
        let place = |error: &SeedError| (error.position().is_none(), error.position().cloned());
        sort_by(&mut self.found, |one, other| place(one).cmp(&place(other)));
        SeedError::from_all(self.found, self.omitted).map_or(Ok(()), Err)
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty())
}
