//! Foreign keys are checked when all rows are in.

use super::insert::{Inserted, InsertedRow};
use super::sandbox::Sandbox;
use crate::position::sort_by;
use crate::seed::error::collect::{Collector, MOST};
use crate::seed::error::kind::SeedErrorKind;
use crate::seed::error::{BrokenReference, SeedError};
use crate::seed::files::text::Spot;
use crate::seed::parse::scalar::Scalar;
use crate::seed::parse::value::Row;
use crate::seed::resolve::Resolver;
use crate::seed::resolve::columns::Layout;
use crate::seed::resolve::computed::Computed;
use crate::seed::schema::Table;
use crate::sqlite::quote::{literal, quoted};
use rusqlite::Connection;
use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};

/// One line of [`PRAGMA foreign_key_check`](https://sqlite.org/pragma.html#pragma_foreign_key_check).
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Violation {
    table: String,
    /// NULL for tables without rowid.
    row: Option<i64>,
    parent: String,
    /// The number of the foreign key in its table.
    key: i64,
}

/// Runs a statement of ours, which may compute columns of the schema.
fn own<T>(
    sandbox: Option<&Sandbox<'_>>,
    run: impl FnOnce() -> rusqlite::Result<T>,
) -> Result<rusqlite::Result<T>, SeedError> {
    let Some(sandbox) = sandbox else { return Ok(run()) };
    sandbox.begin_own().map_err(SeedError::new)?;
    run().map(Ok).or_else(|error| match sandbox.explain(&error) {
        Some(kind) => Err(SeedError::new(kind)),
        None => Ok(Err(error)),
    })
}

/// The foreign keys that are broken now.
pub(crate) fn violations(connection: &Connection, sandbox: Option<&Sandbox<'_>>) -> Result<Vec<Violation>, SeedError> {
    violations_by_tables(connection, sandbox).map(|(found, _)| found)
}

/// The same, and whether tables are left out: a key that refers to a column that is not unique fails the check of its whole table.
fn violations_by_tables(
    connection: &Connection,
    sandbox: Option<&Sandbox<'_>>,
) -> Result<(Vec<Violation>, bool), SeedError> {
    if let Ok(found) = own(sandbox, || violations_in(connection, ""))? {
        return Ok((found, false));
    }
    let tables = connection
        .prepare("SELECT name FROM main.sqlite_master WHERE type = 'table'")
        .and_then(|mut names| names.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>())
        .map_err(SeedError::database)?;
    let (mut found, mut is_partial) = (Vec::new(), false);
    for table in tables {
        let of_table = own(sandbox, || violations_in(connection, &format!("({})", quoted(&table))));
        match of_table.map_err(|error| error.in_table(&*table))? {
            Ok(of_table) => found.extend(of_table),
            Err(error) if error.to_string().contains("foreign key mismatch") => is_partial = true,
            Err(error) => return Err(SeedError::database(error).in_table(table)),
        }
    }
    Ok((found, is_partial))
}

fn violations_in(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Violation>> {
    connection
        .prepare(&format!("PRAGMA main.foreign_key_check{table}"))?
        .query_map([], |row| {
            Ok(Violation { table: row.get(0)?, row: row.get(1)?, parent: row.get(2)?, key: row.get(3)? })
        })?
        .collect()
}

/// The violations that are not among those `before`, or of a row that was replaced since.
fn new_violations(
    found: Vec<Violation>,
    before: &[Violation],
    inserted: &Inserted<'_>,
) -> impl Iterator<Item = Violation> {
    let replaced: HashMap<&str, HashSet<i64>> = inserted
        .tables()
        .filter(|_| !before.is_empty())
        .map(|(table, rows)| (table, rows.iter().map(|(row, _)| *row).collect()))
        .collect();
    let is_replaced = |violation: &Violation| {
        let rows = replaced.get(&*violation.table.to_ascii_lowercase());
        violation.row.is_some_and(|row| rows.is_some_and(|rows| rows.contains(&row)))
    };
    // Rows without rowid are counted, since nothing tells one from another.
    let mut old: HashMap<&Violation, usize> = HashMap::new();
    for violation in before {
        if !is_replaced(violation) {
            *old.entry(violation).or_default() += 1;
        }
    }
    found.into_iter().filter(move |violation| match old.get_mut(violation) {
        Some(left @ 1..) => {
            *left -= 1;
            false
        }
        _ => true,
    })
}

/// The foreign keys that the rows of the files break, by a look at these rows only.
fn violations_by_rows(
    resolver: &Resolver<'_>,
    sandbox: Option<&Sandbox<'_>>,
    inserted: &Inserted<'_>,
) -> Result<Vec<Violation>, SeedError> {
    let mut found = Vec::new();
    for (table, rows) in inserted.tables() {
        let table = resolver.tables.get(table)?;
        for key in ForeignKey::of_table(resolver, &table)? {
            let Some(sql) = key.sql_of_violation(resolver.connection).map_err(SeedError::database)? else { continue };
            // SQLite reports a key that refers to no unique columns at the first statement that changes its rows.
            let Ok(mut statement) = resolver.connection.prepare(&sql) else { continue };
            for (row, _) in rows {
                let is_broken = own(sandbox, || statement.exists([row]))?.map_err(SeedError::database)?;
                if is_broken {
                    let (table, parent) = (table.name.clone(), key.parent.clone());
                    found.push(Violation { table, row: Some(*row), parent, key: key.id });
                }
            }
        }
    }
    Ok(found)
}

/// Checks the foreign keys, and finds the rows of the files that break them; ignores what was broken `before`, and what only
/// follows from an error that is known. Without `before`, only the rows of the files can have broken anything.
pub(crate) fn check(
    resolver: &Resolver<'_>,
    sandbox: Option<&Sandbox<'_>>,
    inserted: &Inserted<'_>,
    before: Option<&[Violation]>,
    errors: &mut Collector,
) -> Result<(), SeedError> {
    let found = match before {
        Some(before) => {
            let (now, is_partial) = violations_by_tables(resolver.connection, sandbox)?;
            let mut found: Vec<_> = new_violations(now, before, inserted).collect();
            if is_partial {
                let mut by_rows = violations_by_rows(resolver, sandbox, inserted)?;
                let known: HashSet<_> = found.iter().collect();
                by_rows.retain(|violation| !known.contains(violation));
                found.extend(by_rows);
            }
            found
        }
        None => violations_by_rows(resolver, sandbox, inserted)?,
    };
    let mut by_key: HashMap<(String, i64), Vec<Violation>> = HashMap::new();
    for violation in found {
        if errors.is_complete(&violation.parent) {
            by_key.entry((violation.table.clone(), violation.key)).or_default().push(violation);
        }
    }
    let finder = Finder { resolver, sandbox };
    let mut broken = Vec::new();
    for violations in by_key.values() {
        let Violation { table, key: id, .. } = &violations[0];
        let of_table = ForeignKey::of_table(resolver, &resolver.tables.get(table)?)?;
        let Some(key) = of_table.into_iter().find(|key| key.id == *id).map(Rc::new) else { continue };
        let of_key = if key.table.rowid.is_some() {
            finder.by_rowid(&key, violations, inserted)?
        } else {
            finder.by_value(&key, violations, inserted.in_table(&key.table))?
        };
        broken.extend(of_key.into_iter().map(|broken| (Rc::clone(&key), broken)));
    }
    if broken.is_empty() {
        return Ok(());
    }
    // Those in files come in the order of their places.
    let mut placed = Vec::with_capacity(broken.len());
    for (key, broken) in broken {
        placed.push((broken.row.map(|row| row.source.position(key.spot(row))), key, broken));
    }
    sort_by(&mut placed, |(one_place, one_key, one), (other_place, other_key, other)| {
        let one = (one_place.is_none(), one_place, &one_key.table.name, one.rowid);
        one.cmp(&(other_place.is_none(), other_place, &other_key.table.name, other.rowid))
    });
    let omitted = placed.len().saturating_sub(MOST);
    let described = placed.iter().take(MOST).map(|(_, key, broken)| finder.describe(key, broken));
    let references = described.collect::<Result<_, _>>()?;
    errors.push(SeedError::new(SeedErrorKind::BrokenReferences { references, omitted }));
    Ok(())
}

/// A foreign key of a table.
struct ForeignKey {
    table: Rc<Table>,
    /// Its number in the table.
    id: i64,
    parent: String,
    parent_is_missing: bool,
    /// Its columns, and the referenced columns where they are named.
    columns: Vec<(String, Option<String>)>,
}

impl ForeignKey {
    fn of_table(Resolver { connection, .. }: &Resolver<'_>, table: &Rc<Table>) -> Result<Vec<Self>, SeedError> {
        let read = || {
            let mut keys: Vec<Self> = Vec::new();
            let sql =
                "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?1, 'main') ORDER BY id, seq";
            let mut statement = connection.prepare(sql)?;
            let mut rows = statement.query([&table.name])?;
            while let Some(row) = rows.next()? {
                let (id, parent): (i64, String) = (row.get(0)?, row.get(1)?);
                if keys.last().is_none_or(|key| key.id != id) {
                    let exists =
                        "SELECT 1 FROM main.sqlite_master WHERE name = ?1 COLLATE NOCASE AND type IN ('table', 'view')";
                    let parent_is_missing = !connection.prepare(exists)?.exists([&parent])?;
                    keys.push(Self { table: Rc::clone(table), id, parent, parent_is_missing, columns: Vec::new() });
                }
                if let Some(key) = keys.last_mut() {
                    key.columns.push((row.get(2)?, row.get(3)?));
                }
            }
            Ok(keys)
        };
        read().map_err(SeedError::database)
    }

    /// The referenced columns; `None` where the parent's primary key has another number of them.
    fn parent_columns(&self, connection: &Connection) -> rusqlite::Result<Option<Vec<String>>> {
        let key: Vec<String> = connection
            .prepare("SELECT name FROM pragma_table_info(?1, 'main') WHERE pk > 0 ORDER BY pk")?
            .query_map([&self.parent], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        if key.len() != self.columns.len() && self.columns.iter().any(|(_, to)| to.is_none()) {
            return Ok(None);
        }
        let to = self.columns.iter().enumerate().map(|(number, (_, to))| to.as_ref().or(key.get(number)).cloned());
        Ok(to.collect())
    }

    /// A query that finds a row by its rowid if it breaks the key.
    fn sql_of_violation(&self, connection: &Connection) -> rusqlite::Result<Option<String>> {
        let Some(rowid) = self.table.rowid else { return Ok(None) };
        let given: Vec<_> = self.columns.iter().map(|(from, _)| format!("child.{} NOT NULL", quoted(from))).collect();
        let mut sql = format!(
            "SELECT 1 FROM main.{} AS child WHERE child.{rowid} = ?1 AND {}",
            quoted(&self.table.name),
            given.join(" AND "),
        );
        if !self.parent_is_missing {
            let Some(to) = self.parent_columns(connection)? else { return Ok(None) };
            // The parent's affinity and collation count: a plus sign takes those of the child away.
            let terms = self.columns.iter().zip(&to);
            let terms: Vec<_> =
                terms.map(|((from, _), to)| format!("parent.{} = +child.{}", quoted(to), quoted(from))).collect();
            let parent = quoted(&self.parent);
            sql += &format!(" AND NOT EXISTS (SELECT 1 FROM main.{parent} AS parent WHERE {})", terms.join(" AND "));
        }
        Ok(Some(sql))
    }

    /// Where the first of its columns stands in a row.
    fn spot(&self, row: &Row<'_>) -> Spot {
        let column = self.columns.first().and_then(|(from, _)| self.table.column(from));
        let field = row.fields.iter().find(|(name, _)| column.is_some() && self.table.field(&name.value) == column);
        field.map_or(row.spot, |(_, value)| value.spot)
    }

    /// Whether the parent has a row with these values.
    fn refers_to_a_row(&self, connection: &Connection, values: &[Scalar<'_>]) -> rusqlite::Result<bool> {
        let Some(to) = self.parent_columns(connection)? else { return Ok(false) };
        let terms: Vec<_> = to.iter().map(|name| format!("{} = ?", quoted(name))).collect();
        let parent = quoted(&self.parent);
        let sql = format!("SELECT EXISTS (SELECT 1 FROM main.{parent} WHERE {})", terms.join(" AND "));
        // It cannot be prepared when there is no parent.
        let Ok(mut statement) = connection.prepare(&sql) else { return Ok(false) };
        statement.query_row(rusqlite::params_from_iter(values), |row| row.get(0))
    }
}

/// A row that breaks a foreign key.
struct Broken<'r> {
    /// `None` in a table without rowid.
    rowid: Option<i64>,
    /// `None` for a row that is in none of the files: a script or a trigger made it.
    row: Option<&'r Row<'r>>,
    /// The values of the columns as SQL literals, where the rowid does not lead to them.
    values: Vec<String>,
}

struct Finder<'f> {
    resolver: &'f Resolver<'f>,
    sandbox: Option<&'f Sandbox<'f>>,
}

impl Finder<'_> {
    /// The rows that SQLite names.
    fn by_rowid<'r>(
        &self,
        key: &ForeignKey,
        violations: &[Violation],
        inserted: &Inserted<'r>,
    ) -> Result<Vec<Broken<'r>>, SeedError> {
        let rows: HashMap<i64, &'r Row<'r>> = inserted.in_table(&key.table).iter().copied().collect();
        let mut broken = Vec::with_capacity(violations.len());
        for rowid in violations.iter().map(|violation| violation.row) {
            let mut values = Vec::new();
            let mut row = rowid.and_then(|rowid| rows.get(&rowid).copied());
            if let (Some(given), Some(rowid), true) = (row, rowid, inserted.may_have_changed) {
                values = self.column_values(key, rowid)?;
                // A script may have put another row there; what SQL computed may be another value by now.
                let is_other = |given: Vec<Scalar<'_>>| {
                    !given.iter().zip(&values).all(|(given, held)| are_alike(&literal(given), held))
                };
                row = row.filter(|_| !self.explicit_values(key, given).is_some_and(is_other));
            }
            broken.push(Broken { rowid, row, values });
        }
        Ok(broken)
    }

    /// The rows of a table without rowid, which SQLite does not name: those whose values are nowhere in the parent.
    fn by_value<'r>(
        &self,
        key: &ForeignKey,
        violations: &[Violation],
        rows: &[InsertedRow<'r>],
    ) -> Result<Vec<Broken<'r>>, SeedError> {
        let mut broken = Vec::new();
        for (_, row) in rows {
            let Some(values) = self.explicit_values(key, row) else { continue };
            let found = own(self.sandbox, || key.refers_to_a_row(self.resolver.connection, &values))?;
            if !found.map_err(SeedError::database)? {
                broken.push(Broken { rowid: None, row: Some(*row), values: values.iter().map(literal).collect() });
            }
        }
        if broken.is_empty() {
            broken.extend(violations.iter().map(|_| Broken { rowid: None, row: None, values: Vec::new() }));
        }
        Ok(broken)
    }

    /// What a row holds in the columns of a foreign key, as SQL literals.
    fn column_values(&self, key: &ForeignKey, rowid: i64) -> Result<Vec<String>, SeedError> {
        let Some(name) = key.table.rowid else { return Ok(Vec::new()) };
        let values: Vec<_> = key.columns.iter().map(|(from, _)| format!("quote({})", quoted(from))).collect();
        let sql = format!("SELECT {} FROM main.{} WHERE {name} = ?1", values.join(", "), quoted(&key.table.name));
        let all = |row: &rusqlite::Row<'_>| (0..key.columns.len()).map(|number| row.get(number)).collect();
        own(self.sandbox, || self.resolver.connection.query_row(&sql, [rowid], all))?.map_err(SeedError::database)
    }

    /// What a row gives for the columns of a foreign key; `None` where it gives none, or has SQL compute it.
    fn explicit_values<'r>(&self, key: &ForeignKey, row: &'r Row<'_>) -> Option<Vec<Scalar<'r>>> {
        if row
            .fields
            .iter()
            .any(|(_, value)| matches!(Computed::parse(&value.value, row.source), Some(Computed::Sql(_))))
        {
            return None;
        }
        let layout = Layout::new(&key.table, row).ok()?;
        let values = self.resolver.values(&key.table, &layout, row).ok()?;
        let value = |name: &str| {
            let column = key.table.column(name)?;
            let at = layout.columns.iter().position(|candidate| *candidate == column)?;
            Some(values[at].clone()).filter(|value| *value != Scalar::Null)
        };
        key.columns.iter().map(|(from, _)| value(from)).collect()
    }

    fn describe(&self, key: &ForeignKey, broken: &Broken<'_>) -> Result<BrokenReference, SeedError> {
        let values = match broken.rowid {
            Some(rowid) if broken.values.is_empty() => self.column_values(key, rowid)?,
            _ => broken.values.clone(),
        };
        let place = broken.row.map(|row| row.source.place(key.spot(row)));
        Ok(BrokenReference {
            position: place.as_ref().map(|place| place.position.clone()),
            excerpt: place.and_then(|place| place.excerpt),
            table: key.table.name.clone(),
            label: broken.row.and_then(|row| row.label.as_ref()).map(|label| label.value.to_string()),
            rowid: broken.rowid.filter(|_| broken.row.is_none()),
            columns: key.columns.iter().map(|(from, _)| from.clone()).zip(values).collect(),
            parent: key.parent.clone(),
            parent_is_missing: key.parent_is_missing,
        })
    }
}

/// Whether two values are the same but for what the affinity of a column makes of one.
fn are_alike(one: &str, two: &str) -> bool {
    let bare = |value: &str| value.trim_start_matches(['x', 'X']).trim_matches('\'').to_ascii_lowercase();
    let number = |value: &str| bare(value).trim().parse::<f64>().ok();
    bare(one) == bare(two) || number(one).is_some_and(|one| number(two) == Some(one))
}
