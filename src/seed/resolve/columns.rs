//! What the fields of a row are in its table, worked out once for all rows that have the same.

use crate::{
    position::nearest,
    seed::{
        dialect::rails,
        error::{SeedError, kind::SeedErrorKind},
        files::text::Source,
        parse::value::{Row, Scalar},
        schema::Table,
    },
};

/// The columns of rows with the same fields.
pub(crate) struct Layout<'r> {
    names: Vec<&'r str>,
    is_labelled: bool,
    /// A column for each field; then those that the row is given besides; then the key, if its label makes it.
    pub columns: Vec<usize>,
    /// What each field points at.
    pub pointers: Vec<Pointer>,
    /// What the row is given besides.
    pub made: Vec<Scalar<'static>>,
    pub key: MadeKey,
}

/// What the value of a field points at.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Pointer {
    Nothing,
    /// By the foreign key of this number, which the field is named after: a key, or else a label.
    Key(usize),
    /// By the foreign key of this number, whose association the field is named after: a label, or else a key.
    Association(usize),
    /// By an association that the schema knows no foreign key of: the label of a row, of whichever table.
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
pub(crate) enum MadeKey {
    None,
    /// In the place of the field of this number, if that is NULL.
    Field(usize),
    Last,
}

impl<'r> Layout<'r> {
    /// That of a row.
    pub(crate) fn new(table: &Table, row: &'r Row<'_>) -> Result<Self, SeedError> {
        let mut columns: Vec<usize> = Vec::with_capacity(row.fields.len() + 1);
        let mut pointers = Vec::with_capacity(row.fields.len());
        for (name, _) in &row.fields {
            let error = |fault| SeedError::new(fault).at(row.source.place(name.spot)).in_column(&*name.value);
            let column = table.field(&name.value).ok_or_else(|| {
                let nearest = nearest(&name.value, table.fields());
                error(SeedErrorKind::UnknownColumn { nearest })
            })?;
            let is_association = table.column(&name.value).is_none();
            let reference = table.references.iter().position(|reference| reference.column == column);
            pointers.push(match (reference, is_association) {
                (Some(reference), false) => Pointer::Key(reference),
                (Some(reference), true) => Pointer::Association(reference),
                (None, false) => Pointer::Nothing,
                // Only Rails leaves foreign keys out of the schema, and its rows have labels.
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
            made: Vec::new(),
            key: MadeKey::None,
        };
        if layout.is_labelled {
            layout.complete(table, row.source);
        }
        Ok(layout)
    }

    /// Adds what a labelled row is given.
    fn complete(&mut self, table: &Table, source: &Source) {
        for (number, column) in table.columns.iter().enumerate() {
            if let Some(value) = rails::default_timestamp(column, source)
                .filter(|_| table.key != Some(number) && !self.columns.contains(&number))
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
    pub(crate) fn is_of(&self, row: &Row<'_>) -> bool {
        self.is_labelled == row.label.is_some() && row.has_fields(self.names.iter().copied())
    }
}
