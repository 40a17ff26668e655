//! Rows from the code: anything that serde can serialize as a map or a struct, one or many.

use super::value::{Field, Node, Row, Scalar, row};
use crate::seed::{
    error::{SeedError, kind::SeedErrorKind},
    files::text::{Source, Spanned, Spot},
};
use serde_core::ser::{self, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer};
use std::{borrow::Cow, fmt};

const HERE: Spot = Spot::START;

/// The rows that a value is: a map or struct is one, a sequence of them is many.
pub(crate) fn rows_of<'s>(rows: &(impl Serialize + ?Sized), source: &'s Source) -> Result<Vec<Row<'s>>, SeedError> {
    let fault = |fault| SeedError::new(fault).at(source.place(HERE));
    let items = match rows.serialize(ToNode).map_err(|Refused(fault_is)| fault(fault_is))? {
        Node::List(items) => items,
        one => vec![Spanned::new(one, HERE)],
    };
    items.into_iter().map(|item| row(source, None, item)).collect()
}

/// Why a value cannot be a row.
#[derive(Debug)]
struct Refused(SeedErrorKind);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(SeedErrorKind::Serialize { message: message.to_string() })
    }
}

struct ToNode;

#[expect(clippy::unnecessary_wraps, reason = "what every method of a serializer returns")]
fn scalar(scalar: Scalar<'static>) -> Result<OwnedNode, Refused> {
    Ok(Node::Scalar(scalar))
}

/// Nothing of a value outlives its serialization, but names in the code.
type OwnedNode = Node<'static>;

/// A value inside an enum variant that holds something: `{variant: inner}`, as serde's own formats have it.
fn tagged(variant: &'static str, inner: OwnedNode) -> OwnedNode {
    Node::Map(vec![(Spanned::new(variant.into(), HERE), Spanned::new(inner, HERE))])
}

impl Serializer for ToNode {
    type Ok = OwnedNode;
    type Error = Refused;
    type SerializeSeq = List;
    type SerializeTuple = List;
    type SerializeTupleStruct = List;
    type SerializeTupleVariant = Impossible<OwnedNode, Refused>;
    type SerializeMap = Fields;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Impossible<OwnedNode, Refused>;

    fn serialize_bool(self, v: bool) -> Result<OwnedNode, Refused> {
        scalar(Scalar::Boolean(v))
    }
    fn serialize_i8(self, v: i8) -> Result<OwnedNode, Refused> {
        scalar(Scalar::Integer(v.into()))
    }
    fn serialize_i16(self, v: i16) -> Result<OwnedNode, Refused> {
        scalar(Scalar::Integer(v.into()))
    }
    fn serialize_i32(self, v: i32) -> Result<OwnedNode, Refused> {
        scalar(Scalar::Integer(v.into()))
    }
    fn serialize_i64(self, v: i64) -> Result<OwnedNode, Refused> {
        scalar(Scalar::Integer(v))
    }
    fn serialize_u8(self, v: u8) -> Result<OwnedNode, Refused> {
        scalar(Scalar::Integer(v.into()))
    }
    fn serialize_u16(self, v: u16) -> Result<OwnedNode, Refused> {
        scalar(Scalar::Integer(v.into()))
    }
    fn serialize_u32(self, v: u32) -> Result<OwnedNode, Refused> {
        scalar(Scalar::Integer(v.into()))
    }
    fn serialize_u64(self, v: u64) -> Result<OwnedNode, Refused> {
        match i64::try_from(v) {
            Ok(v) => scalar(Scalar::Integer(v)),
            Err(_) => Err(Refused(SeedErrorKind::invalid("an integer has at most 64 bits, one of them its sign"))),
        }
    }
    fn serialize_f32(self, v: f32) -> Result<OwnedNode, Refused> {
        scalar(Scalar::Real(v.into()))
    }
    fn serialize_f64(self, v: f64) -> Result<OwnedNode, Refused> {
        scalar(Scalar::Real(v))
    }
    fn serialize_char(self, v: char) -> Result<OwnedNode, Refused> {
        scalar(Scalar::Text(v.to_string().into()))
    }
    fn serialize_str(self, v: &str) -> Result<OwnedNode, Refused> {
        scalar(Scalar::Text(v.to_owned().into()))
    }
    fn serialize_bytes(self, v: &[u8]) -> Result<OwnedNode, Refused> {
        scalar(Scalar::Bytes(v.to_vec().into()))
    }
    fn serialize_none(self) -> Result<OwnedNode, Refused> {
        scalar(Scalar::Null)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, v: &T) -> Result<OwnedNode, Refused> {
        v.serialize(self)
    }
    fn serialize_unit(self) -> Result<OwnedNode, Refused> {
        scalar(Scalar::Null)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<OwnedNode, Refused> {
        scalar(Scalar::Null)
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<OwnedNode, Refused> {
        scalar(Scalar::Text(variant.into()))
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, v: &T) -> Result<OwnedNode, Refused> {
        v.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        v: &T,
    ) -> Result<OwnedNode, Refused> {
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
        Err(Refused(SeedErrorKind::invalid("an enum variant with fields is neither a row nor a value")))
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
        Err(Refused(SeedErrorKind::invalid("an enum variant with fields is neither a row nor a value")))
    }
}

struct List(Vec<Spanned<OwnedNode>>);

impl SerializeSeq for List {
    type Ok = OwnedNode;
    type Error = Refused;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), Refused> {
        self.0.push(Spanned::new(v.serialize(ToNode)?, HERE));
        Ok(())
    }
    fn end(self) -> Result<OwnedNode, Refused> {
        Ok(Node::List(self.0))
    }
}

impl ser::SerializeTuple for List {
    type Ok = OwnedNode;
    type Error = Refused;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), Refused> {
        SerializeSeq::serialize_element(self, v)
    }
    fn end(self) -> Result<OwnedNode, Refused> {
        SerializeSeq::end(self)
    }
}

impl ser::SerializeTupleStruct for List {
    type Ok = OwnedNode;
    type Error = Refused;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), Refused> {
        SerializeSeq::serialize_element(self, v)
    }
    fn end(self) -> Result<OwnedNode, Refused> {
        SerializeSeq::end(self)
    }
}

struct Fields {
    fields: Vec<Field<'static>>,
    key: Option<Cow<'static, str>>,
}

impl SerializeMap for Fields {
    type Ok = OwnedNode;
    type Error = Refused;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        self.key = Some(match key.serialize(ToNode)? {
            Node::Scalar(Scalar::Text(text)) => text,
            Node::Scalar(Scalar::Integer(integer)) => integer.to_string().into(),
            _ => return Err(Refused(SeedErrorKind::invalid("a key is a text"))),
        });
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, v: &T) -> Result<(), Refused> {
        let key = self.key.take().unwrap_or_default();
        self.fields.push((Spanned::new(key, HERE), Spanned::new(v.serialize(ToNode)?, HERE)));
        Ok(())
    }
    fn end(self) -> Result<OwnedNode, Refused> {
        Ok(Node::Map(self.fields))
    }
}

impl SerializeStruct for Fields {
    type Ok = OwnedNode;
    type Error = Refused;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, v: &T) -> Result<(), Refused> {
        self.fields.push((Spanned::new(key.into(), HERE), Spanned::new(v.serialize(ToNode)?, HERE)));
        Ok(())
    }
    fn end(self) -> Result<OwnedNode, Refused> {
        Ok(Node::Map(self.fields))
    }
}
