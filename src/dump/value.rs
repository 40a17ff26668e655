//! Converts a value of the database to one that a seed file reads as the same.

use crate::sqlite::{affinity::Affinity, quote::literal};
use rusqlite::{Connection, Statement, types::ValueRef};

/// A value of the database. Texts may be invalid UTF-8.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum StoredValue {
    Null,
    Integer(i64),
    Real(f64),
    /// A number whose digits SQLite would read as another number, as an expression.
    Exact(String),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl StoredValue {
    /// The value as an SQL expression.
    pub(super) fn sql(&self) -> String {
        literal(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(integer) => ValueRef::Integer(*integer),
            Self::Real(real) => ValueRef::Real(*real),
            Self::Exact(expression) => return expression.clone(),
            Self::Text(text) => ValueRef::Text(text),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        })
    }
}

/// Reads values, and finds the numbers that this version of SQLite would not read back from their digits.
pub(super) struct ValueReader<'c>(Statement<'c>);

impl<'c> ValueReader<'c> {
    pub(super) fn new(connection: &'c Connection) -> rusqlite::Result<Self> {
        connection.prepare("SELECT CAST(?1 AS REAL) IS ?2").map(Self)
    }

    pub(super) fn read(&mut self, value: ValueRef<'_>) -> rusqlite::Result<StoredValue> {
        Ok(match value {
            ValueRef::Null => StoredValue::Null,
            ValueRef::Integer(integer) => StoredValue::Integer(integer),
            ValueRef::Real(real) if !real.is_finite() => StoredValue::Real(real),
            ValueRef::Real(real) => {
                let is_exact = self.0.query_row((literal(value), real), |row| row.get(0))?;
                if is_exact { StoredValue::Real(real) } else { StoredValue::Exact(exact(real)) }
            }
            ValueRef::Text(text) => StoredValue::Text(text.to_vec()),
            ValueRef::Blob(bytes) => StoredValue::Blob(bytes.to_vec()),
        })
    }
}

/// A finite number as an integer multiplied or divided by powers of two, without rounding.
fn exact(real: f64) -> String {
    const MANTISSA: i64 = 52;
    /// The largest power of two that is an integer of SQLite's.
    const MAX_SHIFT: i64 = 62;
    let bits = real.abs().to_bits();
    let (exponent, fraction) = ((bits >> MANTISSA).cast_signed(), bits & ((1 << MANTISSA) - 1));
    // A subnormal number has no leading one.
    let (mantissa, mut exponent) = if exponent == 0 { (fraction, 1) } else { (fraction | 1 << MANTISSA, exponent) };
    exponent -= 1023 + MANTISSA;
    let sign = if real.is_sign_negative() { "-" } else { "" };
    let mut text = format!("CAST({sign}{mantissa} AS REAL)");
    let operator = if exponent < 0 { "/" } else { "*" };
    let mut left = exponent.abs();
    while left > 0 {
        let step = left.min(MAX_SHIFT);
        text += &format!(" {operator} CAST({} AS REAL)", 1_i64 << step);
        left -= step;
    }
    text
}

/// A value of a seed file, before it is formatted.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SeedValue {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
}

/// The value of a seed file for a column of this affinity, in a format that has numbers or only texts.
pub(super) fn seed_value(value: &StoredValue, affinity: Affinity, only_texts: bool) -> SeedValue {
    let computed = || SeedValue::Text(format!("RAW={}", value.sql()));
    match value {
        StoredValue::Null => SeedValue::Null,
        // Only a numeric column converts a text back to a number.
        StoredValue::Integer(_) | StoredValue::Real(_) if only_texts && !affinity.has_numbers() => computed(),
        StoredValue::Integer(integer) => SeedValue::Integer(*integer),
        StoredValue::Real(real) if real.is_infinite() => computed(),
        StoredValue::Real(real) => SeedValue::Real(*real),
        StoredValue::Blob(_) if affinity == Affinity::Bytes => SeedValue::Text(value.sql()),
        StoredValue::Exact(_) | StoredValue::Blob(_) => computed(),
        StoredValue::Text(bytes) => match str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') && !is_special(text, affinity) => SeedValue::Text(text.to_owned()),
            _ => computed(),
        },
    }
}

/// Whether a seed file would read a text as another value.
fn is_special(text: &str, affinity: Affinity) -> bool {
    let is_bytes = |prefix: &str| text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    ["RAW=", "FILE=", "BASE64="].iter().any(|prefix| text.starts_with(prefix))
        || affinity.boolean(text).is_some()
        || affinity == Affinity::Bytes && (is_bytes("x'") || is_bytes("0x"))
}

#[cfg(test)]
#[path = "../../tests/unit/dump_value.rs"]
mod tests;
