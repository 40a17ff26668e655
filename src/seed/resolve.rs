//! Labels become keys.
//!
//! A labelled row that does not give its key gets one from its label: the id that Rails computes for a key of numbers,
//! the label itself for a key of texts. A text in a foreign-key column becomes the key of the row it labels, unless it is
//! itself a key of the table that is pointed at. A table without a key, or with a composite one, has labels that name
//! rows in messages only.

use super::{
    Fault, SeedError, beside,
    computed::{Computed, evaluate},
    confinement::Confinement,
    keys::{self, given, made_key},
    layout::{Layout, MadeKey},
    mistakes::{MOST, Mistakes},
    node::{Node, Row, Scalar, natural_key},
    rails,
    stored::stored,
    tables::{Reference, Table, Tables, database},
};
use crate::{Labels, affinity::Affinity, error::nearest, labels::Key, quote::quoted};
use rusqlite::Connection;
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap, HashSet, btree_map::Entry},
    rc::Rc,
};

/// Everything that a label in these rows can mean.
pub(super) struct Resolver<'r> {
    connection: &'r Connection,
    tables: &'r Tables<'r>,
    /// Labels that were loaded before.
    known: &'r Labels,
    pub confinement: &'r Confinement<'r>,
    given: HashMap<String, Given<'r>>,
    keys: RefCell<HashMap<(String, usize), Keys>>,
    /// How many more times a name is suggested: each is a look at all labels.
    suggestions: Cell<usize>,
}

/// Keys as texts.
type Keys = Rc<HashSet<String>>;

/// The rows of one table in these files.
#[derive(Default)]
struct Given<'r> {
    labels: BTreeMap<&'r str, &'r Row<'r>>,
    rows: Vec<&'r [Row<'r>]>,
}

impl<'r> Resolver<'r> {
    pub(super) fn new(
        connection: &'r Connection,
        tables: &'r Tables<'r>,
        known: &'r Labels,
        confinement: &'r Confinement<'r>,
        rows: impl IntoIterator<Item = (&'r str, &'r [Row<'r>])>,
        mistakes: &mut Mistakes,
    ) -> Self {
        let mut given: HashMap<String, Given<'r>> = HashMap::new();
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
                        let fault = Fault::DuplicateLabel { first: first.source.position(spot) };
                        let error = SeedError::new(fault).at(row.source.place(label.spot));
                        mistakes.note(error.table_is(table).label_is(Some(&label.value)));
                    }
                }
            }
        }
        Self { connection, tables, known, confinement, given, keys: RefCell::default(), suggestions: Cell::new(MOST) }
    }

    /// Whether another row has the label of this one, which has been told of.
    pub(super) fn is_duplicate(&self, table: &Table, row: &Row<'_>) -> bool {
        let Some(label) = &row.label else { return false };
        let of_table = self.given.get(&table.name.to_ascii_lowercase());
        let first = of_table.and_then(|of_table| of_table.labels.get(&*label.value));
        first.is_some_and(|first| !std::ptr::eq(*first, row))
    }

    /// The values of a row, with the key that its label makes and the keys that labels in it stand for.
    pub(super) fn values<'n>(
        &self,
        table: &Table,
        layout: &Layout<'_>,
        row: &'n Row<'_>,
    ) -> Result<Vec<Scalar<'n>>, SeedError> {
        let mut values = Vec::with_capacity(layout.columns.len());
        for (number, (name, value)) in row.fields.iter().enumerate() {
            let reference = layout.references[number].map(|number| &table.references[number]);
            let affinity = table.columns[layout.columns[number]].affinity;
            let held = self.held(affinity, reference, row, &value.value);
            values.push(held.map_err(|error| error.at(row.source.place(value.spot)).column_is(&*name.value))?);
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
    fn held<'n>(
        &self,
        affinity: Affinity,
        reference: Option<&Reference>,
        row: &Row<'_>,
        node: &'n Node<'_>,
    ) -> Result<Scalar<'n>, SeedError> {
        let held = match (node, Computed::of(node), row.source.folder()) {
            (_, Some(Computed::Sql(sql)), _) => {
                evaluate(self.connection, sql, self.confinement).map(Scalar::from).map_err(SeedError::new)?
            }
            (_, Some(Computed::File(name)), Some(folder)) => {
                let held = beside::read(folder, name, affinity).map_err(SeedError::new)?;
                self.confinement.admit(held.size());
                return Ok(held);
            }
            (Node::Scalar(Scalar::Text(text)), None, _) if rails::with_label(text, row).is_some() => {
                Scalar::Text(rails::with_label(text, row).unwrap_or_default().into())
            }
            // The natural key of a row, which is its label.
            (Node::List(parts), ..) if reference.is_some() => match natural_key(parts) {
                Some(key) => Scalar::Text(key.into()),
                None => stored(affinity, node).map_err(SeedError::new)?,
            },
            _ => stored(affinity, node).map_err(SeedError::new)?,
        };
        match (reference, held) {
            (Some(reference), Scalar::Text(text)) => {
                Ok(self.reference(reference, &text, 0)?.unwrap_or(Scalar::Text(text)))
            }
            (_, held) => Ok(held),
        }
    }

    /// What the label of a row stands for.
    pub(super) fn key(&self, table: &Table, row: &Row<'_>) -> Result<Key, SeedError> {
        let Some(label) = &row.label else { return Ok(Key::None) };
        let key =
            self.key_within(table, row, &label.value, 0).map_err(|error| error.at(row.source.place(label.spot)))?;
        Ok(key.map_or(Key::None, |key| Key::Single(key.into())))
    }

    /// A key may itself point at another table, whose key may too.
    fn key_within<'n>(
        &self,
        table: &Table,
        row: &'n Row<'_>,
        label: &'n str,
        depth: usize,
    ) -> Result<Option<Scalar<'n>>, SeedError> {
        const DEPTH: usize = 16;
        let Some(key) = table.key else { return Ok(None) };
        let reference = table.references.iter().find(|reference| reference.column == key);
        match (given(table, row, key)?, reference) {
            (Some(Scalar::Text(text)), Some(reference)) if depth < DEPTH => {
                Ok(Some(self.reference(reference, &text, depth + 1)?.unwrap_or(Scalar::Text(text))))
            }
            (Some(value), _) => Ok(Some(value)),
            (None, _) => made_key(table, key, label).map(Some),
        }
    }

    /// What a text in a foreign-key column stands for, if not for itself.
    fn reference(&self, reference: &Reference, text: &str, depth: usize) -> Result<Option<Scalar<'static>>, SeedError> {
        // A parent that is not there is for the check of foreign keys to report, with the row.
        let Ok(parent) = self.tables.get(&reference.parent) else { return Ok(None) };
        let to = match &reference.to {
            Some(name) => parent.column(name),
            None => parent.key,
        };
        let Some(to) = to else { return Ok(None) };
        let number = parent.columns[to].affinity.has_ids();
        // A column that is no INTEGER may hold texts also where its affinity is that of numbers.
        let is_key = if !number || is_number(text) {
            self.is_key(&parent, to, text)?
        } else {
            self.given_keys(&parent, to)?.contains(text)
        };
        if is_key {
            return Ok(None);
        }
        let given = self.given.get(&parent.name.to_ascii_lowercase());
        if let Some((label, row)) = given.and_then(|given| given.labels.get_key_value(text)) {
            if Some(to) == parent.key
                && let Some(key) = self.key_within(&parent, row, label, depth)?
            {
                return Ok(Some(key.into_owned()));
            }
            if let Some(value) = keys::given(&parent, row, to)? {
                return Ok(Some(value.into_owned()));
            }
        }
        match self.known.get(&parent.name, text) {
            Some(Key::Single(key)) if Some(to) == parent.key => return Ok(Some(key.clone().into())),
            _ if !number || is_number(text) || self.is_key(&parent, to, text)? => return Ok(None),
            _ => {}
        }
        let labels = given.into_iter().flat_map(|given| given.labels.keys().copied());
        let nearest = self.suggestions.get().checked_sub(1).and_then(|left| {
            self.suggestions.set(left);
            nearest(text, labels.chain(self.known.of(&parent.name)))
        });
        Err(SeedError::new(Fault::UnknownLabel { parent: parent.name.clone(), nearest }).value_is(text))
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
    fn given_keys(&self, parent: &Table, to: usize) -> Result<Keys, SeedError> {
        let name = (parent.name.to_ascii_lowercase(), to);
        if let Some(keys) = self.keys.borrow().get(&name) {
            return Ok(Rc::clone(keys));
        }
        let mut keys = HashSet::new();
        let rows = self.given.get(&name.0).map_or(&[][..], |given| &given.rows);
        for row in rows.iter().copied().flatten() {
            match given(parent, row, to)? {
                Some(Scalar::Text(text)) => keys.insert(text.into_owned()),
                Some(Scalar::Integer(integer)) => keys.insert(integer.to_string()),
                _ => false,
            };
        }
        let keys = Rc::new(keys);
        self.keys.borrow_mut().insert(name, Rc::clone(&keys));
        Ok(keys)
    }
}

fn is_number(text: &str) -> bool {
    text.trim().parse::<f64>().is_ok()
}
