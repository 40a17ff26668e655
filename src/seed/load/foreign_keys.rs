//! Foreign keys are checked when all rows are in.

use super::violation::{Violation, since};
use crate::{
    seed::{
        error::{
            BrokenReference, SeedError,
            collect::{MOST, Mistakes},
            kind::Fault,
        },
        files::text::Spot,
        parse::value::{Row, Scalar},
        resolve::{Resolver, columns::Layout, computed::Computed},
        schema::{Table, Tables, database},
    },
    sqlite::quote::{literal, quoted},
};
use rusqlite::Connection;
use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

/// The rows of the files that went into tables with foreign keys, each table in small letters.
#[derive(Default)]
pub(crate) struct Inserted<'r> {
    rows: HashMap<String, Vec<InsertedRow<'r>>>,
    /// Whether a script may have put other rows in their place.
    may_have_changed: bool,
}

/// A row with its rowid, which means nothing in a table without.
pub(crate) type InsertedRow<'r> = (i64, &'r Row<'r>);

impl<'r> Inserted<'r> {
    pub(crate) fn rows_of(&mut self, table: &Table) -> &mut Vec<InsertedRow<'r>> {
        self.rows.entry(table.name.to_ascii_lowercase()).or_default()
    }

    /// Takes note of a script.
    pub(crate) fn may_have_changed(&mut self) {
        self.may_have_changed |= !self.rows.is_empty();
    }

    fn of(&self, table: &Table) -> &[InsertedRow<'r>] {
        self.rows.get(&table.name.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }
}

/// Checks the foreign keys, and finds the rows of the files that break them. What was broken `before` is passed over, and what
/// only follows from a mistake that is known.
pub(crate) fn check(
    tables: &Tables<'_>,
    resolver: &Resolver<'_>,
    inserted: &Inserted<'_>,
    before: &[Violation],
    mistakes: &mut Mistakes,
) -> Result<(), SeedError> {
    let mut found: BTreeMap<(String, i64), Vec<Violation>> = BTreeMap::new();
    let Resolver { connection, confinement, .. } = *resolver;
    for violation in since(connection, confinement, before)? {
        if mistakes.has_all_of(&violation.parent) {
            found.entry((violation.table.clone(), violation.key)).or_default().push(violation);
        }
    }
    let mut broken = Vec::new();
    for violations in found.values() {
        let key = Rc::new(ForeignKey::of(connection, tables, &violations[0])?);
        let of_key = if key.table.rowid.is_some() {
            by_rowid(resolver, &key, violations, inserted)?
        } else {
            by_value(resolver, &key, violations, inserted.of(&key.table))?
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
    let told = broken.iter().take(MOST).map(|(key, broken)| broken.told(resolver, key));
    let references = told.collect::<Result<_, _>>()?;
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
    fn points_at_a_row(&self, resolver: &Resolver<'_>, values: &[Scalar<'_>]) -> Result<bool, SeedError> {
        resolver.confinement.begin_own().map_err(SeedError::new)?;
        self.find(resolver.connection, values).map_err(|error| failed(resolver, error))
    }

    fn find(&self, connection: &Connection, values: &[Scalar<'_>]) -> rusqlite::Result<bool> {
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

/// What a row holds in the columns of a foreign key, as SQL writes it.
fn held(resolver: &Resolver<'_>, key: &ForeignKey, rowid: i64) -> Result<Vec<String>, SeedError> {
    let Some(name) = key.table.rowid else { return Ok(Vec::new()) };
    let values: Vec<_> = key.columns.iter().map(|(from, _)| format!("quote({})", quoted(from))).collect();
    let sql = format!("SELECT {} FROM main.{} WHERE {name} = ?1", values.join(", "), quoted(&key.table.name));
    let all = |row: &rusqlite::Row<'_>| (0..key.columns.len()).map(|number| row.get(number)).collect();
    resolver.confinement.begin_own().map_err(SeedError::new)?;
    resolver.connection.query_row(&sql, [rowid], all).map_err(|error| failed(resolver, error))
}

/// A statement of ours that computed too much for the schema.
fn failed(resolver: &Resolver<'_>, error: rusqlite::Error) -> SeedError {
    SeedError::new(resolver.confinement.ended(&error).unwrap_or(Fault::Database(error)))
}

impl Broken<'_> {
    fn told(&self, resolver: &Resolver<'_>, key: &ForeignKey) -> Result<BrokenReference, SeedError> {
        let names = || key.columns.iter().map(|(from, _)| from);
        let values = match self.rowid {
            Some(rowid) if self.values.is_empty() => held(resolver, key, rowid)?,
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
fn by_rowid<'r>(
    resolver: &Resolver<'_>,
    key: &ForeignKey,
    violations: &[Violation],
    inserted: &Inserted<'r>,
) -> Result<Vec<Broken<'r>>, SeedError> {
    let rows: HashMap<i64, &'r Row<'r>> = inserted.of(&key.table).iter().copied().collect();
    let mut broken = Vec::with_capacity(violations.len());
    for rowid in violations.iter().map(|violation| violation.row) {
        let mut values = Vec::new();
        let mut row = rowid.and_then(|rowid| rows.get(&rowid).copied());
        if let (Some(given), Some(rowid), true) = (row, rowid, inserted.may_have_changed) {
            values = held(resolver, key, rowid)?;
            // A script may have put another row there; what SQL computed may be another value by now.
            let is_other = |given: Vec<String>| !given.iter().zip(&values).all(|(given, held)| are_alike(given, held));
            row = row.filter(|_| !values_of(resolver, key, given).is_some_and(is_other));
        }
        broken.push(Broken { rowid, row, values });
    }
    Ok(broken)
}

/// Whether two values are the same but for what the affinity of a column makes of one.
fn are_alike(one: &str, two: &str) -> bool {
    let bare = |value: &str| value.trim_start_matches(['x', 'X']).trim_matches('\'').to_ascii_lowercase();
    let number = |value: &str| bare(value).trim().parse::<f64>().ok();
    bare(one) == bare(two) || number(one).is_some_and(|one| number(two) == Some(one))
}

/// What a row gives for the columns of a foreign key, as SQL writes it; `None` where it gives none, or has SQL compute it.
fn values_of(resolver: &Resolver<'_>, key: &ForeignKey, row: &Row<'_>) -> Option<Vec<String>> {
    let given = given(resolver, key, row)?;
    Some(given.iter().map(literal).collect())
}

fn given<'r>(resolver: &Resolver<'_>, key: &ForeignKey, row: &'r Row<'_>) -> Option<Vec<Scalar<'r>>> {
    if row.fields.iter().any(|(_, value)| matches!(Computed::of(&value.value), Some(Computed::Sql(_)))) {
        return None;
    }
    let layout = Layout::of(&key.table, row).ok()?;
    let values = resolver.values(&key.table, &layout, row).ok()?;
    let held = |name: &str| {
        let column = key.table.column(name)?;
        let at = layout.columns.iter().position(|candidate| *candidate == column)?;
        Some(values[at].clone()).filter(|value| *value != Scalar::Null)
    };
    key.columns.iter().map(|(from, _)| held(from)).collect()
}

/// The rows of a table without rowid, which SQLite does not name: those whose values are nowhere in the parent.
fn by_value<'r>(
    resolver: &Resolver<'_>,
    key: &ForeignKey,
    violations: &[Violation],
    rows: &[InsertedRow<'r>],
) -> Result<Vec<Broken<'r>>, SeedError> {
    let mut broken = Vec::new();
    for (_, row) in rows {
        let Some(values) = given(resolver, key, row) else { continue };
        if !key.points_at_a_row(resolver, &values)? {
            broken.push(Broken { rowid: None, row: Some(*row), values: values.iter().map(literal).collect() });
        }
    }
    if broken.is_empty() {
        broken.extend(violations.iter().map(|_| Broken { rowid: None, row: None, values: Vec::new() }));
    }
    Ok(broken)
}
