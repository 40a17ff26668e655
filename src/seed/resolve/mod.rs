//! Labels become keys.
//!
//! A labelled row that does not give its key gets one from its label: the id that Rails computes for a key of numbers,
//! the label itself for a key of texts. A text in a foreign-key column becomes the key of the row it labels, unless it is
//! itself a key of the table that is pointed at. A table without a key, or with a composite one, has labels that name
//! rows in messages only.

pub(crate) mod columns;
pub(crate) mod computed;
mod references;
pub(crate) mod value;

use super::{
    dialect::rails,
    error::{
        SeedError,
        collect::{Collector, MOST},
        kind::SeedErrorKind,
    },
    files::sidecar,
    parse::value::{Node, Row, Scalar, natural_key},
    schema::{Column, Table, Tables},
};
use crate::{
    labels::{Key, Labels, label_id},
    sqlite::affinity::Affinity,
};
use columns::{Layout, MadeKey, Pointer};
use computed::{Computed, evaluate};
use references::Prefers;
use rusqlite::Connection;
use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap, HashSet, btree_map::Entry},
    rc::Rc,
};
use value::{contents, stored};

/// Everything that a label in these rows can mean.
pub(crate) struct Resolver<'r> {
    pub connection: &'r Connection,
    pub tables: &'r Tables<'r>,
    /// Labels that were loaded before.
    pub known: &'r Labels,
    /// The rows of each table in these files, its name in small letters.
    pub given: BTreeMap<String, Given<'r>>,
    pub keys: RefCell<HashMap<(String, usize), Keys>>,
    /// How many more times a name is suggested: each is a look at all labels.
    pub suggestions: Cell<usize>,
}

/// Keys as texts.
pub(crate) type Keys = Rc<HashSet<String>>;

/// The rows of one table in these files.
#[derive(Default)]
pub(crate) struct Given<'r> {
    pub labels: BTreeMap<&'r str, &'r Row<'r>>,
    pub rows: Vec<&'r [Row<'r>]>,
}

impl<'r> Resolver<'r> {
    pub(crate) fn new(
        connection: &'r Connection,
        tables: &'r Tables<'r>,
        known: &'r Labels,
        rows: impl IntoIterator<Item = (&'r str, &'r [Row<'r>])>,
        errors: &mut Collector,
    ) -> Self {
        let mut given: BTreeMap<String, Given<'r>> = BTreeMap::new();
        for (table, rows) in rows {
            let of_table = given.entry(table.to_ascii_lowercase()).or_default();
            of_table.rows.push(rows);
            for row in rows {
                let Some(label) = &row.label else { continue };
                match of_table.labels.entry(&label.value) {
                    Entry::Vacant(entry) => {
                        entry.insert(row);
                    }
                    Entry::Occupied(entry) => {
                        let first = entry.get();
                        let spot = first.label.as_ref().map_or(first.spot, |label| label.spot);
                        let fault = SeedErrorKind::DuplicateLabel { first: first.source.position(spot) };
                        let error = SeedError::new(fault).at(row.source.place(label.spot));
                        errors.push(error.in_table(table).in_row(Some(&label.value)));
                    }
                }
            }
        }
        Self { connection, tables, known, given, keys: RefCell::default(), suggestions: Cell::new(MOST) }
    }

    /// Whether another row has the label of this one, which has been told of.
    pub(crate) fn is_duplicate(&self, table: &Table, row: &Row<'_>) -> bool {
        let Some(label) = &row.label else { return false };
        let of_table = self.given.get(&table.name.to_ascii_lowercase());
        let first = of_table.and_then(|of_table| of_table.labels.get(&*label.value));
        first.is_some_and(|first| !std::ptr::eq(*first, row))
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
            let held = self.column_value(table, layout.columns[number], layout.pointers[number], row, &value.value);
            values.push(held.map_err(|error| error.at(row.source.place(value.spot)).in_column(&*name.value))?);
        }
        values.extend(layout.made.iter().cloned());
        if let (Some(key), Some(label)) = (table.key, &row.label) {
            let made = || made_key(table, key, &label.value).map_err(|error| error.at(row.source.place(label.spot)));
            match layout.key {
                MadeKey::Last => values.push(made()?),
                // A key that is NULL is none.
                MadeKey::Field(at) if values[at] == Scalar::Null => values[at] = made()?,
                MadeKey::Field(_) | MadeKey::None => {}
            }
        }
        Ok(values)
    }

    /// What a column holds for a value of a row.
    fn column_value<'n>(
        &self,
        table: &Table,
        column: usize,
        pointer: Pointer,
        row: &Row<'_>,
        node: &'n Node<'_>,
    ) -> Result<Scalar<'n>, SeedError> {
        let Column { affinity, name, .. } = &table.columns[column];
        let points = !matches!(pointer, Pointer::Nothing | Pointer::UntypedReference);
        let held = match (node, Computed::parse(node), row.source.folder()) {
            (Node::Label { label, of }, ..) => return self.labelled(table, pointer, of, label),
            (_, Some(Computed::Sql(sql)), _) => evaluate(self.connection, sql).map(Scalar::from)?,
            (_, Some(Computed::File(name)), Some(folder)) => {
                let bytes = sidecar::read(folder, name).map_err(SeedError::new)?;
                return contents(*affinity, bytes).map_err(SeedError::new);
            }
            (Node::Scalar(Scalar::Text(text)), None, _) if rails::with_label(text, row).is_some() => {
                Scalar::Text(rails::with_label(text, row).unwrap_or_default().into())
            }
            // The natural key of a row, which is its label.
            (Node::List(parts), ..) if points => match natural_key(parts) {
                Some(key) => Scalar::Text(key.into()),
                None => stored(*affinity, node).map_err(SeedError::new)?,
            },
            _ => stored(*affinity, node).map_err(SeedError::new)?,
        };
        let number;
        let text: &str = match &held {
            Scalar::Text(text) => text,
            // In Rails `1` is the label of a row, as any other.
            Scalar::Integer(integer) if pointer.is_association() => {
                number = integer.to_string();
                &number
            }
            _ => return Ok(held),
        };
        // Ruby writes `:alice` where a text would do.
        let text = if pointer.is_association() { text.strip_prefix(':').unwrap_or(text) } else { text };
        match pointer {
            Pointer::Nothing => Ok(held),
            Pointer::Key(number) => {
                Ok(self.reference(&table.references[number], text, Prefers::Key, 0)?.unwrap_or(held))
            }
            Pointer::Association(number) => {
                Ok(self.reference(&table.references[number], text, Prefers::Label, 0)?.unwrap_or(held))
            }
            Pointer::UntypedReference => self.anywhere(name.strip_suffix("_id").unwrap_or(name), text),
        }
    }

    /// The key of the row that a label names, which nothing but a label can be.
    fn labelled(&self, table: &Table, pointer: Pointer, of: &str, label: &str) -> Result<Scalar<'static>, SeedError> {
        match pointer {
            Pointer::Key(number) | Pointer::Association(number) => {
                let reference = &table.references[number];
                let found = self.reference(reference, label, Prefers::Label, 0)?;
                Ok(found.unwrap_or_else(|| Scalar::Text(label.to_owned().into())))
            }
            Pointer::Nothing | Pointer::UntypedReference => self.anywhere(of, label),
        }
    }

    /// What the label of a row stands for.
    pub(crate) fn key(&self, table: &Table, row: &Row<'_>) -> Result<Key, SeedError> {
        let Some(label) = &row.label else { return Ok(Key::None) };
        let key =
            self.key_within(table, row, &label.value, 0).map_err(|error| error.at(row.source.place(label.spot)))?;
        Ok(key.map_or(Key::None, |key| Key::Single(key.into())))
    }

    /// A key may itself point at another table, whose key may too.
    pub(crate) fn key_within<'n>(
        &self,
        table: &Table,
        row: &'n Row<'_>,
        label: &'n str,
        depth: usize,
    ) -> Result<Option<Scalar<'n>>, SeedError> {
        const DEPTH: usize = 16;
        let Some(key) = table.key else { return Ok(None) };
        let reference = table.references.iter().find(|reference| reference.column == key);
        match (explicit_value(table, row, key)?, reference) {
            (Some(Scalar::Text(text)), Some(reference)) if depth < DEPTH => {
                Ok(Some(self.reference(reference, &text, Prefers::Key, depth + 1)?.unwrap_or(Scalar::Text(text))))
            }
            (Some(value), _) => Ok(Some(value)),
            (None, _) => made_key(table, key, label).map(Some),
        }
    }
}

/// The value that a row gives for a column, a number where the column holds numbers.
pub(crate) fn explicit_value<'n>(
    table: &Table,
    row: &'n Row<'_>,
    column: usize,
) -> Result<Option<Scalar<'n>>, SeedError> {
    let field = row.fields.iter().find(|(name, _)| table.field(&name.value) == Some(column));
    let Some((name, value)) = field else { return Ok(None) };
    let affinity = table.columns[column].affinity;
    let stored = match Computed::parse(&value.value) {
        Some(Computed::File(_)) if row.source.folder().is_none() => stored(affinity, &value.value),
        Some(_) => Err(SeedErrorKind::invalid("neither an expression of SQL nor a file is a key")),
        None => stored(affinity, &value.value),
    };
    let stored = stored.map_err(|fault| {
        let error = SeedError::new(fault).at(row.source.place(value.spot)).in_column(&*name.value);
        error.in_table(&*table.name).in_row(row.label.as_ref().map(|label| &*label.value))
    })?;
    Ok(match stored {
        Scalar::Null => None,
        Scalar::Text(text) => {
            let text = rails::with_label(&text, row).map_or(text, Cow::Owned);
            Some(match text.parse() {
                Ok(integer) if affinity.has_numbers() => Scalar::Integer(integer),
                _ => Scalar::Text(text),
            })
        }
        other => Some(other),
    })
}

/// The key that a label makes.
pub(crate) fn made_key<'n>(table: &Table, key: usize, label: &'n str) -> Result<Scalar<'n>, SeedError> {
    match table.columns[key].affinity {
        Affinity::Number | Affinity::Boolean | Affinity::None => Ok(Scalar::Integer(label_id(label))),
        Affinity::Text => Ok(Scalar::Text(label.into())),
        Affinity::Bytes => Err(SeedError::new(SeedErrorKind::NoKeyForLabel).in_column(&*table.columns[key].name)),
    }
}
