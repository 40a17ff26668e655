//! How a column stores a value of a seed file.

use crate::seed::error::kind::SeedErrorKind;
use crate::seed::files::text::Source;
use crate::seed::parse::bytes::{BASE64, decode_base64, from_hexadecimal, from_literal};
use crate::seed::parse::scalar::Scalar;
use crate::seed::parse::value::Node;
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
        Node::Plain(text, meaning) => match meaning.stored(text, affinity)? {
            Some(value) => Ok(value),
            None => stored_text(affinity, text, source),
        },
        Node::Scalar(Scalar::Text(text)) => stored_text(affinity, text, source),
        Node::Sql(_) | Node::File(_) => Err(SeedErrorKind::invalid("neither a SQL expression nor a file is a key")),
        Node::Scalar(scalar) => Ok(scalar.clone()),
        Node::Label { label, .. } => Ok(Scalar::Text(Cow::Borrowed(label))),
        Node::List(items) if affinity == Affinity::Bytes => {
            let byte = |node: &Node<'_>| match node {
                Node::Scalar(Scalar::Integer(integer)) => u8::try_from(*integer).ok(),
                Node::Plain(text, meaning) => match meaning.stored(text, Affinity::Number) {
                    Ok(Some(Scalar::Integer(integer))) => u8::try_from(integer).ok(),
                    _ => None,
                },
                _ => None,
            };
            let bytes: Option<Vec<_>> = items.iter().map(|item| byte(&item.value)).collect();
            bytes.map_or_else(|| json(node), |bytes| Ok(Scalar::Bytes(bytes.into())))
        }
        nested => json(nested),
    }
}

fn stored_text<'n>(affinity: Affinity, text: &'n str, source: &Source) -> Result<Scalar<'n>, SeedErrorKind> {
    if source.is_code() {
        return Ok(Scalar::Text(Cow::Borrowed(text)));
    }
    if let Some(encoded) = text.strip_prefix(BASE64) {
        return decode_base64(encoded).map(|bytes| Scalar::Bytes(bytes.into()));
    }
    if affinity == Affinity::Bytes {
        let bytes = from_literal(text).or_else(|| from_hexadecimal(text)).transpose()?;
        return Ok(bytes.map_or(Scalar::Text(Cow::Borrowed(text)), |bytes| Scalar::Bytes(bytes.into())));
    }
    Ok(affinity.boolean(text).map_or(Scalar::Text(Cow::Borrowed(text)), Scalar::Boolean))
}

/// The contents of a file as a column stores them: as text in a text column, as bytes in any other.
pub(crate) fn contents(affinity: Affinity, bytes: Vec<u8>) -> Result<Scalar<'static>, SeedErrorKind> {
    if affinity != Affinity::Text {
        return Ok(Scalar::Bytes(bytes.into()));
    }
    let text = String::from_utf8(bytes).map_err(|_| SeedErrorKind::invalid("a file for a text column is UTF-8"))?;
    Ok(Scalar::Text(text.into()))
}
