//! What the fields of a row are in its table, worked out once for all rows that have the same.

use super::{
    Fault, SeedError,
    node::{Row, Scalar},
    rails,
    tables::Table,
};
use crate::error::nearest;

/// The columns of rows with the same fields.
pub(super) struct Layout<'r> {
    names: Vec<&'r str>,
    is_labelled: bool,
    /// A column for each field; then those that the row is given besides; then the key, if its label makes it.
    pub columns: Vec<usize>,
    /// For each field the foreign key that it is.
    pub references: Vec<Option<usize>>,
    /// What the row is given besides.
    pub made: Vec<Scalar<'static>>,
    pub key: MadeKey,
}

/// Where the key that a label makes goes.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum MadeKey {
    None,
    /// In the place of the field of this number, if that is NULL.
    Field(usize),
    Last,
}

impl<'r> Layout<'r> {
    /// That of a row.
    pub(super) fn of(table: &Table, row: &'r Row<'_>) -> Result<Self, SeedError> {
        let mut columns: Vec<usize> = Vec::with_capacity(row.fields.len() + 1);
        for (name, _) in &row.fields {
            let error = |fault| SeedError::new(fault).at(row.source.place(name.spot)).column_is(&*name.value);
            let column = table.field(&name.value).ok_or_else(|| {
                if let Some(column) = table.column(&format!("{}_id", name.value)) {
                    return error(Fault::NoForeignKey { column: table.columns[column].name.clone() });
                }
                let nearest = nearest(&name.value, table.columns.iter().map(|column| &*column.name));
                error(Fault::UnknownColumn { nearest })
            })?;
            if let Some(first) = columns.iter().position(|given| *given == column) {
                let first = row.source.position(row.fields[first].0.spot);
                return Err(error(Fault::DuplicateColumn { first }));
            }
            columns.push(column);
        }
        let reference = |column: &usize| table.references.iter().position(|reference| reference.column == *column);
        let references = columns.iter().map(reference).collect();
        let mut layout = Self {
            names: row.names().collect(),
            is_labelled: row.label.is_some(),
            columns,
            references,
            made: Vec::new(),
            key: MadeKey::None,
        };
        if layout.is_labelled {
            layout.complete(table);
        }
        Ok(layout)
    }

    /// Adds what a labelled row is given.
    fn complete(&mut self, table: &Table) {
        for (number, column) in table.columns.iter().enumerate() {
            if let Some(value) =
                rails::made_at(column).filter(|_| table.key != Some(number) && !self.columns.contains(&number))
            {
                self.columns.push(number);
                self.made.push(value);
            }
        }
        let Some(key) = table.key else { return };
        self.key = if let Some(at) = self.columns.iter().position(|column| *column == key) {
            MadeKey::Field(at)
        } else {
            self.columns.push(key);
            MadeKey::Last
        };
    }

    /// Whether a row has the same fields.
    pub(super) fn is_of(&self, row: &Row<'_>) -> bool {
        self.is_labelled == row.label.is_some() && row.has_fields(self.names.iter().copied())
    }
}
