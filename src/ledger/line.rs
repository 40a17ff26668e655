//! A line of a journal: a checksum, then fields separated by tabs.

use std::fmt::Display;

/// A line under construction.
pub(crate) struct Line(String);

impl Line {
    pub(crate) fn new(kind: &str) -> Self {
        Self(kind.to_owned())
    }

    /// Appends a field. Tabs, line ends and backslashes are escaped.
    pub(crate) fn field(self, value: impl Display) -> Self {
        self.text(&value.to_string())
    }

    fn text(mut self, text: &str) -> Self {
        self.0.push('\t');
        for letter in text.chars() {
            match letter {
                '\t' => self.0.push_str("\\t"),
                '\n' => self.0.push_str("\\n"),
                '\r' => self.0.push_str("\\r"),
                '\\' => self.0.push_str("\\\\"),
                other => self.0.push(other),
            }
        }
        self
    }

    /// The line with its checksum and end.
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
#[path = "../../tests/unit/ledger_line.rs"]
mod tests;
