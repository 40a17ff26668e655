//! What fixture files of [Rails](https://api.rubyonrails.org/classes/ActiveRecord/FixtureSet.html) have besides labels.
//!
//! * The row `DEFAULTS`, which is there to be merged into others, is no row; nor are those that `_fixture: {ignore: …}` names.
//! * `$LABEL` in a text is the label of its row.
//! * `author: alice` stands for the column `author_id`: by its foreign key, or without one for the row that is labelled so.
//! * `owner: alice (User)` stands for the columns `owner_id` and `owner_type`.
//! * Columns that say when a row was made or changed are filled, where a table wants them and a labelled row does not give them.

use super::{
    file::TableRows,
    node::{Node, Row, Scalar},
    source::Spanned,
    tables::{Column, Tables},
};
#[cfg(any(feature = "json", feature = "toml", feature = "yaml"))]
use super::{joins::texts, node::Field};

/// The row of values for others.
#[cfg(any(feature = "json", feature = "toml", feature = "yaml"))]
const DEFAULTS: &str = "DEFAULTS";

/// The entry that is about the file.
#[cfg(any(feature = "json", feature = "toml", feature = "yaml"))]
const FIXTURE: &str = "_fixture";

/// The entries of a map of label -> row that are rows.
#[cfg(any(feature = "json", feature = "toml", feature = "yaml"))]
pub(super) fn rows_among(entries: Vec<Field<'_>>) -> Vec<Field<'_>> {
    let of_file = entries.iter().find(|(label, _)| label.value == FIXTURE).map(|(_, about)| about.value.clone());
    let mut left_out = vec![DEFAULTS.to_owned(), FIXTURE.to_owned()];
    if let Some(Node::Map(about)) = of_file {
        let ignored = about.into_iter().filter(|(name, _)| name.value == "ignore");
        left_out.extend(ignored.flat_map(|(_, labels)| texts(&labels)).map(|label| label.value.into_owned()));
    }
    entries.into_iter().filter(|(label, _)| !left_out.iter().any(|left| *left == label.value)).collect()
}

/// A text with the label of its row in it.
pub(super) fn with_label(text: &str, row: &Row<'_>) -> Option<String> {
    let label = row.label.as_ref()?;
    (text.contains('$') && text.contains("$LABEL")).then(|| text.replace("$LABEL", &label.value))
}

/// Makes two fields of each `owner: alice (User)` whose columns are `owner_id` and `owner_type`.
pub(super) fn polymorphic(rows: &mut TableRows<'_>, tables: &Tables<'_>) {
    let Ok(table) = tables.get(&rows.table) else { return };
    let columns = |name: &str| {
        let column = |end| table.column(&format!("{name}{end}")).map(|column| table.columns[column].name.clone());
        let is_association = table.column(name).is_none();
        is_association.then(|| Some((column("_id")?, column("_type")?)))?
    };
    if !table.columns.iter().any(|column| column.name.to_ascii_lowercase().ends_with("_type")) {
        return;
    }
    for row in rows.rows.iter_mut().filter(|row| row.label.is_some()) {
        let mut types = Vec::new();
        for (name, value) in &mut row.fields {
            let Node::Scalar(Scalar::Text(text)) = &value.value else { continue };
            let Some((label, class)) = class(text).map(|(label, class)| (label.to_owned(), class.to_owned())) else {
                continue;
            };
            let Some((id, kind)) = columns(&name.value) else { continue };
            types.push((Spanned::new(kind.into(), name.spot), Spanned::new(Node::text(class.clone()), value.spot)));
            name.value = id.into();
            value.value = Node::Label { label: label.into(), of: class.into() };
        }
        row.fields.extend(types);
    }
}

/// The label and the class of `alice (User)`.
fn class(text: &str) -> Option<(&str, &str)> {
    let (label, class) = text.strip_suffix(')')?.rsplit_once('(')?;
    let is_class = class.starts_with(|letter: char| letter.is_ascii_uppercase())
        && class.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':'));
    is_class.then_some((label.trim(), class))
}

/// What the table of an association or a class may be called, in small letters.
pub(super) fn tables_of(name: &str) -> Vec<String> {
    let mut one = String::new();
    for letter in name.replace("::", "_").chars() {
        if letter.is_uppercase() && !one.is_empty() && !one.ends_with('_') {
            one.push('_');
        }
        one.extend(letter.to_lowercase());
    }
    let ies = one.strip_suffix('y').map(|start| format!("{start}ies"));
    [format!("{one}s"), format!("{one}es")].into_iter().chain(ies).chain([one]).collect()
}

/// What a column holds that a labelled row does not give: always the same, so that the same files give the same bytes.
pub(super) fn made_at(column: &Column) -> Option<Scalar<'static>> {
    if !column.is_required {
        return None;
    }
    let made = match column.name.to_ascii_lowercase().as_str() {
        "created_at" | "updated_at" => "2000-01-01 00:00:00",
        "created_on" | "updated_on" => "2000-01-01",
        _ => return None,
    };
    Some(Scalar::Text(made.into()))
}
