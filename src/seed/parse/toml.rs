//! Seed files in [TOML](https://toml.io/en/v1.0.0).

use super::scalar::Scalar;
use super::value::{Field, Node};
use crate::position::sort_by;
use crate::seed::error::SeedError;
use crate::seed::error::kind::SeedErrorKind;
use crate::seed::files::format::Format;
use crate::seed::files::text::{DEPTH, Source, Spanned, Spot};

use ::toml::{
    Spanned as TomlSpanned,
    de::{DeTable, DeValue},
};
use std::borrow::Cow;

/// Parses a document, with the place of every key and value. Dates and times are texts as they are written; TOML has no null.
pub(crate) fn parse(source: &Source) -> Result<Spanned<Node<'_>>, SeedError> {
    let document = DeTable::parse(source.text()).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let fault = SeedErrorKind::Syntax { format: Format::Toml.name(), message: error.message().to_owned() };
        SeedError::new(fault).at(source.place(Spot::offset(at)))
    })?;
    Ok(Spanned::new(table(source, document.into_inner(), 0)?, Spot::START))
}

fn table<'s>(source: &Source, table: DeTable<'s>, depth: usize) -> Result<Node<'s>, SeedError> {
    // The parser sorts by name; this is the order of the file.
    let mut entries: Vec<(TomlSpanned<Cow<'s, str>>, TomlSpanned<DeValue<'s>>)> = table.into_iter().collect();
    sort_by(&mut entries, |(one, _), (other, _)| one.span().start.cmp(&other.span().start));
    let field = |(key, value): (TomlSpanned<Cow<'s, str>>, TomlSpanned<DeValue<'s>>)| -> Result<Field<'s>, SeedError> {
        let spot = Spot::offset(key.span().start);
        Ok((Spanned::new(key.into_inner(), spot), node(source, value, depth + 1)?))
    };
    Ok(Node::Map(entries.into_iter().map(field).collect::<Result<_, _>>()?))
}

fn node<'s>(source: &Source, value: TomlSpanned<DeValue<'s>>, depth: usize) -> Result<Spanned<Node<'s>>, SeedError> {
    let span = value.span();
    let spot = Spot::offset(span.start);
    let fault = |fault| SeedError::new(fault).at(source.place(spot));
    if depth > DEPTH {
        return Err(fault(SeedErrorKind::TooDeep));
    }
    let found = match value.into_inner() {
        DeValue::String(text) => Node::text(text),
        DeValue::Integer(integer) => {
            let number = i64::from_str_radix(integer.as_str(), integer.radix());
            let rule = "an integer has at most 64 bits; quote it to keep it as text";
            Node::Scalar(Scalar::Integer(number.map_err(|_| fault(SeedErrorKind::invalid(rule)))?))
        }
        DeValue::Float(float) => {
            let number = float.as_str().parse().ok().filter(|number: &f64| !number.is_nan());
            let rule = "SQLite cannot store NaN; leave the field out for NULL";
            Node::Scalar(Scalar::Real(number.ok_or_else(|| fault(SeedErrorKind::invalid(rule)))?))
        }
        DeValue::Boolean(boolean) => Node::Scalar(Scalar::Boolean(boolean)),
        DeValue::Datetime(datetime) => {
            Node::text(source.text().get(span).map_or_else(|| datetime.to_string(), str::to_owned))
        }
        DeValue::Array(items) => {
            Node::List(items.into_iter().map(|item| node(source, item, depth + 1)).collect::<Result<_, _>>()?)
        }
        DeValue::Table(fields) => table(source, fields, depth)?,
    };
    Ok(Spanned::new(found, spot))
}
