//! Rows that cannot be read as values of the requested type.

use super::cell::DeserializeError;
use crate::{labels::LabelError, position::Position};
use std::{error::Error, fmt};

/// Rows that could not be read as values of the requested type, with the position of the call.
///
/// Its `Display` is `file:line:column: cause; remedy`.
pub struct RowError(Box<Inner>);

struct Inner {
    position: Position,
    /// The table or the query.
    subject: String,
    kind: RowErrorKind,
}

pub(crate) enum RowErrorKind {
    NoTable { nearest: Option<String> },
    Label(LabelError),
    NoRow,
    Sql(rusqlite::Error),
    Deserialize { row: usize, error: DeserializeError },
}

impl RowError {
    pub(crate) fn new(position: Position, subject: impl Into<String>, kind: RowErrorKind) -> Self {
        Self(Box::new(Inner { position, subject: subject.into(), kind }))
    }

    /// The position of the call that read the rows.
    #[must_use]
    pub fn position(&self) -> &Position {
        &self.0.position
    }

    /// The column whose value has another type, if a value is the cause.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        match &self.0.kind {
            RowErrorKind::Deserialize { error, .. } => error.column.as_deref(),
            _ => None,
        }
    }

    /// The number of the row that has another type, counted from 1, if a row is the cause.
    #[must_use]
    pub fn row(&self) -> Option<usize> {
        match self.0.kind {
            RowErrorKind::Deserialize { row, .. } => Some(row),
            _ => None,
        }
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { position, subject, kind } = &*self.0;
        write!(f, "{position}: `{subject}`")?;
        match kind {
            RowErrorKind::NoTable { nearest: Some(near) } => write!(f, ": no such table; did you mean `{near}`?"),
            RowErrorKind::NoTable { nearest: None } => f.write_str(": no such table; correct the name"),
            RowErrorKind::Label(_) => f.write_str(": the label leads to no row; see the cause"),
            RowErrorKind::NoRow => f.write_str(": the labelled row was deleted; read it earlier"),
            RowErrorKind::Sql(_) => f.write_str(": SQLite reports an error; see the cause"),
            RowErrorKind::Deserialize { row, error: DeserializeError { column: Some(column), message } } => {
                write!(f, ", row {row}, column `{column}`: {message}; correct the query or the field's type")
            }
            RowErrorKind::Deserialize { row, error: DeserializeError { column: None, message } } => {
                write!(f, ", row {row}: {message}; correct the query or the type")
            }
        }
    }
}

crate::position::debug_is_chain!(RowError);

impl Error for RowError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.kind {
            RowErrorKind::Label(source) => Some(source),
            RowErrorKind::Sql(source) => Some(source),
            _ => None,
        }
    }
}
