//! How the value of a seed file is stored in a column.

use super::{
    Fault,
    node::{Node, Scalar},
};
use crate::affinity::Affinity;
use std::borrow::Cow;

/// A value as it is stored in a column of this affinity: `x'…'` in a column of bytes is bytes, as in SQL; bytes may also be a
/// list of numbers; any other nested value is JSON.
pub(super) fn stored<'n>(affinity: Affinity, node: &'n Node<'_>) -> Result<Scalar<'n>, Fault> {
    let json = |nested: &Node<'_>| nested.to_json().map(|json| Scalar::Text(json.into()));
    match node {
        Node::Scalar(Scalar::Text(text)) if affinity == Affinity::Bytes => {
            match literal(text).or_else(|| hexadecimal(text)) {
                Some(digits) => bytes(digits).map(|bytes| Scalar::Bytes(bytes.into())),
                None => Ok(Scalar::Text(Cow::Borrowed(text))),
            }
        }
        Node::Scalar(Scalar::Text(text)) => Ok(match affinity.boolean(text) {
            Some(boolean) => Scalar::Boolean(boolean),
            None => Scalar::Text(Cow::Borrowed(text)),
        }),
        #[cfg(feature = "yaml")]
        Node::Hexadecimal(text) => {
            let digits = hexadecimal(text).unwrap_or_default();
            if affinity == Affinity::Bytes {
                return bytes(digits).map(|bytes| Scalar::Bytes(bytes.into()));
            }
            // More digits than a number has.
            if digits.len() > 16 {
                return Ok(Scalar::Text(Cow::Borrowed(text)));
            }
            let integer = i64::from_str_radix(digits, 16);
            let rule = "an integer has at most 64 bits; quote it to keep it as text";
            integer.map(Scalar::Integer).map_err(|_| Fault::Value(rule))
        }
        #[cfg(feature = "yaml")]
        Node::Sql(_) | Node::File(_) => Err(Fault::Value("neither an expression of SQL nor a file is a key")),
        Node::Scalar(scalar) => Ok(scalar.by_ref()),
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

/// What stands between the quotes of `x'…'`.
fn literal(text: &str) -> Option<&str> {
    text.strip_prefix(['x', 'X'])?.strip_prefix('\'')?.strip_suffix('\'')
}

/// What stands behind `0x`, if it is nothing but digits.
fn hexadecimal(text: &str) -> Option<&str> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(digits)
}

fn bytes(digits: &str) -> Result<Vec<u8>, Fault> {
    let value = |digit: &u8| char::from(*digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(value(high)? << 4 | value(low)?),
            _ => None,
        })
        .collect::<Option<_>>()
        .ok_or(Fault::Value("bytes are written x'…' with two hexadecimal digits each"))
}
