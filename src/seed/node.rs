//! What a seed file says, before any table is known.

use super::{
    Fault, SeedError,
    source::{Source, Spanned, Spot},
};
use crate::quote::literal;
use rusqlite::types::Value;
use std::sync::Arc;

/// A value of a seed file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Value(Value),
    /// An expression of SQL, whose value is meant.
    #[cfg(feature = "yaml")]
    Sql(String),
    List(Vec<Spanned<Node>>),
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
}

impl Node {
    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Value(Value::Null) => "null",
            Self::Value(Value::Integer(_) | Value::Real(_)) => "a number",
            Self::Value(Value::Text(_)) => "a text",
            Self::Value(Value::Blob(_)) => "bytes",
            #[cfg(feature = "yaml")]
            Self::Sql(_) => "an expression of SQL",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }

    /// It as messages show it.
    pub(crate) fn shown(&self) -> String {
        const MOST: usize = 60;
        let whole = match self {
            Self::Value(Value::Text(text)) => text.clone(),
            Self::Value(value) => literal(value),
            nested => nested.kind().to_owned(),
        };
        match whole.char_indices().nth(MOST) {
            Some((end, _)) => format!("{}…", &whole[..end]),
            None => whole,
        }
    }

    /// It as JSON text, which is how nested values are stored.
    #[cfg(feature = "json")]
    pub(crate) fn to_json(&self) -> Result<String, Fault> {
        Ok(match self {
            Self::Value(Value::Null) => "null".to_owned(),
            Self::Value(Value::Integer(integer)) => integer.to_string(),
            Self::Value(Value::Real(real)) => match serde_json::Number::from_f64(*real) {
                Some(number) => number.to_string(),
                None => return Err(Fault::Value("JSON has no number that is not finite")),
            },
            Self::Value(Value::Text(text)) => quote(text),
            Self::Value(Value::Blob(_)) => return Err(Fault::Value("bytes cannot stand inside a nested value")),
            #[cfg(feature = "yaml")]
            Self::Sql(_) => return Err(Fault::Value("an expression of SQL cannot stand inside a nested value")),
            Self::List(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| item.value.to_json()).collect();
                format!("[{}]", items?.join(","))
            }
            Self::Map(fields) => {
                let fields: Result<Vec<_>, _> = fields
                    .iter()
                    .map(|(key, value)| Ok(format!("{}:{}", quote(&key.value), value.value.to_json()?)))
                    .collect();
                format!("{{{}}}", fields?.join(","))
            }
        })
    }

    /// Without the `json` feature there is no nested value.
    #[cfg(not(feature = "json"))]
    #[expect(clippy::unused_self, reason = "the same call in either build")]
    pub(crate) fn to_json(&self) -> Result<String, Fault> {
        Err(Fault::Feature { what: "a nested value is stored as JSON, which", feature: "json" })
    }
}

#[cfg(feature = "json")]
fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A row as its file has it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub source: Arc<Source>,
    pub label: Option<Spanned<String>>,
    pub fields: Spanned<Vec<(Spanned<String>, Spanned<Node>)>>,
}

/// A natural key as one text, which is the label of its row.
pub(crate) fn natural_key(parts: &[Spanned<Node>]) -> Option<String> {
    let part = |part: &Spanned<Node>| match &part.value {
        Node::Value(Value::Text(text)) => Some(text.clone()),
        Node::Value(Value::Integer(integer)) => Some(integer.to_string()),
        _ => None,
    };
    let parts: Option<Vec<String>> = parts.iter().map(part).collect();
    parts.filter(|parts| !parts.is_empty()).map(|parts| parts.join(", "))
}

/// The column that holds a row's label where the format has no other place for it.
pub(crate) const LABEL: &str = "_label";

/// A row, with the label that stands before it or in it.
pub(crate) fn row(
    source: &Arc<Source>,
    mut label: Option<Spanned<String>>,
    item: Spanned<Node>,
) -> Result<Row, SeedError> {
    let mut fields = match item.value {
        Node::Map(fields) => fields,
        // `alice:` with nothing after it is a row of defaults.
        Node::Value(Value::Null) if label.is_some() => Vec::new(),
        other => return Err(shape(source, item.spot, "a row: a map of column -> value", &other)),
    };
    if let Some(at) = fields.iter().position(|(name, _)| name.value == LABEL) {
        let (name, value) = fields.remove(at);
        label = match value.value {
            Node::Value(Value::Text(text)) => Some(Spanned::new(text, value.spot)),
            Node::Value(Value::Null) => label,
            other => return Err(shape(source, name.spot, "a label: a text", &other)),
        };
    }
    Ok(Row { source: Arc::clone(source), label, fields: Spanned::new(fields, item.spot) })
}

fn shape(source: &Source, spot: Spot, expected: &'static str, found: &Node) -> SeedError {
    SeedError::new(Fault::Shape { expected, found: found.kind() }).at(source.place(spot))
}
