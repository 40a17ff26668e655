//! The affinity of a column, from its declared type.

/// The affinity of a column, by [SQLite's rules](https://sqlite.org/datatype3.html#determination_of_column_affinity) as far as seeds
/// need them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Affinity {
    Text,
    /// Declared as `BLOB`, or as bytes in other databases (`BINARY`, `VARBINARY`, `BYTEA`): a seed file may write bytes as text.
    Bytes,
    /// Declared as a number: `INTEGER`, `REAL`, `DECIMAL`.
    Number,
    /// Any other type, such as `DATE`, `STRING` or `JSON`: numeric too, by SQLite's last rule.
    Other,
    /// Declared as `BOOLEAN`: numeric, and a seed file may write `true`, `yes`, `on`, `t`, `y` or their opposites.
    Boolean,
    /// No type, or `ANY`.
    None,
}

impl Affinity {
    pub(crate) fn of(declared: &str) -> Self {
        let declared = declared.to_ascii_uppercase();
        let has = |word| declared.contains(word);
        if has("INT") {
            Self::Number
        } else if has("CHAR") || has("CLOB") || has("TEXT") {
            Self::Text
        } else if has("BLOB") || has("BINARY") || has("BYTEA") {
            Self::Bytes
        } else if has("BOOL") {
            Self::Boolean
        } else if declared.is_empty() || declared == "ANY" {
            Self::None
        } else if ["REAL", "FLOA", "DOUB", "NUM", "DEC", "SERIAL", "MONEY"].into_iter().any(has) {
            Self::Number
        } else {
            Self::Other
        }
    }

    /// Whether a label becomes a number in the column, and digits are that number.
    pub(crate) fn has_ids(self) -> bool {
        self.has_numbers() || self == Self::None
    }

    /// Whether the column turns a text that looks like a number into one.
    pub(crate) fn has_numbers(self) -> bool {
        matches!(self, Self::Number | Self::Other | Self::Boolean)
    }

    /// The value of a word in a boolean column.
    pub(crate) fn boolean(self, word: &str) -> Option<bool> {
        let is = |name: &str| self == Self::Boolean && word.eq_ignore_ascii_case(name);
        if ["true", "yes", "on", "t", "y"].into_iter().any(is) {
            Some(true)
        } else {
            ["false", "no", "off", "f", "n"].into_iter().any(is).then_some(false)
        }
    }
}

#[cfg(test)]
#[path = "../../tests/unit/sqlite_affinity.rs"]
mod tests;
