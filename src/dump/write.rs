//! The files of each format.

use super::value::{SeedValue, StoredValue, seed_value};
use super::{Format, Table};
use crate::sqlite::quote::quoted;
use std::fmt::Write;

/// The names and texts of the files with these rows.
pub(super) fn files(tables: &[(&Table, Vec<Vec<StoredValue>>)], format: Format) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut script = String::new();
    for (table, rows) in tables {
        // Else only a script can represent it: a table whose name cannot be that of a file, or with rowids that must be kept; a
        // column that would be read as labels, or is too long for YAML; invalid UTF-8.
        let is_plain = is_file_name(&table.name)
            && !table.writes_rowid
            && table.columns.iter().all(|column| column.name != "_label" && column.name.len() <= MAX_NAME)
            && !rows
                .iter()
                .flatten()
                .any(|value| matches!(value, StoredValue::Text(bytes) if str::from_utf8(bytes).is_err()));
        match format {
            Format::Yaml if is_plain => files.push((format!("{}.yaml", table.name), yaml(table, rows))),
            Format::Json if is_plain => files.push((format!("{}.json", table.name), json(table, rows))),
            Format::Csv if is_plain => files.push((format!("{}.csv", table.name), csv(table, rows))),
            _ => script.push_str(&sql(table, rows)),
        }
    }
    if !script.is_empty() {
        files.push(("rows.sql".to_owned(), script));
    }
    files
}

/// YAML allows 1,024 characters for a key, escapes among them.
const MAX_NAME: usize = 128;

/// Whether a file can have this name on every system, and sorts before `~triggers.sql`.
fn is_file_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    // Ours, and the devices of Windows.
    let base = name.trim_end_matches(|letter: char| letter.is_ascii_digit()).to_ascii_lowercase();
    let is_taken = matches!(base.as_str(), "rows" | "con" | "prn" | "aux" | "nul" | "com" | "lpt");
    !name.is_empty() && name.len() <= 100 && name.bytes().all(is_letter) && !is_taken
}

fn sql(table: &Table, rows: &[Vec<StoredValue>]) -> String {
    let columns = table.column_list();
    let mut text = String::new();
    for row in rows {
        let values: Vec<String> = row.iter().map(StoredValue::sql).collect();
        // Writing into memory cannot fail.
        let _ = writeln!(text, "INSERT INTO {} ({columns}) VALUES ({});", quoted(&table.name), values.join(", "));
    }
    text
}

fn json(table: &Table, rows: &[Vec<StoredValue>]) -> String {
    let row = |row: &Vec<StoredValue>| {
        let fields = table.columns.iter().zip(row).map(|(column, value)| {
            format!("{}: {}", string(&column.name), scalar(&seed_value(value, column.affinity, false)))
        });
        format!("  {{{}}}", fields.collect::<Vec<_>>().join(", "))
    };
    format!("[\n{}\n]\n", rows.iter().map(row).collect::<Vec<_>>().join(",\n"))
}

fn yaml(table: &Table, rows: &[Vec<StoredValue>]) -> String {
    let mut text = String::new();
    for row in rows {
        for (number, (column, value)) in table.columns.iter().zip(row).enumerate() {
            let start = if number == 0 { "-" } else { " " };
            let _ = writeln!(
                text,
                "{start} {}: {}",
                printable(&string(&column.name)),
                printable(&scalar(&seed_value(value, column.affinity, false)))
            );
        }
    }
    text
}

/// A JSON string as YAML: unprintable characters are escaped, and what would start a template.
fn printable(text: &str) -> String {
    let text = text.replace("<%", "\\u003c%");
    let text = if text.contains("{{") { text.replace('{', "\\u007b") } else { text };
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                // Writing into memory cannot fail.
                let _ = write!(escaped, "\\u{:04x}", u32::from(letter));
            }
            letter => escaped.push(letter),
        }
    }
    escaped
}

fn csv(table: &Table, rows: &[Vec<StoredValue>]) -> String {
    let line = |fields: Vec<String>| fields.join(",") + "\n";
    let mut text = line(table.columns.iter().map(|column| field(&column.name)).collect());
    for row in rows {
        let fields =
            table.columns.iter().zip(row).map(|(column, value)| match seed_value(value, column.affinity, true) {
                // An empty line is no row.
                SeedValue::Null if row.len() == 1 => "[null]".to_owned(),
                SeedValue::Null => String::new(),
                SeedValue::Integer(integer) => integer.to_string(),
                SeedValue::Real(real) => format!("{real:?}"),
                SeedValue::Text(text) => field(&text),
            });
        text += &line(fields.collect());
    }
    text
}

/// A text as a field of CSV.
fn field(text: &str) -> String {
    let is_plain = |letter: char| !matches!(letter, ',' | ';' | '"' | '\n' | '\r') && !letter.is_whitespace();
    if !text.is_empty() && text != "[null]" && (text.chars().all(|letter| is_plain(letter) || letter == ' ')) {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A value in JSON and YAML.
fn scalar(value: &SeedValue) -> String {
    match value {
        SeedValue::Null => "null".to_owned(),
        SeedValue::Integer(integer) => integer.to_string(),
        SeedValue::Real(real) => format!("{real:?}"),
        SeedValue::Text(text) => string(text),
    }
}

fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
