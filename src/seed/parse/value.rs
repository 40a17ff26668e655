//! Values and rows of seed files, before any table is known. They borrow from the text of their file where they can.

use crate::seed::error::SeedError;
use crate::seed::error::excerpt::Place;
use crate::seed::error::kind::SeedErrorKind;
use crate::seed::files::text::{Source, Spanned, Spot};
use crate::seed::parse::plain::Meaning;
use crate::seed::parse::scalar::Scalar;
use crate::sqlite::quote::literal;
use std::borrow::Cow;

/// A value of a seed file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node<'s> {
    Scalar(Scalar<'s>),
    /// A plain scalar of YAML that may not be a text.
    #[cfg_attr(not(feature = "yaml"), expect(dead_code, reason = "only YAML writes it"))]
    Plain(Cow<'s, str>, Meaning),
    /// A SQL expression that computes the value.
    Sql(Cow<'s, str>),
    /// The name of a file that holds the value.
    #[cfg_attr(not(feature = "yaml"), expect(dead_code, reason = "only YAML writes it"))]
    File(Cow<'s, str>),
    /// The label of a row, whatever else it looks like. Where the schema does not name its table, `of` may be the name.
    Label {
        label: Cow<'s, str>,
        of: Cow<'s, str>,
    },
    List(Vec<Spanned<Node<'s>>>),
    Map(Vec<Field<'s>>),
}

/// A key and its value.
pub(crate) type Field<'s> = (Spanned<Cow<'s, str>>, Spanned<Node<'s>>);

impl<'s> Node<'s> {
    pub(crate) fn text(text: impl Into<Cow<'s, str>>) -> Self {
        Self::Scalar(Scalar::Text(text.into()))
    }

    /// A text or a plain scalar, as it is written.
    pub(crate) fn into_text(self) -> Cow<'s, str> {
        match self {
            Self::Scalar(Scalar::Text(text)) | Self::Plain(text, _) | Self::Label { label: text, .. } => text,
            other => other.preview().into(),
        }
    }

    /// The kind of value, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Scalar(Scalar::Null) => "null",
            Self::Scalar(Scalar::Boolean(_)) => "a boolean",
            Self::Scalar(Scalar::Integer(_) | Scalar::Real(_)) => "a number",
            Self::Plain(_, meaning) => meaning.kind(),
            Self::Scalar(Scalar::Text(_)) => "a text",
            Self::Scalar(Scalar::Bytes(_)) => "bytes",
            Self::Sql(_) => "a SQL expression",
            Self::File(_) => "a file",
            Self::Label { .. } => "a label",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }

    /// The value as messages show it.
    pub(crate) fn preview(&self) -> String {
        const MOST: usize = 60;
        let whole = match self {
            Self::Scalar(Scalar::Text(text)) | Self::Plain(text, _) | Self::Label { label: text, .. } => {
                text.to_string()
            }
            Self::Scalar(value) => literal(value),
            nested => nested.kind().to_owned(),
        };
        match whole.char_indices().nth(MOST) {
            Some((end, _)) => format!("{}…", &whole[..end]),
            None => whole,
        }
    }

    /// The value as JSON text, the form in which nested values are stored.
    #[cfg(feature = "json")]
    pub(crate) fn to_json(&self) -> Result<String, SeedErrorKind> {
        Ok(match self {
            Self::Scalar(Scalar::Null) => "null".to_owned(),
            Self::Scalar(Scalar::Boolean(boolean)) => boolean.to_string(),
            Self::Scalar(Scalar::Integer(integer)) => integer.to_string(),
            Self::Scalar(Scalar::Real(real)) => match serde_json::Number::from_f64(*real) {
                Some(number) => number.to_string(),
                None => return Err(SeedErrorKind::invalid("JSON has no number that is not finite")),
            },
            Self::Scalar(Scalar::Text(text)) | Self::Label { label: text, .. } => quote(text),
            Self::Scalar(Scalar::Bytes(_)) => {
                return Err(SeedErrorKind::invalid(
                    "a nested value is stored as JSON, which has no bytes; write them as text",
                ));
            }
            Self::Plain(text, meaning) => match meaning.nested(text)? {
                Some(value) => Self::Scalar(value).to_json()?,
                None => quote(text),
            },
            Self::Sql(_) | Self::File(_) => {
                return Err(SeedErrorKind::invalid(
                    "neither a SQL expression nor a file can stand inside a nested value",
                ));
            }
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

    #[cfg(not(feature = "json"))]
    #[expect(clippy::unused_self, reason = "the same call in either build")]
    pub(crate) fn to_json(&self) -> Result<String, SeedErrorKind> {
        Err(SeedErrorKind::MissingFeature { what: "a nested value is stored as JSON, which", feature: "json" })
    }
}

#[cfg(feature = "json")]
fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A row of a seed file.
#[derive(Debug, Clone)]
pub(crate) struct Row<'s> {
    pub source: &'s Source,
    pub label: Option<Spanned<Cow<'s, str>>>,
    pub fields: Vec<Field<'s>>,
    pub spot: Spot,
    /// Whether Django dumped it: its label is a natural key.
    pub is_django: bool,
}

impl Row<'_> {
    /// Whether it has fields of these names, in this order.
    pub(crate) fn has_fields<'n>(&self, names: impl ExactSizeIterator<Item = &'n str>) -> bool {
        self.fields.len() == names.len() && self.fields.iter().zip(names).all(|((name, _), other)| name.value == other)
    }

    /// The names of its fields.
    pub(crate) fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.fields.iter().map(|(name, _)| &*name.value)
    }
}

/// Rows of one table.
#[derive(Debug)]
pub(crate) struct TableRows<'s> {
    pub table: String,
    pub source: &'s Source,
    /// Where the name of the table stands; `None` for that of the file.
    pub start: Option<Spot>,
    pub rows: Vec<Row<'s>>,
    /// Their share of the file, in bytes, for the progress of a load.
    pub bytes: usize,
}

impl TableRows<'_> {
    /// The place of the table's name.
    pub(crate) fn place(&self) -> Place {
        match self.start {
            Some(spot) => self.source.place(spot),
            None => self.source.position(Spot::START).into(),
        }
    }
}

/// A natural key of Django as one text, the label of its row.
pub(crate) fn natural_key(parts: &[Spanned<Node<'_>>]) -> Option<String> {
    let part = |part: &Spanned<Node<'_>>| match &part.value {
        Node::Scalar(Scalar::Text(text)) | Node::Plain(text, _) => Some(text.to_string()),
        Node::Scalar(Scalar::Integer(integer)) => Some(integer.to_string()),
        _ => None,
    };
    let parts: Option<Vec<String>> = parts.iter().map(part).collect();
    parts.filter(|parts| !parts.is_empty()).map(|parts| parts.join(", "))
}

/// The labels in a list, or in a text with commas: texts, and plain scalars that may also be keys.
///
/// # Errors
/// A value that is no label.
pub(crate) fn labels_in<'s>(labels: &Spanned<Node<'s>>, source: &Source) -> Result<Vec<Spanned<Node<'s>>>, SeedError> {
    let one = |node: &Spanned<Node<'s>>| {
        let label = match &node.value {
            Node::Scalar(Scalar::Text(text)) => Node::text(trimmed(text)),
            Node::Scalar(Scalar::Integer(integer)) => Node::text(integer.to_string()),
            Node::Plain(..) => node.value.clone(),
            other => {
                let natural = if let Node::List(parts) = other { natural_key(parts) } else { None };
                Node::text(natural.ok_or_else(|| shape(source, node.spot, LABEL_SHAPE, other))?)
            }
        };
        Ok(Spanned::new(label, node.spot))
    };
    match &labels.value {
        Node::Scalar(Scalar::Null) => Ok(Vec::new()),
        Node::List(items) => items.iter().map(one).collect(),
        Node::Plain(all, _) if !all.contains(',') => Ok(vec![one(labels)?]),
        Node::Scalar(Scalar::Text(all)) | Node::Plain(all, _) => Ok(all
            .split(',')
            .map(str::trim)
            .filter(|label| !label.is_empty())
            .map(|label| Spanned::new(Node::text(label.to_owned()), labels.spot))
            .collect()),
        _ => Ok(vec![one(labels)?]),
    }
}

/// What a label is, for messages.
pub(crate) const LABEL_SHAPE: &str = "a label: a text or a whole number";

fn trimmed<'s>(text: &Cow<'s, str>) -> Cow<'s, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

/// The column with the label of a row, in formats without another place for it.
pub(crate) const LABEL: &str = "_label";

/// A row, with its label in front of it or in its column `_label`.
pub(crate) fn row<'s>(
    source: &'s Source,
    mut label: Option<Spanned<Cow<'s, str>>>,
    item: Spanned<Node<'s>>,
) -> Result<Row<'s>, SeedError> {
    let mut fields = match item.value {
        Node::Map(fields) => fields,
        // `alice:` with nothing after it is a row of defaults.
        Node::Scalar(Scalar::Null) if label.is_some() => Vec::new(),
        other => return Err(shape(source, item.spot, "a row: a map of column -> value", &other)),
    };
    if let Some(at) = fields.iter().position(|(name, _)| name.value == LABEL) {
        let (name, value) = fields.remove(at);
        label = match value.value {
            Node::Scalar(Scalar::Text(text)) => Some(Spanned::new(text, value.spot)),
            Node::Scalar(Scalar::Null) => label,
            other => return Err(shape(source, name.spot, "a label: a text", &other)),
        };
    }
    Ok(Row { source, label, fields, spot: item.spot, is_django: false })
}

fn shape(source: &Source, spot: Spot, expected: &'static str, found: &Node<'_>) -> SeedError {
    SeedError::new(SeedErrorKind::Shape { expected, found: found.kind() }).at(source.place(spot))
}
