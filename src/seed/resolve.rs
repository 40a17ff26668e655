//! Labels become keys.
//!
//! A labelled row that does not give its key gets one from its label: the id that Rails computes for a key of numbers,
//! the label itself for a key of texts. A text in a foreign-key column becomes the key of the row it labels, unless it is
//! itself a key of the table that is pointed at. A table without a key, or with a composite one, has labels that name
//! rows in messages only.

use super::{
    Fault, SeedError,
    computed::{evaluate, expression},
    mistakes::Mistakes,
    node::{Node, Row, natural_key},
    rails,
    source::Spot,
    stored::stored,
    tables::{Reference, Table, Tables, database},
};
use crate::{Labels, affinity::Affinity, error::nearest, label_id, labels::Key, quote::quoted};
use rusqlite::{Connection, types::Value};
use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap, HashSet, btree_map::Entry},
    rc::Rc,
};

/// A row as it goes into its table: the columns that are given, and their values.
pub(super) struct Resolved {
    pub columns: Vec<usize>,
    pub values: Vec<Value>,
}

/// Everything that a label in these rows can mean.
pub(super) struct Resolver<'r> {
    connection: &'r Connection,
    tables: &'r Tables<'r>,
    /// Labels that were loaded before.
    known: &'r Labels,
    given: HashMap<String, Given<'r>>,
    keys: RefCell<HashMap<String, Rc<HashSet<String>>>>,
}

/// The rows of one table in these files.
#[derive(Default)]
struct Given<'r> {
    labels: BTreeMap<&'r str, &'r Row>,
    rows: Vec<&'r Row>,
}

impl<'r> Resolver<'r> {
    pub(super) fn new(
        connection: &'r Connection,
        tables: &'r Tables<'r>,
        known: &'r Labels,
        rows: impl IntoIterator<Item = (&'r str, &'r Row)>,
        mistakes: &mut Mistakes,
    ) -> Self {
        let mut given: HashMap<String, Given<'r>> = HashMap::new();
        for (table, row) in rows {
            let of_table = given.entry(table.to_ascii_lowercase()).or_default();
            of_table.rows.push(row);
            let Some(label) = &row.label else { continue };
            match of_table.labels.entry(&label.value) {
                Entry::Vacant(entry) => {
                    entry.insert(row);
                }
                Entry::Occupied(entry) => {
                    let first = entry.get();
                    let spot = first.label.as_ref().map_or(first.fields.spot, |label| label.spot);
                    let fault = Fault::DuplicateLabel { first: first.source.position(spot) };
                    let error = SeedError::new(fault).at(row.source.place(label.spot));
                    mistakes.note(error.table_is(table).label_is(Some(&label.value)));
                }
            }
        }
        Self { connection, tables, known, given, keys: RefCell::default() }
    }

    /// Whether another row has the label of this one, which has been told of.
    pub(super) fn is_duplicate(&self, table: &Table, row: &Row) -> bool {
        let of_table = self.given.get(&table.name.to_ascii_lowercase());
        let first = row.label.as_ref().and_then(|label| of_table?.labels.get(label.value.as_str()));
        first.is_some_and(|first| !std::ptr::eq(*first, row))
    }

    /// The columns and values of a row, with the key that its label makes and the keys that labels in it stand for.
    pub(super) fn resolve(&self, table: &Table, row: &Row) -> Result<Resolved, SeedError> {
        let mut resolved = Resolved { columns: Vec::with_capacity(row.fields.value.len() + 1), values: Vec::new() };
        let mut spots: Vec<Spot> = Vec::with_capacity(row.fields.value.len());
        for (name, value) in &row.fields.value {
            let error = |fault, spot| SeedError::new(fault).at(row.source.place(spot)).column_is(&*name.value);
            let column = table.field(&name.value).ok_or_else(|| {
                let nearest = nearest(&name.value, table.columns.iter().map(|column| &*column.name));
                error(Fault::UnknownColumn { nearest }, name.spot)
            })?;
            if let Some(first) = resolved.columns.iter().position(|given| *given == column) {
                let first = row.source.position(spots[first]);
                return Err(error(Fault::DuplicateColumn { first }, name.spot));
            }
            let reference = table.references.iter().find(|reference| reference.column == column);
            let held = match (&value.value, expression(&value.value)) {
                (_, Some(sql)) => Some(evaluate(self.connection, sql).map_err(|fault| error(fault, value.spot))?),
                // The natural key of a row, which is its label.
                (Node::List(parts), _) if reference.is_some() => natural_key(parts).map(Value::Text),
                _ => None,
            };
            let held = match held {
                Some(held) => held,
                None => {
                    stored(table.columns[column].affinity, &value.value).map_err(|fault| error(fault, value.spot))?
                }
            };
            let held = match held {
                Value::Text(text) => Value::Text(rails::with_label(&text, row).unwrap_or(text)),
                other => other,
            };
            let held = match (reference, held) {
                (Some(reference), Value::Text(text)) => self
                    .reference(reference, &text)
                    .map_err(|error| error.at(row.source.place(value.spot)).column_is(&*name.value).value_is(text))?,
                (_, held) => held,
            };
            resolved.columns.push(column);
            resolved.values.push(held);
            spots.push(name.spot);
        }
        if row.label.is_some() {
            for (number, column) in table.columns.iter().enumerate() {
                if let Some(value) = rails::made_at(column).filter(|_| !resolved.columns.contains(&number)) {
                    resolved.columns.push(number);
                    resolved.values.push(value);
                }
            }
        }
        let Some((key, label)) = table.key.zip(row.label.as_ref()) else { return Ok(resolved) };
        // A key that is NULL is none.
        if let Some(at) = resolved.columns.iter().position(|column| *column == key)
            && resolved.values[at] == Value::Null
        {
            resolved.columns.remove(at);
            resolved.values.remove(at);
        }
        if !resolved.columns.contains(&key) {
            let value = made_key(table, key, &label.value).map_err(|error| error.at(row.source.place(label.spot)))?;
            resolved.columns.push(key);
            resolved.values.push(value);
        }
        Ok(resolved)
    }

    /// What the label of a row stands for.
    pub(super) fn key(&self, table: &Table, row: &Row) -> Result<Key, SeedError> {
        self.key_within(table, row, 0)
    }

    /// A key may itself point at another table, whose key may too.
    fn key_within(&self, table: &Table, row: &Row, depth: usize) -> Result<Key, SeedError> {
        const DEPTH: usize = 16;
        let (Some(key), Some(label)) = (table.key, &row.label) else { return Ok(Key::None) };
        let reference = table.references.iter().find(|reference| reference.column == key);
        match (given(table, row, key)?, reference) {
            (Some(Value::Text(text)), Some(reference)) if depth < DEPTH => {
                self.reference_within(reference, &text, depth + 1).map(Key::Single)
            }
            (Some(value), _) => Ok(Key::Single(value)),
            (None, _) => made_key(table, key, &label.value).map(Key::Single),
        }
    }

    /// What a text in a foreign-key column stands for.
    fn reference(&self, reference: &Reference, text: &str) -> Result<Value, SeedError> {
        self.reference_within(reference, text, 0)
    }

    fn reference_within(&self, reference: &Reference, text: &str, depth: usize) -> Result<Value, SeedError> {
        let as_it_is = || Ok(Value::Text(text.to_owned()));
        // A parent that is not there is for the check of foreign keys to report, with the row.
        let Ok(parent) = self.tables.get(&reference.parent) else { return as_it_is() };
        let to = match &reference.to {
            Some(name) => parent.column(name),
            None => parent.key,
        };
        let Some(to) = to else { return as_it_is() };
        let number = parent.columns[to].affinity.has_ids();
        // A column that is no INTEGER may hold texts also where its affinity is that of numbers.
        let is_key = if !number || is_number(text) {
            self.is_key(&parent, to, text)?
        } else {
            self.given_keys(&parent, to)?.contains(text)
        };
        if is_key {
            return as_it_is();
        }
        let given = self.given.get(&parent.name.to_ascii_lowercase());
        if let Some(row) = given.and_then(|given| given.labels.get(text)) {
            if Some(to) == parent.key
                && let Key::Single(key) = self.key_within(&parent, row, depth)?
            {
                return Ok(key);
            }
            if let Some(value) = self::given(&parent, row, to)? {
                return Ok(value);
            }
        }
        match self.known.get(&parent.name, text) {
            Some(Key::Single(key)) if Some(to) == parent.key => return Ok(key.clone()),
            _ if !number || is_number(text) || self.is_key(&parent, to, text)? => return as_it_is(),
            _ => {}
        }
        let labels = given.into_iter().flat_map(|given| given.labels.keys().copied());
        let nearest = nearest(text, labels.chain(self.known.of(&parent.name)));
        Err(SeedError::new(Fault::UnknownLabel { parent: parent.name.clone(), nearest }))
    }

    /// Whether a text is a key already: one that a row of these files gives, or one in the database.
    fn is_key(&self, parent: &Table, to: usize, text: &str) -> Result<bool, SeedError> {
        if self.given_keys(parent, to)?.contains(text) {
            return Ok(true);
        }
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM main.{} WHERE {} = ?1)",
            quoted(&parent.name),
            quoted(&parent.columns[to].name)
        );
        let mut statement = self.connection.prepare(&sql).map_err(database)?;
        statement.query_row([text], |row| row.get(0)).map_err(database)
    }

    /// The keys that the rows of these files give for a column, as texts.
    fn given_keys(&self, parent: &Table, to: usize) -> Result<Rc<HashSet<String>>, SeedError> {
        let name = format!("{}.{to}", parent.name.to_ascii_lowercase());
        if let Some(keys) = self.keys.borrow().get(&name) {
            return Ok(Rc::clone(keys));
        }
        let mut keys = HashSet::new();
        let rows = self.given.get(&parent.name.to_ascii_lowercase()).map_or(&[][..], |given| &given.rows);
        for row in rows {
            match given(parent, row, to)? {
                Some(Value::Text(text)) => keys.insert(text),
                Some(Value::Integer(integer)) => keys.insert(integer.to_string()),
                _ => false,
            };
        }
        let keys = Rc::new(keys);
        self.keys.borrow_mut().insert(name, Rc::clone(&keys));
        Ok(keys)
    }
}

/// The value that a row gives for a column, a number where the column holds numbers.
fn given(table: &Table, row: &Row, column: usize) -> Result<Option<Value>, SeedError> {
    let field = row.fields.value.iter().find(|(name, _)| table.field(&name.value) == Some(column));
    let Some((name, value)) = field else { return Ok(None) };
    let affinity = table.columns[column].affinity;
    let stored = stored(affinity, &value.value)
        .map_err(|fault| SeedError::new(fault).at(row.source.place(value.spot)).column_is(&*name.value))?;
    Ok(match stored {
        Value::Null => None,
        Value::Text(text) => Some(match text.parse() {
            Ok(integer) if affinity.has_ids() => Value::Integer(integer),
            _ => Value::Text(text),
        }),
        other => Some(other),
    })
}

/// The key that a label makes.
fn made_key(table: &Table, key: usize, label: &str) -> Result<Value, SeedError> {
    match table.columns[key].affinity {
        Affinity::Number | Affinity::None => Ok(Value::Integer(label_id(label))),
        Affinity::Text => Ok(Value::Text(label.to_owned())),
        Affinity::Bytes => Err(SeedError::new(Fault::NoKeyForLabel).column_is(&*table.columns[key].name)),
    }
}

fn is_number(text: &str) -> bool {
    text.trim().parse::<f64>().is_ok()
}
