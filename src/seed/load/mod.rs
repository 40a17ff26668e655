//! Files become rows, rows become a database: all of them or none.

mod backup;
mod exclusive;
mod foreign_keys;
mod insert;
mod sandbox;
mod script;
mod sections;

use super::dialect::{Contents, File, Files, Unparsed, join_tables, rails, rows_in};
use super::error::SeedError;
use super::error::collect::Collector;
use super::error::kind::SeedErrorKind;
use super::files::text::{Source, Spot};
use super::parse::value::TableRows;
use super::resolve::Resolver;
use super::schema::Tables;
use crate::labels::Labels;
use crate::sqlite::{Switch, Switched, switch};
use backup::Backup;
use exclusive::Exclusive;
use insert::Inserted;
use rusqlite::{Connection, ErrorCode};
use sandbox::{Sandbox, Transaction};
use std::path::PathBuf;

/// Called with the bytes of the files that have gone in.
pub(crate) type Progress<'p> = dyn FnMut(usize) + 'p;

/// Runs the scripts that make a schema, in a database that is discarded on an error.
///
/// They run as on a connection of the caller's. Where that enforces foreign keys and a script breaks them, as dumps do whose rows
/// come in any order, all run again without: [`broken_references`] has what is then broken.
pub(crate) fn run_scripts(connection: &mut Connection, files: Files) -> Result<(), SeedError> {
    let Files { read, unread } = files;
    if let Some(unparsed) = unread.into_iter().next() {
        return Err(unparsed.error);
    }
    keep_temporary_tables_in_memory(connection)?;
    let before = Backup::take(connection).map_err(SeedError::database)?;
    match run_all(connection, &read) {
        Err(error) if error.is_foreign_key() => {
            before.restore(connection).map_err(SeedError::database)?;
            enforce_foreign_keys(connection, false)?;
            run_all(connection, &read)
        }
        ran => ran,
    }
}

fn run_all(connection: &Connection, files: &[File]) -> Result<(), SeedError> {
    let bytes = files.iter().map(|file| file.source.size()).sum();
    let sandbox = Sandbox::enter(connection, bytes, largest(files))?;
    let mut statements = 0;
    for file in files {
        statements += script::run(connection, &file.source, &sandbox, Transaction::Own, &mut |_| {})?;
    }
    match files.first() {
        Some(file) if statements == 0 => Err(SeedError::new(SeedErrorKind::Empty).at(file.source.place(Spot::START))),
        _ => Ok(()),
    }
}

/// The references in a database that are broken, as one error.
pub(crate) fn broken_references(connection: &Connection) -> Result<Option<SeedError>, SeedError> {
    let (tables, labels, mut errors) = (Tables::new(connection), Labels::default(), Collector::default());
    let sandbox = Sandbox::enter(connection, 0, 0)?;
    let resolver = Resolver::new(connection, &tables, &labels, &[], &mut errors);
    foreign_keys::check(&resolver, Some(&sandbox), &Inserted::default(), Some(&[]), &mut errors)?;
    Ok(errors.finish().err())
}

/// Puts files into a database that is discarded on an error, and returns their labels, as all of these functions do; ignores
/// what was broken in it before.
pub(crate) fn fill(
    connection: &Connection,
    files: Files,
    known: &Labels,
    progress: &mut Progress<'_>,
) -> Result<Labels, SeedError> {
    keep_temporary_tables_in_memory(connection)?;
    let _suspended = SuspendedForeignKeys::new(connection)?;
    Load { connection, transaction: Transaction::Own }.files(files, known, progress)
}

/// Puts files into a live database, which is unchanged on an error.
///
/// They go in inside a transaction. Where a script has transactions of its own, that is rolled back, and they go in while no
/// other connection can use the database, which is restored from a copy on an error.
pub(crate) fn load(
    connection: &mut Connection,
    files: &[PathBuf],
    known: &Labels,
    progress: &mut Progress<'_>,
) -> Result<Labels, SeedError> {
    let transaction = if connection.is_autocommit() { Transaction::Ours } else { Transaction::Caller };
    let load = Load { connection, transaction };
    let savepoint = Savepoint::begin(connection)?;
    match savepoint.end(load.files(Files::read(files), known, progress)) {
        Err(error) if transaction == Transaction::Ours && error.needs_own_transactions() => {}
        loaded => return loaded,
    }
    let files = Files::read(files);
    let lock = lock(connection)?;
    let loaded = load_exclusively(connection, files, known, progress);
    let unlocked = lock.unlock(connection).map_err(SeedError::database);
    // The first error is the one to report.
    let labels = loaded?;
    unlocked.map(|()| labels)
}

/// Locks all other connections out.
pub(crate) fn lock(connection: &Connection) -> Result<Exclusive, SeedError> {
    Exclusive::lock(connection).map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => SeedError::new(SeedErrorKind::NotAlone),
        _ => SeedError::database(error),
    })
}

/// Puts files into a live database that no other connection can use.
fn load_exclusively(
    connection: &mut Connection,
    files: Files,
    known: &Labels,
    progress: &mut Progress<'_>,
) -> Result<Labels, SeedError> {
    let backup = Backup::take(connection).map_err(SeedError::database)?;
    let loaded = {
        let _suspended = SuspendedForeignKeys::new(connection)?;
        Load { connection, transaction: Transaction::Own }.files(files, known, progress)
    };
    loaded.map_err(|load| match backup.restore(connection) {
        Ok(()) => load,
        Err(error) => SeedError::new(SeedErrorKind::NotRestored { load, error }),
    })
}

/// Puts files into a live database inside a savepoint, so also inside a transaction.
pub(crate) fn load_in(connection: &Connection, files: Files, known: &Labels) -> Result<Labels, SeedError> {
    let savepoint = Savepoint::begin(connection)?;
    savepoint.end(Load { connection, transaction: Transaction::Caller }.files(files, known, &mut |_| {}))
}

/// Puts rows from code into a live database, likewise. What code gives is not restricted.
pub(crate) fn insert(connection: &Connection, rows: TableRows<'_>, known: &Labels) -> Result<Labels, SeedError> {
    let savepoint = Savepoint::begin(connection)?;
    let load = Load { connection, transaction: Transaction::Caller };
    let contents = vec![Contents::Rows(rows)];
    savepoint.end(load.contents(contents, Collector::default(), known, None, &mut |_| {}))
}

/// A transaction, or a savepoint in that of the caller, in which references may be broken until its end.
#[must_use = "it stays open until `end`"]
struct Savepoint<'c> {
    connection: &'c Connection,
    is_outermost: bool,
    /// Whether the caller has deferred its foreign keys.
    was_deferred: bool,
    _suspended: Option<SuspendedForeignKeys<'c>>,
}

impl<'c> Savepoint<'c> {
    fn begin(connection: &'c Connection) -> Result<Self, SeedError> {
        let is_outermost = connection.is_autocommit();
        let suspended = if is_outermost { Some(SuspendedForeignKeys::new(connection)?) } else { None };
        let deferred = connection.query_row("PRAGMA defer_foreign_keys", [], |row| row.get(0));
        let savepoint = Self {
            connection,
            is_outermost,
            was_deferred: deferred.map_err(SeedError::database)?,
            _suspended: suspended,
        };
        // Not deferred: what is read must not be changed by others before it is written.
        savepoint.run(if is_outermost {
            "BEGIN IMMEDIATE"
        } else {
            "SAVEPOINT sqlite_fixtures; PRAGMA defer_foreign_keys = ON"
        })?;
        Ok(savepoint)
    }

    fn run(&self, sql: &str) -> Result<(), SeedError> {
        self.connection.execute_batch(sql).map_err(SeedError::database)
    }

    /// Ends it with what was loaded: on an error the database is unchanged.
    fn end(self, loaded: Result<Labels, SeedError>) -> Result<Labels, SeedError> {
        // A commit may be refused, by another connection.
        let commit = if self.is_outermost { "COMMIT" } else { "RELEASE sqlite_fixtures" };
        let loaded = loaded.and_then(|labels| self.run(commit).map(|()| labels));
        let undone = match &loaded {
            Ok(_) => Ok(()),
            // A constraint or a trigger has ended the transaction itself, with ON CONFLICT ROLLBACK.
            Err(_) if self.connection.is_autocommit() => Ok(()),
            Err(_) if self.is_outermost => self.run("ROLLBACK"),
            Err(_) => self.run("ROLLBACK TO sqlite_fixtures; RELEASE sqlite_fixtures"),
        };
        let must_undefer = !self.is_outermost && !self.was_deferred;
        let undeferred = if must_undefer { self.run("PRAGMA defer_foreign_keys = OFF") } else { Ok(()) };
        // The first error is the one to report.
        let labels = loaded?;
        undone.and(undeferred).map(|()| labels)
    }
}

/// The size of the largest file, in bytes.
fn largest(files: &[File]) -> usize {
    files.iter().map(|file| file.source.size()).max().unwrap_or_default()
}

/// Has temporary tables and sorts of a connection of ours in SQLite's memory, which is counted, and in no file.
fn keep_temporary_tables_in_memory(connection: &Connection) -> Result<(), SeedError> {
    connection.execute_batch("PRAGMA temp_store = MEMORY").map_err(SeedError::database)
}

fn enforce_foreign_keys(connection: &Connection, enforce: bool) -> Result<(), SeedError> {
    switch(connection, Switch::ForeignKeys, enforce).map(drop).map_err(SeedError::database)
}

/// While it lives, foreign keys are not enforced.
struct SuspendedForeignKeys<'a>(#[expect(dead_code, reason = "dropped to turn them on again")] Switched<'a>);

impl<'a> SuspendedForeignKeys<'a> {
    fn new(connection: &'a Connection) -> Result<Self, SeedError> {
        Switched::new(connection, Switch::ForeignKeys, false).map(Self).map_err(SeedError::database)
    }
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
    transaction: Transaction,
}

impl Load<'_> {
    fn files(&self, files: Files, known: &Labels, progress: &mut Progress<'_>) -> Result<Labels, SeedError> {
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
        self.contents(contents, errors, known, Some(&sandbox), progress)
    }

    fn contents(
        &self,
        contents: Vec<Contents<'_>>,
        mut errors: Collector,
        known: &Labels,
        sandbox: Option<&Sandbox<'_>>,
        progress: &mut Progress<'_>,
    ) -> Result<Labels, SeedError> {
        let connection = self.connection;
        let tables = Tables::new(connection);
        let steps = steps(contents, &tables, &mut errors);
        let rows: Vec<&TableRows<'_>> = steps.iter().filter_map(LoadStep::rows).collect();
        let mut resolver = Resolver::new(connection, &tables, known, &rows, &mut errors);
        resolver.keys.fills_existing = self.transaction != Transaction::Own;
        let mut labels = Labels::default();
        let mut inserted = Inserted::default();
        // What was broken before need not be known where only the new rows can break anything.
        let before = if self.changes_only_its_rows(&steps, &tables) {
            None
        } else {
            Some(foreign_keys::violations(connection, sandbox)?)
        };
        let mut done = 0;
        for step in &steps {
            match step {
                LoadStep::Script(source) => {
                    if let Some(sandbox) = sandbox
                        && let Err(error) =
                            script::run(connection, source, sandbox, self.transaction, &mut |at| progress(done + at))
                    {
                        // What it would have made is missing from here on.
                        errors.push(error);
                        return errors.finish().map(|()| labels);
                    }
                    // It may have made or changed tables, and rows.
                    tables.forget();
                    inserted.note_script();
                    if self.transaction == Transaction::Own {
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
                        match resolver.keys.key(&table, row) {
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
        foreign_keys::check(&resolver, sandbox, &inserted, before.as_deref(), &mut errors)?;
        errors.finish().map(|()| labels)
    }

    /// Whether nothing changes but that rows are added: no script runs, no trigger fires, no row is replaced.
    fn changes_only_its_rows(&self, steps: &[LoadStep<'_>], tables: &Tables<'_>) -> bool {
        let only_adds = |step: &LoadStep<'_>| match step {
            LoadStep::Script(_) => false,
            // An unknown table is an error later.
            LoadStep::Rows(rows) => tables.get(&rows.table).is_ok_and(|table| table.only_adds_rows),
        };
        self.transaction != Transaction::Own && steps.iter().all(only_adds)
    }

    /// Puts the rows of a file into one transaction, where there is none.
    fn together(&self, sql: &str) -> Result<(), SeedError> {
        match self.transaction {
            Transaction::Own => self.connection.execute_batch(sql).map_err(SeedError::database),
            Transaction::Ours | Transaction::Caller => Ok(()),
        }
    }
}
