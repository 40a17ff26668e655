//! A value of a row as a serde deserializer.

use rusqlite::types::ValueRef;
use serde::de::value::SeqDeserializer;
use serde::de::{IntoDeserializer, Visitor};
use serde::{Deserializer, de, forward_to_deserialize_any};
use std::fmt;

pub(super) type Result<T> = std::result::Result<T, DeserializeError>;

/// A row or value that cannot be deserialized into the requested type.
#[derive(Debug)]
pub(crate) struct DeserializeError {
    /// `None` for the row as a whole.
    pub column: Option<String>,
    pub message: String,
}

impl DeserializeError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { column: None, message: message.into() }
    }

    pub(super) fn in_column(mut self, column: &str) -> Self {
        self.column = Some(column.to_owned());
        self
    }
}

impl fmt::Display for DeserializeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DeserializeError {}

impl de::Error for DeserializeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }
}

/// A value and the name of its column.
#[derive(Clone, Copy)]
pub(super) struct Cell<'r> {
    pub value: ValueRef<'r>,
    pub column: &'r str,
}

impl Cell<'_> {
    /// Parses a text as JSON, the form in which nested values are stored; `None` for any other type.
    #[cfg(feature = "json")]
    fn nested(self) -> Result<Option<serde_json::Value>> {
        let Ok(text) = self.value.as_str() else { return Ok(None) };
        let error =
            |error| DeserializeError::new(format!("nested values are stored as JSON, but this is not JSON: {error}"));
        serde_json::from_str(text).map(Some).map_err(error)
    }

    #[cfg(not(feature = "json"))]
    fn nested(self) -> Result<Option<de::value::UnitDeserializer<DeserializeError>>> {
        match self.value {
            ValueRef::Text(_) => {
                Err(DeserializeError::new("nested values are stored as JSON; enable the crate feature `json`"))
            }
            _ => Ok(None),
        }
    }
}

/// Methods for types that a text can be only as JSON.
macro_rules! nested {
    ($($method:ident($($parameter:ident: $type:ty),*))*) => {
        $(fn $method<V: Visitor<'de>>(self, $($parameter: $type,)* visitor: V) -> Result<V::Value> {
            match self.nested()? {
                Some(nested) => nested.$method($($parameter,)* visitor).map_err(de::Error::custom),
                None => self.deserialize_any(visitor),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Cell<'_> {
    type Error = DeserializeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.value {
            ValueRef::Null => visitor.visit_unit(),
            ValueRef::Integer(integer) => visitor.visit_i64(integer),
            ValueRef::Real(real) => visitor.visit_f64(real),
            ValueRef::Text(text) => match str::from_utf8(text) {
                Ok(text) => visitor.visit_str(text),
                Err(_) => Err(DeserializeError::new("the text is not UTF-8")),
            },
            ValueRef::Blob(bytes) => visitor.visit_bytes(bytes),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.value {
            ValueRef::Integer(integer @ (0 | 1)) => visitor.visit_bool(integer == 1),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.value {
            ValueRef::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    /// A blob can be a list of numbers.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match (self.value, self.nested()?) {
            (ValueRef::Blob(bytes), _) => visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied())),
            (_, Some(nested)) => nested.deserialize_seq(visitor).map_err(de::Error::custom),
            (_, None) => self.deserialize_any(visitor),
        }
    }

    /// The name of a variant, or a nested value.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self.value.as_str() {
            Ok(text) if !text.starts_with('{') => visitor.visit_enum(text.into_deserializer()),
            _ => match self.nested()? {
                Some(nested) => nested.deserialize_enum(name, variants, visitor).map_err(de::Error::custom),
                None => self.deserialize_any(visitor),
            },
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    nested! {
        deserialize_map()
        deserialize_tuple_struct(name: &'static str, length: usize)
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct identifier ignored_any
    }
}
