//! Which columns the fields of a row are, worked out once for all rows with the same fields.

use crate::position::nearest;
use crate::seed::dialect::rails;
use crate::seed::error::SeedError;
use crate::seed::error::kind::SeedErrorKind;
use crate::seed::parse::scalar::Scalar;
use crate::seed::parse::value::Row;
use crate::seed::schema::Table;
use crate::sqlite::affinity::Affinity;

/// The columns of rows with the same fields.
pub(crate) struct Layout<'r> {
    names: Vec<&'r str>,
    is_labelled: bool,
    /// A column for each field; then those of `defaults`; then the key, or those of `composite`, if the label makes them.
    pub columns: Vec<usize>,
    /// What each field refers to.
    pub pointers: Vec<Pointer>,
    /// Values of further columns.
    pub defaults: Vec<Scalar<'static>>,
    /// The places in a key of several columns that the label fills.
    pub composite: Vec<usize>,
    pub key: LabelKey,
}

/// What the value of a field refers to.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Pointer {
    Nothing,
    /// A row of the table of the foreign key with this number, by its key, or else its label.
    Key(usize),
    /// Likewise, by its label, or else its key: the field is named after the association (`author` for `author_id`).
    Association(usize),
    /// A row of any table, by its label: the schema has no foreign key for the association.
    UntypedReference,
}

impl Pointer {
    /// Whether the field is named after an association.
    pub(crate) fn is_association(self) -> bool {
        matches!(self, Self::Association(_) | Self::UntypedReference)
    }
}

/// Where the key that a label makes goes.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum LabelKey {
    None,
    /// In place of the field with this number, if that is NULL.
    Field(usize),
    Last,
}

impl<'r> Layout<'r> {
    /// The layout of a row.
    pub(crate) fn new(table: &Table, row: &'r Row<'_>) -> Result<Self, SeedError> {
        let mut columns: Vec<usize> = Vec::with_capacity(row.fields.len() + 1);
        let mut pointers = Vec::with_capacity(row.fields.len());
        for (name, _) in &row.fields {
            let error = |fault| SeedError::new(fault).at(row.source.place(name.spot)).in_column(&*name.value);
            let column = table.field(&name.value).ok_or_else(|| {
                let nearest = nearest(&name.value, &mut table.fields());
                error(SeedErrorKind::UnknownColumn { nearest })
            })?;
            if table.columns[column].is_generated {
                return Err(error(SeedErrorKind::GeneratedColumn));
            }
            let is_association = table.column(&name.value).is_none();
            let reference = table.references.iter().position(|reference| reference.column == column);
            pointers.push(match (reference, is_association) {
                (Some(reference), false) => Pointer::Key(reference),
                (Some(reference), true) => Pointer::Association(reference),
                (None, false) => Pointer::Nothing,
                // Schemas of Rails have no foreign keys, and its rows have labels.
                (None, true) if row.label.is_some() => Pointer::UntypedReference,
                (None, true) => {
                    return Err(error(SeedErrorKind::NoForeignKey { column: table.columns[column].name.clone() }));
                }
            });
            if let Some(first) = columns.iter().position(|given| *given == column) {
                let first = row.source.position(row.fields[first].0.spot);
                return Err(error(SeedErrorKind::DuplicateColumn { first }));
            }
            columns.push(column);
        }
        let mut layout = Self {
            names: row.names().collect(),
            is_labelled: row.label.is_some(),
            columns,
            pointers,
            defaults: Vec::new(),
            composite: Vec::new(),
            key: LabelKey::None,
        };
        if layout.is_labelled {
            layout.complete(table, row);
        }
        Ok(layout)
    }

    /// Adds the timestamps and the key that a labelled row gets.
    fn complete(&mut self, table: &Table, row: &Row<'_>) {
        for (number, column) in table.columns.iter().enumerate() {
            if let Some(value) = rails::default_timestamp(column, row)
                .filter(|_| !column.is_generated && table.key != Some(number) && !self.columns.contains(&number))
            {
                self.columns.push(number);
                self.defaults.push(value);
            }
        }
        let Some(key) = table.key else { return self.complete_composite(table) };
        self.key = if let Some(at) = self.columns.iter().position(|column| *column == key) {
            LabelKey::Field(at)
        } else {
            self.columns.push(key);
            LabelKey::Last
        };
    }

    /// Adds the numbers of a key of several columns that the row does not give.
    fn complete_composite(&mut self, table: &Table) {
        for (place, number) in table.primary_key.iter().enumerate() {
            let column = &table.columns[*number];
            let is_reference = table.references.iter().any(|reference| reference.column == *number);
            let is_free = !self.columns.contains(number) && !column.has_default && !is_reference;
            if is_free && matches!(column.affinity, Affinity::Number | Affinity::Other | Affinity::None) {
                self.columns.push(*number);
                self.composite.push(place);
            }
        }
    }

    /// Whether a row has the same fields.
    pub(crate) fn is_of(&self, row: &Row<'_>) -> bool {
        self.is_labelled == row.label.is_some() && row.has_fields(self.names.iter().copied())
    }
}
