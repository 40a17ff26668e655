//! Rows go into their table by prepared statements, one for each set of columns.

use super::sandbox::{Sandbox, Undefended};
use crate::seed::SeedError;
use crate::seed::error::collect::Collector;
use crate::seed::error::kind::SeedErrorKind;
use crate::seed::files::text::Spot;
use crate::seed::parse::value::Row;
use crate::seed::resolve::Resolver;
use crate::seed::resolve::columns::Layout;
use crate::seed::schema::Table;
use crate::sqlite::CONSTRAINT_DATATYPE;
use crate::sqlite::quote::quoted;
use rusqlite::{ErrorCode, Statement, ffi};
use std::collections::HashMap;

/// How many statements are held at once; rows of one file rarely have more sets of columns.
const STATEMENTS: usize = 32;

/// The rows of the files that are now in tables with foreign keys, by table in lower case.
#[derive(Default)]
pub(crate) struct Inserted<'r> {
    rows: HashMap<String, Vec<InsertedRow<'r>>>,
    /// Whether a script may have replaced them.
    pub may_have_changed: bool,
}

/// A row with its rowid, which is meaningless in a table without.
pub(crate) type InsertedRow<'r> = (i64, &'r Row<'r>);

impl<'r> Inserted<'r> {
    /// Notes that a script has run.
    pub(crate) fn note_script(&mut self) {
        self.may_have_changed |= !self.rows.is_empty();
    }

    /// The tables, in lower case, with their rows.
    pub(crate) fn tables(&self) -> impl Iterator<Item = (&str, &[InsertedRow<'r>])> {
        self.rows.iter().map(|(table, rows)| (table.as_str(), rows.as_slice()))
    }

    pub(crate) fn in_table(&self, table: &Table) -> &[InsertedRow<'r>] {
        self.rows.get(&table.name.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }
}

/// Inserts rows into one table. Rows that cannot be inserted become errors, and the others go in, unless one of them has ended
/// the transaction.
pub(crate) fn insert<'r>(
    table: &Table,
    rows: &'r [Row<'r>],
    resolver: &Resolver<'_>,
    sandbox: Option<&Sandbox<'_>>,
    inserted: &mut Inserted<'r>,
    errors: &mut Collector,
    on_row: &mut dyn FnMut(),
) {
    let connection = resolver.connection;
    let (mut prepared, mut undefended) = (Vec::new(), None);
    let key = table.name.to_ascii_lowercase();
    let mut inserted = table.has_foreign_keys.then(|| inserted.rows.entry(key).or_default());
    for row in rows.iter().filter(|row| !resolver.keys.is_duplicate(table, row)) {
        on_row();
        if let Err(error) = insert_row(table, row, resolver, sandbox, &mut prepared, &mut undefended) {
            let label = row.label.as_ref().map(|label| &*label.value);
            errors.push(error.in_table(&*table.name).in_row(label));
            if connection.is_autocommit() || errors.is_limit_exceeded() {
                return;
            }
        } else if let Some(inserted) = &mut inserted
            // A trigger may have ignored the row.
            && connection.changes() > 0
        {
            inserted.push((connection.last_insert_rowid(), row));
        }
    }
}

/// An INSERT for rows of one layout.
struct Prepared<'r> {
    layout: Layout<'r>,
    statement: Statement<'r>,
}

fn insert_row<'r, 's, 'c>(
    table: &Table,
    row: &'r Row<'_>,
    resolver: &Resolver<'r>,
    sandbox: Option<&'s Sandbox<'c>>,
    prepared: &mut Vec<Prepared<'r>>,
    undefended: &mut Option<Undefended<'s, 'c>>,
) -> Result<(), SeedError> {
    let at_row = |kind| SeedError::new(kind).at(row.source.place(row.spot));
    let explain = |error: &rusqlite::Error| sandbox.and_then(|sandbox| sandbox.explain(error));
    match prepared.iter().position(|prepared| prepared.layout.is_of(row)) {
        Some(0) => {}
        Some(at) => prepared.swap(0, at),
        None => {
            let layout = Layout::new(table, row)?;
            // A trigger may be wrong, a module missing.
            let prepare = || resolver.connection.prepare(&sql(table, &layout.columns));
            let made = match (prepare(), sandbox) {
                (Err(error), Some(sandbox)) if sandbox.mistakes_a_table(&error) => {
                    *undefended = Some(sandbox.undefended());
                    prepare()
                }
                (made, _) => made,
            };
            let statement = made.map_err(|error| {
                at_row(match (explain(&error), error.sqlite_error_code()) {
                    (Some(kind), _) => kind,
                    (None, Some(ErrorCode::Unknown)) => SeedErrorKind::Insert { message: error.to_string() },
                    (None, _) => SeedErrorKind::Database(error),
                })
            })?;
            prepared.truncate(STATEMENTS - 1);
            prepared.insert(0, Prepared { layout, statement });
        }
    }
    if let Some(sandbox) = sandbox {
        sandbox.begin().map_err(at_row)?;
    }
    let Prepared { layout, statement } = &mut prepared[0];
    let values = resolver.values(table, layout, row).map_err(|error| error.explained(explain))?;
    if let Some(sandbox) = sandbox {
        // SQLite limits a row as a whole, with what it writes for each value.
        let size = values.iter().map(|value| value.size() + 16).sum::<usize>() + 1024;
        sandbox.begin_row(size).map_err(at_row)?;
    }
    let mut run = || {
        for (number, value) in values.iter().enumerate() {
            statement.raw_bind_parameter(number + 1, value)?;
        }
        statement.raw_execute()
    };
    run().map(drop).map_err(|error| match explain(&error) {
        Some(kind) => at_row(kind),
        None => refused(table, row, error),
    })
}

fn sql(table: &Table, columns: &[usize]) -> String {
    let table_name = quoted(&table.name);
    if columns.is_empty() {
        return format!("INSERT INTO main.{table_name} DEFAULT VALUES");
    }
    let names: Vec<_> = columns.iter().map(|column| quoted(&table.columns[*column].name)).collect();
    let marks = vec!["?"; columns.len()].join(", ");
    format!("INSERT INTO main.{table_name} ({}) VALUES ({marks})", names.join(", "))
}

/// An insert that SQLite refused, at the value that it names, if it names one.
fn refused(table: &Table, row: &Row<'_>, error: rusqlite::Error) -> SeedError {
    let said = error.to_string();
    let is_mismatch = error.sqlite_error_code() == Some(ErrorCode::TypeMismatch);
    if !is_mismatch && error.sqlite_error_code() != Some(ErrorCode::ConstraintViolation) {
        return SeedError::new(SeedErrorKind::Sql(error)).at(row.source.place(row.spot));
    }
    let code = error.sqlite_error().map_or(0, |error| error.extended_code);
    let message = match code {
        ffi::SQLITE_CONSTRAINT_NOTNULL => "NOT NULL constraint failed; give it a value",
        ffi::SQLITE_CONSTRAINT_UNIQUE => "UNIQUE constraint failed; another row has this value, so change one of them",
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            "PRIMARY KEY constraint failed; another row has this key, so change one of them"
        }
        // The message names the constraint, the type, or what a trigger raised.
        _ if is_mismatch => {
            "an INTEGER PRIMARY KEY holds integers only; give one, or a label for the row in place of its key"
        }
        CONSTRAINT_DATATYPE => &format!("{said}; give a value of that type"),
        _ => &format!("{said}; change the row to what the table allows"),
    };
    // SQLite ends these messages with `table.column`; of several columns the first will do.
    let blamed = said
        .split([' ', ','])
        .filter_map(|word| word.strip_prefix(&*table.name)?.strip_prefix('.'))
        .find_map(|name| table.column(name))
        .or(table.key.filter(|_| is_mismatch));
    let field = blamed.and_then(|blamed| row.fields.iter().find(|(name, _)| table.field(&name.value) == Some(blamed)));
    let spot: Spot = match (field, &row.label) {
        (Some((_, value)), _) => value.spot,
        (None, Some(label)) => label.spot,
        (None, None) => row.spot,
    };
    let message = message.to_owned();
    let mut error = SeedError::new(SeedErrorKind::Constraint { message, error }).at(row.source.place(spot));
    if let Some(blamed) = blamed {
        error = error.in_column(&*table.columns[blamed].name);
    }
    if let Some((_, value)) = field {
        error = error.with_value(value.value.preview());
    }
    error
}
