//! One value, written so that it is read again as what it is.

use crate::sqlite::{affinity::Affinity, quote::literal};
use rusqlite::{Connection, Statement, types::ValueRef};

/// A value as SQLite holds it, also a text that is none.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Held {
    Null,
    Integer(i64),
    Real(f64),
    /// A number whose digits SQLite would read as its neighbour, as an expression.
    Exact(String),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl Held {
    /// It as the expression of SQL that it is.
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

/// Knows which numbers this SQLite reads as they are written: not each version does all.
pub(super) struct Reals<'c>(Statement<'c>);

impl<'c> Reals<'c> {
    pub(super) fn new(connection: &'c Connection) -> rusqlite::Result<Self> {
        connection.prepare("SELECT CAST(?1 AS REAL) IS ?2").map(Self)
    }

    pub(super) fn held(&mut self, value: ValueRef<'_>) -> rusqlite::Result<Held> {
        Ok(match value {
            ValueRef::Null => Held::Null,
            ValueRef::Integer(integer) => Held::Integer(integer),
            ValueRef::Real(real) if !real.is_finite() => Held::Real(real),
            ValueRef::Real(real) => {
                let is_read = self.0.query_row((literal(value), real), |row| row.get(0))?;
                if is_read { Held::Real(real) } else { Held::Exact(exact(real)) }
            }
            ValueRef::Text(text) => Held::Text(text.to_vec()),
            ValueRef::Blob(bytes) => Held::Blob(bytes.to_vec()),
        })
    }
}

/// A finite number as an integer times or by powers of two, of which none is rounded.
fn exact(real: f64) -> String {
    const MANTISSA: i64 = 52;
    const MOST: i64 = 62;
    let bits = real.abs().to_bits();
    let (exponent, rest) = ((bits >> MANTISSA).cast_signed(), bits & ((1 << MANTISSA) - 1));
    // A number that is too small for it has no leading one.
    let (mantissa, mut exponent) = if exponent == 0 { (rest, 1) } else { (rest | 1 << MANTISSA, exponent) };
    exponent -= 1023 + MANTISSA;
    let sign = if real.is_sign_negative() { "-" } else { "" };
    let mut text = format!("CAST({sign}{mantissa} AS REAL)");
    let operator = if exponent < 0 { "/" } else { "*" };
    let mut left = exponent.abs();
    while left > 0 {
        let step = left.min(MOST);
        text += &format!(" {operator} CAST({} AS REAL)", 1_i64 << step);
        left -= step;
    }
    text
}

/// A value as a seed file has it, before the format writes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Written {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
}

/// It as a value of a seed file for a column of this affinity, in a format that has numbers or only texts.
pub(super) fn written(value: &Held, affinity: Affinity, only_texts: bool) -> Written {
    let computed = || Written::Text(format!("RAW={}", value.sql()));
    match value {
        Held::Null => Written::Null,
        // A column of numbers makes a number of a text again, no other does.
        Held::Integer(_) | Held::Real(_) if only_texts && !affinity.has_numbers() => computed(),
        Held::Integer(integer) => Written::Integer(*integer),
        Held::Real(real) if real.is_infinite() => computed(),
        Held::Real(real) => Written::Real(*real),
        Held::Blob(bytes) if affinity == Affinity::Bytes => Written::Text(value.sql()),
        Held::Exact(_) | Held::Blob(_) => computed(),
        Held::Text(bytes) => match str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') && !means_more(text, affinity) => Written::Text(text.to_owned()),
            _ => computed(),
        },
    }
}

/// Whether a text would be read as something else than itself.
fn means_more(text: &str, affinity: Affinity) -> bool {
    let is_bytes = |prefix: &str| text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    ["RAW=", "FILE=", "BASE64="].iter().any(|prefix| text.starts_with(prefix))
        || affinity.boolean(text).is_some()
        || affinity == Affinity::Bytes && (is_bytes("x'") || is_bytes("0x"))
}

#[cfg(test)]
mod tests {
    use super::{Held, Written, exact, written};
    use crate::sqlite::affinity::Affinity;
    use proptest::prelude::{any, prop_assert_eq, proptest};
    use rusqlite::Connection;

    #[test]
    fn a_text_that_would_mean_more_is_computed() {
        let text = |text: &str, affinity| written(&Held::Text(text.into()), affinity, false);
        assert_eq!(text("0x00", Affinity::Text), Written::Text("0x00".into()));
        assert_eq!(text("0x00", Affinity::Bytes), Written::Text("RAW='0x00'".into()));
        assert_eq!(text("RAW=it's", Affinity::Text), Written::Text("RAW='RAW=it''s'".into()));
        assert_eq!(text("FILE=a", Affinity::Text), Written::Text("RAW='FILE=a'".into()));
        assert_eq!(text("BASE64=a", Affinity::Text), Written::Text("RAW='BASE64=a'".into()));
        assert_eq!(text("a\0b", Affinity::Text), Written::Text("RAW='a' || char(0) || 'b'".into()));
    }

    proptest! {
        #[test]
        fn an_exact_expression_is_the_number_itself(real in any::<f64>()) {
            let sql = format!("SELECT {}", exact(real));
            let read: f64 = Connection::open_in_memory().unwrap().query_row(&sql, [], |row| row.get(0)).unwrap();
            // Of the two zeros SQLite has one.
            prop_assert_eq!(read.to_bits(), (real + 0.0).to_bits(), "{}", sql);
        }
    }

    #[test]
    fn the_smallest_and_largest_numbers_are_exact() {
        let connection = Connection::open_in_memory().unwrap();
        for real in [5e-324, f64::MIN_POSITIVE, f64::MAX, f64::MIN, 1.0, -9.121_097_649_274_537e185] {
            let read: f64 = connection.query_row(&format!("SELECT {}", exact(real)), [], |row| row.get(0)).unwrap();
            assert_eq!(read.to_bits(), real.to_bits(), "{real:e}");
        }
    }

    #[test]
    fn numbers_stay_numbers_where_a_format_has_only_texts() {
        assert_eq!(written(&Held::Integer(7), Affinity::Number, true), Written::Integer(7));
        assert_eq!(written(&Held::Integer(7), Affinity::None, true), Written::Text("RAW=7".into()));
        assert_eq!(written(&Held::Integer(7), Affinity::None, false), Written::Integer(7));
    }
}
