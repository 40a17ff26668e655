//! Bytes as people write them: `x'00ff'` as in SQL, `0x00ff`, or in base64.

use crate::seed::error::kind::SeedErrorKind;

/// What a text begins with that is bytes in base64, in every format and in every column.
pub(crate) const BASE64: &str = "BASE64=";

/// Those of `x'00ff'`; `None` for what is none.
pub(crate) fn of_literal(text: &str) -> Option<Result<Vec<u8>, SeedErrorKind>> {
    text.strip_prefix(['x', 'X'])?.strip_prefix('\'')?.strip_suffix('\'').map(of_digits)
}

/// Those of `0x00ff`, likewise.
pub(crate) fn of_hexadecimal(text: &str) -> Option<Result<Vec<u8>, SeedErrorKind>> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| of_digits(digits))
}

/// Those of hexadecimal digits.
pub(crate) fn of_digits(digits: &str) -> Result<Vec<u8>, SeedErrorKind> {
    let value = |digit: &u8| char::from(*digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(value(high)? << 4 | value(low)?),
            _ => None,
        })
        .collect::<Option<_>>()
        .ok_or(SeedErrorKind::invalid("bytes are written x'…' with two hexadecimal digits each"))
}

/// Those of base64, white space passed over.
#[cfg(feature = "base64")]
pub(crate) fn of_base64(text: &str) -> Result<Vec<u8>, SeedErrorKind> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let text: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(text).map_err(|_| SeedErrorKind::invalid("bytes in base64 have its letters alone, and its padding"))
}

/// Without the `base64` feature there are none.
#[cfg(not(feature = "base64"))]
pub(crate) fn of_base64(_: &str) -> Result<Vec<u8>, SeedErrorKind> {
    Err(SeedErrorKind::MissingFeature { what: "a value in base64", feature: "base64" })
}

#[cfg(test)]
mod tests {
    use super::{of_digits, of_hexadecimal, of_literal};

    #[test]
    fn bytes_have_two_digits_each() {
        assert_eq!(of_literal("x'00Ff'").unwrap().unwrap(), [0, 255]);
        assert_eq!(of_hexadecimal("0X00ff").unwrap().unwrap(), [0, 255]);
        assert_eq!(of_digits("").unwrap(), b"");
        assert!(of_digits("0").is_err() && of_digits("zz").is_err() && of_digits("é").is_err());
        assert!(of_literal("x'00").is_none() && of_hexadecimal("0xz").is_none());
    }

    #[cfg(feature = "base64")]
    #[test]
    fn base64_is_read_with_its_padding_or_not_at_all() {
        use super::of_base64;
        assert_eq!(of_base64("aGVsbG8=").unwrap(), b"hello");
        assert_eq!(of_base64("aGVs\n bG8h").unwrap(), b"hello!");
        for wrong in ["aGVsbG8", "a", "=", "aGV*"] {
            assert!(of_base64(wrong).is_err(), "{wrong}");
        }
    }
}
