//! What a document means: rows of the table that its file is named after, or several tables with their rows.
//!
//! The shape itself tells it, and where two shapes look alike, the schema does:
//!
//! | document | is |
//! | --- | --- |
//! | a list | rows of the table that the file is named after |
//! | a map with a list in it | table -> rows |
//! | a map of maps, in a file that is named after a table | label -> row |
//! | a map of maps, all named after tables, in a file that is not | table -> label -> row |

use super::{
    Fault, SeedError,
    load::TableRows,
    node::{Node, Row, row},
    source::{Source, Spanned, Spot},
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
pub(super) fn rows(document: &Document, tables: &Tables<'_>) -> Result<Vec<TableRows>, SeedError> {
    let Document { source, table, root } = document;
    match &root.value {
        Node::Map(entries) if is_of_tables(entries, table, tables) => {
            let of = |(name, rows): &(Spanned<String>, Spanned<Node>)| of_table(source, &name.value, name.spot, rows);
            entries.iter().map(of).collect()
        }
        _ => Ok(vec![of_table(source, table, Spot::Offset(0), root)?]),
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
fn of_table(source: &Arc<Source>, table: &str, start: Spot, rows: &Spanned<Node>) -> Result<TableRows, SeedError> {
    let start = source.position(start);
    let made: Result<Vec<Row>, SeedError> = match &rows.value {
        Node::List(items) => items.iter().map(|item| row(source, None, item.clone())).collect(),
        Node::Map(entries) => {
            entries.iter().map(|(label, item)| row(source, Some(label.clone()), item.clone())).collect()
        }
        other => {
            let expected = "a map of label -> row or a list of rows";
            let fault = Fault::Shape { expected, found: other.kind() };
            Err(SeedError::new(fault).at(source.position(rows.spot)))
        }
    };
    let rows = made.map_err(|error| error.at(start.clone()).table_is(table))?;
    Ok(TableRows { table: table.to_owned(), start, rows })
}
