//! What fixture files of [Rails](https://api.rubyonrails.org/classes/ActiveRecord/FixtureSet.html) have besides labels.
//!
//! * The row `DEFAULTS`, which is there to be merged into others, is no row; nor are those that `_fixture: {ignore: …}` names.
//! * `$LABEL` in a text is the label of its row.
//! * `author: alice` stands for the column `author_id`, where that is a foreign key.
//! * Columns that say when a row was made or changed are filled, where a table wants them and a labelled row does not give them.

#[cfg(any(feature = "json", feature = "toml", feature = "yaml"))]
use super::{
    joins::texts,
    node::{Field, Node},
};
use super::{
    node::{Row, Scalar},
    tables::Column,
};

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
