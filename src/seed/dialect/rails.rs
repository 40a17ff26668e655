//! Fixture files of [Rails](https://api.rubyonrails.org/classes/ActiveRecord/FixtureSet.html).
//!
//! * The row `DEFAULTS`, which is merged into others, is not loaded, nor are those that `_fixture: {ignore: …}` names.
//! * `$LABEL` in a text is the label of its row.
//! * `author: alice` stands for the column `author_id`, with a foreign key or without.
//! * `owner: alice (User)`, or `owner: alice` beside `owner_type: User`, stands for the columns `owner_id` and `owner_type`.
//! * Timestamps that a labelled row does not give are filled.
//! * `_fixture: {model_class: Post}` names the table.

use crate::seed::SeedError;
use crate::seed::files::text::{Source, Spanned};
use crate::seed::parse::scalar::Scalar;
use crate::seed::parse::value::{Field, Node, Row, TableRows, labels_in};
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
///
/// # Errors
/// `ignore` has something that is not a label.
pub(crate) fn without_defaults<'s>(entries: Vec<Field<'s>>, source: &Source) -> Result<Vec<Field<'s>>, SeedError> {
    let mut left_out = vec![DEFAULTS.to_owned(), FIXTURE.to_owned()];
    if let Some(ignored) = about(&entries, "ignore") {
        left_out.extend(labels_in(ignored, source)?.into_iter().map(|label| label.value.into_text().into_owned()));
    }
    Ok(entries.into_iter().filter(|(label, _)| !left_out.iter().any(|left| *left == label.value)).collect())
}

/// A text with the label of its row in place of `$LABEL`; `None` for a text without.
pub(crate) fn interpolate_label(text: &str, row: &Row<'_>) -> Option<String> {
    let label = row.label.as_ref().filter(|_| !row.source.is_code() && !row.is_django)?;
    (text.contains('$') && text.contains("$LABEL")).then(|| text.replace("$LABEL", &label.value))
}

/// Splits each `owner: alice (User)`, and each `owner: alice` beside `owner_type: User`, into the columns `owner_id` and `owner_type`.
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
    // `account: main` is an association to `accounts`, whatever `account_type` means.
    let names_a_table =
        |name: &str| table_names(name).iter().any(|name| tables.find(name).is_ok_and(|table| table.is_some()));
    for row in rows.rows.iter_mut().filter(|row| row.label.is_some()) {
        let Row { label: row_label, fields, .. } = row;
        let row_label = row_label.as_ref().map_or("", |label| &*label.value);
        let text_of = |fields: &[Field<'_>], column: &str| {
            let (_, value) = fields.iter().find(|(name, _)| name.value.eq_ignore_ascii_case(column))?;
            if let Node::Scalar(Scalar::Text(text)) = &value.value { Some(text.to_string()) } else { None }
        };
        for at in 0..fields.len() {
            let Node::Scalar(Scalar::Text(text)) = &fields[at].1.value else { continue };
            let Some((id, kind)) = columns(&fields[at].0.value) else { continue };
            let (label, class) = if let Some((label, class)) = class(text) {
                let (label, class) = (label.to_owned(), class.to_owned());
                let (name_spot, spot) = (fields[at].0.spot, fields[at].1.spot);
                fields.push((Spanned::new(kind.into(), name_spot), Spanned::new(Node::text(class.clone()), spot)));
                (label, class)
            } else {
                // A value that is computed is no label.
                let class = text_of(fields, &kind).filter(|class| is_class(class) && !text.contains('='));
                let Some(class) = class.filter(|_| !names_a_table(&fields[at].0.value)) else { continue };
                (text.trim_start_matches(':').replace("$LABEL", row_label), class)
            };
            fields[at].0.value = id.into();
            fields[at].1.value = Node::Label { label: label.into(), of: class.into() };
        }
    }
}

/// The label and the class of `alice (User)`.
fn class(text: &str) -> Option<(&str, &str)> {
    let (label, class) = text.strip_suffix(')')?.rsplit_once('(')?;
    is_class(class).then_some((label.trim(), class))
}

fn is_class(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_uppercase())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':'))
}

/// Plurals other than those in `s` and `es`, by the ends of words.
const PLURALS: [(&str, &str); 14] = [
    ("y", "ies"),
    ("person", "people"),
    ("child", "children"),
    ("man", "men"),
    ("mouse", "mice"),
    ("ox", "oxen"),
    ("quiz", "quizzes"),
    ("sis", "ses"),
    ("fe", "ves"),
    ("f", "ves"),
    ("ex", "ices"),
    ("ix", "ices"),
    ("um", "a"),
    ("us", "i"),
];

/// The names that the table of an association or a class may have, in lower case.
pub(crate) fn table_names(name: &str) -> Vec<String> {
    let mut one = String::new();
    for letter in name.replace("::", "_").chars() {
        if letter.is_uppercase() && !one.is_empty() && !one.ends_with('_') {
            one.push('_');
        }
        one.extend(letter.to_lowercase());
    }
    let plurals = PLURALS.iter().filter_map(|(end, plural)| Some(format!("{}{plural}", one.strip_suffix(end)?)));
    let mut names = vec![format!("{one}s"), format!("{one}es")];
    names.extend(plurals);
    names.push(one);
    names
}

/// The timestamp of a column that a labelled row does not give: always the same, so that the same files give the same bytes. Rails
/// has YAML files; in other files, columns that may be NULL stay NULL.
pub(crate) fn default_timestamp(column: &Column, row: &Row<'_>) -> Option<Scalar<'static>> {
    let name = column.name.to_ascii_lowercase();
    let is_wanted = column.is_required || !column.has_default && row.source.is_yaml() && !row.is_django;
    if !is_wanted || !["created_at", "updated_at", "created_on", "updated_on"].contains(&&*name) {
        return None;
    }
    let declared = column.declared.to_ascii_uppercase();
    if declared.contains("INT") {
        return Some(Scalar::Integer(946_684_800));
    }
    let is_day = !declared.contains("TIME") && (name.ends_with("_on") || declared.contains("DATE"));
    Some(Scalar::Text(if is_day { "2000-01-01" } else { "2000-01-01 00:00:00" }.into()))
}
