//! The meaning of YAML's scalars.

use crate::seed::{error::kind::SeedErrorKind, parse::bytes::decode_base64, parse::value::Scalar};
use saphyr_parser::{ScalarStyle, Tag};
use std::borrow::Cow;

/// The value of a scalar, by the [core schema](https://yaml.org/spec/1.2.2/#103-core-schema) and its tag.
pub(crate) fn scalar<'a>(
    text: Cow<'a, str>,
    style: ScalarStyle,
    tag: Option<&Tag>,
) -> Result<Scalar<'a>, SeedErrorKind> {
    match tag.filter(|tag| tag.is_yaml_core_schema()).map(|tag| tag.suffix.as_str()) {
        Some("str") => Ok(Scalar::Text(text)),
        Some("binary") => decode_base64(&text).map(|bytes| Scalar::Bytes(bytes.into())),
        None if style != ScalarStyle::Plain => Ok(Scalar::Text(text)),
        _ => plain(text),
    }
}

fn plain(text: Cow<'_, str>) -> Result<Scalar<'_>, SeedErrorKind> {
    Ok(match &*text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Boolean(true),
        "false" | "False" | "FALSE" => Scalar::Boolean(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" => Scalar::Real(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Real(f64::NEG_INFINITY),
        other => number(other)?.unwrap_or(Scalar::Text(text)),
    })
}

/// Whether a plain scalar is `0x` and digits: bytes or a number, as the column decides.
pub(crate) fn hexadecimal(text: &str) -> bool {
    text.strip_prefix("0x")
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// A number as YAML 1.2 or 1.1 has it. Rails, Django and testfixtures of Go read 1.1, where `0644` is octal, `0b101` is binary, and
/// underscores part digits. Digits that follow a zero without being octal are a text there, such as the postcode `08540`.
fn number(text: &str) -> Result<Option<Scalar<'static>>, SeedErrorKind> {
    let (sign, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (&text[..1], digits),
        None => ("", text),
    };
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = digits.as_bytes();
    let begins = is_digit(bytes.first()) || bytes.first() == Some(&b'.') && is_digit(bytes.get(1));
    let parts_digits = |at: usize| at > 0 && is_digit(bytes.get(at - 1)) && is_digit(bytes.get(at + 1));
    if !begins || !digits.match_indices('_').all(|(at, _)| parts_digits(at)) {
        return Ok(None);
    }
    let digits = digits.replace('_', "");
    let based = |prefix: &str, radix| {
        let digits = digits.strip_prefix(prefix)?;
        let is_number = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        is_number.then(|| i64::from_str_radix(&format!("{sign}{digits}"), radix))
    };
    let is_decimal = digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_decimal && digits.len() > 1 && digits.starts_with('0') && digits.contains(['8', '9']) {
        return Ok(None);
    }
    let decimal = || is_decimal.then(|| format!("{sign}{digits}").parse());
    match based("0o", 8).or_else(|| based("0b", 2)).or_else(|| based("0", 8)).or_else(decimal) {
        Some(integer) => {
            let rule = "an integer has at most 64 bits; quote it to keep it as text";
            Ok(Some(Scalar::Integer(integer.map_err(|_| SeedErrorKind::invalid(rule))?)))
        }
        None if is_float(&digits) => Ok(format!("{sign}{digits}").parse().ok().map(Scalar::Real)),
        None => Ok(None),
    }
}

/// Whether unsigned digits are a float: `1.5`, `.5`, `1e3`, not `inf` or a version like `1.2.3`.
fn is_float(digits: &str) -> bool {
    digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
}
