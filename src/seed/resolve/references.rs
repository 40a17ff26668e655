//! Which row a label means, and which key that row has.

use super::{Keys, Resolver, explicit_value};
use crate::{
    labels::Key,
    position::nearest,
    seed::{
        dialect::rails,
        error::{SeedError, kind::SeedErrorKind},
        parse::value::Scalar,
        schema::{Reference, Table},
    },
    sqlite::quote::quoted,
};
use std::{collections::HashSet, rc::Rc};

/// What a text is first where it could be either.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Prefers {
    Key,
    Label,
}

impl Resolver<'_> {
    /// What a text in a foreign-key column stands for, if not for itself.
    pub(crate) fn reference(
        &self,
        reference: &Reference,
        text: &str,
        prefers: Prefers,
        depth: usize,
    ) -> Result<Option<Scalar<'static>>, SeedError> {
        // A parent that is not there is for the check of foreign keys to report, with the row.
        let Some(parent) = self.tables.find(&reference.parent).map_err(SeedError::database)? else { return Ok(None) };
        let to = match &reference.to {
            Some(name) => parent.column(name),
            None => parent.key,
        };
        let Some(to) = to else { return Ok(None) };
        let is_of_numbers = parent.columns[to].affinity.has_ids();
        let may_be_key = !is_of_numbers || is_number(text);
        // A column that is no INTEGER may hold texts also where its affinity is that of numbers.
        let is_key = || {
            if may_be_key { self.is_key(&parent, to, text) } else { Ok(self.given_keys(&parent, to)?.contains(text)) }
        };
        if prefers == Prefers::Key && is_key()? {
            return Ok(None);
        }
        if let Some(key) = self.labelled_in(&parent, to, text, depth)? {
            return Ok(Some(key));
        }
        if may_be_key || self.is_key(&parent, to, text)? {
            return Ok(None);
        }
        Err(self.unknown(&parent, text))
    }

    /// A label that no row of a table has.
    fn unknown(&self, parent: &Table, label: &str) -> SeedError {
        let given = self.given.get(&parent.name.to_ascii_lowercase());
        let labels = given.into_iter().flat_map(|given| given.labels.keys().copied());
        let nearest = self.suggested(label, labels.chain(self.known.of(&parent.name)));
        SeedError::new(SeedErrorKind::UnknownLabel { parent: Some(parent.name.clone()), nearest }).with_value(label)
    }

    /// What the row of a table with this label holds in a column that others point at.
    fn labelled_in(
        &self,
        parent: &Table,
        to: usize,
        label: &str,
        depth: usize,
    ) -> Result<Option<Scalar<'static>>, SeedError> {
        let given_rows = self.given.get(&parent.name.to_ascii_lowercase());
        if let Some((label, row)) = given_rows.and_then(|given| given.labels.get_key_value(label)) {
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

    /// The key of the row with this label, in the table that is called like `name`, or where there is none in whichever has one.
    pub(crate) fn anywhere(&self, name: &str, label: &str) -> Result<Scalar<'static>, SeedError> {
        let named = rails::tables_of(name);
        if let Some(table) = named.iter().find_map(|candidate| self.tables.find(candidate).ok().flatten()) {
            let key = table.key.map(|key| self.labelled_in(&table, key, label, 0)).transpose()?.flatten();
            return key.ok_or_else(|| self.unknown(&table, label));
        }
        let given =
            self.given.iter().filter(|(_, given)| given.labels.contains_key(label)).map(|(table, _)| table.as_str());
        let mut tables: Vec<&str> = given.chain(self.known.anywhere(label).map(|(table, _)| table)).collect();
        tables.sort_unstable();
        tables.dedup();
        let mut keys: Vec<Scalar<'_>> = Vec::new();
        for name in &tables {
            let Some(table) = self.tables.find(name).map_err(SeedError::database)? else { continue };
            let key = table.key.map(|key| self.labelled_in(&table, key, label, 0)).transpose()?.flatten();
            keys.extend(key.filter(|key| !keys.contains(key)));
        }
        match keys.pop() {
            Some(key) if keys.is_empty() => Ok(key),
            Some(_) => {
                let tables = tables.into_iter().map(str::to_owned).collect();
                Err(SeedError::new(SeedErrorKind::AmbiguousLabel { tables }).with_value(label))
            }
            None => {
                let given = self.given.values().flat_map(|given| given.labels.keys().copied());
                let nearest = self.suggested(label, given.chain(self.known.iter().map(|(_, label, _)| label)));
                Err(SeedError::new(SeedErrorKind::UnknownLabel { parent: None, nearest }).with_value(label))
            }
        }
    }

    fn suggested<'l>(&self, label: &str, labels: impl Iterator<Item = &'l str>) -> Option<String> {
        let left = self.suggestions.get().checked_sub(1)?;
        self.suggestions.set(left);
        nearest(label, labels)
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
        let found = self.connection.prepare(&sql).and_then(|mut query| query.query_row([text], |row| row.get(0)));
        found.map_err(SeedError::database)
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
            match explicit_value(parent, row, to)? {
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
