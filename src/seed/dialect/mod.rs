//! What a document means: rows of the table that its file is named after, or several tables with their rows.
//!
//! The shape itself tells it, and where two shapes look alike, the schema does:
//!
//! | document | is |
//! | --- | --- |
//! | a list with a `{model, pk, fields}` in it | what Django dumps |
//! | nothing, in a file whose name is no table's and like none's | no rows |
//! | any other list | rows of the table that the file is named after |
//! | a map with a list in it | table -> rows |
//! | a map of maps, in a file that is named after a table | label -> row |
//! | a map of maps, all named after tables, in a file that is not | table -> label -> row |

#[cfg(feature = "csv")]
mod dbunit;
mod django;
pub(crate) mod file;
pub(crate) mod join_tables;
pub(crate) mod rails;

use super::{
    error::{SeedError, collect::Mistakes, kind::Fault},
    files::text::{Source, Spanned, Spot},
    parse::value::{Field, Node, Row, row},
    schema::Tables,
};
use django::is_list_of_objects;
use file::TableRows;
use rails::{model_class, rows_among, tables_of};

/// What a file in a format of documents holds.
#[derive(Debug)]
pub(crate) struct Document<'s> {
    pub source: &'s Source,
    /// The table that the file is named after.
    pub table: String,
    pub root: Spanned<Node<'s>>,
}

/// The rows of a document, table by table, in the order of the file.
pub(crate) fn rows<'s>(document: Document<'s>, tables: &Tables<'_>, mistakes: &mut Mistakes) -> Vec<TableRows<'s>> {
    let Document { source, mut table, root } = document;
    if let Node::Map(entries) = &root.value
        && let Some(class) = model_class(entries)
        && let Some(found) =
            tables_of(class).into_iter().find(|name| tables.find(name).is_ok_and(|table| table.is_some()))
    {
        table = found;
    }
    match root.value {
        Node::List(items) if items.is_empty() && is_no_table(&table, tables) => Vec::new(),
        Node::Map(entries) if entries.is_empty() && is_no_table(&table, tables) => Vec::new(),
        list if is_list_of_objects(&list) => django::rows(source, list, tables, mistakes),
        Node::Map(entries) if is_of_tables(&entries, &table, tables) => {
            let bytes = source.text().len() / entries.len();
            let of = |(name, rows): Field<'s>| {
                let rows = of_table(source, name.value.into_owned(), Some(name.spot), rows, mistakes)?;
                Some(TableRows { bytes, ..rows })
            };
            entries.into_iter().filter_map(of).collect()
        }
        _ => of_table(source, table, None, root, mistakes).into_iter().collect(),
    }
}

/// Whether a name is no table's, and none's that is misspelt.
fn is_no_table(name: &str, tables: &Tables<'_>) -> bool {
    tables.get(name).is_err_and(|error| matches!(error.fault(), Fault::UnknownTable { nearest: None }))
}

/// Whether the entries of a document are tables, and not rows of the one that its file is named after.
fn is_of_tables(entries: &[Field<'_>], file: &str, tables: &Tables<'_>) -> bool {
    let is_table = |name: &str| tables.find(name).is_ok_and(|table| table.is_some());
    // No row is a list.
    entries.iter().any(|(_, value)| matches!(value.value, Node::List(_)))
        || !entries.is_empty() && !is_table(file) && entries.iter().all(|(name, _)| is_table(&name.value))
}

/// The rows of one table: a map of label -> row, or a list of rows.
fn of_table<'s>(
    source: &'s Source,
    table: String,
    start: Option<Spot>,
    rows: Spanned<Node<'s>>,
    mistakes: &mut Mistakes,
) -> Option<TableRows<'s>> {
    let mut made: Vec<Row<'s>> = Vec::new();
    let mut add = |row: Result<Row<'s>, SeedError>| match row {
        Ok(row) => made.push(row),
        Err(error) => mistakes.note(error.table_is(&*table)),
    };
    match rows.value {
        Node::List(items) => items.into_iter().for_each(|item| add(row(source, None, item))),
        Node::Map(entries) => {
            for (label, item) in rows_among(entries) {
                add(row(source, Some(label), item));
            }
        }
        other => {
            let expected = "a map of label -> row or a list of rows";
            let fault = Fault::Shape { expected, found: other.kind() };
            mistakes.note(SeedError::new(fault).at(source.place(rows.spot)).table_is(&*table));
            return None;
        }
    }
    Some(TableRows { table, source, start, rows: made, bytes: source.text().len() })
}
