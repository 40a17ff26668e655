//! Files become rows, rows become a database: all of them or none.

mod foreign_keys;
mod insert;
mod sandbox;
mod script;

use super::dialect::{Contents, File, Files, Unparsed, join_tables, rails, rows_in};
use super::error::SeedError;
use super::error::collect::Collector;
use super::error::kind::SeedErrorKind;
use super::files::format::Format;
use super::files::text::{Source, Spot};
use super::parse::value::TableRows;
use super::resolve::Resolver;
use super::schema::Tables;
use crate::labels::Labels;
use crate::sqlite::{Switch, Switched, copy, untracked};
use foreign_keys::{Violation, violations};
use insert::Inserted;
use rusqlite::{Connection, config::DbConfig};
use sandbox::Sandbox;

/// Called with the bytes of the files that have gone in.
pub(crate) type Progress<'p> = dyn FnMut(usize) + 'p;

/// Runs the scripts that make a schema, in a database that is discarded on an error.
pub(crate) fn run_scripts(connection: &Connection, files: Files) -> Result<(), SeedError> {
    if let Some(unparsed) = files.unread.into_iter().next() {
        return Err(unparsed.error);
    }
    keep_temporary_tables_in_memory(connection)?;
    let bytes = files.read.iter().map(|file| file.source.size()).sum();
    let sandbox = Sandbox::enter(connection, bytes, largest(&files.read))?;
    enforce_foreign_keys(connection, false)?;
    let mut statements = 0;
    for file in &files.read {
        statements += script::run(connection, &file.source, &sandbox, &mut |_| {})?;
        // The script may have turned them on.
        enforce_foreign_keys(connection, false)?;
    }
    match files.read.first() {
        Some(file) if statements == 0 => Err(SeedError::new(SeedErrorKind::Empty).at(file.source.place(Spot::START))),
        _ => Ok(()),
    }
}

/// Puts files into a new database, which is discarded on an error, and returns their labels, as all of these functions do.
pub(crate) fn build(connection: &Connection, files: Files) -> Result<Labels, SeedError> {
    keep_temporary_tables_in_memory(connection)?;
    Load::new(connection, Owner::Us).files(files, &Labels::default(), &[], &mut |_| {})
}

/// Puts files into a copy of a database, which is discarded on an error; ignores what was broken in it before.
pub(crate) fn fill(
    connection: &Connection,
    files: Files,
    known: &Labels,
    progress: &mut Progress<'_>,
) -> Result<Labels, SeedError> {
    let before = violations_before(connection, largest(&files.read))?;
    Load::new(connection, Owner::Us).files(files, known, &before, progress)
}

/// Puts files into a live database, which is unchanged on an error.
pub(crate) fn load(connection: &mut Connection, files: Files, known: &Labels) -> Result<Labels, SeedError> {
    let has_scripts = files.read.iter().any(|file| file.format == Format::Sql);
    if !has_scripts || !connection.is_autocommit() {
        return load_in(connection, files, known);
    }
    // A script has transactions of its own, which no savepoint can hold: the database is restored from a copy instead.
    let mut backup = untracked(|| Connection::open("")).map_err(SeedError::database)?;
    copy(connection, &mut backup).map_err(SeedError::database)?;
    let journal_mode = journal_mode(connection).map_err(SeedError::database)?;
    let loaded = {
        let _suspended = SuspendedForeignKeys::new(connection)?;
        fill(connection, files, known, &mut |_| {})
    };
    loaded.map_err(|load| {
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        match restore(connection, &backup, &journal_mode) {
            Ok(()) => load,
            Err(error) => SeedError::new(SeedErrorKind::NotRestored { load, error }),
        }
    })
}

fn journal_mode(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("PRAGMA main.journal_mode", [], |row| row.get(0))
}

/// Makes a database what `backup` holds, in its old journal mode.
fn restore(connection: &mut Connection, backup: &Connection, mode: &str) -> rusqlite::Result<()> {
    let number = |of: &Connection, sql: &str| of.query_row(sql, [], |row| row.get::<_, i64>(0));
    let size = number(backup, "PRAGMA main.page_size")?;
    if number(connection, "PRAGMA main.page_size")? != size {
        // A backup does not change the page size in memory, nor in WAL mode.
        connection.query_row("PRAGMA main.journal_mode = DELETE", [], |_| Ok(()))?;
        let _reset = Switched::new(connection, Switch::ResetDatabase, true)?;
        connection.execute_batch(&format!("PRAGMA main.page_size = {size}; VACUUM"))?;
    }
    if let Err(error) = copy(backup, connection) {
        // In memory, only an empty database gets another page size, and keeps it.
        if number(backup, "SELECT count(*) FROM sqlite_master")? > 0 {
            return Err(error);
        }
        for name in ["application_id", "user_version"] {
            let value = number(backup, &format!("PRAGMA main.{name}"))?;
            connection.pragma_update(None, name, value)?;
        }
    }
    if journal_mode(connection)? != mode {
        connection.query_row(&format!("PRAGMA main.journal_mode = {mode}"), [], |_| Ok(()))?;
    }
    Ok(())
}

/// Puts files into a live database inside a savepoint, so also inside a transaction.
pub(crate) fn load_in(connection: &Connection, files: Files, known: &Labels) -> Result<Labels, SeedError> {
    in_savepoint(connection, Some(largest(&files.read)), |before| {
        Load::new(connection, Owner::Caller).files(files, known, before, &mut |_| {})
    })
}

/// Puts rows from code into a live database, likewise. What code gives is not restricted.
pub(crate) fn insert(connection: &Connection, rows: TableRows<'_>, known: &Labels) -> Result<Labels, SeedError> {
    in_savepoint(connection, None, |before| {
        let load = Load::new(connection, Owner::Caller);
        load.contents(vec![Contents::Rows(rows)], Collector::default(), known, before, None, &mut |_| {})
    })
}

/// Runs `apply`, which gets what is broken already, inside a savepoint: on an error the database is unchanged. `largest` is the
/// size of the largest file, if there is one.
fn in_savepoint(
    connection: &Connection,
    largest: Option<usize>,
    apply: impl FnOnce(&[Violation]) -> Result<Labels, SeedError>,
) -> Result<Labels, SeedError> {
    let is_outermost = connection.is_autocommit();
    let _suspended = if is_outermost { Some(SuspendedForeignKeys::new(connection)?) } else { None };
    let before = match largest {
        Some(largest) => violations_before(connection, largest)?,
        None => violations(connection, None)?,
    };
    let deferred: bool =
        connection.pragma_query_value(None, "defer_foreign_keys", |row| row.get(0)).map_err(SeedError::database)?;
    let run = |sql: &str| connection.execute_batch(sql).map_err(SeedError::database);
    run("SAVEPOINT sqlite_fixtures; PRAGMA defer_foreign_keys = ON")?;
    let loaded = apply(&before);
    // The release of an outermost savepoint is a commit, which another connection may refuse.
    let loaded = loaded.and_then(|labels| run("RELEASE sqlite_fixtures").map(|()| labels));
    let undone = match &loaded {
        Ok(_) => Ok(()),
        // A constraint or a trigger has ended the transaction itself, with ON CONFLICT ROLLBACK.
        Err(_) if connection.is_autocommit() => Ok(()),
        // Its release would be a commit again, and refused again.
        Err(_) if is_outermost => run("ROLLBACK"),
        Err(_) => run("ROLLBACK TO sqlite_fixtures; RELEASE sqlite_fixtures"),
    };
    if !is_outermost && !deferred {
        run("PRAGMA defer_foreign_keys = OFF")?;
    }
    // The first error is the one to report.
    let labels = loaded?;
    undone.map(|()| labels)
}

/// The size of the largest file, in bytes.
fn largest(files: &[File]) -> usize {
    files.iter().map(|file| file.source.size()).max().unwrap_or_default()
}

/// The foreign keys that are broken before files are loaded, the largest of which has so many bytes.
fn violations_before(connection: &Connection, largest: usize) -> Result<Vec<Violation>, SeedError> {
    violations(connection, Some(&Sandbox::enter(connection, 0, largest)?))
}

/// Has temporary tables and sorts of a connection of ours in SQLite's memory, which is counted, and in no file.
fn keep_temporary_tables_in_memory(connection: &Connection) -> Result<(), SeedError> {
    connection.execute_batch("PRAGMA temp_store = MEMORY").map_err(SeedError::database)
}

fn enforce_foreign_keys(connection: &Connection, enforce: bool) -> Result<(), SeedError> {
    let set = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, enforce);
    set.map(drop).map_err(SeedError::database)
}

/// While it lives, foreign keys are not enforced.
struct SuspendedForeignKeys<'a> {
    connection: &'a Connection,
    enforced: bool,
}

impl<'a> SuspendedForeignKeys<'a> {
    fn new(connection: &'a Connection) -> Result<Self, SeedError> {
        let enforced = connection.db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY).map_err(SeedError::database)?;
        enforce_foreign_keys(connection, false)?;
        Ok(Self { connection, enforced })
    }
}

impl Drop for SuspendedForeignKeys<'_> {
    fn drop(&mut self) {
        let _ = enforce_foreign_keys(self.connection, self.enforced);
    }
}

/// Whose the database is while it is loaded.
#[derive(Clone, Copy, PartialEq)]
enum Owner {
    Us,
    Caller,
}

/// What is done with a file, one step after another.
enum LoadStep<'s> {
    Script(&'s Source),
    Rows(TableRows<'s>),
}

impl<'s> LoadStep<'s> {
    fn bytes(&self) -> usize {
        match self {
            Self::Script(source) => source.text().len(),
            Self::Rows(rows) => rows.bytes,
        }
    }

    fn rows(&self) -> Option<&TableRows<'s>> {
        match self {
            Self::Script(_) => None,
            Self::Rows(rows) => Some(rows),
        }
    }
}

/// The steps of files, in their order; then the rows of join tables.
fn steps<'s>(contents: Vec<Contents<'s>>, tables: &Tables<'_>, errors: &mut Collector) -> Vec<LoadStep<'s>> {
    let mut steps = Vec::with_capacity(contents.len());
    for held in contents {
        match held {
            Contents::Script(source) => steps.push(LoadStep::Script(source)),
            Contents::Rows(rows) => steps.push(LoadStep::Rows(rows)),
            Contents::Document(document) => {
                steps.extend(rows_in(document, tables, errors).into_iter().map(LoadStep::Rows));
            }
        }
    }
    let mut joined = Vec::new();
    for step in &mut steps {
        if let LoadStep::Rows(rows) = step {
            rails::split_polymorphic(rows, tables);
            joined.extend(join_tables::take_joined_rows(rows, tables, errors));
        }
    }
    steps.extend(joined.into_iter().map(LoadStep::Rows));
    steps
}

struct Load<'c> {
    connection: &'c Connection,
    owner: Owner,
}

impl<'c> Load<'c> {
    fn new(connection: &'c Connection, owner: Owner) -> Self {
        Self { connection, owner }
    }

    fn files(
        &self,
        files: Files,
        known: &Labels,
        before: &[Violation],
        progress: &mut Progress<'_>,
    ) -> Result<Labels, SeedError> {
        let Files { read, mut unread } = files;
        let bytes = read.iter().map(|file| file.source.size()).sum();
        let sandbox = Sandbox::enter(self.connection, bytes, largest(&read))?;
        let mut contents = Vec::with_capacity(read.len());
        for file in &read {
            match file.contents() {
                Ok(held) => contents.push(held),
                Err(unparsed) => unread.push(unparsed),
            }
        }
        let tables = Tables::new(self.connection);
        let mut errors = Collector::default();
        for Unparsed { error, text, table } in unread {
            let has_one_table = tables.get(&table).is_ok();
            errors.push_unparsed(error, &text, has_one_table);
        }
        self.contents(contents, errors, known, before, Some(&sandbox), progress)
    }

    fn contents(
        &self,
        contents: Vec<Contents<'_>>,
        mut errors: Collector,
        known: &Labels,
        before: &[Violation],
        sandbox: Option<&Sandbox<'_>>,
        progress: &mut Progress<'_>,
    ) -> Result<Labels, SeedError> {
        let connection = self.connection;
        let tables = Tables::new(connection);
        let steps = steps(contents, &tables, &mut errors);
        let rows: Vec<&TableRows<'_>> = steps.iter().filter_map(LoadStep::rows).collect();
        let resolver = Resolver::new(connection, &tables, known, &rows, &mut errors);
        let mut labels = Labels::default();
        let mut inserted = Inserted::default();
        let mut done = 0;
        for step in &steps {
            match step {
                LoadStep::Script(source) => {
                    if let Some(sandbox) = sandbox
                        && let Err(error) = script::run(connection, source, sandbox, &mut |at| progress(done + at))
                    {
                        // What it would have made is missing from here on.
                        errors.push(error);
                        return errors.finish().map(|()| labels);
                    }
                    // It may have made or changed tables, and rows.
                    tables.forget();
                    inserted.note_script();
                    if self.owner == Owner::Us {
                        // It may have turned them on; rows of other files may still be missing.
                        enforce_foreign_keys(connection, false)?;
                    }
                }
                LoadStep::Rows(of_table) => {
                    let TableRows { table, rows, bytes, .. } = of_table;
                    let table = match tables.get(table) {
                        Ok(table) => table,
                        Err(error) => {
                            errors.push(error.at(of_table.place()));
                            continue;
                        }
                    };
                    self.together("SAVEPOINT sqlite_fixtures_rows")?;
                    let mut row = 0;
                    let mut on_row = || {
                        row += 1;
                        progress(done + bytes * row / rows.len());
                    };
                    insert::insert(&table, rows, &resolver, sandbox, &mut inserted, &mut errors, &mut on_row);
                    if connection.is_autocommit() || errors.is_limit_exceeded() {
                        // The last row ended the transaction, or no more SQL should run.
                        return errors.finish().map(|()| labels);
                    }
                    self.together("RELEASE sqlite_fixtures_rows")?;
                    for row in rows {
                        let Some(label) = &row.label else { continue };
                        match resolver.key(&table, row) {
                            Ok(key) => labels.insert(&table.name, &label.value, key),
                            // The same reason may be known from the row.
                            Err(error) => errors.push_unless_known(error),
                        }
                    }
                }
            }
            done += step.bytes();
            progress(done);
        }
        foreign_keys::check(&resolver, sandbox, &inserted, before, &mut errors)?;
        errors.finish().map(|()| labels)
    }

    /// Puts the rows of a file into one transaction, in a database of ours.
    fn together(&self, sql: &str) -> Result<(), SeedError> {
        match self.owner {
            Owner::Us => self.connection.execute_batch(sql).map_err(SeedError::database),
            Owner::Caller => Ok(()),
        }
    }
}
