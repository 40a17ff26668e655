//! Seed files in [TOML](https://toml.io/en/v1.0.0).

use super::{
    Fault, Format, SeedError,
    node::Node,
    source::{Source, Spanned, Spot},
};
use ::toml::{
    Spanned as TomlSpanned,
    de::{DeTable, DeValue},
};
use rusqlite::types::Value;
use std::borrow::Cow;

/// How deep values may be nested; deeper than any row that a person wrote.
const DEPTH: usize = 64;

/// Reads a document, with the place of every key and value. Dates and times are texts, as they are written; there is no null.
pub(super) fn parse(source: &Source) -> Result<Spanned<Node>, SeedError> {
    let document = DeTable::parse(source.text()).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let fault = Fault::Syntax { format: Format::Toml, message: error.message().to_owned() };
        SeedError::new(fault).at(source.place(Spot::Offset(at)))
    })?;
    Ok(Spanned::new(table(source, document.get_ref(), 0)?, Spot::Offset(0)))
}

fn table(source: &Source, table: &DeTable<'_>, depth: usize) -> Result<Node, SeedError> {
    // In the order of the file: the parser has them in the order of their names.
    let mut entries: Vec<(&TomlSpanned<Cow<'_, str>>, &TomlSpanned<DeValue<'_>>)> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let field = |(key, value): (&TomlSpanned<Cow<'_, str>>, &TomlSpanned<DeValue<'_>>)| {
        let key = Spanned::new(key.get_ref().clone().into_owned(), Spot::Offset(key.span().start));
        Ok((key, node(source, value, depth + 1)?))
    };
    Ok(Node::Map(entries.into_iter().map(field).collect::<Result<_, _>>()?))
}

fn node(source: &Source, value: &TomlSpanned<DeValue<'_>>, depth: usize) -> Result<Spanned<Node>, SeedError> {
    let spot = Spot::Offset(value.span().start);
    let fault = |rule| SeedError::new(Fault::Value(rule)).at(source.place(spot));
    if depth > DEPTH {
        return Err(fault("values are nested at most 64 deep"));
    }
    let found = match value.get_ref() {
        DeValue::String(text) => Node::Value(Value::Text(text.clone().into_owned())),
        DeValue::Integer(integer) => Node::Value(Value::Integer(
            i64::from_str_radix(integer.as_str(), integer.radix())
                .map_err(|_| fault("an integer has at most 64 bits; quote it to keep it as text"))?,
        )),
        DeValue::Float(float) => {
            Node::Value(Value::Real(float.as_str().parse().map_err(|_| fault("a float is a number"))?))
        }
        DeValue::Boolean(boolean) => Node::Value(Value::Integer((*boolean).into())),
        DeValue::Datetime(datetime) => Node::Value(Value::Text(datetime.to_string())),
        DeValue::Array(items) => {
            Node::List(items.iter().map(|item| node(source, item, depth + 1)).collect::<Result<_, _>>()?)
        }
        DeValue::Table(fields) => table(source, fields, depth)?,
    };
    Ok(Spanned::new(found, spot))
}
