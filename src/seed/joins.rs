//! Lists of labels that stand for rows of a table between two others: `tags: rust, sqlite`, or a list.

use super::{
    Fault, SeedError,
    file::TableRows,
    mistakes::Mistakes,
    node::{Node, Row, natural_key},
    source::{Spanned, Spot},
    tables::{Reference, Table, Tables},
};
use rusqlite::types::Value;
use std::{collections::HashMap, sync::Arc};

/// Takes such lists out of their rows, and gives the rows that they stand for.
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

/// The table that a field of a row means, which is no column of its own.
fn join(table: &Table, field: &str, tables: &Tables<'_>) -> Option<Join> {
    if table.field(field).is_some() {
        return None;
    }
    of_field(table, field, tables).or_else(|| between(table, field, tables))
}

/// The table that is named after a table and its field, as Django has it.
fn of_field(table: &Table, field: &str, tables: &Tables<'_>) -> Option<Join> {
    let join = tables.get(&format!("{}_{field}", table.name)).ok()?;
    let [one, two] = join.references.as_slice() else { return None };
    let is_own = |reference: &Reference| {
        let from = join.columns[reference.column].name.to_ascii_lowercase().starts_with("from_");
        reference.parent.eq_ignore_ascii_case(&table.name) && (from || one.parent != two.parent)
    };
    let (own, other) = match (is_own(one), is_own(two)) {
        (true, false) => (one, two),
        (false, true) => (two, one),
        _ => return None,
    };
    let name = |reference: &Reference| join.columns[reference.column].name.clone();
    Some(Join { own: name(own), other: name(other), table: join.name.clone() })
}

/// The one table that joins `table` with the one called `other`, as Rails has it.
fn between(table: &Table, other: &str, tables: &Tables<'_>) -> Option<Join> {
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
pub(super) fn texts(labels: &Spanned<Node>) -> Vec<Spanned<String>> {
    let spot = labels.spot;
    let text = |node: &Node, spot| match node {
        Node::Value(Value::Text(text)) => Some(Spanned::new(text.trim().to_owned(), spot)),
        Node::Value(Value::Integer(integer)) => Some(Spanned::new(integer.to_string(), spot)),
        Node::List(parts) => natural_key(parts).map(|key| Spanned::new(key, spot)),
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
