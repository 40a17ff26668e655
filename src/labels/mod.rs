//! The names that rows have in seed files, and the keys they stand for. They are stored beside a database, never in it.

mod serialize;

use crate::position::{nearest, sort_by};
use rusqlite::types::{FromSql, FromSqlError, Value};
use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

/// The id that a label stands for: the CRC-32 of its bytes modulo 2³⁰ − 1, as `ActiveRecord::FixtureSet.identify` of Rails
/// computes it. It depends on nothing but the label.
///
/// ```
/// assert_eq!(sqlite_fixtures::labels::label_id("ruby"), 207_281_424); // the figure in the tests of Rails
/// ```
#[must_use]
pub fn label_id(label: &str) -> i64 {
    i64::from(crc32fast::hash(label.as_bytes()) % 0x3FFF_FFFF)
}

/// The number that a label stands for in the column at this place of a key of several columns, as Rails computes it.
pub(crate) fn composite_id(label: &str, place: usize) -> i64 {
    (label_id(label) << place) % 0x3FFF_FFFF
}

/// Which key each label stands for, table by table.
///
/// Table names are compared as SQLite does, ignoring ASCII case; labels are compared exactly.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Labels(Vec<(String, HashMap<String, Key>)>);

/// What a label stands for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Key {
    Single(Value),
    /// The table has no single-column key, so the label only names the row.
    None,
}

impl Labels {
    pub(crate) fn insert(&mut self, table: &str, label: &str, key: Key) {
        self.table_mut(table.to_ascii_lowercase()).insert(label.to_owned(), key);
    }

    /// The labels of a table whose name is in lower case. The tables are sorted.
    fn table_mut(&mut self, table: String) -> &mut HashMap<String, Key> {
        let at = match self.0.binary_search_by(|(other, _)| other.cmp(&table)) {
            Ok(at) => at,
            Err(at) => {
                self.0.insert(at, (table, HashMap::new()));
                at
            }
        };
        &mut self.0[at].1
    }

    fn table(&self, table: &str) -> Option<&HashMap<String, Key>> {
        self.0.iter().find(|(other, _)| other.eq_ignore_ascii_case(table)).map(|(_, labels)| labels)
    }

    pub(crate) fn get(&self, table: &str, label: &str) -> Option<&Key> {
        self.table(table)?.get(label)
    }

    /// Adds all labels of `newer`, which replace equal ones.
    pub(crate) fn extend(&mut self, newer: Self) {
        for (table, labels) in newer.0 {
            self.table_mut(table).extend(labels);
        }
    }

    /// Every label, sorted: its table in lower case, its name, and the key of its row; `None` if the table has no single-column
    /// key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, Option<&Value>)> {
        let mut all = Vec::new();
        for (table, labels) in &self.0 {
            let mut names: Vec<&str> = labels.keys().map(String::as_str).collect();
            sort_by(&mut names, Ord::cmp);
            for name in names {
                let key = match &labels[name] {
                    Key::Single(value) => Some(value),
                    Key::None => None,
                };
                all.push((table.as_str(), name, key));
            }
        }
        all.into_iter()
    }

    /// The tables that have `label`, in lower case, with what it stands for there.
    pub(crate) fn anywhere(&self, label: &str) -> impl Iterator<Item = (&str, &Key)> {
        self.0.iter().filter_map(move |(table, labels)| Some((table.as_str(), labels.get(label)?)))
    }

    /// The labels of one table.
    pub(crate) fn of(&self, table: &str) -> impl Iterator<Item = &str> {
        self.table(table).into_iter().flat_map(HashMap::keys).map(String::as_str)
    }

    /// The key of the row that has `label` in the seed file of `table`.
    ///
    /// # Errors
    /// [`LabelError`] if no such label was loaded, or if its key is composite or cannot be read as a `T`.
    pub fn key<T: FromSql>(&self, table: &str, label: &str) -> Result<T, LabelError> {
        let error = |kind| LabelError { table: table.to_owned(), label: label.to_owned(), kind };
        let value = self.value(table, label).map_err(error)?;
        T::column_result(value.into()).map_err(|source| error(LabelErrorKind::Type(source)))
    }

    fn value(&self, table: &str, label: &str) -> Result<&Value, LabelErrorKind> {
        match self.get(table, label) {
            Some(Key::Single(value)) => Ok(value),
            Some(Key::None) => Err(LabelErrorKind::NoKey),
            None if self.of(table).next().is_some() => {
                Err(LabelErrorKind::UnknownLabel { nearest: nearest(label, &mut self.of(table)) })
            }
            None => Err(LabelErrorKind::UnknownTable {
                nearest: nearest(table, &mut self.0.iter().map(|(name, _)| name.as_str())),
            }),
        }
    }
}

/// The labels of a database. Those of an image are shared by its clones, and parsed only when a test asks for one.
#[derive(Clone)]
pub(crate) enum SharedLabels {
    Image(Arc<LazyLock<Labels, Box<dyn FnOnce() -> Labels + Send>>>),
    /// With labels that the database alone has.
    Own(Arc<Labels>),
}

impl SharedLabels {
    pub(crate) fn new(make: impl FnOnce() -> Labels + Send + 'static) -> Self {
        Self::Image(Arc::new(LazyLock::new(Box::new(make))))
    }

    /// Adds all labels of `newer`, which replace equal ones. The first addition copies those of the image.
    pub(crate) fn extend(&mut self, newer: Labels) {
        if newer.0.is_empty() {
            return;
        }
        if let Self::Image(image) = self {
            *self = Self::Own(Arc::new(Labels::clone(image)));
        }
        if let Self::Own(own) = self {
            Arc::make_mut(own).extend(newer);
        }
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
        match self {
            Self::Image(image) => image,
            Self::Own(own) => own,
        }
    }
}

/// A label that has no key of the requested type.
pub struct LabelError {
    table: String,
    label: String,
    kind: LabelErrorKind,
}

enum LabelErrorKind {
    UnknownLabel { nearest: Option<String> },
    UnknownTable { nearest: Option<String> },
    NoKey,
    Type(FromSqlError),
}

impl LabelError {
    /// The requested table.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The requested label.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }
}

impl fmt::Display for LabelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, label, kind } = self;
        match kind {
            LabelErrorKind::UnknownLabel { nearest } => {
                write!(f, "no row of `{table}` is labelled `{label}`; ")?;
                match nearest {
                    Some(near) => write!(f, "did you mean `{near}`?"),
                    None => write!(f, "add it to the seed file of `{table}`"),
                }
            }
            LabelErrorKind::UnknownTable { nearest } => {
                write!(f, "no row of `{table}` has a label; ")?;
                match nearest {
                    Some(near) => write!(f, "did you mean the table `{near}`?"),
                    None => f.write_str("label rows with the keys of a JSON or YAML map, or a `_label` column in CSV"),
                }
            }
            LabelErrorKind::NoKey => write!(
                f,
                "`{label}` of `{table}` has no key of one column, because the table's key is missing or composite; select the row's columns instead"
            ),
            LabelErrorKind::Type(_) => {
                write!(
                    f,
                    "the key of `{label}` in `{table}` has another type; call `session.key` with the column's type"
                )
            }
        }
    }
}

crate::position::debug_is_chain!(LabelError);

impl Error for LabelError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            LabelErrorKind::Type(source) => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "../../tests/unit/labels.rs"]
mod tests;
