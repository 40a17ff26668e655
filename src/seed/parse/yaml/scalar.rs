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

fn number(text: &str) -> Result<Option<Scalar<'static>>, SeedErrorKind> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return Ok(None);
    }
    let based = |prefix, radix| {
        text.strip_prefix(prefix)
            .filter(|digits| !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix)))
            .map(|digits| i64::from_str_radix(digits, radix))
    };
    let integer = if digits.bytes().all(|byte| byte.is_ascii_digit()) { Some(text.parse()) } else { based("0o", 8) };
    match integer {
        Some(integer) => {
            let rule = "an integer has at most 64 bits; quote it to keep it as text";
            Ok(Some(Scalar::Integer(integer.map_err(|_| SeedErrorKind::invalid(rule))?)))
        }
        None if is_float(digits) => Ok(text.parse().ok().map(Scalar::Real)),
        None => Ok(None),
    }
}

/// Whether unsigned digits are a float: `1.5`, `.5`, `1e3`, not `inf` or a version like `1.2.3`.
fn is_float(digits: &str) -> bool {
    digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
}
