//! Values that do not stand in a seed file themselves. SQL computes them: `!sql` in YAML, and `RAW=` in every format, as testfixtures
//! of Go has it; or a [file of their own](crate::seed::files::sidecar) holds them.

use crate::seed::SeedError;
use crate::seed::error::kind::SeedErrorKind;
use crate::seed::files::text::Source;
use crate::seed::parse::scalar::Scalar;
use crate::seed::parse::value::Node;
use crate::sqlite::Script;
use rusqlite::{Connection, ErrorCode, types::Value};

const RAW: &str = "RAW=";

const FILE: &str = "FILE=";

/// Where a value comes from that does not stand in the seed file itself.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Computed<'n> {
    /// A SQL expression.
    Sql(&'n str),
    /// The name of a file.
    File(&'n str),
}

impl<'n> Computed<'n> {
    /// What a value of a row of `source` says of itself; a text from code is only a text.
    pub(crate) fn parse(node: &'n Node<'_>, source: &Source) -> Option<Self> {
        match node {
            Node::Scalar(Scalar::Text(text)) if !source.is_code() => {
                let raw = || text.strip_prefix(RAW).map(Self::Sql);
                raw().or_else(|| text.strip_prefix(FILE).map(Self::File))
            }
            Node::Sql(sql) => Some(Self::Sql(sql)),
            Node::File(name) => Some(Self::File(name)),
            _ => None,
        }
    }
}

/// Evaluates an expression, which must be one value and can only read.
pub(crate) fn evaluate(connection: &Connection, expression: &str) -> Result<Value, SeedError> {
    let invalid = |message: &str| SeedError::new(SeedErrorKind::statement(message));
    let sql = format!("SELECT ({expression}\n)");
    let mut script = Script::new(connection, &sql).map_err(|_| invalid("a NUL hides what follows it"))?;
    // It might close the parenthesis itself, and go on.
    let first = script.next().map_err(|unprepared| classify(unprepared.error))?;
    if !first.is_some_and(|statement| statement.is_one_value()) {
        return Err(invalid("an expression is one value"));
    }
    if !sql[script.at()..].trim().is_empty() {
        return Err(invalid("an expression is not a statement"));
    }
    connection.query_row(&sql, [], |row| row.get(0)).map_err(classify)
}

/// What SQLite says of the expression; errors that end a load keep their code.
fn classify(error: rusqlite::Error) -> SeedError {
    match (error.sqlite_error_code(), &error) {
        (Some(ErrorCode::Unknown), rusqlite::Error::SqliteFailure(_, Some(message))) => {
            SeedError::new(SeedErrorKind::statement(message))
        }
        _ => SeedError::new(SeedErrorKind::Sql(error)),
    }
}
