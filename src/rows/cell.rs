//! One value of a row as serde reads it.

use rusqlite::types::ValueRef;
use serde_core::{
    Deserializer,
    de::{self, DeserializeSeed, IntoDeserializer, Visitor, value::SeqDeserializer},
    forward_to_deserialize_any,
};
use std::fmt;

/// Why it is not what the code takes it for.
#[derive(Debug)]
pub(crate) struct Refused {
    /// `None` for the row as a whole.
    pub column: Option<String>,
    pub message: String,
}

impl Refused {
    pub(super) fn of_row(message: &impl ToString) -> Self {
        Self { column: None, message: message.to_string() }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refused {}

impl de::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::of_row(&message)
    }
}

/// A value and the name of its column.
#[derive(Clone, Copy)]
pub(super) struct Cell<'r> {
    pub value: ValueRef<'r>,
    pub column: &'r str,
}

impl Cell<'_> {
    /// Reads it; an error tells its column.
    pub(super) fn read<'de, S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Refused> {
        seed.deserialize(self).map_err(|refused| self.refused(refused))
    }

    /// An error of this column.
    pub(super) fn refused(self, refused: Refused) -> Refused {
        Refused { column: Some(self.column.to_owned()), ..refused }
    }

    /// What a text says as JSON, which is how nested values are stored; `None` for what is no text.
    #[cfg(feature = "json")]
    fn nested(self) -> Result<Option<serde_json::Value>, Refused> {
        let Ok(text) = self.value.as_str() else { return Ok(None) };
        let wrong = |error| Refused::of_row(&format!("a nested value is stored as JSON, and this is none: {error}"));
        serde_json::from_str(text).map(Some).map_err(wrong)
    }

    #[cfg(not(feature = "json"))]
    fn nested(self) -> Result<Option<de::value::UnitDeserializer<Refused>>, Refused> {
        match self.value {
            ValueRef::Text(_) => {
                Err(Refused::of_row(&"a nested value is stored as JSON, which needs the crate feature `json`"))
            }
            _ => Ok(None),
        }
    }
}

/// What a text is only as JSON.
macro_rules! nested {
    ($($method:ident($($parameter:ident: $type:ty),*))*) => {
        $(fn $method<V: Visitor<'de>>(self, $($parameter: $type,)* visitor: V) -> Result<V::Value, Refused> {
            match self.nested()? {
                Some(nested) => nested.$method($($parameter,)* visitor).map_err(|error| Refused::of_row(&error)),
                None => self.deserialize_any(visitor),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Cell<'_> {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.value {
            ValueRef::Null => visitor.visit_unit(),
            ValueRef::Integer(integer) => visitor.visit_i64(integer),
            ValueRef::Real(real) => visitor.visit_f64(real),
            ValueRef::Text(text) => match str::from_utf8(text) {
                Ok(text) => visitor.visit_str(text),
                Err(_) => Err(Refused::of_row(&"the text is not UTF-8")),
            },
            ValueRef::Blob(bytes) => visitor.visit_bytes(bytes),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.value {
            ValueRef::Integer(integer @ (0 | 1)) => visitor.visit_bool(integer == 1),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.value {
            ValueRef::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    /// A list of numbers may be bytes.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match (self.value, self.nested()?) {
            (ValueRef::Blob(bytes), _) => visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied())),
            (_, Some(nested)) => nested.deserialize_seq(visitor).map_err(|error| Refused::of_row(&error)),
            (_, None) => self.deserialize_any(visitor),
        }
    }

    /// The name of a variant, or a nested value.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        match self.value.as_str() {
            Ok(text) if !text.starts_with('{') => visitor.visit_enum(text.into_deserializer()),
            _ => match self.nested()? {
                Some(nested) => {
                    nested.deserialize_enum(name, variants, visitor).map_err(|error| Refused::of_row(&error))
                }
                None => self.deserialize_any(visitor),
            },
        }
    }

    /// As a list.
    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Refused> {
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
