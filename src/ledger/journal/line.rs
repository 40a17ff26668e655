//! A line of a journal: a checksum, then fields that are parted by tabs. People can read it, and damage is noticed.

use std::fmt::{Display, Write};

/// A line that is being written.
pub(crate) struct Line(String);

impl Line {
    pub(crate) fn new(kind: &str) -> Self {
        Self(kind.to_owned())
    }

    /// Adds a field, in which tabs and line ends are escaped.
    pub(crate) fn field(mut self, value: impl Display) -> Self {
        self.0.push('\t');
        let start = self.0.len();
        let _ = write!(self.0, "{value}");
        if self.0[start..].contains(['\t', '\n', '\r', '\\']) {
            let field = self.0.split_off(start);
            for letter in field.chars() {
                match letter {
                    '\t' => self.0.push_str("\\t"),
                    '\n' => self.0.push_str("\\n"),
                    '\r' => self.0.push_str("\\r"),
                    '\\' => self.0.push_str("\\\\"),
                    other => self.0.push(other),
                }
            }
        }
        self
    }

    /// The line as it stands in the file.
    pub(crate) fn finish(self) -> Vec<u8> {
        format!("{:08x} {}\n", crc32fast::hash(self.0.as_bytes()), self.0).into_bytes()
    }
}

/// The fields of a line, its kind first; `None` if it is damaged.
#[cfg(any(feature = "cli", test))]
pub(crate) fn parse(line: &str) -> Option<Vec<String>> {
    let (checksum, text) = line.split_once(' ')?;
    if checksum.len() != 8 || u32::from_str_radix(checksum, 16).ok()? != crc32fast::hash(text.as_bytes()) {
        return None;
    }
    Some(text.split('\t').map(unescape).collect())
}

#[cfg(any(feature = "cli", test))]
fn unescape(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    let mut letters = field.chars();
    while let Some(letter) = letters.next() {
        text.push(match letter {
            '\\' => match letters.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Line, parse};
    use proptest::prelude::{any, proptest};

    proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

        #[test]
        fn a_line_is_read_as_it_was_written_and_any_damage_is_noticed(
            fields in proptest::collection::vec(any::<String>(), 0..5),
            at in any::<proptest::sample::Index>(),
            bit in 0..7_u32,
        ) {
            let line = fields.iter().fold(Line::new("kind"), Line::field).finish();
            let text = std::str::from_utf8(&line).unwrap();
            let (line, end) = text.split_at(text.len() - 1);
            assert_eq!(end, "\n");
            assert!(!line.contains('\n'));
            let read = parse(line).unwrap();
            assert_eq!((read[0].as_str(), &read[1..]), ("kind", fields.as_slice()));

            let mut damaged = line.as_bytes().to_vec();
            let at = at.index(damaged.len());
            damaged[at] ^= 1 << bit;
            // The checksum itself may be written in capitals.
            let same = damaged.eq_ignore_ascii_case(line.as_bytes()) && at < 8;
            assert!(same || std::str::from_utf8(&damaged).map_or(true, |line| parse(line).is_none()));
            let cut = line.char_indices().next_back().unwrap().0;
            assert!(parse(&line[..cut]).is_none(), "cut off");
        }
    }
}
