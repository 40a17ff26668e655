//! Seed files in JSON.

use super::{
    Fault, Format, SeedError,
    node::Node,
    source::{Source, Spanned, Spot},
};
use rusqlite::types::Value;
use serde_core::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::fmt;

/// Reads a document, with the place of every key and value.
pub(super) fn parse(source: &Source) -> Result<Spanned<Node>, SeedError> {
    let raw = read(source, source.text())?;
    node(source, raw, 0)
}

/// Reads one value a line, as a list.
pub(super) fn parse_lines(source: &Source) -> Result<Spanned<Node>, SeedError> {
    let lines = source.text().lines().filter(|line| !line.trim().is_empty());
    let items = lines.map(|line| node(source, read(source, line)?, 1)).collect::<Result<_, _>>()?;
    Ok(Spanned::new(Node::List(items), Spot::Offset(0)))
}

/// How deep values may be nested; deeper than any row that a person wrote.
const DEPTH: usize = 64;

/// Its parts are slices of the source, so that where they stand is where they are in memory.
fn node(source: &Source, raw: &RawValue, depth: usize) -> Result<Spanned<Node>, SeedError> {
    let text = raw.get();
    let spot = Spot::Offset(offset(source, text));
    let fault = |fault| SeedError::new(fault).at(source.place(spot));
    if depth > DEPTH {
        return Err(fault(Fault::Value("values are nested at most 64 deep")));
    }
    let node = match text.as_bytes()[0] {
        b'{' => {
            let entries: Entries<'_> = read(source, text)?;
            let mut fields: Vec<(Spanned<String>, Spanned<Node>)> = Vec::with_capacity(entries.0.len());
            // Between a value and the next key there are only spaces and a comma, so the next quote opens the key.
            let mut before = offset(source, text);
            for (key, raw) in entries.0 {
                let at = before + source.text()[before..].find('"').unwrap_or(0);
                let value = node(source, raw, depth + 1)?;
                before = offset(source, raw.get()) + raw.get().len();
                fields.push((Spanned::new(key, Spot::Offset(at)), value));
            }
            Node::Map(fields)
        }
        b'[' => {
            let items: Vec<&RawValue> = read(source, text)?;
            Node::List(items.into_iter().map(|item| node(source, item, depth + 1)).collect::<Result<_, _>>()?)
        }
        b'"' => Node::Value(Value::Text(read(source, text)?)),
        b't' => Node::Value(Value::Integer(1)),
        b'f' => Node::Value(Value::Integer(0)),
        b'n' => Node::Value(Value::Null),
        _ if text.contains(['.', 'e', 'E']) => {
            // serde_json rounds some to a neighbour. It is asked about those that are none.
            let real = text.parse().ok().filter(|real: &f64| real.is_finite());
            Node::Value(Value::Real(real.map_or_else(|| read(source, text), Ok)?))
        }
        _ => Node::Value(Value::Integer(
            text.parse().map_err(|_| fault(Fault::Value("an integer has at most 64 bits")))?,
        )),
    };
    Ok(Spanned::new(node, spot))
}

fn offset(source: &Source, part: &str) -> usize {
    part.as_ptr().addr() - source.text().as_ptr().addr()
}

/// Reads a part of the source, or says where in the source it is wrong.
fn read<'a, T: Deserialize<'a>>(source: &Source, part: &'a str) -> Result<T, SeedError> {
    serde_json::from_str(part).map_err(|error| {
        let lines = part.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
        let at = offset(source, part) + lines + error.column().saturating_sub(1);
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        SeedError::new(Fault::Syntax { format: Format::Json, message: message.to_owned() })
            .at(source.place(Spot::Offset(at)))
    })
}

/// The entries of a map in the order of the file, duplicates included.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Deserialize<'a> for Entries<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'a> Visitor<'a> for Visit {
            type Value = Entries<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Visit)
    }
}
