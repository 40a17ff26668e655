//! The files of each format.

use super::{
    Format, Table, list,
    value::{Held, Written, written},
};
use crate::sqlite::quote::quoted;
use std::fmt::Write;

/// The names and texts of the files for these rows.
pub(super) fn files(tables: &[(&Table, Vec<Vec<Held>>)], format: Format) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut scripted = String::new();
    for (table, rows) in tables {
        // What has no place in a file of one table: a name that is no file's, rows with numbers of their own, a column that
        // would be taken for labels or is longer than YAML allows for a key, a text that is none.
        let is_plain = is_file_name(&table.name)
            && !table.is_virtual
            && table.columns.iter().all(|column| column.name != "_label" && column.name.len() <= LONGEST_NAME)
            && !rows.iter().flatten().any(|value| matches!(value, Held::Text(bytes) if str::from_utf8(bytes).is_err()));
        match format {
            Format::Yaml if is_plain => files.push((format!("{}.yaml", table.name), yaml(table, rows))),
            Format::Json if is_plain => files.push((format!("{}.json", table.name), json(table, rows))),
            Format::Csv if is_plain => files.push((format!("{}.csv", table.name), csv(table, rows))),
            _ => scripted.push_str(&script(table, rows)),
        }
    }
    if !scripted.is_empty() {
        files.push(("rows.sql".to_owned(), scripted));
    }
    files
}

/// YAML allows 1,024 characters for a key, escapes among them.
const LONGEST_NAME: usize = 128;

/// Whether a file can have the name of a table on any system, and sorts before what comes after the rows.
fn is_file_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    // `rows.sql` is ours, the others are devices on Windows.
    let device = name.trim_end_matches(|letter: char| letter.is_ascii_digit()).to_ascii_lowercase();
    let is_taken = matches!(device.as_str(), "rows" | "con" | "prn" | "aux" | "nul" | "com" | "lpt");
    !name.is_empty() && name.len() <= 100 && name.bytes().all(is_letter) && !is_taken
}

fn script(table: &Table, rows: &[Vec<Held>]) -> String {
    let mut columns = list(table.columns.iter().map(|column| column.name.as_str()));
    if table.is_virtual {
        columns = format!("{}, {columns}", table.key.join(", "));
    }
    let mut text = String::new();
    for row in rows {
        let values: Vec<String> = row.iter().map(Held::sql).collect();
        // Writing into memory cannot fail.
        let _ = writeln!(text, "INSERT INTO {} ({columns}) VALUES ({});", quoted(&table.name), values.join(", "));
    }
    text
}

fn json(table: &Table, rows: &[Vec<Held>]) -> String {
    let row = |row: &Vec<Held>| {
        let fields = table.columns.iter().zip(row).map(|(column, value)| {
            format!("{}: {}", string(&column.name), scalar(&written(value, column.affinity, false)))
        });
        format!("  {{{}}}", fields.collect::<Vec<_>>().join(", "))
    };
    format!("[\n{}\n]\n", rows.iter().map(row).collect::<Vec<_>>().join(",\n"))
}

fn yaml(table: &Table, rows: &[Vec<Held>]) -> String {
    let mut text = String::new();
    for row in rows {
        for (number, (column, value)) in table.columns.iter().zip(row).enumerate() {
            let start = if number == 0 { "-" } else { " " };
            let _ = writeln!(
                text,
                "{start} {}: {}",
                printable(&string(&column.name)),
                printable(&scalar(&written(value, column.affinity, false)))
            );
        }
    }
    text
}

/// A text in quotes as YAML takes it: what it does not print is escaped, and a percent sign or brace that would start a template.
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

fn csv(table: &Table, rows: &[Vec<Held>]) -> String {
    let line = |fields: Vec<String>| fields.join(",") + "\n";
    let mut text = line(table.columns.iter().map(|column| field(&column.name)).collect());
    for row in rows {
        let fields = table.columns.iter().zip(row).map(|(column, value)| match written(value, column.affinity, true) {
            // An empty line would be no row.
            Written::Null if row.len() == 1 => "[null]".to_owned(),
            Written::Null => String::new(),
            Written::Integer(integer) => integer.to_string(),
            Written::Real(real) => format!("{real:?}"),
            Written::Text(text) => field(&text),
        });
        text += &line(fields.collect());
    }
    text
}

/// A text as CSV has it.
fn field(text: &str) -> String {
    let is_plain = |letter: char| !matches!(letter, ',' | '"' | '\n' | '\r') && !letter.is_whitespace();
    if !text.is_empty() && text != "[null]" && (text.chars().all(|letter| is_plain(letter) || letter == ' ')) {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A value as JSON has it, and YAML too.
fn scalar(value: &Written) -> String {
    match value {
        Written::Null => "null".to_owned(),
        Written::Integer(integer) => integer.to_string(),
        Written::Real(real) => format!("{real:?}"),
        Written::Text(text) => string(text),
    }
}

fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
