//! Rows to put into a database, and the files they come from.
//!
//! Seven rooms, each below the next: [`error`], [`files`], [`parse`], [`schema`], [`dialect`], [`resolve`], [`load`].

// Each format uses only some of what the formats share.
#![cfg_attr(
    not(all(feature = "csv", feature = "json", feature = "toml", feature = "yaml")),
    allow(dead_code, unused_imports, unused_variables)
)]

pub(crate) mod dialect;
pub(crate) mod error;
pub(crate) mod files;
pub(crate) mod load;
pub(crate) mod parse;
mod resolve;
mod schema;

pub use error::{
    BrokenReference, SeedError,
    kind::{LimitExceeded, SeedErrorKind},
};
pub(crate) use parse::serde::rows_of;

use crate::{
    labels::Labels,
    position::Position,
    sqlite::{copy, fixed_random, untracked},
    vfs::{Database, frozen_clock_uri},
};
use dialect::Files;
use rusqlite::{Connection, OpenFlags};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Seed files, to be loaded into a database.
///
/// The README tells what each format holds, what labels do, and how values are written.
///
/// A path is a seed file, or a folder whose seed files are taken in the order of their names; a relative one is below the
/// folder of the crate under test. A file is named after its table (`users.yaml`, `users.csv`), or has several tables in it, each
/// with its rows; `*.sql` are scripts. In a template and in a file that is made or filled, it is always 2000-01-01 00:00:00 while
/// they load, and `random()` gives the same each time. Rows may come in any order across files: foreign keys are checked when all are in.
///
/// Files are treated as hostile. SQL in them, also in values and triggers, can neither
/// [attach](https://sqlite.org/limits.html#max_attached) or write other files nor load extensions. A statement ends after 250
/// million steps of [SQLite's machine](https://sqlite.org/opcode.html); a load ends when its thread has computed for 100 seconds, or
/// when the database or SQLite's memory has grown by 1 GiB: each MiB of the files allows it 10 seconds and 16 MiB more. Files and
/// values have at most 256 MiB. Values that SQL makes are as large as the largest file, or 16 MiB: less in long statements, so that
/// all of a row have at most 1 GiB, and 256 KiB where it or the schema calls a function whose work grows with the product of what it
/// is given, such as `instr()`, inside which SQLite cannot be stopped. Nested values have 64 levels. Neither names nor symbolic links
/// lead out of a folder. Temporary tables of a connection that the caller lends are where that has them.
///
/// ```
/// # #[cfg(feature = "json")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use sqlite_fixtures::{Seeds, rusqlite::Connection};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("users.json");
/// # std::fs::write(&path, r#"{"alice": {"name": "Alice"}, "bob": {"name": "Bob"}}"#)?;
/// let mut connection = Connection::open_in_memory()?;
/// connection.execute_batch("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")?;
/// // {"alice": {"name": "Alice"}, "bob": {"name": "Bob"}}
/// let labels = Seeds::from(path).load(&mut connection)?;
/// let alice: i64 = labels.key("users", "alice")?;
/// # assert_eq!(alice, sqlite_fixtures::labels::label_id("alice"));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "json"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seeds(Vec<PathBuf>);

impl Seeds {
    /// No seeds.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Loads them into a database and gives their labels.
    ///
    /// Rows go in inside a savepoint. SQL scripts keep their own transactions and pragmas, so where there is one, the
    /// database is copied first and put back on an error; inside a transaction of the caller, a script may have none.
    ///
    /// The connection loses its [progress handler](https://sqlite.org/c3ref/progress_handler.html), if it has one.
    ///
    /// # Errors
    /// [`SeedError`]; the database is as it was.
    pub fn load(&self, connection: &mut Connection) -> Result<Labels, SeedError> {
        self.load_with_labels(connection, &Labels::default())
    }

    /// Loads them inside a savepoint, for a connection that is only lent, such as a transaction. It too loses its progress handler.
    ///
    /// A statement that is ended because it has no end takes the transaction with it: that is
    /// [SQLite's rule](https://sqlite.org/c3ref/interrupt.html).
    ///
    /// # Errors
    /// [`SeedError`], also for a script with a transaction of its own; the database is as it was.
    pub fn load_in(&self, connection: &Connection) -> Result<Labels, SeedError> {
        load::load_in(connection, self.read()?, &Labels::default())
    }

    /// Loads them into the SQLite file at `path`, which is made if there is none.
    ///
    /// The work is done on a copy, which is written back in one transaction of SQLite's own: a reader sees all or nothing,
    /// and so does whoever looks after a crash. Where another connection has written to the file meanwhile, nothing is.
    ///
    /// # Errors
    /// [`SeedError`]; the file is as it was.
    pub fn load_into_file(&self, path: impl AsRef<Path>) -> Result<Labels, SeedError> {
        load_into_file(path.as_ref(), Files::default(), self.read()?, &mut |_| {})
    }

    /// Loads them into a live database whose labels are known, and gives the new ones.
    pub(crate) fn load_with_labels(&self, connection: &mut Connection, known: &Labels) -> Result<Labels, SeedError> {
        load::load(connection, self.read()?, known)
    }

    /// The paths as they were given.
    pub(crate) fn paths(&self) -> &[PathBuf] {
        &self.0
    }

    /// The files that they lead to, in the order that they are loaded in.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>, SeedError> {
        let mut files = Vec::new();
        for path in &self.0 {
            files.extend(files::folder::seeds(&files::folder::locate(path)?)?);
        }
        Ok(files)
    }

    /// Reads the files.
    fn read(&self) -> Result<Files, SeedError> {
        Ok(Files::read(&self.files()?))
    }
}

/// Makes or fills the SQLite file at `path`: schema first, then seeds.
pub(crate) fn load_into_file(
    path: &Path,
    schema: Files,
    seeds: Files,
    progress: &mut load::Progress<'_>,
) -> Result<Labels, SeedError> {
    let existed = path.exists();
    let error = |source| SeedError::new(SeedErrorKind::Database(source)).at(Position::whole(path));
    let by_copy = || {
        // The same files give the same bytes, whenever they are loaded.
        let database = Database::new(Arc::new([]));
        let mut work = untracked(|| Connection::open(frozen_clock_uri(&database)?)).map_err(error)?;
        fixed_random(&work).map_err(error)?;
        // A path is no URI, whatever it begins with.
        let flags = OpenFlags::default() - OpenFlags::SQLITE_OPEN_URI;
        let mut file = untracked(|| Connection::open_with_flags(path, flags)).map_err(error)?;
        let version =
            |file: &Connection| file.query_row("PRAGMA data_version", [], |row| row.get::<_, i64>(0)).map_err(error);
        let before = version(&file)?;
        if existed {
            copy(&file, &mut work).map_err(error)?;
        }
        load::run_scripts(&work, schema)?;
        let labels = load::fill(&work, seeds, &Labels::default(), progress)?;
        if version(&file)? != before {
            return Err(SeedError::new(SeedErrorKind::ConcurrentWrite).at(Position::whole(path)));
        }
        copy(&work, &mut file).map_err(error)?;
        Ok(labels)
    };
    let loaded = by_copy();
    if loaded.is_err() && !existed {
        let _ = fs::remove_file(path);
    }
    loaded
}

impl From<&str> for Seeds {
    fn from(path: &str) -> Self {
        Self(vec![path.into()])
    }
}

impl From<&Path> for Seeds {
    fn from(path: &Path) -> Self {
        Self(vec![path.into()])
    }
}

impl From<PathBuf> for Seeds {
    fn from(path: PathBuf) -> Self {
        Self(vec![path])
    }
}

impl<P: Into<PathBuf>, const N: usize> From<[P; N]> for Seeds {
    fn from(paths: [P; N]) -> Self {
        Self(paths.into_iter().map(Into::into).collect())
    }
}

impl<P: Into<PathBuf>> FromIterator<P> for Seeds {
    fn from_iter<I: IntoIterator<Item = P>>(paths: I) -> Self {
        Self(paths.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{dialect::Files, load_into_file};
    use rusqlite::Connection;
    use std::fs;

    #[test]
    fn what_another_connection_writes_while_a_file_is_filled_is_not_undone() {
        let folder = tempfile::tempdir().unwrap();
        let (database, script) = (folder.path().join("app.db"), folder.path().join("a.sql"));
        fs::write(&script, "INSERT INTO t VALUES (1)").unwrap();
        let other = Connection::open(&database).unwrap();
        other.execute_batch("CREATE TABLE t (a)").unwrap();
        let mut write = |_| other.execute_batch("INSERT INTO t VALUES (2)").unwrap();
        let error = load_into_file(&database, Files::default(), Files::read(&[script]), &mut write).unwrap_err();
        let expected = "another connection wrote to the database during the load; load again when it is done";
        assert_eq!(error.to_string(), format!("{}: {expected}", database.display()));
        let held = "SELECT min(a), max(a) FROM t";
        let held: (i64, i64) = other.query_row(held, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(held, (2, 2));
    }
}
