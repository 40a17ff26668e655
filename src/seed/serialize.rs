//! Rows from the code: anything that serde can serialize as a map or a struct, one or many.

use super::{
    Fault, SeedError,
    node::{Node, Row, row},
    source::{Source, Spanned, Spot},
};
use crate::Position;
use rusqlite::types::Value;
use serde_core::ser::{self, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer};
use std::fmt;

const HERE: Spot = Spot::Offset(0);

/// The rows that a value is: a map or struct is one, a sequence of them is many.
pub(crate) fn rows_of(rows: &(impl Serialize + ?Sized), position: Position) -> Result<Vec<Row>, SeedError> {
    let source = Source::code(position, String::new());
    let fault = |fault| SeedError::new(fault).at(source.place(HERE));
    let items = match rows.serialize(ToNode).map_err(|Refused(fault_is)| fault(fault_is))? {
        Node::List(items) => items,
        one => vec![Spanned::new(one, HERE)],
    };
    items.into_iter().map(|item| row(&source, None, item)).collect()
}

/// Why a value cannot be a row.
#[derive(Debug)]
struct Refused(Fault);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(Fault::Serialize(message.to_string()))
    }
}

struct ToNode;

#[expect(clippy::unnecessary_wraps, reason = "what every method of a serializer returns")]
fn value(value: impl Into<Value>) -> Result<Node, Refused> {
    Ok(Node::Value(value.into()))
}

/// A value inside an enum variant that holds something: `{variant: inner}`, as serde's own formats have it.
fn tagged(variant: &str, inner: Node) -> Node {
    Node::Map(vec![(Spanned::new(variant.to_owned(), HERE), Spanned::new(inner, HERE))])
}

impl Serializer for ToNode {
    type Ok = Node;
    type Error = Refused;
    type SerializeSeq = List;
    type SerializeTuple = List;
    type SerializeTupleStruct = List;
    type SerializeTupleVariant = Impossible<Node, Refused>;
    type SerializeMap = Fields;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Impossible<Node, Refused>;

    fn serialize_bool(self, v: bool) -> Result<Node, Refused> {
        value(v)
    }
    fn serialize_i8(self, v: i8) -> Result<Node, Refused> {
        value(v)
    }
    fn serialize_i16(self, v: i16) -> Result<Node, Refused> {
        value(v)
    }
    fn serialize_i32(self, v: i32) -> Result<Node, Refused> {
        value(v)
    }
    fn serialize_i64(self, v: i64) -> Result<Node, Refused> {
        value(v)
    }
    fn serialize_u8(self, v: u8) -> Result<Node, Refused> {
        value(v)
    }
    fn serialize_u16(self, v: u16) -> Result<Node, Refused> {
        value(v)
    }
    fn serialize_u32(self, v: u32) -> Result<Node, Refused> {
        value(v)
    }
    fn serialize_u64(self, v: u64) -> Result<Node, Refused> {
        match i64::try_from(v) {
            Ok(v) => value(v),
            Err(_) => Err(Refused(Fault::Value("an integer has at most 64 bits, one of them its sign"))),
        }
    }
    fn serialize_f32(self, v: f32) -> Result<Node, Refused> {
        value(f64::from(v))
    }
    fn serialize_f64(self, v: f64) -> Result<Node, Refused> {
        value(v)
    }
    fn serialize_char(self, v: char) -> Result<Node, Refused> {
        value(v.to_string())
    }
    fn serialize_str(self, v: &str) -> Result<Node, Refused> {
        value(v.to_owned())
    }
    fn serialize_bytes(self, v: &[u8]) -> Result<Node, Refused> {
        value(v.to_vec())
    }
    fn serialize_none(self) -> Result<Node, Refused> {
        value(Value::Null)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, v: &T) -> Result<Node, Refused> {
        v.serialize(self)
    }
    fn serialize_unit(self) -> Result<Node, Refused> {
        value(Value::Null)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<Node, Refused> {
        value(Value::Null)
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Node, Refused> {
        value(variant.to_owned())
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, v: &T) -> Result<Node, Refused> {
        v.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        v: &T,
    ) -> Result<Node, Refused> {
        v.serialize(self).map(|inner| tagged(variant, inner))
    }
    fn serialize_seq(self, length: Option<usize>) -> Result<List, Refused> {
        Ok(List(Vec::with_capacity(length.unwrap_or(0))))
    }
    fn serialize_tuple(self, length: usize) -> Result<List, Refused> {
        self.serialize_seq(Some(length))
    }
    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<List, Refused> {
        self.serialize_seq(Some(length))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Refused> {
        Err(Refused(Fault::Value("an enum variant with fields is neither a row nor a value")))
    }
    fn serialize_map(self, length: Option<usize>) -> Result<Fields, Refused> {
        Ok(Fields { fields: Vec::with_capacity(length.unwrap_or(0)), key: None })
    }
    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Fields, Refused> {
        self.serialize_map(Some(length))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Refused> {
        Err(Refused(Fault::Value("an enum variant with fields is neither a row nor a value")))
    }
}

struct List(Vec<Spanned<Node>>);

impl SerializeSeq for List {
    type Ok = Node;
    type Error = Refused;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), Refused> {
        self.0.push(Spanned::new(v.serialize(ToNode)?, HERE));
        Ok(())
    }
    fn end(self) -> Result<Node, Refused> {
        Ok(Node::List(self.0))
    }
}

impl ser::SerializeTuple for List {
    type Ok = Node;
    type Error = Refused;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), Refused> {
        SerializeSeq::serialize_element(self, v)
    }
    fn end(self) -> Result<Node, Refused> {
        SerializeSeq::end(self)
    }
}

impl ser::SerializeTupleStruct for List {
    type Ok = Node;
    type Error = Refused;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), Refused> {
        SerializeSeq::serialize_element(self, v)
    }
    fn end(self) -> Result<Node, Refused> {
        SerializeSeq::end(self)
    }
}

struct Fields {
    fields: Vec<(Spanned<String>, Spanned<Node>)>,
    key: Option<String>,
}

impl SerializeMap for Fields {
    type Ok = Node;
    type Error = Refused;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        self.key = Some(match key.serialize(ToNode)? {
            Node::Value(Value::Text(text)) => text,
            Node::Value(Value::Integer(integer)) => integer.to_string(),
            _ => return Err(Refused(Fault::Value("a key is a text"))),
        });
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), Refused> {
        let key = self.key.take().unwrap_or_default();
        self.fields.push((Spanned::new(key, HERE), Spanned::new(v.serialize(ToNode)?, HERE)));
        Ok(())
    }
    fn end(self) -> Result<Node, Refused> {
        Ok(Node::Map(self.fields))
    }
}

impl SerializeStruct for Fields {
    type Ok = Node;
    type Error = Refused;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, v: &T) -> Result<(), Refused> {
        self.fields.push((Spanned::new(key.to_owned(), HERE), Spanned::new(v.serialize(ToNode)?, HERE)));
        Ok(())
    }
    fn end(self) -> Result<Node, Refused> {
        Ok(Node::Map(self.fields))
    }
}
