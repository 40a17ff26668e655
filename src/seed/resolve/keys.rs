//! The labels of a load, and the keys that they stand for.
//!
//! A row has the key that it gives, or else one that its label makes: in a numeric key column the id that Rails computes, in a text key
//! column the label itself. A text in a foreign-key column becomes the key of the row with that label, unless it is itself a key of the
//! referenced table. In a table without a key of one column, a label only names the row in messages.

use super::columns::Pointer;
use super::computed::Computed;
use super::value::stored_value;
use crate::labels::{Key, Labels, label_id};
use crate::position::{nearest, sort_by};
use crate::seed::dialect::rails;
use crate::seed::error::SeedError;
use crate::seed::error::collect::{Collector, MOST};
use crate::seed::error::kind::SeedErrorKind;
use crate::seed::parse::plain::Meaning;
use crate::seed::parse::scalar::Scalar;
use crate::seed::parse::value::{Row, TableRows};
use crate::seed::schema::{Reference, Table, Tables};
use crate::sqlite::{affinity::Affinity, owned, quote::quoted};
use rusqlite::{Connection, types::ValueRef};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Knows every label of a load, and the key that it stands for.
pub(crate) struct Keys<'r> {
    connection: &'r Connection,
    tables: &'r Tables<'r>,
    /// The labels of earlier loads.
    known: &'r Labels,
    /// Whether the database was there before, perhaps with rows that had labels.
    pub fills_existing: bool,
    /// The rows of this load, by the name of their table in lower case.
    loaded: HashMap<String, LoadedRows<'r>>,
    /// How many more names are suggested: each suggestion compares all labels.
    suggestions: Cell<usize>,
}

/// The rows of one table in this load.
#[derive(Default)]
struct LoadedRows<'r> {
    labels: HashMap<&'r str, &'r Row<'r>>,
    rows: Vec<&'r [Row<'r>]>,
    /// The keys that the rows give for a column, as texts, once they are asked for.
    keys: RefCell<Vec<(usize, Rc<HashSet<String>>)>>,
}

/// What a text in a foreign-key column is first, where it could be either.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Preference {
    Key,
    Label,
}

impl<'r> Keys<'r> {
    /// The labels of these rows, and those of earlier loads. Two rows of a table with one label become an error.
    pub(crate) fn new(
        connection: &'r Connection,
        tables: &'r Tables<'r>,
        known: &'r Labels,
        all_rows: &[&'r TableRows<'r>],
        errors: &mut Collector,
    ) -> Self {
        let mut loaded: HashMap<String, LoadedRows<'r>> = HashMap::new();
        for TableRows { table, rows, .. } in all_rows {
            let of_table = loaded.entry(table.to_ascii_lowercase()).or_default();
            of_table.rows.push(rows);
            for row in rows {
                let Some(label) = &row.label else { continue };
                let first = *of_table.labels.entry(&label.value).or_insert(row);
                if !std::ptr::eq(first, row) {
                    let spot = first.label.as_ref().map_or(first.spot, |label| label.spot);
                    let kind = SeedErrorKind::DuplicateLabel { first: first.source.position(spot) };
                    let error = SeedError::new(kind).at(row.source.place(label.spot));
                    errors.push(error.in_table(table).in_row(Some(&label.value)));
                }
            }
        }
        Self { connection, tables, known, fills_existing: false, loaded, suggestions: Cell::new(MOST) }
    }

    fn loaded(&self, table: &Table) -> Option<&LoadedRows<'r>> {
        self.loaded.get(&table.name.to_ascii_lowercase())
    }

    /// Whether an earlier row has the label of this one, which is an error already.
    pub(crate) fn is_duplicate(&self, table: &Table, row: &Row<'_>) -> bool {
        let Some(label) = &row.label else { return false };
        let first = self.loaded(table).and_then(|loaded| loaded.labels.get(&*label.value));
        first.is_some_and(|first| !std::ptr::eq(*first, row))
    }

    /// The key of the row whose label looks like a number or a boolean; `None` if no row has this label.
    pub(super) fn key_of_plain(
        &self,
        table: &Table,
        pointer: Pointer,
        column: &str,
        text: &str,
        meaning: Meaning,
    ) -> Result<Option<Scalar<'static>>, SeedError> {
        let (number, is_key) = match pointer {
            Pointer::Nothing => return Ok(None),
            Pointer::UntypedReference => {
                return self.untyped_key(column.strip_suffix("_id").unwrap_or(column), text).map(Some);
            }
            Pointer::Association(number) => (number, false),
            Pointer::Key(number) => (number, true),
        };
        let reference = &table.references[number];
        let Some(parent) = self.tables.find(&reference.parent).map_err(SeedError::database)? else { return Ok(None) };
        let to = reference.to.as_ref().map_or(parent.key, |name| parent.column(name));
        let Some(to) = to.filter(|_| self.is_label(&parent, text)) else { return Ok(None) };
        let key = match meaning.stored(text, Affinity::Number) {
            Ok(Some(Scalar::Integer(integer))) => integer.to_string(),
            _ => text.to_owned(),
        };
        if is_key && self.is_key(&parent, to, &key)? {
            return Ok(None);
        }
        self.labelled_value(&parent, to, text, 0)
    }

    /// The key of the row that a label names, where a value can be nothing but a label.
    pub(super) fn key_of_label(
        &self,
        table: &Table,
        pointer: Pointer,
        of: &str,
        label: &str,
    ) -> Result<Scalar<'static>, SeedError> {
        match pointer {
            Pointer::Key(number) | Pointer::Association(number) => {
                let found = self.referenced_key(&table.references[number], label, Preference::Label, 0)?;
                Ok(found.unwrap_or_else(|| Scalar::Text(label.to_owned().into())))
            }
            Pointer::Nothing | Pointer::UntypedReference => self.untyped_key(of, label),
        }
    }

    /// The key that a text in a foreign-key column stands for; `None` where it stands for itself.
    pub(super) fn referenced_key(
        &self,
        reference: &Reference,
        text: &str,
        preference: Preference,
        depth: usize,
    ) -> Result<Option<Scalar<'static>>, SeedError> {
        // The check of foreign keys reports a parent that does not exist.
        let Some(parent) = self.tables.find(&reference.parent).map_err(SeedError::database)? else { return Ok(None) };
        let to = match &reference.to {
            Some(name) => parent.column(name),
            None => parent.key,
        };
        let Some(to) = to else { return Ok(None) };
        let may_be_key = !parent.columns[to].affinity.has_ids() || text.trim().parse::<f64>().is_ok();
        if preference == Preference::Key {
            // A numeric column may hold texts too, unless it is an INTEGER PRIMARY KEY.
            let is_key = if may_be_key {
                self.is_key(&parent, to, text)?
            } else {
                self.loaded_keys(&parent, to)?.contains(text)
            };
            if is_key {
                return Ok(None);
            }
        }
        if let Some(key) = self.labelled_value(&parent, to, text, depth)? {
            return Ok(Some(key));
        }
        if may_be_key || self.is_key(&parent, to, text)? {
            return Ok(None);
        }
        match self.earlier_id(&parent, to, text)? {
            Some(id) => Ok(Some(id)),
            None => Err(self.unknown_label(Some(&parent), text)),
        }
    }

    /// The key of the row with this label, where the schema does not name the table: in the table that is called like `name`, or
    /// if there is none, in any table.
    pub(super) fn untyped_key(&self, name: &str, label: &str) -> Result<Scalar<'static>, SeedError> {
        let key_in = |table: &Table| match table.key {
            Some(key) => self.labelled_value(table, key, label, 0),
            None => Ok(None),
        };
        for name in rails::table_names(name) {
            if let Some(table) = self.tables.find(&name).map_err(SeedError::database)? {
                if table.key.is_none() && self.is_label(&table, label) {
                    let columns = table.primary_key.iter().map(|column| table.columns[*column].name.clone());
                    let kind = SeedErrorKind::CompositeKey { table: table.name.clone(), columns: columns.collect() };
                    return Err(SeedError::new(kind).with_value(label));
                }
                let earlier = || table.key.map_or(Ok(None), |key| self.earlier_id(&table, key, label));
                return match key_in(&table)? {
                    Some(key) => Ok(key),
                    None => earlier()?.ok_or_else(|| self.unknown_label(Some(&table), label)),
                };
            }
        }
        let mut names: Vec<String> = Vec::new();
        for (table, loaded) in &self.loaded {
            if loaded.labels.contains_key(label) {
                names.push(table.clone());
            }
        }
        names.extend(self.known.anywhere(label).map(|(table, _)| table.to_owned()));
        sort_by(&mut names, String::cmp);
        names.dedup();
        let mut keys: Vec<Scalar<'_>> = Vec::new();
        for name in &names {
            let Some(table) = self.tables.find(name).map_err(SeedError::database)? else { continue };
            keys.extend(key_in(&table)?.filter(|key| !keys.contains(key)));
        }
        match keys.pop() {
            Some(key) if keys.is_empty() => Ok(key),
            Some(_) => Err(SeedError::new(SeedErrorKind::AmbiguousLabel { tables: names }).with_value(label)),
            None => Err(self.unknown_label(None, label)),
        }
    }

    /// The id that this label stands for, if a row of an earlier load has it: a database does not hold labels.
    fn earlier_id(&self, parent: &Table, to: usize, label: &str) -> Result<Option<Scalar<'static>>, SeedError> {
        let id = label_id(label);
        let may_be = self.fills_existing && Some(to) == parent.key && parent.columns[to].affinity.has_ids();
        Ok((may_be && self.is_stored(parent, to, &id.to_string())?).then_some(Scalar::Integer(id)))
    }

    /// Whether a row of the table has this label.
    fn is_label(&self, table: &Table, label: &str) -> bool {
        self.loaded(table).is_some_and(|loaded| loaded.labels.contains_key(label))
            || self.known.get(&table.name, label).is_some()
    }

    /// A label that no row has, of a table or of all.
    fn unknown_label(&self, parent: Option<&Table>, label: &str) -> SeedError {
        let mut labels: Vec<&str> = Vec::new();
        if let Some(left) = self.suggestions.get().checked_sub(1) {
            self.suggestions.set(left);
            for (name, loaded) in &self.loaded {
                if parent.is_none_or(|parent| parent.name.eq_ignore_ascii_case(name)) {
                    labels.extend(loaded.labels.keys().copied());
                }
            }
            match parent {
                Some(parent) => labels.extend(self.known.of(&parent.name)),
                None => labels.extend(self.known.iter().map(|(_, label, _)| label)),
            }
        }
        let nearest = nearest(label, &mut labels.into_iter());
        let parent = parent.map(|parent| parent.name.clone());
        SeedError::new(SeedErrorKind::UnknownLabel { parent, nearest }).with_value(label)
    }

    /// What the row with this label holds in a column that others refer to.
    fn labelled_value(
        &self,
        parent: &Table,
        to: usize,
        label: &str,
        depth: usize,
    ) -> Result<Option<Scalar<'static>>, SeedError> {
        if let Some((label, row)) = self.loaded(parent).and_then(|loaded| loaded.labels.get_key_value(label)) {
            if Some(to) == parent.key
                && let Some(key) = self.key_within(parent, row, label, depth)?
            {
                return Ok(Some(key.into_owned()));
            }
            if let Some(value) = explicit_value(parent, row, to)? {
                return Ok(Some(value.into_owned()));
            }
        }
        Ok(match self.known.get(&parent.name, label) {
            Some(Key::Single(key)) if Some(to) == parent.key => Some(key.clone().into()),
            _ => None,
        })
    }

    /// The key that the label of a row stands for.
    pub(crate) fn key(&self, table: &Table, row: &Row<'_>) -> Result<Key, SeedError> {
        let Some(label) = &row.label else { return Ok(Key::None) };
        let key = self.key_within(table, row, &label.value, 0);
        let key = key.map_err(|error| error.at(row.source.place(label.spot)))?;
        Ok(key.map_or(Key::None, |key| Key::Single(owned(ValueRef::from(&key)))))
    }

    /// Likewise: a key may itself be a reference, and the referenced key too.
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
        match (explicit_value(table, row, key)?, reference) {
            (Some(Scalar::Text(text)), Some(reference)) if depth < DEPTH => {
                let found = self.referenced_key(reference, &text, Preference::Key, depth + 1)?;
                Ok(Some(found.unwrap_or(Scalar::Text(text))))
            }
            (Some(value), _) => Ok(Some(value)),
            (None, _) => key_from_label(table, key, label).map(Some),
        }
    }

    /// Whether a text is a key: one that a row of this load gives, or one in the database.
    fn is_key(&self, parent: &Table, to: usize, text: &str) -> Result<bool, SeedError> {
        if self.loaded_keys(parent, to)?.contains(text) {
            return Ok(true);
        }
        self.is_stored(parent, to, text)
    }

    /// Whether the database has a row with this key.
    fn is_stored(&self, parent: &Table, to: usize, text: &str) -> Result<bool, SeedError> {
        let (table, column) = (quoted(&parent.name), quoted(&parent.columns[to].name));
        let sql = format!("SELECT EXISTS (SELECT 1 FROM main.{table} WHERE {column} = ?1)");
        self.connection.query_row(&sql, [text], |row| row.get(0)).map_err(SeedError::database)
    }

    /// The keys that the rows of this load give for a column, as texts.
    fn loaded_keys(&self, parent: &Table, to: usize) -> Result<Rc<HashSet<String>>, SeedError> {
        let Some(loaded) = self.loaded(parent) else { return Ok(Rc::default()) };
        if let Some((_, keys)) = loaded.keys.borrow().iter().find(|(column, _)| *column == to) {
            return Ok(Rc::clone(keys));
        }
        let mut keys = HashSet::new();
        // What SQL computes is known when the rows are in.
        let is_computed = |row: &&Row<'_>| {
            let mut fields = row.fields.iter().filter(|(name, _)| parent.field(&name.value) == Some(to));
            fields.any(|(_, value)| Computed::parse(&value.value, row.source).is_some())
        };
        for row in loaded.rows.iter().copied().flatten().filter(|row| !is_computed(row)) {
            match explicit_value(parent, row, to)? {
                Some(Scalar::Text(text)) => keys.insert(text.into_owned()),
                Some(Scalar::Integer(integer)) => keys.insert(integer.to_string()),
                _ => false,
            };
        }
        let keys = Rc::new(keys);
        loaded.keys.borrow_mut().push((to, Rc::clone(&keys)));
        Ok(keys)
    }
}

/// The value that a row gives for a column, as a number where the column holds numbers; `None` for NULL.
fn explicit_value<'n>(table: &Table, row: &'n Row<'_>, column: usize) -> Result<Option<Scalar<'n>>, SeedError> {
    let field = row.fields.iter().find(|(name, _)| table.field(&name.value) == Some(column));
    let Some((name, value)) = field else { return Ok(None) };
    let affinity = table.columns[column].affinity;
    let stored = match Computed::parse(&value.value, row.source) {
        Some(_) => Err(SeedErrorKind::invalid("neither a SQL expression nor a file is a key")),
        None => stored_value(affinity, &value.value, row.source),
    };
    let stored = stored.map_err(|kind| {
        let error = SeedError::new(kind).at(row.source.place(value.spot)).in_column(&*name.value);
        error.in_table(&*table.name).in_row(row.label.as_ref().map(|label| &*label.value))
    })?;
    Ok(match stored {
        Scalar::Null => None,
        Scalar::Text(text) => {
            let text = rails::interpolate_label(&text, row).map_or(text, Cow::Owned);
            Some(match text.parse() {
                Ok(integer) if affinity.has_numbers() => Scalar::Integer(integer),
                _ => Scalar::Text(text),
            })
        }
        other => Some(other),
    })
}

/// The key that a label makes.
pub(super) fn key_from_label<'n>(table: &Table, key: usize, label: &'n str) -> Result<Scalar<'n>, SeedError> {
    match table.columns[key].affinity {
        Affinity::Number | Affinity::Other | Affinity::Boolean | Affinity::None => Ok(Scalar::Integer(label_id(label))),
        Affinity::Text => Ok(Scalar::Text(label.into())),
        Affinity::Bytes => Err(SeedError::new(SeedErrorKind::NoKeyForLabel).in_column(&*table.columns[key].name)),
    }
}
