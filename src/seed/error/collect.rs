//! All that is wrong with the files of one load, but for what only follows from it.

use super::{SeedError, kind::Fault};
use crate::seed::load::bounds::Beyond;
use std::collections::{BTreeSet, HashSet};

/// More than this are not told of: who has made that many has made one of them often.
pub(crate) const MOST: usize = 100;

#[derive(Default)]
pub(crate) struct Mistakes {
    found: Vec<SeedError>,
    untold: usize,
    /// The words of files that could not be read as rows.
    unread: HashSet<String>,
    /// Whether SQL has gone beyond its bounds: then no more of it is run.
    is_beyond: bool,
    /// The tables that miss rows because of a mistake, in small letters.
    short: BTreeSet<String>,
    /// Whether any table may be one of those.
    any_is_short: bool,
}

impl Mistakes {
    /// Notes a mistake; what only follows from one before is passed over.
    pub(crate) fn note(&mut self, error: SeedError) {
        if let Some(table) = error.table() {
            self.short.insert(table.to_ascii_lowercase());
        }
        // A header of CSV is wrong once, not in each row.
        // (Rows of the code all stand at one place, so that the column counts too.)
        let is_known = |found: &SeedError| found.position() == error.position() && found.column() == error.column();
        if matches!(error.fault(), Fault::UnknownColumn { .. } | Fault::NoForeignKey { .. })
            && self.found.iter().any(is_known)
        {
            return;
        }
        self.is_beyond |= matches!(error.fault(), Fault::Beyond(beyond) if !matches!(beyond, Beyond::Value(_)));
        // Where so many are told already, nobody counts those that follow from one before.
        if self.found.len() == MOST {
            self.untold += 1;
            return;
        }
        let follows = match error.fault() {
            Fault::UnknownLabel { .. } => error.value().is_some_and(|label| self.may_be_unread(label)),
            _ => false,
        };
        if !follows {
            self.found.push(error);
        }
    }

    /// Notes a mistake, unless one at the same place is known.
    pub(crate) fn note_unless_told(&mut self, error: SeedError) {
        if !self.found.iter().any(|found| found.position() == error.position()) {
            self.note(error);
        }
    }

    /// Notes a file that could not be read, with what its text is, and whether it is one table's.
    pub(crate) fn note_unread(&mut self, error: SeedError, text: &str, is_of_one_table: bool) {
        self.note(error);
        self.unread.extend(words(text).map(str::to_owned));
        self.any_is_short |= !is_of_one_table;
    }

    /// Whether SQL has gone beyond its bounds.
    pub(crate) fn is_beyond(&self) -> bool {
        self.is_beyond
    }

    /// Whether a label may be one of a file that could not be read: whether all of its words are there.
    fn may_be_unread(&self, label: &str) -> bool {
        !self.unread.is_empty() && words(label).all(|word| self.unread.contains(word))
    }

    /// Whether no row of a table is missing because of a mistake.
    pub(crate) fn has_all_of(&self, table: &str) -> bool {
        !self.any_is_short && !self.short.contains(&table.to_ascii_lowercase())
    }

    /// Everything that was noted, as one error, in the order that a reader of the files comes to it.
    pub(crate) fn conclude(mut self) -> Result<(), SeedError> {
        self.found.sort_by_key(|error| (error.position().is_none(), error.position().cloned()));
        SeedError::of_all(self.found, self.untold).map_or(Ok(()), Err)
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty())
}
