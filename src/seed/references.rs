//! Foreign keys are checked when all rows are in.

use super::{
    BrokenReference, SeedError,
    layout::Layout,
    node::{Row, Scalar},
    resolve::Resolver,
    tables::{Table, Tables, database},
};
use crate::quote::{literal, quoted};
use rusqlite::Connection;
use std::collections::HashMap;

/// Checks the foreign keys and finds the rows of the files that break them; what was broken `before` is passed over.
pub(super) fn broken(
    connection: &Connection,
    tables: &Tables<'_>,
    resolver: &Resolver<'_>,
    rows: &[(&str, &[Row<'_>])],
    before: &[Violation],
) -> Result<Vec<BrokenReference>, SeedError> {
    let mut violations = violations(connection)?;
    // Rows without rowid are told apart by their number only.
    let mut old: HashMap<&Violation, usize> = HashMap::new();
    for violation in before {
        *old.entry(violation).or_default() += 1;
    }
    violations.retain(|violation| match old.get_mut(violation) {
        Some(left @ 1..) => {
            *left -= 1;
            false
        }
        _ => true,
    });
    let mut groups: Vec<&Violation> = Vec::new();
    for violation in &violations {
        if !groups.iter().any(|group| group.table == violation.table && group.key == violation.key) {
            groups.push(violation);
        }
    }
    let mut broken = Vec::new();
    for group in groups {
        let table = tables.get(&group.table)?;
        let columns = columns(connection, group).map_err(database)?;
        let before = broken.len();
        for (_, rows) in rows.iter().filter(|(name, _)| name.eq_ignore_ascii_case(&group.table)) {
            for row in *rows {
                broken.extend(in_row(connection, resolver, &table, row, group, &columns)?);
            }
        }
        let parent_is_missing = tables.get(&group.parent).is_err();
        if broken.len() == before {
            let same = violations.iter().filter(|other| other.table == group.table && other.key == group.key);
            for violation in same {
                broken.push(unplaced(connection, violation, &columns).map_err(database)?);
            }
        }
        for reference in &mut broken[before..] {
            reference.parent_is_missing = parent_is_missing;
        }
    }
    Ok(broken)
}

/// One line of [`PRAGMA foreign_key_check`](https://sqlite.org/pragma.html#pragma_foreign_key_check).
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Violation {
    table: String,
    /// NULL for tables without rowid.
    row: Option<i64>,
    parent: String,
    key: i64,
}

/// The foreign keys that are broken now.
///
/// One that points at a column that is not unique fails the check of its whole table; the others are still checked, and
/// SQLite tells of this one at the first statement that changes its rows.
pub(super) fn violations(connection: &Connection) -> Result<Vec<Violation>, SeedError> {
    let each = || {
        let tables: Vec<String> = connection
            .prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')")?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let mut found = Vec::new();
        for table in &tables {
            match violations_of(connection, &format!("({})", quoted(table))) {
                Err(error) if error.to_string().contains("foreign key mismatch") => {}
                of_table => found.extend(of_table?),
            }
        }
        Ok(found)
    };
    match violations_of(connection, "") {
        Err(error) if error.to_string().contains("foreign key mismatch") => each().map_err(database),
        found => found.map_err(database),
    }
}

fn violations_of(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Violation>> {
    connection
        .prepare(&format!("PRAGMA main.foreign_key_check{table}"))?
        .query_map([], |row| {
            Ok(Violation { table: row.get(0)?, row: row.get(1)?, parent: row.get(2)?, key: row.get(3)? })
        })?
        .collect()
}

/// The columns of a foreign key, and those that they point at where they are named.
fn columns(connection: &Connection, violation: &Violation) -> rusqlite::Result<Vec<(String, Option<String>)>> {
    connection
        .prepare("SELECT \"from\", \"to\" FROM pragma_foreign_key_list(?1, 'main') WHERE id = ?2 ORDER BY seq")?
        .query_map((&violation.table, violation.key), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// The broken reference of a row, if what the row holds in these columns is nowhere in the parent.
fn in_row(
    connection: &Connection,
    resolver: &Resolver<'_>,
    table: &Table,
    row: &Row<'_>,
    violation: &Violation,
    columns: &[(String, Option<String>)],
) -> Result<Option<BrokenReference>, SeedError> {
    // A row that could not be made has been told of.
    let Ok(layout) = Layout::of(table, row) else { return Ok(None) };
    let Ok(given) = resolver.values(table, &layout, row) else { return Ok(None) };
    let held = |name: &str| {
        let column = table.column(name)?;
        let at = layout.columns.iter().position(|candidate| *candidate == column)?;
        Some(given[at].by_ref()).filter(|value| *value != Scalar::Null)
    };
    let values: Option<Vec<Scalar<'_>>> = columns.iter().map(|(from, _)| held(from)).collect();
    let Some(values) = values else { return Ok(None) };
    if exists(connection, violation, columns, &values).map_err(database)? {
        return Ok(None);
    }
    let first = columns.first().map(|(from, _)| from.as_str()).unwrap_or_default();
    let column = table.column(first);
    let field = row.fields.iter().find(|(name, _)| column.is_some() && table.field(&name.value) == column);
    let spot = field.map_or(row.spot, |(_, value)| value.spot);
    let names = columns.iter().map(|(from, _)| from.clone());
    let place = row.source.place(spot);
    Ok(Some(BrokenReference {
        position: Some(place.position),
        excerpt: place.excerpt,
        table: table.name.clone(),
        label: row.label.as_ref().map(|label| label.value.to_string()),
        row: None,
        columns: names.zip(values.iter().map(literal)).collect(),
        parent: violation.parent.clone(),
        parent_is_missing: false,
    }))
}

/// Whether the parent has a row with these values.
fn exists(
    connection: &Connection,
    violation: &Violation,
    columns: &[(String, Option<String>)],
    values: &[Scalar<'_>],
) -> rusqlite::Result<bool> {
    let parent = quoted(&violation.parent);
    let key: Vec<String> = connection
        .prepare("SELECT name FROM pragma_table_info(?1, 'main') WHERE pk > 0 ORDER BY pk")?
        .query_map([&violation.parent], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let to = columns.iter().enumerate().map(|(number, (_, to))| to.clone().or_else(|| key.get(number).cloned()));
    let Some(to) = to.collect::<Option<Vec<_>>>() else { return Ok(false) };
    let terms: Vec<_> = to.iter().map(|name| format!("{} = ?", quoted(name))).collect();
    let sql = format!("SELECT EXISTS (SELECT 1 FROM main.{parent} WHERE {})", terms.join(" AND "));
    // It cannot be prepared when the parent is not there at all.
    let Ok(mut statement) = connection.prepare(&sql) else { return Ok(false) };
    statement.query_row(rusqlite::params_from_iter(values), |row| row.get(0))
}

/// A broken reference of a row that is in none of the files: a script or a trigger made it.
fn unplaced(
    connection: &Connection,
    violation: &Violation,
    columns: &[(String, Option<String>)],
) -> rusqlite::Result<BrokenReference> {
    let mut values = Vec::new();
    if let Some(row) = violation.row {
        let names: Vec<_> = columns.iter().map(|(from, _)| format!("quote({})", quoted(from))).collect();
        let sql = format!("SELECT {} FROM main.{} WHERE rowid = ?1", names.join(", "), quoted(&violation.table));
        values = connection.query_row(&sql, [row], |row| {
            columns.iter().enumerate().map(|(number, (from, _))| Ok((from.clone(), row.get(number)?))).collect()
        })?;
    }
    Ok(BrokenReference {
        position: None,
        excerpt: None,
        table: violation.table.clone(),
        label: None,
        row: violation.row,
        columns: values,
        parent: violation.parent.clone(),
        parent_is_missing: false,
    })
}
