//! One value as SQLite stores it.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use std::borrow::Cow;

/// A value that SQLite can store.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar<'s> {
    Null,
    /// Stored as 0 or 1, and as `true` or `false` inside a nested value.
    Boolean(bool),
    Integer(i64),
    Real(f64),
    Text(Cow<'s, str>),
    Bytes(Cow<'s, [u8]>),
}

impl Scalar<'_> {
    /// The length of a text or of bytes, in bytes.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            _ => 0,
        }
    }

    pub(crate) fn into_owned(self) -> Scalar<'static> {
        match self {
            Self::Null => Scalar::Null,
            Self::Boolean(boolean) => Scalar::Boolean(boolean),
            Self::Integer(integer) => Scalar::Integer(integer),
            Self::Real(real) => Scalar::Real(real),
            Self::Text(text) => Scalar::Text(text.into_owned().into()),
            Self::Bytes(bytes) => Scalar::Bytes(bytes.into_owned().into()),
        }
    }
}

impl<'v> From<&'v Scalar<'_>> for ValueRef<'v> {
    fn from(scalar: &'v Scalar<'_>) -> Self {
        match scalar {
            Scalar::Null => Self::Null,
            Scalar::Boolean(boolean) => Self::Integer((*boolean).into()),
            Scalar::Integer(integer) => Self::Integer(*integer),
            Scalar::Real(real) => Self::Real(*real),
            Scalar::Text(text) => Self::Text(text.as_bytes()),
            Scalar::Bytes(bytes) => Self::Blob(bytes),
        }
    }
}

impl ToSql for Scalar<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.into()))
    }
}

impl From<Value> for Scalar<'_> {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Integer(integer) => Self::Integer(integer),
            Value::Real(real) => Self::Real(real),
            Value::Text(text) => Self::Text(text.into()),
            Value::Blob(bytes) => Self::Bytes(bytes.into()),
        }
    }
}
