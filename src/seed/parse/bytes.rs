//! Bytes in text: `x'00ff'` as in SQL, `0x00ff`, or base64.

use crate::seed::error::kind::SeedErrorKind;

/// The prefix of a text in base64.
pub(crate) const BASE64: &str = "BASE64=";

/// The bytes of `x'00ff'`; `None` for any other text.
pub(crate) fn from_literal(text: &str) -> Option<Result<Vec<u8>, SeedErrorKind>> {
    text.strip_prefix(['x', 'X'])?.strip_prefix('\'')?.strip_suffix('\'').map(from_hex_digits)
}

/// The bytes of `0x00ff`, likewise.
pub(crate) fn from_hexadecimal(text: &str) -> Option<Result<Vec<u8>, SeedErrorKind>> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| from_hex_digits(digits))
}

/// The bytes of hexadecimal digits.
pub(crate) fn from_hex_digits(digits: &str) -> Result<Vec<u8>, SeedErrorKind> {
    let value = |digit: &u8| char::from(*digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(value(high)? << 4 | value(low)?),
            _ => None,
        })
        .collect::<Option<_>>()
        .ok_or(SeedErrorKind::invalid("bytes are x'…' with two hexadecimal digits each"))
}

/// The bytes of base64; white space is ignored.
#[cfg(feature = "base64")]
pub(crate) fn decode_base64(text: &str) -> Result<Vec<u8>, SeedErrorKind> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let text: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(text).map_err(|_| SeedErrorKind::invalid("base64 has only its own alphabet, and its padding"))
}

#[cfg(not(feature = "base64"))]
pub(crate) fn decode_base64(_: &str) -> Result<Vec<u8>, SeedErrorKind> {
    Err(SeedErrorKind::MissingFeature { what: "a value in base64", feature: "base64" })
}
