//! Names and values as SQL writes them.

use rusqlite::types::Value;

/// A name as SQL writes it, whatever letters it has.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A value as SQL writes it.
pub(crate) fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(integer) => integer.to_string(),
        // What SQLite reads as infinite.
        Value::Real(real) if real.is_infinite() => if *real > 0.0 { "9e999" } else { "-9e999" }.to_owned(),
        Value::Real(real) => format!("{real:?}"),
        Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Blob(bytes) => {
            let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("x'{}'", digits.concat())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{literal, quoted};
    use rusqlite::types::Value;

    #[test]
    fn a_name_is_quoted() {
        assert_eq!(quoted("od\"d name"), "\"od\"\"d name\"");
    }

    #[test]
    fn an_infinite_number_is_a_literal_too() {
        assert_eq!(literal(&Value::Real(f64::NEG_INFINITY)), "-9e999");
        assert_eq!(literal(&Value::Real(1.0)), "1.0");
    }
}
