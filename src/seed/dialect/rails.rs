//! Fixture files of [Rails](https://api.rubyonrails.org/classes/ActiveRecord/FixtureSet.html).
//!
//! * The row `DEFAULTS`, which is merged into others, is not loaded, nor are those that `_fixture: {ignore: …}` names.
//! * `$LABEL` in a text is the label of its row.
//! * `author: alice` stands for the column `author_id`, with a foreign key or without.
//! * `owner: alice (User)` stands for the columns `owner_id` and `owner_type`.
//! * Timestamps that a labelled row does not give are filled.
//! * `_fixture: {model_class: Post}` names the table.

use crate::seed::files::text::{Source, Spanned};
use crate::seed::parse::value::labels_in;
use crate::seed::parse::value::{Field, Node, Row, Scalar, TableRows};
use crate::seed::schema::{Column, Tables};

/// The row that is merged into others.
const DEFAULTS: &str = "DEFAULTS";

/// The entry with settings of the file.
const FIXTURE: &str = "_fixture";

/// A setting of the file.
fn about<'n, 's>(entries: &'n [Field<'s>], what: &str) -> Option<&'n Spanned<Node<'s>>> {
    let (_, about) = entries.iter().find(|(label, _)| label.value == FIXTURE)?;
    let Node::Map(about) = &about.value else { return None };
    about.iter().find(|(name, _)| name.value == what).map(|(_, value)| value)
}

/// The class of the rows, in a file that is not named after their table.
pub(crate) fn model_class<'n>(entries: &'n [Field<'_>]) -> Option<&'n str> {
    match &about(entries, "model_class")?.value {
        Node::Scalar(Scalar::Text(class)) => Some(class),
        _ => None,
    }
}

/// The entries of a map of label -> row that are loaded.
pub(crate) fn without_defaults(entries: Vec<Field<'_>>) -> Vec<Field<'_>> {
    let mut left_out = vec![DEFAULTS.to_owned(), FIXTURE.to_owned()];
    let ignored = about(&entries, "ignore").map(labels_in).unwrap_or_default();
    left_out.extend(ignored.into_iter().map(|label| label.value.into_owned()));
    entries.into_iter().filter(|(label, _)| !left_out.iter().any(|left| *left == label.value)).collect()
}

/// A text with the label of its row in place of `$LABEL`; `None` for a text without.
pub(crate) fn interpolate_label(text: &str, row: &Row<'_>) -> Option<String> {
    let label = row.label.as_ref().filter(|_| !row.source.is_code())?;
    (text.contains('$') && text.contains("$LABEL")).then(|| text.replace("$LABEL", &label.value))
}

/// Splits each `owner: alice (User)` into the columns `owner_id` and `owner_type`.
pub(crate) fn split_polymorphic(rows: &mut TableRows<'_>, tables: &Tables<'_>) {
    if rows.source.is_code() {
        return;
    }
    let Ok(table) = tables.get(&rows.table) else { return };
    let columns = |name: &str| {
        let column = |end| table.column(&format!("{name}{end}"));
        let (id, kind) = (column("_id")?, column("_type")?);
        // A foreign key refers to one table.
        let is_polymorphic =
            table.column(name).is_none() && !table.references.iter().any(|reference| reference.column == id);
        let name = |column: usize| table.columns[column].name.clone();
        is_polymorphic.then(|| (name(id), name(kind)))
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

/// The names that the table of an association or a class may have, in lower case.
pub(crate) fn table_names(name: &str) -> Vec<String> {
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

/// The timestamp of a column that a labelled row does not give: always the same, so that the same files give the same bytes. Rails
/// has YAML files; in other files, columns that may be NULL stay NULL.
pub(crate) fn default_timestamp(column: &Column, source: &Source) -> Option<Scalar<'static>> {
    let name = column.name.to_ascii_lowercase();
    let is_wanted = column.is_required || !column.has_default && source.is_yaml();
    if !is_wanted || !["created_at", "updated_at", "created_on", "updated_on"].contains(&&*name) {
        return None;
    }
    let declared = column.declared.to_ascii_uppercase();
    let is_day = !declared.contains("TIME") && (name.ends_with("_on") || declared.contains("DATE"));
    Some(Scalar::Text(if is_day { "2000-01-01" } else { "2000-01-01 00:00:00" }.into()))
}
