//! What fixture files of [Rails](https://api.rubyonrails.org/classes/ActiveRecord/FixtureSet.html) have besides labels.
//!
//! * The row `DEFAULTS`, which is there to be merged into others, is no row; nor are those that `_fixture: {ignore: …}` names.
//! * `$LABEL` in a text is the label of its row.
//! * `author: alice` stands for the column `author_id`, where that is a foreign key.
//! * `tags: rust, sqlite`, or a list, are rows of the one table that joins this one with `tags`.
//! * Columns that say when a row was made or changed are filled, where a table wants them and a labelled row does not give them.

use super::{
    Fault, SeedError,
    file::TableRows,
    mistakes::Mistakes,
    node::{Node, Row},
    source::{Spanned, Spot},
    tables::{Column, Table, Tables},
};
use rusqlite::types::Value;
use std::{collections::HashMap, sync::Arc};

/// The row of values for others.
#[cfg(any(feature = "json", feature = "toml", feature = "yaml"))]
const DEFAULTS: &str = "DEFAULTS";

/// The entry that is about the file.
#[cfg(any(feature = "json", feature = "toml", feature = "yaml"))]
const FIXTURE: &str = "_fixture";

/// The entries of a map of label -> row that are rows.
#[cfg(any(feature = "json", feature = "toml", feature = "yaml"))]
pub(super) fn rows_among(entries: Vec<(Spanned<String>, Spanned<Node>)>) -> Vec<(Spanned<String>, Spanned<Node>)> {
    let of_file = entries.iter().find(|(label, _)| label.value == FIXTURE).map(|(_, about)| about.value.clone());
    let mut left_out = vec![DEFAULTS.to_owned(), FIXTURE.to_owned()];
    if let Some(Node::Map(about)) = of_file {
        let ignored = about.into_iter().filter(|(name, _)| name.value == "ignore");
        left_out.extend(ignored.flat_map(|(_, labels)| texts(&labels)).map(|label| label.value));
    }
    entries.into_iter().filter(|(label, _)| !left_out.contains(&label.value)).collect()
}

/// A text with the label of its row in it.
pub(super) fn with_label(text: &str, row: &Row) -> Option<String> {
    let label = row.label.as_ref()?;
    text.contains("$LABEL").then(|| text.replace("$LABEL", &label.value))
}

/// What a column holds that a labelled row does not give: always the same, so that the same files give the same bytes.
pub(super) fn made_at(column: &Column) -> Option<Value> {
    if !column.is_required {
        return None;
    }
    let made = match column.name.to_ascii_lowercase().as_str() {
        "created_at" | "updated_at" => "2000-01-01 00:00:00",
        "created_on" | "updated_on" => "2000-01-01",
        _ => return None,
    };
    Some(Value::Text(made.to_owned()))
}

/// Takes lists of labels that stand for rows of a joining table out of their rows, and gives those rows.
pub(super) fn joins(rows: &mut TableRows, tables: &Tables<'_>, mistakes: &mut Mistakes) -> Vec<TableRows> {
    let Ok(table) = tables.get(&rows.table) else { return Vec::new() };
    let mut made: Vec<TableRows> = Vec::new();
    let mut known: HashMap<String, Option<Join>> = HashMap::new();
    for row in &mut rows.rows {
        let mut at = 0;
        while let Some((name, _)) = row.fields.value.get(at) {
            let field = &name.value;
            if !known.contains_key(field) {
                known.insert(field.clone(), join(&table, field, tables));
            }
            let Some(Some(join)) = known.get(field) else {
                at += 1;
                continue;
            };
            let (name, others) = row.fields.value.remove(at);
            let Some(own) = own_key(&table, row, name.spot) else {
                let fault = Fault::Value("a row that others are joined to needs a label, or its key");
                mistakes.note(SeedError::new(fault).at(row.source.place(name.spot)).table_is(&*table.name));
                continue;
            };
            let joined = texts(&others).into_iter().map(|other| {
                let fields = vec![
                    (Spanned::new(join.own.clone(), name.spot), own.clone()),
                    (Spanned::new(join.other.clone(), other.spot), Spanned::new(value(other.value), other.spot)),
                ];
                Row { source: Arc::clone(&row.source), label: None, fields: Spanned::new(fields, others.spot) }
            });
            let start = row.source.place(name.spot);
            made.push(TableRows { table: join.table.clone(), start, rows: joined.collect(), bytes: 0 });
        }
    }
    made
}

/// The table between two others, and its columns that point at either.
struct Join {
    table: String,
    own: String,
    other: String,
}

/// The one table that joins `table` with the one called `other`, if a row's field can mean that.
fn join(table: &Table, other: &str, tables: &Tables<'_>) -> Option<Join> {
    if table.field(other).is_some() {
        return None;
    }
    let other = tables.get(other).ok()?;
    let mut found = tables.names().ok()?.into_iter().filter_map(|name| {
        let join = tables.get(&name).ok()?;
        let points = |to: &str| {
            let mut to = join.references.iter().filter(|reference| reference.parent.eq_ignore_ascii_case(to));
            let only = to.next()?;
            to.next().is_none().then(|| join.columns[only.column].name.clone())
        };
        (join.name != table.name && join.name != other.name)
            .then(|| Some(Join { own: points(&table.name)?, other: points(&other.name)?, table: name }))?
    });
    let only = found.next()?;
    found.next().is_none().then_some(only)
}

/// What stands for a row in the columns that point at it.
fn own_key(table: &Table, row: &Row, spot: Spot) -> Option<Spanned<Node>> {
    let key = table.key.map(|key| &table.columns[key].name);
    let given = row.fields.value.iter().find(|(name, _)| key.is_some_and(|key| key.eq_ignore_ascii_case(&name.value)));
    let label = || row.label.as_ref().map(|label| Node::Value(Value::Text(label.value.clone())));
    Some(Spanned::new(given.map(|(_, key)| key.value.clone()).or_else(label)?, spot))
}

/// The labels in a list, or in a text between commas.
fn texts(labels: &Spanned<Node>) -> Vec<Spanned<String>> {
    let spot = labels.spot;
    let text = |node: &Node, spot| match node {
        Node::Value(Value::Text(text)) => Some(Spanned::new(text.trim().to_owned(), spot)),
        Node::Value(Value::Integer(integer)) => Some(Spanned::new(integer.to_string(), spot)),
        _ => None,
    };
    match &labels.value {
        Node::List(items) => items.iter().filter_map(|item| text(&item.value, item.spot)).collect(),
        Node::Value(Value::Text(all)) => all
            .split(',')
            .map(str::trim)
            .filter(|label| !label.is_empty())
            .map(|label| Spanned::new(label.to_owned(), spot))
            .collect(),
        other => text(other, spot).into_iter().collect(),
    }
}

fn value(text: String) -> Node {
    Node::Value(Value::Text(text))
}
