//! How the value of a seed file is stored in a column.

use super::{Fault, node::Node};
use crate::affinity::Affinity;
use rusqlite::types::Value;

/// A value as it is stored in a column of this affinity: `x'…'` in a column of bytes is bytes, as in SQL; bytes may also be a
/// list of numbers; any other nested value is JSON.
pub(super) fn stored(affinity: Affinity, node: &Node) -> Result<Value, Fault> {
    match node {
        Node::Value(Value::Text(text)) if affinity == Affinity::Bytes => {
            match literal(text).or_else(|| hexadecimal(text)) {
                Some(digits) => bytes(digits).map(Value::Blob),
                None => Ok(Value::Text(text.clone())),
            }
        }
        #[cfg(feature = "yaml")]
        Node::Sql(_) => Err(Fault::Value("an expression of SQL is no key")),
        Node::Value(value) => Ok(value.clone()),
        Node::List(items) if affinity == Affinity::Bytes => {
            let byte = |node: &Node| match node {
                Node::Value(Value::Integer(integer)) => u8::try_from(*integer).ok(),
                _ => None,
            };
            let bytes: Option<Vec<_>> = items.iter().map(|item| byte(&item.value)).collect();
            bytes.map(Value::Blob).map_or_else(|| node.to_json().map(Value::Text), Ok)
        }
        nested => nested.to_json().map(Value::Text),
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
