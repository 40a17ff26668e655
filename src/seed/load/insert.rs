//! Rows go into their table by prepared statements, one for each set of columns.

use super::foreign_keys::Inserted;
use crate::{
    seed::{
        error::{SeedError, collect::Mistakes, kind::Fault},
        files::text::Spot,
        parse::value::Row,
        resolve::{Resolver, columns::Layout},
        schema::{Table, database},
    },
    sqlite::{CONSTRAINT_DATATYPE, quote::quoted},
};
use rusqlite::{Connection, ErrorCode, Statement};

/// How many statements are held at once; rows of one file rarely have more sets of columns.
const STATEMENTS: usize = 32;

/// Inserts rows into one table. Those that cannot be are noted as mistakes, and the others go in, unless one of them has ended
/// the transaction.
pub(crate) fn insert<'r>(
    connection: &Connection,
    table: &Table,
    rows: &'r [Row<'r>],
    resolver: &Resolver<'_>,
    inserted: &mut Inserted<'r>,
    mistakes: &mut Mistakes,
    each: &mut dyn FnMut(),
) {
    let mut prepared = Vec::new();
    let mut inserted = table.has_foreign_keys.then(|| inserted.rows_of(table));
    for row in rows.iter().filter(|row| !resolver.is_duplicate(table, row)) {
        each();
        if let Err(error) = insert_row(connection, table, row, resolver, &mut prepared) {
            let label = row.label.as_ref().map(|label| &*label.value);
            mistakes.note(error.table_is(&*table.name).label_is(label));
            if connection.is_autocommit() || mistakes.is_beyond() {
                return;
            }
        } else if let Some(inserted) = &mut inserted
            // A trigger may have passed over the row.
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

fn insert_row<'r>(
    connection: &'r Connection,
    table: &Table,
    row: &'r Row<'_>,
    resolver: &Resolver<'r>,
    prepared: &mut Vec<Prepared<'r>>,
) -> Result<(), SeedError> {
    match prepared.iter().position(|prepared| prepared.layout.is_of(row)) {
        Some(0) => {}
        Some(at) => prepared.swap(0, at),
        None => {
            let layout = Layout::of(table, row)?;
            let statement = connection.prepare(&sql(table, &layout.columns)).map_err(database)?;
            prepared.truncate(STATEMENTS - 1);
            prepared.insert(0, Prepared { layout, statement });
        }
    }
    let Prepared { layout, statement } = &mut prepared[0];
    let values = resolver.values(table, layout, row)?;
    let confinement = resolver.confinement;
    // SQLite limits a row as a whole, with what it writes of each value besides.
    let size = values.iter().map(|value| value.size() + 16).sum::<usize>() + 1024;
    confinement.begin_row(size).map_err(|fault| SeedError::new(fault).at(row.source.place(row.spot)))?;
    let mut run = || {
        for (number, value) in values.iter().enumerate() {
            statement.raw_bind_parameter(number + 1, value)?;
        }
        statement.raw_execute()
    };
    run().map(drop).map_err(|error| match confinement.ended(&error) {
        Some(fault) => SeedError::new(fault).at(row.source.place(row.spot)),
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

/// An insert that SQLite refused, at the value that it blames if it blames one.
fn refused(table: &Table, row: &Row<'_>, source: rusqlite::Error) -> SeedError {
    let said = source.to_string();
    let (rule, remedy) = match extended_code(&source) {
        Some(rusqlite::ffi::SQLITE_CONSTRAINT_NOTNULL) => ("NOT NULL", "give it a value"),
        Some(rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE) => ("UNIQUE", "another row has it already; change one of them"),
        Some(rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY | rusqlite::ffi::SQLITE_CONSTRAINT_ROWID) => {
            ("PRIMARY KEY", "another row has this key already; change one of them")
        }
        Some(rusqlite::ffi::SQLITE_CONSTRAINT_CHECK) => ("CHECK", "change the row to what the table allows"),
        Some(CONSTRAINT_DATATYPE) => ("STRICT", "give a value of the column's type"),
        _ if source.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            ("a", "change the row to what the table allows")
        }
        _ => return SeedError::new(Fault::Sql(source)).at(row.source.place(row.spot)),
    };
    let constraint = format!("{rule} constraint failed; {remedy}");
    // SQLite ends these messages with `table.column`; of several columns the first will do.
    let blamed = said
        .split([' ', ','])
        .filter_map(|word| word.strip_prefix(&*table.name)?.strip_prefix('.'))
        .find_map(|name| table.column(name));
    let field = blamed.and_then(|blamed| row.fields.iter().find(|(name, _)| table.field(&name.value) == Some(blamed)));
    let spot: Spot = match (field, &row.label) {
        (Some((_, value)), _) => value.spot,
        (None, Some(label)) => label.spot,
        (None, None) => row.spot,
    };
    let mut error = SeedError::new(Fault::Constraint { message: constraint, source }).at(row.source.place(spot));
    if let Some(blamed) = blamed {
        error = error.column_is(&*table.columns[blamed].name);
    }
    if let Some((_, value)) = field {
        error = error.value_is(value.value.shown());
    }
    error
}

fn extended_code(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code)
}
