//! The names that rows have inside seed files, and the keys they stand for; kept beside a database, never in it.

mod bytes;

use crate::position::nearest;
use rusqlite::types::{FromSql, FromSqlError, Value};
use std::{
    collections::BTreeMap,
    error::Error,
    fmt,
    ops::Deref,
    sync::{Arc, LazyLock},
};

/// The id that a label stands for: CRC-32 of its bytes modulo 2³⁰ − 1, as `ActiveRecord::FixtureSet.identify` of Rails
/// computes it, so ids never change and never depend on the order of rows.
///
/// ```
/// assert_eq!(sqlite_fixtures::labels::label_id("ruby"), 207_281_424); // the figure in the tests of Rails
/// ```
#[must_use]
pub fn label_id(label: &str) -> i64 {
    i64::from(crc32fast::hash(label.as_bytes()) % 0x3FFF_FFFF)
}

/// Which key each label stands for, table by table.
///
/// Table names are compared as SQLite does, without regard to ASCII case; labels are compared exactly.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Labels(BTreeMap<String, BTreeMap<String, Key>>);

/// What a label stands for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Key {
    Single(Value),
    /// The table has no key of one column, so that the label only names the row.
    None,
}

impl Labels {
    /// Enters a label.
    pub(crate) fn insert(&mut self, table: &str, label: &str, key: Key) {
        self.0.entry(table.to_ascii_lowercase()).or_default().insert(label.to_owned(), key);
    }

    /// What `label` stands for.
    pub(crate) fn get(&self, table: &str, label: &str) -> Option<&Key> {
        self.0.get(&table.to_ascii_lowercase())?.get(label)
    }

    /// Takes over all labels of `newer`.
    pub(crate) fn extend(&mut self, newer: Self) {
        for (table, labels) in newer.0 {
            self.0.entry(table).or_default().extend(labels);
        }
    }

    /// What `label` stands for in each table that has it, with the name of the table in small letters.
    pub(crate) fn anywhere(&self, label: &str) -> impl Iterator<Item = (&str, &Key)> {
        self.0.iter().filter_map(move |(table, labels)| Some((table.as_str(), labels.get(label)?)))
    }

    /// The labels of all tables.
    pub(crate) fn all(&self) -> impl Iterator<Item = &str> {
        self.0.values().flat_map(BTreeMap::keys).map(String::as_str)
    }

    /// The labels of one table.
    pub(crate) fn of(&self, table: &str) -> impl Iterator<Item = &str> {
        self.0.get(&table.to_ascii_lowercase()).into_iter().flat_map(BTreeMap::keys).map(String::as_str)
    }

    /// The key of the row that has `label` in the seed file of `table`.
    ///
    /// # Errors
    /// [`LabelError`] when no such label was loaded, or its key is composite or of another type than `T`.
    pub fn key<T: FromSql>(&self, table: &str, label: &str) -> Result<T, LabelError> {
        let error = |fault| LabelError { table: table.to_owned(), label: label.to_owned(), fault };
        let key = match self.get(table, label) {
            Some(Key::Single(key)) => key,
            Some(Key::None) => return Err(error(LabelFault::NoKey)),
            None if self.of(table).next().is_some() => {
                return Err(error(LabelFault::Unknown { nearest: nearest(label, &mut self.of(table)) }));
            }
            None => {
                let nearest = nearest(table, &mut self.0.keys().map(String::as_str));
                return Err(error(LabelFault::NoLabels { nearest }));
            }
        };
        T::column_result(key.into()).map_err(|source| error(LabelFault::Type(source)))
    }
}

/// Labels that many databases share, and that are made only when one is asked for.
#[derive(Clone)]
pub(crate) struct SharedLabels(Arc<LazyLock<Labels, Box<dyn FnOnce() -> Labels + Send>>>);

impl SharedLabels {
    pub(crate) fn new(make: impl FnOnce() -> Labels + Send + 'static) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(make))))
    }
}

impl Default for SharedLabels {
    fn default() -> Self {
        Self::new(Labels::default)
    }
}

impl Deref for SharedLabels {
    type Target = Labels;

    fn deref(&self) -> &Labels {
        &self.0
    }
}

/// A label that does not lead to the key that was asked for.
pub struct LabelError {
    table: String,
    label: String,
    fault: LabelFault,
}

#[derive(Debug)]
enum LabelFault {
    Unknown { nearest: Option<String> },
    NoLabels { nearest: Option<String> },
    NoKey,
    Type(FromSqlError),
}

impl LabelError {
    /// The table that was asked about.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The label that was asked for.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }
}

impl fmt::Display for LabelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, label, fault } = self;
        match fault {
            LabelFault::Unknown { nearest: Some(near) } => {
                write!(f, "no row of `{table}` is labelled `{label}`; did you mean `{near}`?")
            }
            LabelFault::Unknown { nearest: None } => {
                write!(f, "no row of `{table}` is labelled `{label}`; add it to the seed file of `{table}`")
            }
            LabelFault::NoLabels { nearest: Some(near) } => {
                write!(f, "no row of `{table}` has a label; did you mean the table `{near}`?")
            }
            LabelFault::NoLabels { nearest: None } => write!(
                f,
                "no row of `{table}` has a label; label rows with the keys of a JSON or YAML map, or a `_label` column in CSV"
            ),
            LabelFault::NoKey => write!(
                f,
                "`{label}` of `{table}` stands for no key, because the table has none or a composite one; select its columns"
            ),
            LabelFault::Type(_) => {
                write!(
                    f,
                    "the key of `{label}` in `{table}` is of another type; ask `session.key` for the type that its column has"
                )
            }
        }
    }
}

crate::position::debug_is_chain!(LabelError);

impl Error for LabelError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.fault {
            LabelFault::Type(source) => Some(source),
            _ => None,
        }
    }
}
