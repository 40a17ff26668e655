//! Fixture files of [Django](https://docs.djangoproject.com/en/stable/topics/serialization/): a list of
//! `{"model": "blog.post", "pk": 1, "fields": {…}}`.
//!
//! A model is the table `blog_post`, or where there is none `post` or `posts`. A row is labelled by its natural key, the values
//! of its first unique constraint, so that a reference like `["alice"]` is one to a label, and a row without `pk` has a key.

use super::{
    SeedError,
    file::TableRows,
    mistakes::Mistakes,
    node::{Node, Row, natural_key},
    source::{Source, Spanned},
    tables::{Table, Tables},
};
use rusqlite::types::Value;
use std::sync::Arc;

/// Whether a document is a list of Django's objects.
pub(super) fn is_list_of_objects(root: &Node) -> bool {
    let is_object = |item: &Spanned<Node>| {
        let Node::Map(fields) = &item.value else { return false };
        let of = |name: &str| fields.iter().find(|(field, _)| field.value == name).map(|(_, value)| &value.value);
        fields.iter().all(|(name, _)| ["model", "pk", "fields"].contains(&name.value.as_str()))
            && matches!((of("model"), of("fields")), (Some(Node::Value(Value::Text(_))), Some(Node::Map(_))))
    };
    matches!(root, Node::List(items) if !items.is_empty() && items.iter().all(is_object))
}

/// The rows of such a list, table by table.
pub(super) fn rows(source: &Arc<Source>, root: Node, tables: &Tables<'_>, mistakes: &mut Mistakes) -> Vec<TableRows> {
    let Node::List(items) = root else { return Vec::new() };
    let mut made: Vec<TableRows> = Vec::new();
    for item in items {
        let spot = item.spot;
        let Some(object) = Object::of(item.value) else { continue };
        let model = object.model.value;
        let candidates = [model.replace('.', "_"), name_of(&model), name_of(&model) + "s"];
        let Some(table) = candidates.iter().find_map(|name| tables.get(name).ok()) else {
            if let Err(error) = tables.get(&candidates[0]) {
                mistakes.note(SeedError::at(error, source.place(object.model.spot)));
            }
            continue;
        };
        let mut fields = object.fields;
        let label = label(&table, &fields).map(|label| Spanned::new(label, spot));
        if let (Some(pk), Some(key)) = (object.pk, table.key) {
            fields.push((Spanned::new(table.columns[key].name.clone(), pk.spot), pk));
        }
        let row = Row { source: Arc::clone(source), label, fields: Spanned::new(fields, spot) };
        match made.iter_mut().find(|rows| rows.table == table.name) {
            Some(rows) => rows.rows.push(row),
            None => made.push(TableRows {
                table: table.name.clone(),
                start: source.place(object.model.spot),
                rows: vec![row],
                bytes: 0,
            }),
        }
    }
    made
}

/// The name of a model without its application's.
fn name_of(model: &str) -> String {
    model.rsplit('.').next().unwrap_or(model).to_owned()
}

/// The natural key of a row: the values of the first unique constraint that it gives all of.
fn label(table: &Table, fields: &[(Spanned<String>, Spanned<Node>)]) -> Option<String> {
    let given = |column: &usize| fields.iter().find(|(name, _)| table.field(&name.value) == Some(*column));
    table.unique.iter().find_map(|columns| {
        let values: Option<Vec<_>> = columns.iter().map(|column| Some(given(column)?.1.clone())).collect();
        natural_key(&values?)
    })
}

/// One of Django's objects.
struct Object {
    model: Spanned<String>,
    pk: Option<Spanned<Node>>,
    fields: Vec<(Spanned<String>, Spanned<Node>)>,
}

impl Object {
    fn of(node: Node) -> Option<Self> {
        let Node::Map(parts) = node else { return None };
        let (mut model, mut pk, mut fields) = (None, None, None);
        for (name, part) in parts {
            match (name.value.as_str(), part.value) {
                ("model", Node::Value(Value::Text(text))) => model = Some(Spanned::new(text, part.spot)),
                ("pk", Node::Value(Value::Null)) => pk = None,
                ("pk", value) => pk = Some(Spanned::new(value, part.spot)),
                ("fields", Node::Map(found)) => fields = Some(found),
                _ => {}
            }
        }
        Some(Self { model: model?, pk, fields: fields? })
    }
}
