//! What a row says that its key is, before it is in.

use super::{computed::Computed, value::stored};
use crate::{
    labels::label_id,
    seed::{
        dialect::rails,
        error::{SeedError, kind::Fault},
        parse::value::{Row, Scalar},
        schema::Table,
    },
    sqlite::affinity::Affinity,
};
use std::borrow::Cow;

/// The value that a row gives for a column, a number where the column holds numbers.
pub(crate) fn given<'n>(table: &Table, row: &'n Row<'_>, column: usize) -> Result<Option<Scalar<'n>>, SeedError> {
    let field = row.fields.iter().find(|(name, _)| table.field(&name.value) == Some(column));
    let Some((name, value)) = field else { return Ok(None) };
    let affinity = table.columns[column].affinity;
    let stored = match Computed::of(&value.value) {
        Some(Computed::File(_)) if row.source.folder().is_none() => stored(affinity, &value.value),
        Some(_) => Err(Fault::Value("neither an expression of SQL nor a file is a key")),
        None => stored(affinity, &value.value),
    };
    let stored = stored.map_err(|fault| {
        let error = SeedError::new(fault).at(row.source.place(value.spot)).column_is(&*name.value);
        error.table_is(&*table.name).label_is(row.label.as_ref().map(|label| &*label.value))
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
        Affinity::Bytes => Err(SeedError::new(Fault::NoKeyForLabel).column_is(&*table.columns[key].name)),
    }
}
