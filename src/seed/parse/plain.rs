//! Plain scalars of YAML that may not be texts. What they are depends on the version of YAML, and on their column.
//!
//! Rails, Django and testfixtures of Go read YAML 1.1, where `0644` is octal, `0b101` is binary, underscores part digits, and `yes` is a
//! boolean; other tools read 1.2, where `1e5` is a number.

use crate::seed::error::kind::SeedErrorKind;
use crate::seed::parse::bytes::from_hex_digits;
use crate::seed::parse::scalar::Scalar;
use crate::sqlite::affinity::Affinity;

/// A value other than a text.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Value {
    Boolean(bool),
    Integer(i64),
    Real(f64),
    /// `0x` and digits: a number, or in a column of bytes those bytes.
    Hexadecimal,
    /// What only a text column can store.
    Invalid(&'static str),
}

/// Who takes a plain scalar for a value; to the others it is a text.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Version {
    All,
    /// YAML 1.1, or only Ruby.
    Old,
    /// YAML 1.2.
    New,
}

/// What a plain scalar means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Meaning {
    value: Value,
    /// Whether only one version of YAML, or Ruby, takes it for this value.
    version: Version,
}

const TOO_LARGE: &str = "an integer has at most 64 bits; quote it to keep it as text";
const NAN: &str = "SQLite cannot store NaN; leave the field out for NULL";

impl Meaning {
    /// The meaning of a plain scalar; `None` for what is NULL or a text in every version.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (value, version) = match text {
            "true" | "True" | "TRUE" => (Value::Boolean(true), Version::All),
            "false" | "False" | "FALSE" => (Value::Boolean(false), Version::All),
            "yes" | "Yes" | "YES" | "on" | "On" | "ON" => (Value::Boolean(true), Version::Old),
            "no" | "No" | "NO" | "off" | "Off" | "OFF" => (Value::Boolean(false), Version::Old),
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => (Value::Real(f64::INFINITY), Version::All),
            "-.inf" | "-.Inf" | "-.INF" => (Value::Real(f64::NEG_INFINITY), Version::All),
            ".nan" | ".NaN" | ".NAN" => (Value::Invalid(NAN), Version::All),
            other => number(other)?,
        };
        Some(Self { value, version })
    }

    /// What a column of this affinity stores; `None` for the text itself.
    pub(crate) fn stored(self, text: &str, affinity: Affinity) -> Result<Option<Scalar<'static>>, SeedErrorKind> {
        let is_text = match affinity {
            Affinity::Text => self.version != Version::All || matches!(self.value, Value::Invalid(_)),
            Affinity::Other | Affinity::None | Affinity::Bytes => self.version == Version::Old,
            Affinity::Number | Affinity::Boolean => false,
        };
        if is_text {
            return Ok(None);
        }
        Ok(Some(match self.value {
            Value::Boolean(boolean) => Scalar::Boolean(boolean),
            Value::Integer(integer) => Scalar::Integer(integer),
            Value::Real(real) => Scalar::Real(real),
            Value::Invalid(rule) => return Err(SeedErrorKind::invalid(rule)),
            Value::Hexadecimal => {
                let digits = text.trim_start_matches(['+', '-']).get(2..).unwrap_or_default();
                if affinity == Affinity::Bytes {
                    return from_hex_digits(digits).map(|bytes| Some(Scalar::Bytes(bytes.into())));
                }
                // More digits than an integer has.
                if digits.len() > 16 {
                    return Ok(None);
                }
                let sign = if text.starts_with('-') { "-" } else { "" };
                let integer = i64::from_str_radix(&format!("{sign}{digits}"), 16);
                Scalar::Integer(integer.map_err(|_| SeedErrorKind::invalid(TOO_LARGE))?)
            }
        }))
    }

    /// What it is inside a nested value, which has no column; `None` for the text itself.
    #[cfg(feature = "json")]
    pub(crate) fn nested(self, text: &str) -> Result<Option<Scalar<'static>>, SeedErrorKind> {
        self.stored(text, Affinity::None)
    }

    /// The kind of value, for messages.
    pub(crate) fn kind(self) -> &'static str {
        if matches!(self.value, Value::Boolean(_)) { "a boolean" } else { "a number" }
    }
}

/// The number that a plain scalar is, and in which versions. Digits that follow a zero without being octal are a text in 1.1, such as
/// the postcode `08540`. Ruby also has commas between digits, and signs before `0x`.
fn number(text: &str) -> Option<(Value, Version)> {
    let (sign, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (&text[..1], digits),
        None => ("", text),
    };
    if is_hexadecimal(digits) {
        return Some((Value::Hexadecimal, if sign.is_empty() { Version::All } else { Version::Old }));
    }
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = digits.as_bytes();
    let begins = is_digit(bytes.first()) || bytes.first() == Some(&b'.') && is_digit(bytes.get(1));
    let parts_digits = |at: usize| at > 0 && is_digit(bytes.get(at - 1)) && is_digit(bytes.get(at + 1));
    if !begins || !digits.match_indices(['_', ',']).all(|(at, _)| parts_digits(at)) {
        return None;
    }
    // Three digits follow each comma.
    let is_group = |part: &str| part.bytes().take_while(u8::is_ascii_digit).count() == 3;
    if !digits.split(',').skip(1).all(is_group) {
        return None;
    }
    let has_commas = digits.contains(',');
    let digits = digits.replace(['_', ','], "");
    let based = |prefix: &str, radix| {
        let digits = digits.strip_prefix(prefix)?;
        let is_number = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        is_number.then(|| i64::from_str_radix(&format!("{sign}{digits}"), radix))
    };
    if is_decimal(&digits) && digits.len() > 1 && digits.starts_with('0') && digits.contains(['8', '9']) {
        return None;
    }
    let decimal = || is_decimal(&digits).then(|| format!("{sign}{digits}").parse());
    let octal = based("0o", 8);
    // A float of YAML 1.1 has a dot, and a sign in its exponent.
    let is_old = octal.is_none()
        && (is_decimal(&digits) || digits.contains('.') || based("0b", 2).is_some())
        && digits.split_once(['e', 'E']).is_none_or(|(_, exponent)| exponent.starts_with(['+', '-']));
    let version = match (is_old, has_commas) {
        (true, false) => Version::All,
        (true, true) => Version::Old,
        (false, false) => Version::New,
        (false, true) => return None,
    };
    match octal.or_else(|| based("0b", 2)).or_else(|| based("0", 8)).or_else(decimal) {
        Some(integer) => Some((integer.map_or(Value::Invalid(TOO_LARGE), Value::Integer), version)),
        None if is_float(&digits) => {
            format!("{sign}{digits}").parse().ok().map(|real: f64| (Value::Real(real), version))
        }
        None => None,
    }
}

/// Whether a text is `0x` and digits.
fn is_hexadecimal(text: &str) -> bool {
    text.strip_prefix("0x")
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

fn is_decimal(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether unsigned digits are a float: `1.5`, `.5`, `1e3`, not `inf` or a version like `1.2.3`.
fn is_float(digits: &str) -> bool {
    digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
}

#[cfg(all(test, feature = "yaml"))]
#[path = "../../../tests/unit/seed_plain.rs"]
mod tests;
