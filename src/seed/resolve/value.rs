//! How a column stores a value of a seed file.

use crate::seed::error::kind::SeedErrorKind;
use crate::seed::files::text::Source;
use crate::seed::parse::bytes::{BASE64, decode_base64, from_hex_digits, from_hexadecimal, from_literal};
use crate::seed::parse::value::{Node, Scalar};
use crate::sqlite::affinity::Affinity;
use std::borrow::Cow;

/// A value as a column of this affinity stores it: `x'…'` in a column of bytes is bytes, as in SQL, and so is a list of numbers;
/// any other nested value is JSON. A scalar from code is stored as it is.
pub(crate) fn stored_value<'n>(
    affinity: Affinity,
    node: &'n Node<'_>,
    source: &Source,
) -> Result<Scalar<'n>, SeedErrorKind> {
    let json = |nested: &Node<'_>| nested.to_json().map(|json| Scalar::Text(json.into()));
    match node {
        Node::Scalar(Scalar::Text(text)) if source.is_code() => Ok(Scalar::Text(Cow::Borrowed(text))),
        Node::Scalar(Scalar::Text(text)) if text.starts_with(BASE64) => {
            decode_base64(&text[BASE64.len()..]).map(|bytes| Scalar::Bytes(bytes.into()))
        }
        Node::Scalar(Scalar::Text(text)) if affinity == Affinity::Bytes => {
            let bytes = from_literal(text).or_else(|| from_hexadecimal(text)).transpose()?;
            Ok(bytes.map_or(Scalar::Text(Cow::Borrowed(text)), |bytes| Scalar::Bytes(bytes.into())))
        }
        Node::Scalar(Scalar::Text(text)) => Ok(match affinity.boolean(text) {
            Some(boolean) => Scalar::Boolean(boolean),
            None => Scalar::Text(Cow::Borrowed(text)),
        }),
        Node::Hexadecimal(text) => {
            let digits = text.get(2..).unwrap_or_default();
            if affinity == Affinity::Bytes {
                return from_hex_digits(digits).map(|bytes| Scalar::Bytes(bytes.into()));
            }
            // More digits than an integer has.
            if digits.len() > 16 {
                return Ok(Scalar::Text(Cow::Borrowed(text)));
            }
            let integer = i64::from_str_radix(digits, 16);
            let rule = "an integer has at most 64 bits; quote it to keep it as text";
            integer.map(Scalar::Integer).map_err(|_| SeedErrorKind::invalid(rule))
        }
        Node::Sql(_) | Node::File(_) => Err(SeedErrorKind::invalid("neither a SQL expression nor a file is a key")),
        Node::Scalar(scalar) => Ok(scalar.clone()),
        Node::Label { label, .. } => Ok(Scalar::Text(Cow::Borrowed(label))),
        Node::List(items) if affinity == Affinity::Bytes => {
            let byte = |node: &Node<'_>| match node {
                Node::Scalar(Scalar::Integer(integer)) => u8::try_from(*integer).ok(),
                _ => None,
            };
            let bytes: Option<Vec<_>> = items.iter().map(|item| byte(&item.value)).collect();
            bytes.map_or_else(|| json(node), |bytes| Ok(Scalar::Bytes(bytes.into())))
        }
        nested => json(nested),
    }
}

/// The contents of a file as a column stores them: as text in a text column, as bytes in any other.
pub(crate) fn contents(affinity: Affinity, bytes: Vec<u8>) -> Result<Scalar<'static>, SeedErrorKind> {
    if affinity != Affinity::Text {
        return Ok(Scalar::Bytes(bytes.into()));
    }
    let text = String::from_utf8(bytes).map_err(|_| SeedErrorKind::invalid("a file for a text column is UTF-8"))?;
    Ok(Scalar::Text(text.into()))
}
