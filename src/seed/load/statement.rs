//! What is wrong with a statement, and where in its text.

use crate::{
    position::nearest,
    seed::{error::kind::Fault, schema::Tables},
};
use rusqlite::{Connection, Error, ffi::SQLITE_ERROR};

/// What SQLite says of a statement that it has refused, and how far in the statement that is, in bytes, as far as it can be told.
///
/// What rusqlite shows of an error in the text is `MESSAGE in STATEMENT at offset N`; which of its variants that is depends
/// on its version and features.
pub(crate) fn fault(connection: &Connection, error: Error, statement: &str) -> (Fault, usize) {
    if error.sqlite_error().is_some_and(|error| error.extended_code != SQLITE_ERROR) {
        return (Fault::Sql(error), 0);
    }
    let shown = error.to_string();
    let placed = shown.rsplit_once(" at offset ").and_then(|(shown, offset)| {
        let message = shown.strip_suffix(statement)?.strip_suffix(" in ")?;
        Some((message, offset.parse().ok()?))
    });
    let (message, offset) = placed.unwrap_or((&shown, 0));
    if message.contains("too many attached databases") {
        return (Fault::Forbidden, 0);
    }
    let Some(missing) = Missing::of(message) else { return (Fault::statement(message), offset) };
    let offset = if offset == 0 { find(statement, missing.name).unwrap_or(0) } else { offset };
    (Fault::Statement { message: message.to_owned(), nearest: missing.nearest(connection) }, offset)
}

/// A name that SQLite does not know.
struct Missing<'m> {
    name: &'m str,
    /// Of a column, that is missing in this table; of a table otherwise.
    table: Option<&'m str>,
}

impl<'m> Missing<'m> {
    fn of(message: &'m str) -> Option<Self> {
        if let Some(name) = message.strip_prefix("no such table: ") {
            let name = name.strip_prefix("main.").unwrap_or(name);
            return Some(Self { name, table: None });
        }
        let (table, name) = message.strip_prefix("table ")?.split_once(" has no column named ")?;
        Some(Self { name, table: Some(table) })
    }

    fn nearest(&self, connection: &Connection) -> Option<String> {
        let tables = Tables::new(connection);
        match self.table {
            Some(table) => {
                let table = tables.find(table).ok()??;
                nearest(self.name, table.columns.iter().map(|column| &*column.name))
            }
            None => nearest(self.name, tables.names().ok()?.iter().map(String::as_str)),
        }
    }
}

/// Where a statement has a name first.
fn find(statement: &str, name: &str) -> Option<usize> {
    let is_part = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let small = (statement.to_ascii_lowercase(), name.to_ascii_lowercase());
    let mut found = small.0.match_indices(&small.1).map(|(at, _)| at);
    found.find(|at| {
        let (before, after) = (&statement[..*at], &statement[at + name.len()..]);
        !is_part(before.chars().next_back()) && !is_part(after.chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_name_is_found_where_it_stands_alone() {
        assert_eq!(find("INSERT INTO authors (auth, éauth, author) VALUES (1)", "Author"), Some(33 + "é".len()));
        assert_eq!(find("SELECT [od d] FROM t", "od d"), Some(8));
        assert_eq!(find("SELECT a", "aa"), None);
    }
}
