//! One value, written so that it is read again as what it is.

use super::pick::Held;
use crate::{affinity::Affinity, quote::literal};

/// A value as a seed file has it, before the format writes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Written {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
}

/// It as a value of a seed file for a column of this affinity, in a format that has numbers or only texts.
pub(super) fn written(value: &Held, affinity: Affinity, only_texts: bool) -> Written {
    let computed = || Written::Text(format!("RAW={}", literal(value)));
    match value {
        Held::Null => Written::Null,
        // A column of numbers makes a number of a text again, no other does.
        Held::Integer(_) | Held::Real(_) if only_texts && affinity != Affinity::Number => computed(),
        Held::Integer(integer) => Written::Integer(*integer),
        Held::Real(real) if real.is_infinite() => computed(),
        Held::Real(real) => Written::Real(*real),
        Held::Blob(bytes) if affinity == Affinity::Bytes => Written::Text(literal(value)),
        Held::Blob(_) => computed(),
        Held::Text(bytes) => match str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') && !means_more(text, affinity) => Written::Text(text.to_owned()),
            _ => computed(),
        },
    }
}

/// Whether a text would be read as something else than itself.
fn means_more(text: &str, affinity: Affinity) -> bool {
    let is_bytes = |prefix: &str| text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    ["RAW=", "FILE="].iter().any(|prefix| text.starts_with(prefix))
        || affinity == Affinity::Bytes && (is_bytes("x'") || is_bytes("0x"))
}

#[cfg(test)]
mod tests {
    use super::{Affinity, Held, Written, written};

    #[test]
    fn a_text_that_would_mean_more_is_computed() {
        let text = |text: &str, affinity| written(&Held::Text(text.into()), affinity, false);
        assert_eq!(text("0x00", Affinity::Text), Written::Text("0x00".into()));
        assert_eq!(text("0x00", Affinity::Bytes), Written::Text("RAW='0x00'".into()));
        assert_eq!(text("RAW=it's", Affinity::Text), Written::Text("RAW='RAW=it''s'".into()));
        assert_eq!(text("FILE=a", Affinity::Text), Written::Text("RAW='FILE=a'".into()));
        assert_eq!(text("a\0b", Affinity::Text), Written::Text("RAW='a' || char(0) || 'b'".into()));
    }

    #[test]
    fn numbers_stay_numbers_where_a_format_has_only_texts() {
        assert_eq!(written(&Held::Integer(7), Affinity::Number, true), Written::Integer(7));
        assert_eq!(written(&Held::Integer(7), Affinity::None, true), Written::Text("RAW=7".into()));
        assert_eq!(written(&Held::Integer(7), Affinity::None, false), Written::Integer(7));
    }
}
