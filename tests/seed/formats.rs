//! The sample of `fixtures/`, written again in the formats that it is not kept in.

use crate::{blog, one};
use common::folder;
use serde_json::{Map, Value};
use sqlite_fixtures::{Seeds, Template, rusqlite::Connection};
use std::fs;

/// The rows of each table of the sample, each with its label.
fn sample() -> Vec<(String, Vec<Map<String, Value>>)> {
    let mut tables = Vec::new();
    for entry in fs::read_dir("fixtures").unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let rows = match serde_json::from_str(&fs::read_to_string(&entry).unwrap()).unwrap() {
            Value::Object(rows) => rows
                .into_iter()
                .map(|(label, row)| {
                    let mut row = row.as_object().cloned().unwrap_or_default();
                    row.insert("_label".to_owned(), label.into());
                    row
                })
                .collect(),
            Value::Array(rows) => rows.into_iter().map(|row| row.as_object().unwrap().clone()).collect(),
            other => panic!("{other}"),
        };
        tables.push((entry.file_stem().unwrap().to_str().unwrap().to_owned(), rows));
    }
    tables.sort_by(|one, other| one.0.cmp(&other.0));
    assert!(tables.len() > 5);
    tables
}

fn json(rows: &[Map<String, Value>]) -> String {
    Value::from(rows.to_vec()).to_string()
}

fn json_lines(rows: &[Map<String, Value>]) -> String {
    rows.iter().map(|row| Value::Object(row.clone()).to_string() + "\n\n").collect()
}

fn tsv(rows: &[Map<String, Value>]) -> String {
    let mut columns: Vec<&String> = rows.iter().flat_map(Map::keys).collect();
    columns.sort();
    columns.dedup();
    let mut text = columns.iter().map(|column| column.as_str()).collect::<Vec<_>>().join("\t") + "\r\n";
    for row in rows {
        let field = |column: &&String| match row.get(*column) {
            None | Some(Value::Null) => String::new(),
            Some(Value::Bool(value)) => u8::from(*value).to_string(),
            Some(Value::String(text)) => format!("\"{}\"", text.replace('"', "\"\"")),
            Some(other) => format!("\"{}\"", other.to_string().replace('"', "\"\"")),
        };
        text += &(columns.iter().map(field).collect::<Vec<_>>().join("\t") + "\r\n");
    }
    text
}

fn toml(table: &str, rows: &[Map<String, Value>]) -> String {
    fn literal(value: &Value) -> String {
        match value {
            Value::Array(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", ")),
            Value::Object(fields) => {
                let fields: Vec<_> =
                    fields.iter().map(|(key, field)| format!("{key:?} = {}", literal(field))).collect();
                format!("{{ {} }}", fields.join(", "))
            }
            other => other.to_string(),
        }
    }
    let mut text = String::new();
    for row in rows {
        text += &format!("[[{table}]]\n");
        for (column, field) in row.iter().filter(|(_, field)| !field.is_null()) {
            text += &format!("{column} = {} # so\n", literal(field));
        }
    }
    text
}

fn database(files: &[(String, String)]) -> String {
    let schema = ("schema.sql".to_owned(), fs::read_to_string("fixtures/schema.sql").unwrap());
    let files: Vec<(&str, &str)> =
        files.iter().chain([&schema]).map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let folder = folder(&files);
    common::dump(&Template::from_folder(folder.path()).session())
}

#[test]
fn sample_loads_from_every_format() {
    let sample = sample();
    let each = |extension: &str, write: fn(&str, &[Map<String, Value>]) -> String| {
        let file = |(table, rows): &(String, Vec<_>)| (format!("{table}.{extension}"), write(table, rows));
        database(&sample.iter().map(file).collect::<Vec<_>>())
    };
    // Not in the order of the sample itself, which its triggers would tell.
    let expected = each("json", |_, rows| json(rows));
    assert_eq!(expected.len(), common::dump(&Template::folder("fixtures").session()).len());
    assert_eq!(each("jsonl", |_, rows| json_lines(rows)), expected);
    assert_eq!(each("ndjson", |_, rows| json_lines(rows)), expected);
    assert_eq!(each("tsv", |_, rows| tsv(rows)), expected);
    assert_eq!(each("toml", toml), expected);
    let all = |name: &str, text: String| database(&[(name.to_owned(), text)]);
    assert_eq!(all("all.toml", sample.iter().map(|(table, rows)| toml(table, rows)).collect()), expected);
    let tables: Map<String, Value> = sample.iter().map(|(table, rows)| (table.clone(), rows.clone().into())).collect();
    assert_eq!(all("all.json", Value::from(tables.clone()).to_string()), expected);
    #[cfg(feature = "yaml")]
    assert_eq!(all("all.yaml", Value::from(tables).to_string()), expected, "JSON is YAML");
}

#[test]
fn map_of_maps_is_rows_or_tables() {
    let rows = r#"{"users": {"name": "a user called users"}, "posts": null}"#;
    let (connection, loaded) = blog(&[("users.json", rows)]);
    loaded.unwrap();
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM users"), 2);
    let tables = r#"{"users": {"alice": {"name": "Alice"}}, "posts": {"first": {"author_id": "alice"}}}"#;
    let (connection, loaded) = blog(&[("blog.json", tables)]);
    loaded.unwrap();
    let name = "SELECT name FROM posts JOIN users ON author_id = users.id";
    assert_eq!(one::<String>(&connection, name), "Alice");
    let lists = r#"{"users": [{"id": 1}], "posts": [{"author_id": 1}]}"#;
    let (connection, loaded) = blog(&[("users.json", lists)]);
    loaded.unwrap();
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM posts"), 1, "no row is a list");
}

#[test]
fn toml_values() {
    let values = "hex = 0xff\nbig = 9_007_199_254_740_993\nreal = 6.25e-1\nyes = true\nday = 2026-11-25\n\
                  time = 2026-11-25T09:30:00Z\nlist = [1, 'two']\n";
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE t (hex, big, real, yes, day, time, list)").unwrap();
    Seeds::from(folder(&[("t.toml", &format!("[[t]]\n{values}"))]).path()).load(&mut connection).unwrap();
    let shown: String = one(&connection, "SELECT concat_ws('|', hex, big, real, yes, day, time, list) FROM t");
    assert_eq!(shown, "255|9007199254740993|0.625|1|2026-11-25|2026-11-25T09:30:00Z|[1,\"two\"]");
}
