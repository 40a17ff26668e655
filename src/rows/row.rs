//! A row as serde reads it.

use super::cell::{Cell, Refused};
use rusqlite::types::ValueRef;
use serde_core::{
    Deserializer,
    de::{DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor, value::StrDeserializer},
    forward_to_deserialize_any,
};

/// Its columns by their names, their values in order, or its one value, whatever is asked for.
pub(super) struct Row<'r> {
    values: &'r rusqlite::Row<'r>,
    columns: &'r [String],
    /// How many of them are read.
    read: usize,
}

impl<'r> Row<'r> {
    pub(super) fn new(values: &'r rusqlite::Row<'r>, columns: &'r [String]) -> Self {
        Self { values, columns, read: 0 }
    }

    fn cell(&self, number: usize) -> Result<Cell<'r>, Refused> {
        let value = self.values.get_ref(number).map_err(|error| Refused::of_row(&error))?;
        Ok(Cell { value, column: &self.columns[number] })
    }

    /// The value of a row of one column.
    fn single(&self) -> Result<Cell<'r>, Refused> {
        match self.columns {
            [_] => self.cell(0),
            _ => Err(Refused::of_row(&format!("one value is wanted, and there are {} columns", self.columns.len()))),
        }
    }
}

impl<'r> Row<'r> {
    /// The one value of a row, if it is itself a list: bytes, or JSON.
    fn single_list(&self) -> Option<Cell<'r>> {
        self.single().ok().filter(|cell| match cell.value {
            ValueRef::Blob(_) => true,
            ValueRef::Text(text) => text.starts_with(b"["),
            _ => false,
        })
    }
}

/// What only a row of one column is.
macro_rules! single {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            let cell = self.single()?;
            cell.$method(visitor).map_err(|refused| cell.refused(refused))
        })*
    };
}

impl<'de> Deserializer<'de> for Row<'_> {
    type Error = Refused;

    single! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_unit
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.single() {
            Ok(Cell { value: ValueRef::Null, .. }) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Refused> {
        let cell = self.single()?;
        cell.deserialize_unit_struct(name, visitor).map_err(|refused| cell.refused(refused))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let cell = self.single()?;
        cell.deserialize_enum(name, variants, visitor).map_err(|refused| cell.refused(refused))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.single_list() {
            Some(cell) => cell.deserialize_seq(visitor).map_err(|refused| cell.refused(refused)),
            None => visitor.visit_seq(self),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Refused> {
        if let Some(cell) = self.single_list().filter(|_| length != 1) {
            return cell.deserialize_tuple(length, visitor).map_err(|refused| cell.refused(refused));
        }
        if self.columns.len() != length {
            let (columns, row) = (self.columns.len(), "values are wanted, and there are");
            return Err(Refused::of_row(&format!("{length} {row} {columns} columns")));
        }
        visitor.visit_seq(self)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_map(self)
    }

    forward_to_deserialize_any! { map struct identifier ignored_any }
}

impl<'de> MapAccess<'de> for Row<'_> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refused> {
        let Some(column) = self.columns.get(self.read) else { return Ok(None) };
        let name: StrDeserializer<'_, Refused> = column.as_str().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refused> {
        let cell = self.cell(self.read)?;
        self.read += 1;
        cell.read(seed)
    }
}

impl<'de> SeqAccess<'de> for Row<'_> {
    type Error = Refused;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Refused> {
        if self.read == self.columns.len() {
            return Ok(None);
        }
        let cell = self.cell(self.read)?;
        self.read += 1;
        cell.read(seed).map(Some)
    }
}
