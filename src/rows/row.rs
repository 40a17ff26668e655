//! A row as a serde deserializer.

use super::cell::{Cell, DeserializeError, Result};
use rusqlite::types::ValueRef;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};

/// Deserializes as a map of columns, as a sequence of values, or, with one column, as that value.
pub(super) struct Row<'r> {
    values: &'r rusqlite::Row<'r>,
    columns: &'r [String],
    /// The number of columns already read.
    read: usize,
}

impl<'r> Row<'r> {
    pub(super) fn new(values: &'r rusqlite::Row<'r>, columns: &'r [String]) -> Self {
        Self { values, columns, read: 0 }
    }

    fn cell(&self, number: usize) -> Result<Cell<'r>> {
        let value = self.values.get_ref(number).map_err(|error| DeserializeError::new(error.to_string()))?;
        Ok(Cell { value, column: &self.columns[number] })
    }

    fn read_next<'de, S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        let cell = self.cell(self.read)?;
        self.read += 1;
        seed.deserialize(cell).map_err(|error| error.in_column(cell.column))
    }

    /// The value of a row with one column.
    fn single(&self) -> Result<Cell<'r>> {
        match self.columns {
            [_] => self.cell(0),
            _ => Err(DeserializeError::new(format!("expected 1 column, found {}", self.columns.len()))),
        }
    }

    /// The value of a row with one column, if it is itself a list: a blob, or a JSON array.
    fn single_list(&self) -> Option<Cell<'r>> {
        self.single().ok().filter(|cell| match cell.value {
            ValueRef::Blob(_) => true,
            ValueRef::Text(text) => text.starts_with(b"["),
            _ => false,
        })
    }
}

/// Methods for types that only a row with one column can be.
macro_rules! single {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            let cell = self.single()?;
            cell.$method(visitor).map_err(|error| error.in_column(cell.column))
        })*
    };
}

impl<'de> Deserializer<'de> for Row<'_> {
    type Error = DeserializeError;

    single! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_unit
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.single() {
            Ok(Cell { value: ValueRef::Null, .. }) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        let cell = self.single()?;
        cell.deserialize_unit_struct(name, visitor).map_err(|error| error.in_column(cell.column))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let cell = self.single()?;
        cell.deserialize_enum(name, variants, visitor).map_err(|error| error.in_column(cell.column))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.single_list() {
            Some(cell) => cell.deserialize_seq(visitor).map_err(|error| error.in_column(cell.column)),
            None => visitor.visit_seq(self),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value> {
        if let Some(cell) = self.single_list().filter(|_| length != 1) {
            return cell.deserialize_tuple(length, visitor).map_err(|error| error.in_column(cell.column));
        }
        if self.columns.len() != length {
            let found = self.columns.len();
            return Err(DeserializeError::new(format!("expected {length} columns, found {found}")));
        }
        visitor.visit_seq(self)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, length: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_map(self)
    }

    forward_to_deserialize_any! { map struct identifier ignored_any }
}

impl<'de> MapAccess<'de> for Row<'_> {
    type Error = DeserializeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some(column) = self.columns.get(self.read) else { return Ok(None) };
        let name: StrDeserializer<'_, DeserializeError> = column.as_str().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        self.read_next(seed)
    }
}

impl<'de> SeqAccess<'de> for Row<'_> {
    type Error = DeserializeError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        if self.read == self.columns.len() {
            return Ok(None);
        }
        self.read_next(seed).map(Some)
    }
}
