//! `sqlite-fixtures schema`: describes the tables of a seed folder for editors.

use super::layers::Layers;
use super::{Failure, print};
use crate::labels::Labels;
use crate::position::nearest;
use crate::seed::schema::{Column, Table, Tables};
use crate::sqlite::affinity::Affinity;
use crate::sqlite::quote::quoted;
use clap::Args;
use rusqlite::Connection;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::process::ExitCode;

/// How many keys of a table are listed.
const MOST_KEYS: usize = 1000;

/// Print a JSON Schema of the tables, for editors of YAML and JSON seed files.
///
/// It knows columns, types, what a row must give, and the labels that a reference may name. `definitions` has the rows of each table; as
/// a whole it describes a file with several tables.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code:
  0  the schema was printed
  1  errors in the seeds, all of which were shown
  2  the folder could not be read, or has no such table

Examples:
  sqlite-fixtures schema fixtures > fixtures.schema.json
  sqlite-fixtures schema fixtures --table users > users.schema.json
  # yaml-language-server: $schema=users.schema.json   as the first line of users.yaml")]
pub(super) struct Arguments {
    #[command(flatten)]
    layers: Layers,
    /// Describe a file with the rows of this table.
    #[arg(long, value_name = "T")]
    table: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let Arguments { layers, table } = arguments;
    let Some((connection, loaded)) = layers.load()? else { return Ok(ExitCode::FAILURE) };
    let schema = describe(&connection, &loaded.labels, table.as_deref())?;
    print(&format!("{schema:#}\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn describe(connection: &Connection, labels: &Labels, only: Option<&str>) -> Result<Value, Failure> {
    let tables = Tables::new(connection);
    let names = tables.names()?;
    let (mut definitions, mut properties) = (Map::new(), Map::new());
    for name in &names {
        let table = tables.get(name)?;
        definitions.insert(name.clone(), rows(connection, &tables, &table, labels)?);
        properties.insert(name.clone(), json!({ "$ref": reference(name) }));
    }
    definitions.insert(
        "$computed".to_owned(),
        json!({ "type": "string", "pattern": "^(RAW|FILE|BASE64)=", "description": "a value that SQL computes, of a file, or in base64" }),
    );
    let mut schema = json!({ "$schema": "http://json-schema.org/draft-07/schema#", "definitions": definitions });
    let described = match only {
        None => json!({ "type": "object", "properties": properties, "additionalProperties": false }),
        Some(only) => {
            let found = names.iter().find(|name| name.eq_ignore_ascii_case(only)).ok_or_else(|| {
                let near = nearest(only, &mut names.iter().map(String::as_str));
                let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                format!("there is no table `{only}`{near}")
            })?;
            json!({ "$ref": reference(found) })
        }
    };
    if let (Value::Object(schema), Value::Object(described)) = (&mut schema, described) {
        schema.extend(described);
    }
    Ok(schema)
}

/// A [pointer](https://datatracker.ietf.org/doc/html/rfc6901) to a definition, as the fragment of a URI.
fn reference(name: &str) -> String {
    let mut pointer = "#/definitions/".to_owned();
    for byte in name.replace('~', "~0").replace('/', "~1").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => pointer.push(char::from(byte)),
            other => pointer.push_str(&format!("%{other:02X}")),
        }
    }
    pointer
}

/// The rows of a table: a map from labels, or a list.
fn rows(connection: &Connection, tables: &Tables<'_>, table: &Table, labels: &Labels) -> Result<Value, Failure> {
    let (mut columns, mut required) = (Map::new(), Vec::new());
    for (number, column) in table.columns.iter().enumerate() {
        if column.is_generated {
            continue;
        }
        let mut alternatives = vec![json!({ "$ref": reference("$computed") })];
        let parent = match table.references.iter().find(|reference| reference.column == number) {
            Some(reference) => tables.find(&reference.parent)?,
            None => None,
        };
        let to_key = table.references.iter().any(|reference| {
            let key = parent.as_ref().and_then(|parent| Some(&parent.columns[parent.key?].name));
            let is_key = |to: &String| key.is_some_and(|key| key.eq_ignore_ascii_case(to));
            reference.column == number && reference.to.as_ref().is_none_or(is_key)
        });
        let mut names = BTreeSet::new();
        if let Some(parent) = &parent {
            names = names_of(connection, parent, labels)?;
            alternatives.push(json!({ "enum": names }));
        }
        // Of a reference to a key of texts, all that it may be is listed.
        let is_listed = parent.is_some() && to_key && !column.affinity.has_numbers() && names.len() < MOST_KEYS;
        if !is_listed {
            alternatives.push(json!({ "type": types(column) }));
        }
        if !column.is_required {
            alternatives.push(json!({ "type": "null" }));
        }
        let value = json!({ "anyOf": alternatives, "description": column.declared });
        let association =
            column.name.strip_suffix("_id").filter(|name| !name.is_empty() && table.column(name).is_none());
        // Schemas of Rails have no foreign keys, so any label may be meant.
        if let Some(association) = association {
            let any = json!({ "type": ["string", "integer", "null"] });
            columns.insert(association.to_owned(), if parent.is_some() { value.clone() } else { any });
        }
        columns.insert(column.name.clone(), value);
        if column.is_required && table.key != Some(number) && !table.primary_key.contains(&number) {
            let names = [Some(column.name.as_str()), association];
            let one_of: Vec<Value> = names.into_iter().flatten().map(|name| json!({ "required": [name] })).collect();
            required.push(json!({ "anyOf": one_of }));
        }
    }
    let row = |more: &[&str]| {
        let mut properties = columns.clone();
        for name in more {
            properties.insert((*name).to_owned(), json!({ "type": "string" }));
        }
        // YAML merges a row with others.
        properties.insert("<<".to_owned(), json!(true));
        let mut row = json!({ "type": "object", "properties": properties, "additionalProperties": false });
        if !required.is_empty() {
            row["allOf"] = json!(required);
        }
        row
    };
    let labelled = json!({ "anyOf": [row(&[]), { "type": "null" }] });
    Ok(json!({
        "description": format!("rows of {}", table.name),
        "anyOf": [
            // Rails has defaults and settings among the rows.
            { "type": "object", "properties": { "DEFAULTS": true, "_fixture": true }, "additionalProperties": labelled },
            { "type": "array", "items": row(&["_label"]) },
            { "type": "null" }
        ]
    }))
}

fn types(column: &Column) -> Value {
    match column.affinity {
        _ if column.is_json => json!(["object", "array", "string", "number", "boolean"]),
        Affinity::Number if column.declared.to_ascii_uppercase().contains("INT") => json!(["integer", "boolean"]),
        // A date is a number to SQLite, and a text to people.
        Affinity::Number | Affinity::Other => json!(["number", "string", "boolean"]),
        Affinity::Boolean => json!(["boolean", "integer", "string"]),
        Affinity::Bytes => json!("string"),
        Affinity::Text | Affinity::None => json!(["string", "number", "boolean"]),
    }
}

/// What a reference to a table may name: its labels, and its keys if they are texts.
fn names_of(connection: &Connection, parent: &Table, labels: &Labels) -> Result<BTreeSet<String>, Failure> {
    let mut names: BTreeSet<String> = labels.of(&parent.name).map(str::to_owned).collect();
    if let Some(key) = parent.key.map(|key| &parent.columns[key].name) {
        let (key, table) = (quoted(key), quoted(&parent.name));
        let sql = format!("SELECT {key} FROM main.{table} WHERE typeof({key}) = 'text' LIMIT {MOST_KEYS}");
        let mut keys = connection.prepare(&sql)?;
        for key in keys.query_map([], |row| row.get(0))? {
            names.insert(key?);
        }
    }
    Ok(names)
}
