//! What a database contains, as text for snapshot tests, and what a test has changed, as a diff.

// `table` reads a table, `text` writes a database as text, `diff` compares two databases.

mod diff;
mod serialize;
mod table;
mod text;

pub(crate) use diff::between;
pub use diff::{ColumnChange, Diff, RowChange, RowDiff, SchemaChange, TableDiff};
pub(crate) use text::of;
