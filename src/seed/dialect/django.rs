//! Fixture files of [Django](https://docs.djangoproject.com/en/stable/topics/serialization/): a list of
//! `{"model": "blog.post", "pk": 1, "fields": {…}}`.
//!
//! A model is the table `blog_post`, or else `post` or `posts`. The label of a row is its natural key, the values of its first
//! unique constraint: so a reference like `["alice"]` is one by label, and a row without `pk` gets a key.

use crate::seed::error::SeedError;
use crate::seed::error::collect::Collector;
use crate::seed::error::kind::SeedErrorKind;
use crate::seed::files::text::{Source, Spanned};
use crate::seed::parse::bytes::decode_base64;
use crate::seed::parse::scalar::Scalar;
use crate::seed::parse::value::{Field, Node, Row, TableRows, natural_key};
use crate::seed::schema::{Column, Table, Tables};
use crate::sqlite::affinity::Affinity;
use std::borrow::Cow;

/// Models of Django itself whose tables have other names.
const OWN: [(&str, &str); 6] = [
    ("admin.logentry", "django_admin_log"),
    ("contenttypes.contenttype", "django_content_type"),
    ("flatpages.flatpage", "django_flatpage"),
    ("redirects.redirect", "django_redirect"),
    ("sessions.session", "django_session"),
    ("sites.site", "django_site"),
];

/// Whether a document is a list of Django's objects: one of them makes it so.
pub(crate) fn is_list_of_objects(root: &Node<'_>) -> bool {
    matches!(root, Node::List(items) if items.iter().any(|item| is_object(&item.value)))
}

fn is_object(node: &Node<'_>) -> bool {
    let Node::Map(fields) = node else { return false };
    let of = |name: &str| fields.iter().find(|(field, _)| field.value == name).map(|(_, value)| &value.value);
    fields.iter().all(|(name, _)| ["model", "pk", "fields"].contains(&&*name.value))
        && matches!((of("model"), of("fields")), (Some(Node::Scalar(Scalar::Text(_))), Some(Node::Map(_))))
}

/// The rows of such a list, table by table.
pub(crate) fn rows<'s>(
    source: &'s Source,
    root: Node<'s>,
    tables: &Tables<'_>,
    errors: &mut Collector,
) -> Vec<TableRows<'s>> {
    let Node::List(items) = root else { return Vec::new() };
    let mut made: Vec<TableRows<'s>> = Vec::new();
    for item in items {
        let spot = item.spot;
        let found = item.value.kind();
        let Some(object) = is_object(&item.value).then(|| Object::from_node(item.value)).flatten() else {
            let expected = "an object of Django, `{model, pk, fields}`, like others in this list";
            errors.push(SeedError::new(SeedErrorKind::Shape { expected, found }).at(source.place(spot)));
            continue;
        };
        let model = object.model.value;
        let own = OWN.iter().find(|(name, _)| *name == model).map(|(_, table)| (*table).to_owned());
        let candidates = [model.replace('.', "_"), model_name(&model), model_name(&model) + "s"];
        let Some(table) = own.iter().chain(&candidates).find_map(|name| tables.find(name).ok().flatten()) else {
            if let Err(error) = tables.get(&candidates[0]) {
                errors.push(SeedError::at(error, source.place(object.model.spot)));
            }
            continue;
        };
        let mut fields = object.fields;
        let label = label(&table, &fields).map(|label| Spanned::new(label.into(), spot));
        if let Some(pk) = object.pk {
            add_key(&table, &mut fields, pk);
        }
        for (name, value) in &mut fields {
            let Some(column) = table.field(&name.value).map(|column| &table.columns[column]) else { continue };
            match as_stored(column, &value.value) {
                Ok(Some(stored)) => value.value = stored,
                Ok(None) => {}
                Err(fault) => {
                    let error = SeedError::new(fault).at(source.place(value.spot)).in_column(&*name.value);
                    errors.push(error.in_table(&*table.name));
                }
            }
            // Under the name of its column a value is a key first, not a label.
            if !column.name.eq_ignore_ascii_case(&name.value) {
                name.value = column.name.clone().into();
            }
        }
        let row = Row { source, label, fields, spot, is_django: true };
        match made.iter_mut().find(|rows| rows.table == table.name) {
            Some(rows) => rows.rows.push(row),
            None => made.push(TableRows {
                table: table.name.clone(),
                source,
                start: Some(object.model.spot),
                rows: vec![row],
                bytes: 0,
            }),
        }
    }
    made
}

/// Adds the columns of the primary key, unless the fields have them, as in a row that extends another.
fn add_key<'s>(table: &Table, fields: &mut Vec<Field<'s>>, pk: Spanned<Node<'s>>) {
    let parts = match pk.value {
        Node::List(parts) if table.primary_key.len() == parts.len() => parts,
        value => vec![Spanned::new(value, pk.spot)],
    };
    if table.primary_key.len() != parts.len() {
        return;
    }
    for (column, part) in table.primary_key.iter().zip(parts) {
        let given =
            fields.iter().any(|(name, value)| table.field(&name.value) == Some(*column) && value.value == part.value);
        if !given {
            fields.push((Spanned::new(table.columns[*column].name.clone().into(), part.spot), part));
        }
    }
}

/// The value that Django's fields store, if it is another one: bytes for base64, the digits of a UUID, JSON text in a column of JSON.
pub(super) fn as_stored(column: &Column, node: &Node<'_>) -> Result<Option<Node<'static>>, SeedErrorKind> {
    if column.is_json && *node != Node::Scalar(Scalar::Null) {
        return node.to_json().map(|json| Some(Node::text(json)));
    }
    let Node::Scalar(Scalar::Text(text)) = node else { return Ok(None) };
    if column.affinity == Affinity::Bytes {
        return decode_base64(text).map(|bytes| Some(Node::Scalar(Scalar::Bytes(bytes.into()))));
    }
    let digits =
        || text.split('-').map(str::len).eq([8, 4, 4, 4, 12]).then(|| text.replace('-', "").to_ascii_lowercase());
    let is_uuid = column.declared.eq_ignore_ascii_case("char(32)");
    let digits = is_uuid.then(digits).flatten().filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    Ok(digits.map(Node::text))
}

/// The name of a model without its application's.
fn model_name(model: &str) -> String {
    model.rsplit('.').next().unwrap_or(model).to_owned()
}

/// The natural key of a row: the values of the first unique constraint whose columns it gives.
fn label(table: &Table, fields: &[Field<'_>]) -> Option<String> {
    let given = |column: &usize| fields.iter().find(|(name, _)| table.field(&name.value) == Some(*column));
    table.unique.iter().find_map(|columns| {
        let values: Option<Vec<_>> = columns.iter().map(|column| Some(given(column)?.1.clone())).collect();
        natural_key(&values?)
    })
}

/// One of Django's objects.
struct Object<'s> {
    model: Spanned<Cow<'s, str>>,
    pk: Option<Spanned<Node<'s>>>,
    fields: Vec<Field<'s>>,
}

impl<'s> Object<'s> {
    fn from_node(node: Node<'s>) -> Option<Self> {
        let Node::Map(parts) = node else { return None };
        let (mut model, mut pk, mut fields) = (None, None, None);
        for (name, part) in parts {
            match (&*name.value, part.value) {
                ("model", Node::Scalar(Scalar::Text(text))) => model = Some(Spanned::new(text, part.spot)),
                ("pk", Node::Scalar(Scalar::Null)) => pk = None,
                ("pk", value) => pk = Some(Spanned::new(value, part.spot)),
                ("fields", Node::Map(found)) => fields = Some(found),
                _ => {}
            }
        }
        Some(Self { model: model?, pk, fields: fields? })
    }
}
