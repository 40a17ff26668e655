//! Names and values as SQL.

use rusqlite::types::ValueRef;

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
                let parts: Vec<_> = text.split('\0').map(|part| format!("'{}'", part.replace('\'', "''"))).collect();
                parts.join(" || char(0) || ")
            }
            // Text that is not UTF-8.
            Err(_) => format!("CAST({} AS TEXT)", bytes(text)),
        },
        ValueRef::Blob(blob) => bytes(blob),
    }
}

fn bytes(bytes: &[u8]) -> String {
    let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("x'{}'", digits.concat())
}

#[cfg(test)]
mod tests {
    use super::{literal, quoted};
    use rusqlite::types::{Value, ValueRef};

    #[test]
    fn names_are_quoted() {
        assert_eq!(quoted("od\"d name"), "\"od\"\"d name\"");
    }

    #[test]
    fn literals_read_back() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        for value in [
            ValueRef::Null,
            ValueRef::Integer(i64::MIN),
            ValueRef::Real(f64::NEG_INFINITY),
            ValueRef::Real(1.0),
            ValueRef::Text(b"it's \0\0 two"),
            ValueRef::Text(b"\xff"),
            ValueRef::Blob(b"\0'"),
        ] {
            let sql = format!("SELECT {}", literal(value));
            connection
                .query_row(&sql, [], |row| {
                    assert_eq!(row.get_ref(0)?, value, "{sql}");
                    Ok(())
                })
                .unwrap();
        }
        assert_eq!(literal(&Value::Integer(7)), "7");
    }
}
