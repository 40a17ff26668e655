//! The tables in which virtual tables keep what they hold ([shadow tables](https://sqlite.org/vtab.html#the_xshadowname_method)).

use super::{Answer, Authorizer, Policy, Request, untracked};
use rusqlite::{Connection, ffi};
use std::collections::HashSet;

/// The names of the shadow tables in the main schema, in lower case.
///
/// `PRAGMA table_list` goes by their names, and an ordinary table may have such a name. So each virtual table is made in an empty
/// database: what else is then in it is its own. Where that fails, since its module is not there, its name has to do.
pub(crate) fn shadow_tables(connection: &Connection) -> rusqlite::Result<HashSet<String>> {
    let mut shadows = HashSet::new();
    let sql = "SELECT name, sql FROM main.sqlite_master WHERE type = 'table' AND rootpage = 0";
    let mut tables = connection.prepare(sql)?;
    let mut tables = tables.query([])?;
    while let Some(row) = tables.next()? {
        let (name, sql): (String, String) = (row.get(0)?, row.get(1)?);
        let own = shadows_of(connection, &name, &sql).or_else(|_| {
            let by_name = "SELECT name FROM pragma_table_list
                WHERE schema = 'main' AND type = 'shadow' AND lower(substr(name, 1, length(?1) + 1)) = lower(?1) || '_'";
            names(connection, by_name, &name)
        })?;
        shadows.extend(own);
    }
    Ok(shadows)
}

/// The names of the shadow tables of a virtual table of this database that this SQL makes, likewise. An error if its module is not
/// there.
pub(crate) fn shadows_of(connection: &Connection, name: &str, sql: &str) -> rusqlite::Result<HashSet<String>> {
    made_by(name, sql, &[]).or_else(|error| {
        // `fts4(content="posts")` takes its columns from another table or view.
        let others = "SELECT sql FROM main.sqlite_master WHERE type IN ('table', 'view') AND sql IS NOT NULL
            AND NOT (type = 'table' AND rootpage = 0) AND lower(substr(name, 1, length(?1) + 1)) <> lower(?1) || '_'";
        let mut others = connection.prepare(others)?;
        let others = others.query_map([name], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
        made_by(name, sql, &others).map_err(|_| error)
    })
}

/// The names of the tables that this SQL makes in an empty database, or beside what these statements make.
///
/// Anything may stand in a schema that was written by hand: only the first statement of each runs, and reaches no other database.
fn made_by(name: &str, sql: &str, others: &[String]) -> rusqlite::Result<HashSet<String>> {
    struct OneDatabase;
    impl Policy for OneDatabase {
        fn answer(&self, request: Request<'_>) -> Answer {
            // No module needs either.
            match request.action {
                ffi::SQLITE_ATTACH | ffi::SQLITE_RECURSIVE => Answer::Deny,
                _ => Answer::Allow,
            }
        }
    }
    let scratch = untracked(Connection::open_in_memory)?;
    let _one = Authorizer::install(&scratch, OneDatabase);
    let tables = || names(&scratch, "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> ?1", name);
    for other in others {
        // What cannot be made here is not what the table needs.
        let _ = scratch.prepare(other).and_then(|mut other| other.raw_execute());
    }
    let before = tables()?;
    scratch.prepare(sql)?.raw_execute()?;
    Ok(tables()?.difference(&before).cloned().collect())
}

fn names(connection: &Connection, sql: &str, of: &str) -> rusqlite::Result<HashSet<String>> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([of])?;
    let mut names = HashSet::new();
    while let Some(row) = rows.next()? {
        names.insert(row.get::<_, String>(0)?.to_ascii_lowercase());
    }
    Ok(names)
}

#[cfg(test)]
#[path = "../../tests/unit/sqlite_shadow.rs"]
mod tests;
