//! The meaning of YAML's scalars.

use crate::seed::error::kind::SeedErrorKind;
use crate::seed::parse::bytes::decode_base64;
use crate::seed::parse::plain::Meaning;
use crate::seed::parse::scalar::Scalar;
use crate::seed::parse::value::Node;
use crate::sqlite::affinity::Affinity;
use saphyr_parser::{ScalarStyle, Tag};
use std::borrow::Cow;

/// The value of a scalar, by the [core schema](https://yaml.org/spec/1.2.2/#103-core-schema) and its tag.
pub(crate) fn scalar<'a>(text: Cow<'a, str>, style: ScalarStyle, tag: Option<&Tag>) -> Result<Node<'a>, SeedErrorKind> {
    match tag.filter(|tag| tag.is_yaml_core_schema()).map(|tag| tag.suffix.as_str()) {
        Some("str") => Ok(Node::text(text)),
        Some("binary") => decode_base64(&text).map(|bytes| Node::Scalar(Scalar::Bytes(bytes.into()))),
        None if style != ScalarStyle::Plain => Ok(Node::text(text)),
        tag => Ok(match (&*text, Meaning::parse(&text)) {
            ("" | "~" | "null" | "Null" | "NULL", _) => Node::Scalar(Scalar::Null),
            // A tag asks for the value, whatever the column.
            (_, Some(meaning)) if tag.is_some() => match meaning.stored(&text, Affinity::Number)? {
                Some(value) => Node::Scalar(value),
                None => Node::text(text),
            },
            (_, Some(meaning)) => Node::Plain(text, meaning),
            (_, None) => Node::text(text),
        }),
    }
}
