//! Values that do not stand in a seed file themselves. SQL computes them: `!sql` in YAML, and `RAW=` in every format, as testfixtures
//! of Go has it; or a file of their own holds them, which is the business of [`beside`](crate::seed::files::sidecar).

use crate::seed::{
    error::kind::Fault,
    load::{
        sandbox::{Confinement, NoDoubleQuotes},
        script::VARIABLE,
        splitter::statements,
    },
    parse::value::{Node, Scalar},
};
use rusqlite::{Connection, types::Value};

const RAW: &str = "RAW=";

const FILE: &str = "FILE=";

/// Where a value comes from that does not stand in the seed file itself.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Computed<'n> {
    /// An expression.
    Sql(&'n str),
    /// The name of a file.
    File(&'n str),
}

impl<'n> Computed<'n> {
    pub(crate) fn of(node: &'n Node<'_>) -> Option<Self> {
        match node {
            Node::Scalar(Scalar::Text(text)) => {
                let raw = || text.strip_prefix(RAW).map(Self::Sql);
                raw().or_else(|| text.strip_prefix(FILE).map(Self::File))
            }
            #[cfg(feature = "yaml")]
            Node::Sql(sql) => Some(Self::Sql(sql)),
            #[cfg(feature = "yaml")]
            Node::File(name) => Some(Self::File(name)),
            _ => None,
        }
    }
}

/// What an expression is now. It can only read: it is evaluated by itself, and must be one value.
pub(crate) fn evaluate(
    connection: &Connection,
    expression: &str,
    confinement: &Confinement<'_>,
) -> Result<Value, Fault> {
    let sql = format!("SELECT ({expression}\n)");
    let wrong = |message: String| Fault::statement(message);
    let Some(whole) = statements(&sql).next().filter(|statement| statement.text.len() == sql.len()) else {
        return Err(wrong("an expression is no statement".to_owned()));
    };
    if whole.mentions.variable {
        return Err(wrong(VARIABLE.to_owned()));
    }
    if whole.mentions.limits {
        return Err(Fault::Forbidden);
    }
    let _quotes = NoDoubleQuotes::enter(connection).map_err(Fault::Database)?;
    let mut statement = connection.prepare(&sql).map_err(|error| wrong(message(&error, &sql)))?;
    if statement.column_count() != 1 || !statement.readonly() {
        return Err(wrong("an expression is one value".to_owned()));
    }
    confinement.begin(whole.mentions)?;
    statement
        .query_row([], |row| row.get(0))
        .map_err(|error| confinement.ended(&error).unwrap_or_else(|| wrong(message(&error, &sql))))
}

/// What SQLite says, without the statement that only we have made.
fn message(error: &rusqlite::Error, sql: &str) -> String {
    let text = error.to_string();
    text.split_once(sql).map_or(text.as_str(), |(message, _)| message.trim_end_matches(" in ")).to_owned()
}

#[cfg(test)]
mod tests {
    use crate::seed::{
        error::kind::Fault,
        load::{bounds::Beyond, sandbox::Confinement},
    };
    use rusqlite::{Connection, types::Value};

    #[test]
    fn an_expression_is_one_value_and_changes_nothing() {
        let connection = Connection::open_in_memory().unwrap();
        let confinement = Confinement::of(&connection, 0, 0).unwrap();
        let evaluate = |expression| super::evaluate(&connection, expression, &confinement);
        connection.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)").unwrap();
        assert_eq!(evaluate("1 + (SELECT a FROM t) -- so").unwrap(), Value::Integer(2));
        assert_eq!(evaluate("x'00ff'").unwrap(), Value::Blob(vec![0, 255]));
        assert_eq!(evaluate("NULL").unwrap(), Value::Null);
        for wrong in ["1); DELETE FROM t; SELECT (1", "1, 2", "", "nosuch(1)", "1), (2", "DELETE FROM t"] {
            assert!(evaluate(wrong).is_err(), "{wrong}");
        }
        assert_eq!(evaluate("SELECT count(*) FROM t").unwrap(), Value::Integer(1), "a query of one value is one");
        let endless = "WITH RECURSIVE n (a) AS (VALUES (1) UNION ALL SELECT a + 1 FROM n) SELECT count(*) FROM n";
        assert!(matches!(evaluate(endless), Err(Fault::Beyond(Beyond::Steps))));
        assert_eq!(
            evaluate("nosuch").unwrap_err().to_string().split(';').next(),
            Some("SQLite does not understand this: no such column: nosuch")
        );
    }
}
