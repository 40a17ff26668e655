//! Foreign keys are checked when all rows are in.

use super::{
    BrokenReference, Fault, SeedError,
    computed::Computed,
    layout::Layout,
    mistakes::{MOST, Mistakes},
    node::{Row, Scalar},
    resolve::Resolver,
    source::Spot,
    tables::{Table, Tables, database},
    violation::{Violation, since},
};
use crate::quote::{literal, quoted};
use rusqlite::Connection;
use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

/// The rows of the files that went into tables with foreign keys, each table in small letters.
#[derive(Default)]
pub(super) struct Inserted<'r>(HashMap<String, Vec<InsertedRow<'r>>>);

/// A row with its rowid, which means nothing in a table without.
pub(super) type InsertedRow<'r> = (i64, &'r Row<'r>);

impl<'r> Inserted<'r> {
    pub(super) fn into(&mut self, table: &Table) -> &mut Vec<InsertedRow<'r>> {
        self.0.entry(table.name.to_ascii_lowercase()).or_default()
    }

    fn of(&self, table: &Table) -> &[InsertedRow<'r>] {
        self.0.get(&table.name.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }
}

/// Checks the foreign keys, and finds the rows of the files that break them. What was broken `before` is passed over, and what
/// only follows from a mistake that is known.
pub(super) fn check(
    connection: &Connection,
    tables: &Tables<'_>,
    resolver: &Resolver<'_>,
    inserted: &Inserted<'_>,
    before: &[Violation],
    mistakes: &mut Mistakes,
) -> Result<(), SeedError> {
    let mut found: BTreeMap<(String, i64), Vec<Violation>> = BTreeMap::new();
    for violation in since(connection, before)? {
        if mistakes.has_all_of(&violation.parent) {
            found.entry((violation.table.clone(), violation.key)).or_default().push(violation);
        }
    }
    let mut broken = Vec::new();
    for violations in found.values() {
        let key = Rc::new(ForeignKey::of(connection, tables, &violations[0])?);
        let rows = inserted.of(&key.table);
        let of_key = if key.table.rowid.is_some() {
            by_rowid(violations, rows)
        } else {
            by_value(connection, resolver, &key, violations, rows)?
        };
        broken.extend(of_key.into_iter().map(|broken| (Rc::clone(&key), broken)));
    }
    if broken.is_empty() {
        return Ok(());
    }
    broken.sort_by_cached_key(|(key, broken)| {
        let place = broken.row.map(|row| row.source.position(key.spot(row)));
        (place.is_none(), place)
    });
    let untold = broken.len().saturating_sub(MOST);
    let told = broken.iter().take(MOST).map(|(key, broken)| broken.told(connection, key));
    let references = told.collect::<rusqlite::Result<_>>().map_err(database)?;
    mistakes.note(SeedError::new(Fault::BrokenReferences { references, untold }));
    Ok(())
}

/// A foreign key of a table.
struct ForeignKey {
    table: Rc<Table>,
    parent: String,
    parent_is_missing: bool,
    /// Its columns, and those that they point at where they are named.
    columns: Vec<(String, Option<String>)>,
}

impl ForeignKey {
    fn of(connection: &Connection, tables: &Tables<'_>, violation: &Violation) -> Result<Self, SeedError> {
        let columns = || {
            connection
                .prepare("SELECT \"from\", \"to\" FROM pragma_foreign_key_list(?1, 'main') WHERE id = ?2 ORDER BY seq")?
                .query_map((&violation.table, violation.key), |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()
        };
        Ok(Self {
            table: tables.get(&violation.table)?,
            parent: violation.parent.clone(),
            parent_is_missing: tables.find(&violation.parent).map_err(database)?.is_none(),
            columns: columns().map_err(database)?,
        })
    }

    /// Where the first of its columns stands in a row.
    fn spot(&self, row: &Row<'_>) -> Spot {
        let column = self.columns.first().and_then(|(from, _)| self.table.column(from));
        let field = row.fields.iter().find(|(name, _)| column.is_some() && self.table.field(&name.value) == column);
        field.map_or(row.spot, |(_, value)| value.spot)
    }

    /// Whether the parent has a row with these values.
    fn points_at_a_row(&self, connection: &Connection, values: &[Scalar<'_>]) -> rusqlite::Result<bool> {
        let key: Vec<String> = connection
            .prepare("SELECT name FROM pragma_table_info(?1, 'main') WHERE pk > 0 ORDER BY pk")?
            .query_map([&self.parent], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let to = self.columns.iter().enumerate().map(|(number, (_, to))| to.as_ref().or(key.get(number)));
        let Some(to) = to.collect::<Option<Vec<_>>>() else { return Ok(false) };
        let terms: Vec<_> = to.into_iter().map(|name| format!("{} = ?", quoted(name))).collect();
        let parent = quoted(&self.parent);
        let sql = format!("SELECT EXISTS (SELECT 1 FROM main.{parent} WHERE {})", terms.join(" AND "));
        // It cannot be prepared when the parent is not there at all.
        let Ok(mut statement) = connection.prepare(&sql) else { return Ok(false) };
        statement.query_row(rusqlite::params_from_iter(values), |row| row.get(0))
    }
}

/// A row that breaks a foreign key.
struct Broken<'r> {
    /// That of a table without rowid has none.
    rowid: Option<i64>,
    /// `None` for one that is in none of the files: a script or a trigger made it.
    row: Option<&'r Row<'r>>,
    /// What it holds in the columns, as SQL writes it, where its rowid does not lead there.
    values: Vec<String>,
}

impl Broken<'_> {
    fn told(&self, connection: &Connection, key: &ForeignKey) -> rusqlite::Result<BrokenReference> {
        let names = || key.columns.iter().map(|(from, _)| from);
        let values = match (self.rowid, key.table.rowid) {
            (Some(rowid), Some(name)) => {
                let quoted_values: Vec<_> = names().map(|name| format!("quote({})", quoted(name))).collect();
                let (values, table) = (quoted_values.join(", "), quoted(&key.table.name));
                let sql = format!("SELECT {values} FROM main.{table} WHERE {name} = ?1");
                let all = |row: &rusqlite::Row<'_>| (0..key.columns.len()).map(|number| row.get(number)).collect();
                connection.query_row(&sql, [rowid], all)?
            }
            _ => self.values.clone(),
        };
        let place = self.row.map(|row| row.source.place(key.spot(row)));
        Ok(BrokenReference {
            position: place.as_ref().map(|place| place.position.clone()),
            excerpt: place.and_then(|place| place.excerpt),
            table: key.table.name.clone(),
            label: self.row.and_then(|row| row.label.as_ref()).map(|label| label.value.to_string()),
            row: self.rowid.filter(|_| self.row.is_none()),
            columns: names().cloned().zip(values).collect(),
            parent: key.parent.clone(),
            parent_is_missing: key.parent_is_missing,
        })
    }
}

/// The rows that SQLite names.
fn by_rowid<'r>(violations: &[Violation], rows: &[InsertedRow<'r>]) -> Vec<Broken<'r>> {
    let rows: HashMap<i64, &'r Row<'r>> = rows.iter().copied().collect();
    let broken = |violation: &Violation| {
        let row = violation.row.and_then(|rowid| rows.get(&rowid).copied());
        Broken { rowid: violation.row, row, values: Vec::new() }
    };
    violations.iter().map(broken).collect()
}

/// The rows of a table without rowid, which SQLite does not name: those whose values are nowhere in the parent.
fn by_value<'r>(
    connection: &Connection,
    resolver: &Resolver<'_>,
    key: &ForeignKey,
    violations: &[Violation],
    rows: &[InsertedRow<'r>],
) -> Result<Vec<Broken<'r>>, SeedError> {
    let mut broken = Vec::new();
    for (_, row) in rows {
        // What SQL computes may be another value by now.
        let is_computed =
            row.fields.iter().any(|(_, value)| matches!(Computed::of(&value.value), Some(Computed::Sql(_))));
        let Ok(layout) = Layout::of(&key.table, row) else { continue };
        let Some(given) = (!is_computed).then(|| resolver.values(&key.table, &layout, row).ok()).flatten() else {
            continue;
        };
        let held = |name: &str| {
            let column = key.table.column(name)?;
            let at = layout.columns.iter().position(|candidate| *candidate == column)?;
            Some(given[at].by_ref()).filter(|value| *value != Scalar::Null)
        };
        let values: Option<Vec<Scalar<'_>>> = key.columns.iter().map(|(from, _)| held(from)).collect();
        let Some(values) = values else { continue };
        if !key.points_at_a_row(connection, &values).map_err(database)? {
            broken.push(Broken { rowid: None, row: Some(*row), values: values.iter().map(literal).collect() });
        }
    }
    if broken.is_empty() {
        broken.extend(violations.iter().map(|_| Broken { rowid: None, row: None, values: Vec::new() }));
    }
    Ok(broken)
}
