//! Rows that are not what the code takes them for.

use super::cell::Refused;
use crate::{labels::LabelError, position::Position};
use std::{error::Error, fmt};

/// Rows that could not be read as values of the code. It stands where they were asked for.
///
/// `Display` is `file:line:column: what is wrong; what to do`.
pub struct RowError(Box<Inner>);

struct Inner {
    position: Position,
    /// The table or the query.
    subject: String,
    fault: Fault,
}

/// What is wrong.
#[derive(Debug)]
pub(crate) enum Fault {
    NoTable { nearest: Option<String> },
    Label(LabelError),
    Gone,
    Sql(rusqlite::Error),
    Value { row: usize, refused: Refused },
}

impl RowError {
    pub(super) fn new(position: Position, subject: String, fault: Fault) -> Self {
        Self(Box::new(Inner { position, subject, fault }))
    }

    /// Where the rows were asked for.
    #[must_use]
    pub fn position(&self) -> &Position {
        &self.0.position
    }

    /// The column whose value is not what the code takes it for, if it is one.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        match &self.0.fault {
            Fault::Value { refused, .. } => refused.column.as_deref(),
            _ => None,
        }
    }

    /// The number of the row that is not what the code takes it for, from 1, if it is one.
    #[must_use]
    pub fn row(&self) -> Option<usize> {
        match self.0.fault {
            Fault::Value { row, .. } => Some(row),
            _ => None,
        }
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { position, subject, fault } = &*self.0;
        write!(f, "{position}: `{subject}`")?;
        match fault {
            Fault::NoTable { nearest: Some(near) } => write!(f, ": there is no such table; did you mean `{near}`?"),
            Fault::NoTable { nearest: None } => f.write_str(": there is no such table; correct the name"),
            Fault::Label(_) => f.write_str(": no row is found by this label; see the cause"),
            Fault::Gone => {
                f.write_str(": the row that had the label is not there any more; read it before it is deleted")
            }
            Fault::Sql(_) => f.write_str(": SQLite refused this; see the cause"),
            Fault::Value { row, refused: Refused { column: Some(column), message } } => write!(
                f,
                ", row {row}, column `{column}`: {message}; select what the field is, or give the field this type"
            ),
            Fault::Value { row, refused: Refused { column: None, message } } => {
                write!(f, ", row {row}: {message}; select what the type has, or change the type")
            }
        }
    }
}

crate::position::debug_is_chain!(RowError);

impl Error for RowError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.fault {
            Fault::Label(source) => Some(source),
            Fault::Sql(source) => Some(source),
            _ => None,
        }
    }
}
