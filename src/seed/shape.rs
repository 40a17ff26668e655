//! What a document means: rows of the table that its file is named after, or several tables with their rows.
//!
//! The shape itself tells it, and where two shapes look alike, the schema does:
//!
//! | document | is |
//! | --- | --- |
//! | a list of `{model, pk, fields}` | what Django dumps |
//! | any other list | rows of the table that the file is named after |
//! | a map with a list in it | table -> rows |
//! | a map of maps, in a file that is named after a table | label -> row |
//! | a map of maps, all named after tables, in a file that is not | table -> label -> row |

use super::{
    Fault, SeedError,
    django::{self, is_list_of_objects},
    file::TableRows,
    mistakes::Mistakes,
    node::{Node, Row, row},
    rails::rows_among,
    source::{Place, Source, Spanned, Spot},
    tables::Tables,
};
use std::sync::Arc;

/// What a file in a format of documents holds.
#[derive(Debug)]
pub(crate) struct Document {
    pub source: Arc<Source>,
    /// The table that the file is named after.
    pub table: String,
    pub root: Spanned<Node>,
}

/// The rows of a document, table by table, in the order of the file.
pub(super) fn rows(document: Document, tables: &Tables<'_>, mistakes: &mut Mistakes) -> Vec<TableRows> {
    let Document { source, table, root } = document;
    match root.value {
        list if is_list_of_objects(&list) => django::rows(&source, list, tables, mistakes),
        Node::Map(entries) if is_of_tables(&entries, &table, tables) => {
            let bytes = source.text().len() / entries.len();
            let of = |(name, rows): (Spanned<String>, Spanned<Node>)| {
                let rows = of_table(&source, name.value, source.place(name.spot), rows, mistakes)?;
                Some(TableRows { bytes, ..rows })
            };
            entries.into_iter().filter_map(of).collect()
        }
        _ => {
            let start = source.position(Spot::Offset(0)).into();
            of_table(&source, table, start, root, mistakes).into_iter().collect()
        }
    }
}

/// Whether the entries of a document are tables, and not rows of the one that its file is named after.
fn is_of_tables(entries: &[(Spanned<String>, Spanned<Node>)], file: &str, tables: &Tables<'_>) -> bool {
    let is_table = |name: &str| tables.get(name).is_ok();
    // No row is a list.
    entries.iter().any(|(_, value)| matches!(value.value, Node::List(_)))
        || !entries.is_empty() && !is_table(file) && entries.iter().all(|(name, _)| is_table(&name.value))
}

/// The rows of one table: a map of label -> row, or a list of rows.
fn of_table(
    source: &Arc<Source>,
    table: String,
    start: Place,
    rows: Spanned<Node>,
    mistakes: &mut Mistakes,
) -> Option<TableRows> {
    let items: Vec<(Option<Spanned<String>>, Spanned<Node>)> = match rows.value {
        Node::List(items) => items.into_iter().map(|item| (None, item)).collect(),
        Node::Map(entries) => rows_among(entries).into_iter().map(|(label, item)| (Some(label), item)).collect(),
        other => {
            let expected = "a map of label -> row or a list of rows";
            let fault = Fault::Shape { expected, found: other.kind() };
            mistakes.note(SeedError::new(fault).at(source.place(rows.spot)).table_is(&*table));
            return None;
        }
    };
    let mut rows: Vec<Row> = Vec::with_capacity(items.len());
    for (label, item) in items {
        match row(source, label, item) {
            Ok(row) => rows.push(row),
            Err(error) => mistakes.note(error.table_is(&*table)),
        }
    }
    Some(TableRows { table, start, rows, bytes: source.text().len() })
}
