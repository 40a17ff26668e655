//! Seed files in JSON.

use super::scalar::Scalar;
use super::value::{Field, Node};
use crate::seed::error::SeedError;
use crate::seed::error::kind::SeedErrorKind;
use crate::seed::files::format::Format;
use crate::seed::files::text::{DEPTH, Source, Spanned, Spot};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};

/// Parses a document, with the place of every key and value.
pub(crate) fn parse(source: &Source) -> Result<Spanned<Node<'_>>, SeedError> {
    node(source, source.text().trim_matches(is_space), 0)
}

/// Parses one value a line, as a list.
pub(crate) fn parse_lines(source: &Source) -> Result<Spanned<Node<'_>>, SeedError> {
    let lines = source.text().lines().map(|line| line.trim_matches(is_space)).filter(|line| !line.is_empty());
    let items = lines.map(|line| node(source, line, 1)).collect::<Result<_, _>>()?;
    Ok(Spanned::new(Node::List(items), Spot::START))
}

/// White space of JSON.
fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r')
}

/// Parses a value level by level. Its parts are slices of the source, so their addresses tell their places. Below the outermost
/// level the text is known to be valid.
fn node<'s>(source: &'s Source, text: &'s str, depth: usize) -> Result<Spanned<Node<'s>>, SeedError> {
    let spot = Spot::offset(offset(source, text));
    let fault = |fault| SeedError::new(fault).at(source.place(spot));
    if depth > DEPTH {
        return Err(fault(SeedErrorKind::TooDeep));
    }
    let node = match text.as_bytes().first() {
        Some(b'{') => {
            let entries: Entries<'_> = read(source, text)?;
            let mut fields: Vec<Field<'_>> = Vec::with_capacity(entries.0.len());
            // Between a value and the next key there are only white space and a comma.
            let mut before = offset(source, text);
            for (key, raw) in entries.0 {
                let at = before + source.text()[before..].find('"').unwrap_or(0);
                let value = node(source, raw.get(), depth + 1)?;
                before = offset(source, raw.get()) + raw.get().len();
                fields.push((Spanned::new(key.0, Spot::offset(at)), value));
            }
            Node::Map(fields)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = read(source, text)?;
            Node::List(items.into_iter().map(|item| node(source, item.get(), depth + 1)).collect::<Result<_, _>>()?)
        }
        Some(b'"') => Node::Scalar(Scalar::Text(read::<Text<'_>>(source, text)?.0)),
        _ => Node::Scalar(match text {
            "true" => Scalar::Boolean(true),
            "false" => Scalar::Boolean(false),
            "null" => Scalar::Null,
            _ if text.contains(['.', 'e', 'E']) => {
                // serde_json rounds some numbers to a neighbour; it reports those that are invalid.
                let real = text.parse().ok().filter(|real: &f64| real.is_finite());
                Scalar::Real(real.map_or_else(|| read(source, text), Ok)?)
            }
            _ => {
                let number: &RawValue = read(source, text)?;
                Scalar::Integer(number.get().parse().map_err(|_| {
                    fault(SeedErrorKind::invalid("an integer has at most 64 bits; quote it to keep it as text"))
                })?)
            }
        }),
    };
    Ok(Spanned::new(node, spot))
}

fn offset(source: &Source, part: &str) -> usize {
    part.as_ptr().addr() - source.text().as_ptr().addr()
}

/// Parses a part of the source.
fn read<'s, T: Deserialize<'s>>(source: &Source, part: &'s str) -> Result<T, SeedError> {
    serde_json::from_str(part).map_err(|error| {
        let lines = part.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
        let at = offset(source, part) + lines + error.column().saturating_sub(1);
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        SeedError::new(SeedErrorKind::Syntax { format: Format::Json.name(), message: message.to_owned() })
            .at(source.place(Spot::offset(at)))
    })
}

/// The entries of a map in their order, with duplicates.
struct Entries<'s>(Vec<(Text<'s>, &'s RawValue)>);

impl<'s> Deserialize<'s> for Entries<'s> {
    fn deserialize<D: Deserializer<'s>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'s> Visitor<'s> for Visit {
            type Value = Entries<'s>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'s>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::with_capacity(8);
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

/// A text, borrowed unless it has escapes; serde's own `Cow` is always owned.
struct Text<'s>(Cow<'s, str>);

impl<'s> Deserialize<'s> for Text<'s> {
    fn deserialize<D: Deserializer<'s>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'s> Visitor<'s> for Visit {
            type Value = Text<'s>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'s str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Visit)
    }
}
