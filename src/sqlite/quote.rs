//! Names and values as SQL.

use rusqlite::types::ValueRef;
use std::path::Path;

/// A name as a quoted identifier.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A value as a SQL literal.
pub(crate) fn literal<'v>(value: impl Into<ValueRef<'v>>) -> String {
    match value.into() {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(integer) => integer.to_string(),
        // SQLite reads it as infinite.
        ValueRef::Real(real) if real.is_infinite() => if real > 0.0 { "9e999" } else { "-9e999" }.to_owned(),
        ValueRef::Real(real) => format!("{real:?}"),
        ValueRef::Text(text) => match str::from_utf8(text) {
            Ok(text) => {
                // An expression has a limited depth, so in a text of many NULs another character stands for them.
                let has_many = text.matches('\0').count() > 100;
                let stand_in = || ('\u{e000}'..='\u{f8ff}').find(|other| !text.contains(*other));
                let quoted = text.replace('\'', "''");
                match has_many.then(stand_in).flatten() {
                    Some(other) => {
                        let text = quoted.replace('\0', other.encode_utf8(&mut [0; 4]));
                        format!("replace('{text}', char({}), char(0))", u32::from(other))
                    }
                    None => format!("'{}'", quoted.replace('\0', "' || char(0) || '")),
                }
            }
            // Text that is not UTF-8.
            Err(_) => format!("CAST({} AS TEXT)", bytes(text)),
        },
        ValueRef::Blob(blob) => bytes(blob),
    }
}

/// A file as a [URI](https://sqlite.org/uri.html).
pub(crate) fn file_uri(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => uri.push(char::from(*byte)),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

fn bytes(bytes: &[u8]) -> String {
    let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("x'{}'", digits.concat())
}

#[cfg(test)]
#[path = "../../tests/unit/sqlite_quote.rs"]
mod tests;
