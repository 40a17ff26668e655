//! Rows from code: anything that serde can serialize as a map or a struct, one or many.

use super::scalar::Scalar;
use super::value::{Field, Node, Row, row};
use crate::seed::error::SeedError;
use crate::seed::error::kind::SeedErrorKind;
use crate::seed::files::text::{Source, Spanned, Spot};
use serde::ser::{self, Impossible, Serialize, SerializeMap, SerializeStruct, Serializer};
use std::{borrow::Cow, fmt};

const HERE: Spot = Spot::START;

/// The name by which [`Sql`] is known to the serializer of rows.
const SQL: &str = "$sqlite_fixtures::seed::Sql";

/// A SQL expression in a row from code, which computes the value; any other text is stored as it is.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use sqlite_fixtures::Template;
/// use sqlite_fixtures::seed::Sql;
///
/// #[derive(serde::Serialize)]
/// struct Event { name: &'static str, day: Sql }
///
/// # let template = Template::from_fn(|connection| {
/// #     Ok(connection.execute_batch("CREATE TABLE events (id INTEGER PRIMARY KEY, name TEXT, day TEXT)")?)
/// # });
/// # let session = template.session();
/// session.insert("events", &Event { name: "RAW=1", day: Sql::new("date('2026-01-01', '+1 month')") })?;
/// let stored: Vec<(String, String)> = session.select("SELECT name, day FROM events", [])?;
/// assert_eq!(stored, [("RAW=1".to_owned(), "2026-02-01".to_owned())]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sql(Cow<'static, str>);

impl Sql {
    /// An expression that is one value and only reads, as `RAW=` has it in a seed file.
    pub fn new(expression: impl Into<Cow<'static, str>>) -> Self {
        Self(expression.into())
    }
}

impl Serialize for Sql {
    /// To any other serializer it is a text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(SQL, &*self.0)
    }
}

/// The rows of a value: a map or struct is one row, a sequence of them is many.
pub(crate) fn rows_of<'s>(rows: &(impl Serialize + ?Sized), source: &'s Source) -> Result<Vec<Row<'s>>, SeedError> {
    let error = |kind| SeedError::new(kind).at(source.place(HERE));
    let items = match rows.serialize(NodeSerializer).map_err(|SerializeError(kind)| error(kind))? {
        Node::List(items) => items,
        one => vec![Spanned::new(one, HERE)],
    };
    items.into_iter().map(|item| row(source, None, item)).collect()
}

/// Why a value cannot be a row.
#[derive(Debug)]
struct SerializeError(SeedErrorKind);

impl fmt::Display for SerializeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for SerializeError {}

impl ser::Error for SerializeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(SeedErrorKind::Serialize { message: message.to_string() })
    }
}

struct NodeSerializer;

#[expect(clippy::unnecessary_wraps, reason = "the return type of a serializer's methods")]
fn scalar(scalar: Scalar<'static>) -> Result<StaticNode, SerializeError> {
    Ok(Node::Scalar(scalar))
}

/// A node that borrows only names in the code.
type StaticNode = Node<'static>;

/// An enum variant with one value: `{variant: value}`, as in serde's own formats.
fn tagged(variant: &'static str, inner: StaticNode) -> StaticNode {
    Node::Map(vec![(Spanned::new(variant.into(), HERE), Spanned::new(inner, HERE))])
}

macro_rules! integers {
    ($($method:ident: $integer:ty),* $(,)?) => {$(
        fn $method(self, v: $integer) -> Result<StaticNode, SerializeError> {
            scalar(Scalar::Integer(v.into()))
        }
    )*};
}

impl Serializer for NodeSerializer {
    type Ok = StaticNode;
    type Error = SerializeError;
    type SerializeSeq = List;
    type SerializeTuple = List;
    type SerializeTupleStruct = List;
    type SerializeTupleVariant = Impossible<StaticNode, SerializeError>;
    type SerializeMap = Fields;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Impossible<StaticNode, SerializeError>;

    integers! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
    }
    fn serialize_bool(self, v: bool) -> Result<StaticNode, SerializeError> {
        scalar(Scalar::Boolean(v))
    }
    fn serialize_u64(self, v: u64) -> Result<StaticNode, SerializeError> {
        match i64::try_from(v) {
            Ok(v) => scalar(Scalar::Integer(v)),
            Err(_) => {
                Err(SerializeError(SeedErrorKind::invalid("an integer has at most 64 bits, one of them its sign")))
            }
        }
    }
    fn serialize_f32(self, v: f32) -> Result<StaticNode, SerializeError> {
        scalar(Scalar::Real(v.into()))
    }
    fn serialize_f64(self, v: f64) -> Result<StaticNode, SerializeError> {
        scalar(Scalar::Real(v))
    }
    fn serialize_char(self, v: char) -> Result<StaticNode, SerializeError> {
        scalar(Scalar::Text(v.to_string().into()))
    }
    fn serialize_str(self, v: &str) -> Result<StaticNode, SerializeError> {
        scalar(Scalar::Text(v.to_owned().into()))
    }
    fn serialize_bytes(self, v: &[u8]) -> Result<StaticNode, SerializeError> {
        scalar(Scalar::Bytes(v.to_vec().into()))
    }
    fn serialize_none(self) -> Result<StaticNode, SerializeError> {
        scalar(Scalar::Null)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, v: &T) -> Result<StaticNode, SerializeError> {
        v.serialize(self)
    }
    fn serialize_unit(self) -> Result<StaticNode, SerializeError> {
        scalar(Scalar::Null)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<StaticNode, SerializeError> {
        scalar(Scalar::Null)
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<StaticNode, SerializeError> {
        scalar(Scalar::Text(variant.into()))
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        v: &T,
    ) -> Result<StaticNode, SerializeError> {
        match v.serialize(self)? {
            Node::Scalar(Scalar::Text(sql)) if name == SQL => Ok(Node::Sql(sql)),
            other => Ok(other),
        }
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        v: &T,
    ) -> Result<StaticNode, SerializeError> {
        v.serialize(self).map(|inner| tagged(variant, inner))
    }
    fn serialize_seq(self, length: Option<usize>) -> Result<List, SerializeError> {
        Ok(List(Vec::with_capacity(length.unwrap_or(0))))
    }
    fn serialize_tuple(self, length: usize) -> Result<List, SerializeError> {
        self.serialize_seq(Some(length))
    }
    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<List, SerializeError> {
        self.serialize_seq(Some(length))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, SerializeError> {
        Err(SerializeError(SeedErrorKind::invalid("an enum variant with fields is neither a row nor a value")))
    }
    fn serialize_map(self, length: Option<usize>) -> Result<Fields, SerializeError> {
        Ok(Fields { fields: Vec::with_capacity(length.unwrap_or(0)), key: None })
    }
    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Fields, SerializeError> {
        self.serialize_map(Some(length))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, SerializeError> {
        Err(SerializeError(SeedErrorKind::invalid("an enum variant with fields is neither a row nor a value")))
    }
}

struct List(Vec<Spanned<StaticNode>>);

macro_rules! lists {
    ($($kind:ident::$method:ident),*) => {$(
        impl ser::$kind for List {
            type Ok = StaticNode;
            type Error = SerializeError;
            fn $method<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), SerializeError> {
                self.0.push(Spanned::new(v.serialize(NodeSerializer)?, HERE));
                Ok(())
            }
            fn end(self) -> Result<StaticNode, SerializeError> {
                Ok(Node::List(self.0))
            }
        }
    )*};
}
lists!(SerializeSeq::serialize_element, SerializeTuple::serialize_element, SerializeTupleStruct::serialize_field);

struct Fields {
    fields: Vec<Field<'static>>,
    key: Option<Cow<'static, str>>,
}

impl SerializeMap for Fields {
    type Ok = StaticNode;
    type Error = SerializeError;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), SerializeError> {
        self.key = Some(match key.serialize(NodeSerializer)? {
            Node::Scalar(Scalar::Text(text)) => text,
            Node::Scalar(Scalar::Integer(integer)) => integer.to_string().into(),
            _ => return Err(SerializeError(SeedErrorKind::invalid("a key is a text"))),
        });
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), SerializeError> {
        let key = self.key.take().unwrap_or_default();
        self.fields.push((Spanned::new(key, HERE), Spanned::new(v.serialize(NodeSerializer)?, HERE)));
        Ok(())
    }
    fn end(self) -> Result<StaticNode, SerializeError> {
        Ok(Node::Map(self.fields))
    }
}

impl SerializeStruct for Fields {
    type Ok = StaticNode;
    type Error = SerializeError;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, v: &T) -> Result<(), SerializeError> {
        self.fields.push((Spanned::new(key.into(), HERE), Spanned::new(v.serialize(NodeSerializer)?, HERE)));
        Ok(())
    }
    fn end(self) -> Result<StaticNode, SerializeError> {
        Ok(Node::Map(self.fields))
    }
}
