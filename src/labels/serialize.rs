//! Labels as bytes, stored beside an image.

use super::{Key, Labels};
use rusqlite::types::Value;

impl Labels {
    /// A form that [`from_bytes`](Self::from_bytes) reads.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut last = "";
        for (table, label, key) in self.iter() {
            if table != last {
                put_field(&mut bytes, b'T', table.as_bytes());
                last = table;
            }
            put_field(&mut bytes, b'L', label.as_bytes());
            match key {
                None => put_field(&mut bytes, b'-', &[]),
                Some(Value::Null) => put_field(&mut bytes, b'n', &[]),
                Some(Value::Integer(integer)) => put_field(&mut bytes, b'i', &integer.to_le_bytes()),
                Some(Value::Real(real)) => put_field(&mut bytes, b'r', &real.to_le_bytes()),
                Some(Value::Text(text)) => put_field(&mut bytes, b't', text.as_bytes()),
                Some(Value::Blob(blob)) => put_field(&mut bytes, b'b', blob),
            }
        }
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote; `None` for anything else.
    pub(crate) fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut labels = Self::default();
        let (mut table, mut label) = (None, None);
        while !bytes.is_empty() {
            let (kind, value) = take_field(&mut bytes)?;
            let text = || String::from_utf8(value.to_vec()).ok();
            let key = match kind {
                b'T' => {
                    table = Some(text()?);
                    continue;
                }
                b'L' => {
                    label = Some(text()?);
                    continue;
                }
                b'-' => Key::None,
                b'n' => Key::Single(Value::Null),
                b'i' => Key::Single(Value::Integer(i64::from_le_bytes(value.try_into().ok()?))),
                b'r' => Key::Single(Value::Real(f64::from_le_bytes(value.try_into().ok()?))),
                b't' => Key::Single(Value::Text(text()?)),
                b'b' => Key::Single(Value::Blob(value.to_vec())),
                _ => return None,
            };
            labels.insert(table.as_ref()?, &label.take()?, key);
        }
        label.is_none().then_some(labels)
    }
}

/// Appends a field: its kind, its length, its bytes.
fn put_field(bytes: &mut Vec<u8>, kind: u8, value: &[u8]) {
    bytes.push(kind);
    bytes.extend((value.len() as u64).to_le_bytes());
    bytes.extend(value);
}

fn take_field<'a>(bytes: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (kind, rest) = bytes.split_first()?;
    let (len, rest) = rest.split_first_chunk()?;
    let (value, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*len)).ok()?)?;
    *bytes = rest;
    Some((*kind, value))
}

#[cfg(test)]
#[path = "../../tests/unit/labels_serialize.rs"]
mod tests;
