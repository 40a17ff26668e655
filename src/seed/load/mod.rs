//! Files become rows, rows become a database: all of them or none.

pub(crate) mod bounds;
mod foreign_keys;
mod insert;
mod mentions;
mod part;
pub(crate) mod sandbox;
pub(crate) mod script;
pub(crate) mod splitter;
mod statement;
mod violation;

use super::{
    dialect::file::{Contents, File, Files, TableRows, Unread},
    error::{SeedError, collect::Mistakes, kind::Fault},
    files::{format::Format, text::Spot},
    resolve::Resolver,
    schema::{Tables, database},
};
use crate::{
    labels::Labels,
    sqlite::{copy, untracked},
};
use foreign_keys::Inserted;
use part::{Part, parts};
use rusqlite::{Connection, config::DbConfig};
use sandbox::{Confinement, keep_temporaries_in_memory};
use splitter::statements;
use violation::{Violation, violations};

/// Told how many bytes of the files have gone in.
pub(crate) type Progress<'p> = dyn FnMut(usize) + 'p;

/// Runs the scripts that make a schema, in a database that is discarded on any error.
pub(crate) fn run_scripts(connection: &Connection, files: Files) -> Result<(), SeedError> {
    if let Some(unread) = files.unread.into_iter().next() {
        return Err(unread.error);
    }
    let bytes = files.read.iter().map(|file| file.source.size()).sum();
    keep_temporaries_in_memory(connection).map_err(database)?;
    let confinement = Confinement::of(connection, bytes, largest(&files.read)).map_err(database)?;
    // A script may turn them on.
    let unenforced =
        || connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false).map(drop).map_err(database);
    unenforced()?;
    if let Some(file) = files.read.first()
        && files.read.iter().all(|file| statements(file.source.text()).next().is_none())
    {
        return Err(SeedError::new(Fault::Empty).at(file.source.place(Spot::START)));
    }
    for file in &files.read {
        script::run(connection, &file.source, &confinement, &mut |_| {})?;
        unenforced()?;
    }
    Ok(())
}

/// Puts files into a new database, which is discarded on any error. Gives their labels, as all of these do.
pub(crate) fn build(connection: &Connection, files: Files) -> Result<Labels, SeedError> {
    keep_temporaries_in_memory(connection).map_err(database)?;
    apply_files(connection, files, &Labels::default(), &[], Owner::Us, &mut |_| {})
}

/// Puts files into a copy of a database, which is discarded on any error; what was broken in it before is not blamed.
pub(crate) fn fill(
    connection: &Connection,
    files: Files,
    known: &Labels,
    progress: &mut Progress<'_>,
) -> Result<Labels, SeedError> {
    let before = violations_before(connection, largest(&files.read))?;
    apply_files(connection, files, known, &before, Owner::Us, progress)
}

/// Puts files into a live database, which is as it was on any error.
pub(crate) fn load(connection: &mut Connection, files: Files, known: &Labels) -> Result<Labels, SeedError> {
    let scripts = files.read.iter().any(|file| file.format == Format::Sql);
    if !scripts || !connection.is_autocommit() {
        return load_in(connection, files, known);
    }
    // A script has transactions of its own, which no savepoint can hold: the database is put back from a copy instead.
    let mut backup = untracked(|| Connection::open("")).map_err(database)?;
    copy(connection, &mut backup).map_err(database)?;
    let loaded = {
        let _enforced = ForeignKeys::suspend(connection)?;
        fill(connection, files, known, &mut |_| {})
    };
    loaded.map_err(|error| {
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        match copy(&backup, connection) {
            Ok(()) => error,
            Err(source) => SeedError::new(Fault::Restore { load: error, source }),
        }
    })
}

/// Puts files into a live database inside a savepoint, so also inside a transaction.
pub(crate) fn load_in(connection: &Connection, files: Files, known: &Labels) -> Result<Labels, SeedError> {
    let largest = largest(&files.read);
    in_savepoint(connection, largest, |before| {
        apply_files(connection, files, known, before, Owner::Caller, &mut |_| {})
    })
}

/// Puts rows into a live database, likewise.
pub(crate) fn insert(connection: &Connection, rows: TableRows<'_>, known: &Labels) -> Result<Labels, SeedError> {
    let (owner, largest) = (Owner::Caller, rows.source.size());
    let (contents, mistakes) = (vec![Contents::Rows(rows)], Mistakes::default());
    in_savepoint(connection, largest, |before| apply(connection, contents, mistakes, known, before, owner, &mut |_| {}))
}

/// Runs `apply`, which is told what is broken already, inside a savepoint: on an error the database is as it was.
fn in_savepoint(
    connection: &Connection,
    largest: usize,
    apply: impl FnOnce(&[Violation]) -> Result<Labels, SeedError>,
) -> Result<Labels, SeedError> {
    let outermost = connection.is_autocommit();
    let _enforced = if outermost { Some(ForeignKeys::suspend(connection)?) } else { None };
    let before = violations_before(connection, largest)?;
    let deferred: bool =
        connection.pragma_query_value(None, "defer_foreign_keys", |row| row.get(0)).map_err(database)?;
    let run = |sql: &str| connection.execute_batch(sql).map_err(database);
    run("SAVEPOINT sqlite_fixtures; PRAGMA defer_foreign_keys = ON")?;
    let loaded = apply(&before);
    // The release of an outermost savepoint is a commit, which another connection may refuse.
    let loaded = loaded.and_then(|labels| run("RELEASE sqlite_fixtures").map(|()| labels));
    let undone = match &loaded {
        Ok(_) => Ok(()),
        // A constraint or a trigger has ended the transaction by itself, with ON CONFLICT ROLLBACK.
        Err(_) if connection.is_autocommit() => Ok(()),
        // Its release would be a commit again, and refused again.
        Err(_) if outermost => run("ROLLBACK"),
        Err(_) => run("ROLLBACK TO sqlite_fixtures; RELEASE sqlite_fixtures"),
    };
    if !outermost && !deferred {
        run("PRAGMA defer_foreign_keys = OFF")?;
    }
    // What went wrong first is what its author must hear.
    let labels = loaded?;
    undone.map(|()| labels)
}

/// How many bytes the largest of the files has.
fn largest(files: &[File]) -> usize {
    files.iter().map(|file| file.source.size()).max().unwrap_or_default()
}

/// What is broken before anything is loaded, of which the largest has so many bytes.
fn violations_before(connection: &Connection, largest: usize) -> Result<Vec<Violation>, SeedError> {
    let confinement = Confinement::of(connection, 0, largest).map_err(database)?;
    violations(connection, &confinement)
}

/// Whose the database is while it is loaded.
#[derive(Clone, Copy, PartialEq)]
enum Owner {
    Us,
    Caller,
}

fn apply_files(
    connection: &Connection,
    files: Files,
    known: &Labels,
    before: &[Violation],
    owner: Owner,
    progress: &mut Progress<'_>,
) -> Result<Labels, SeedError> {
    let Files { read, mut unread } = files;
    let mut contents = Vec::with_capacity(read.len());
    for file in &read {
        match file.contents() {
            Ok(held) => contents.push(held),
            Err(not) => unread.push(not),
        }
    }
    let tables = Tables::new(connection);
    let mut mistakes = Mistakes::default();
    for Unread { error, text, table } in unread {
        let is_of_one_table = tables.get(&table).is_ok();
        mistakes.note_unread(error, &text, is_of_one_table);
    }
    apply(connection, contents, mistakes, known, before, owner, progress)
}

fn apply(
    connection: &Connection,
    contents: Vec<Contents<'_>>,
    mut mistakes: Mistakes,
    known: &Labels,
    before: &[Violation],
    owner: Owner,
    progress: &mut Progress<'_>,
) -> Result<Labels, SeedError> {
    let tables = Tables::new(connection);
    let parts = parts(contents, &tables, &mut mistakes);
    let rows: Vec<&TableRows<'_>> = parts.iter().filter_map(Part::rows).collect();
    let each = rows.iter().map(|rows| (rows.table.as_str(), rows.rows.as_slice()));
    let bytes = parts.iter().map(Part::bytes).sum();
    let largest = parts.iter().map(Part::largest).max().unwrap_or_default();
    let confinement = &Confinement::of(connection, bytes, largest).map_err(database)?;
    let resolver = Resolver::new(connection, &tables, known, confinement, each, &mut mistakes);
    let mut labels = Labels::default();
    let mut inserted = Inserted::default();
    let mut done = 0;
    for part in &parts {
        match part {
            Part::Script(source) => {
                if let Err(error) = script::run(connection, source, confinement, &mut |bytes| progress(done + bytes)) {
                    // What it would have made is missing from here on.
                    mistakes.note(error);
                    return Err(conclude(mistakes));
                }
                // It may have made or changed tables, and rows.
                tables.forget();
                inserted.may_have_changed();
                if owner == Owner::Us {
                    // A script may have turned them on; rows of other files may still be missing.
                    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false).map_err(database)?;
                }
            }
            Part::Rows(of_table) => {
                let TableRows { table, rows, bytes, .. } = of_table;
                let table = match tables.get(table) {
                    Ok(table) => table,
                    Err(error) => {
                        mistakes.note(error.at(of_table.place()));
                        continue;
                    }
                };
                let together = |sql: &str| match owner {
                    Owner::Us => connection.execute_batch(sql).map_err(database),
                    Owner::Caller => Ok(()),
                };
                together("SAVEPOINT sqlite_fixtures_rows")?;
                let mut row = 0;
                insert::insert(connection, &table, rows, &resolver, &mut inserted, &mut mistakes, &mut || {
                    row += 1;
                    progress(done + bytes * row / rows.len());
                });
                if connection.is_autocommit() {
                    // Its transaction was ended by the row that was refused last.
                    return Err(conclude(mistakes));
                }
                if mistakes.is_beyond() {
                    return Err(conclude(mistakes));
                }
                together("RELEASE sqlite_fixtures_rows")?;
                for row in rows {
                    let Some(label) = &row.label else { continue };
                    match resolver.key(&table, row) {
                        Ok(key) => labels.insert(&table.name, &label.value, key),
                        // The row may have been told of for the same reason.
                        Err(error) => mistakes.note_unless_told(error),
                    }
                }
            }
        }
        done += part.bytes();
        progress(done);
    }
    foreign_keys::check(&tables, &resolver, &inserted, before, &mut mistakes)?;
    mistakes.conclude()?;
    Ok(labels)
}

fn conclude(mistakes: Mistakes) -> SeedError {
    mistakes.conclude().expect_err("a mistake was noted")
}

/// While it lives, foreign keys are not enforced.
struct ForeignKeys<'a> {
    connection: &'a Connection,
    enforced: bool,
}

impl<'a> ForeignKeys<'a> {
    fn suspend(connection: &'a Connection) -> Result<Self, SeedError> {
        let enforced = connection.db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY).map_err(database)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false).map_err(database)?;
        Ok(Self { connection, enforced })
    }
}

impl Drop for ForeignKeys<'_> {
    fn drop(&mut self) {
        let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, self.enforced);
    }
}
