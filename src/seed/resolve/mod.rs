//! What the columns of a row store: keys for labels, and values as their columns have them.
//!
//! A label fills a key of several numeric columns with the numbers that Rails computes, but no other row can refer to that key by it.

pub(crate) mod columns;
pub(crate) mod computed;
mod keys;
pub(crate) mod value;

use super::dialect::rails;
use super::error::SeedError;
use super::error::collect::Collector;
use super::error::kind::SeedErrorKind;
use super::files::sidecar;
use super::parse::scalar::Scalar;
use super::parse::value::{LABEL_SHAPE, Node, Row, TableRows, natural_key};
use super::schema::{Column, Table, Tables};
use crate::labels::{Labels, composite_id};
use columns::{LabelKey, Layout, Pointer};
use computed::{Computed, evaluate};
use keys::{Keys, Preference, key_from_label};
use rusqlite::Connection;
use value::{contents, stored_value};

/// Finds what the columns of a row store.
pub(crate) struct Resolver<'r> {
    pub connection: &'r Connection,
    pub tables: &'r Tables<'r>,
    pub keys: Keys<'r>,
}

impl<'r> Resolver<'r> {
    /// A resolver for these rows. Two rows of a table with one label become an error.
    pub(crate) fn new(
        connection: &'r Connection,
        tables: &'r Tables<'r>,
        known: &'r Labels,
        all_rows: &[&'r TableRows<'r>],
        errors: &mut Collector,
    ) -> Self {
        Self { connection, tables, keys: Keys::new(connection, tables, known, all_rows, errors) }
    }

    /// The values of a row, with the key that its label makes and the keys that labels in it stand for.
    pub(crate) fn values<'n>(
        &self,
        table: &Table,
        layout: &Layout<'_>,
        row: &'n Row<'_>,
    ) -> Result<Vec<Scalar<'n>>, SeedError> {
        let mut values = Vec::with_capacity(layout.columns.len());
        for (number, (name, value)) in row.fields.iter().enumerate() {
            let stored = self.column_value(table, layout.columns[number], layout.pointers[number], row, &value.value);
            values.push(stored.map_err(|error| error.at(row.source.place(value.spot)).in_column(&*name.value))?);
        }
        values.extend_from_slice(&layout.defaults);
        if let Some(label) = &row.label {
            values.extend(layout.composite.iter().map(|place| Scalar::Integer(composite_id(&label.value, *place))));
        }
        if let (Some(key), Some(label)) = (table.key, &row.label) {
            let made =
                || key_from_label(table, key, &label.value).map_err(|error| error.at(row.source.place(label.spot)));
            match layout.key {
                LabelKey::Last => values.push(made()?),
                LabelKey::Field(at) if values[at] == Scalar::Null => values[at] = made()?,
                LabelKey::Field(_) | LabelKey::None => {}
            }
        }
        Ok(values)
    }

    /// What a column stores for a value of a row.
    fn column_value<'n>(
        &self,
        table: &Table,
        column: usize,
        pointer: Pointer,
        row: &Row<'_>,
        node: &'n Node<'_>,
    ) -> Result<Scalar<'n>, SeedError> {
        let Column { affinity, name, .. } = &table.columns[column];
        if let Node::Plain(text, meaning) = node
            && let Some(key) = self.keys.key_of_plain(table, pointer, name, text, *meaning)?
        {
            return Ok(key);
        }
        // A natural key is a label, no other list.
        let natural = match (node, pointer) {
            (Node::List(parts), Pointer::Key(_) | Pointer::Association(_)) => natural_key(parts),
            _ => None,
        };
        if pointer.is_association() && natural.is_none() && matches!(node, Node::Map(_) | Node::List(_)) {
            return Err(no_label(node));
        }
        let stored = match (node, Computed::parse(node, row.source), row.source.folder()) {
            (Node::Label { label, of }, ..) => return self.keys.key_of_label(table, pointer, of, label),
            (_, Some(Computed::Sql(sql)), _) => evaluate(self.connection, sql).map(Scalar::from)?,
            (_, Some(Computed::File(name)), Some(folder)) => {
                let bytes = sidecar::read(folder, name).map_err(SeedError::new)?;
                return contents(*affinity, bytes).map_err(SeedError::new);
            }
            (Node::Scalar(Scalar::Text(text)), None, _) if rails::interpolate_label(text, row).is_some() => {
                Scalar::Text(rails::interpolate_label(text, row).unwrap_or_default().into())
            }
            (Node::List(_), ..) if natural.is_some() => Scalar::Text(natural.unwrap_or_default().into()),
            _ => stored_value(*affinity, node, row.source).map_err(SeedError::new)?,
        };
        let number;
        let text: &str = match &stored {
            Scalar::Null => return Ok(stored),
            Scalar::Text(text) => text,
            // In Rails `1` is a label like any other.
            Scalar::Integer(integer) if pointer.is_association() => {
                number = integer.to_string();
                &number
            }
            _ if pointer.is_association() => return Err(no_label(node)),
            _ => return Ok(stored),
        };
        // Ruby writes `:alice` where a text would do.
        let text = if pointer.is_association() { text.strip_prefix(':').unwrap_or(text) } else { text };
        let (number, preference) = match pointer {
            Pointer::Nothing => return Ok(stored),
            Pointer::UntypedReference => return self.keys.untyped_key(name.strip_suffix("_id").unwrap_or(name), text),
            Pointer::Key(number) => (number, Preference::Key),
            Pointer::Association(number) => (number, Preference::Label),
        };
        Ok(self.keys.referenced_key(&table.references[number], text, preference, 0)?.unwrap_or(stored))
    }
}

fn no_label(node: &Node<'_>) -> SeedError {
    SeedError::new(SeedErrorKind::Shape { expected: LABEL_SHAPE, found: node.kind() })
}
