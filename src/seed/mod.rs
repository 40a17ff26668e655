//! Rows to put into a database, and the files they come from.

pub(crate) mod dialect;
pub(crate) mod error;
pub(crate) mod files;
pub(crate) mod load;
pub(crate) mod parse;
mod resolve;
pub(crate) mod schema;

pub use error::kind::{LimitExceeded, SeedErrorKind};
pub use error::{BrokenReference, SeedError};
pub use parse::serde::Sql;
pub(crate) use parse::serde::rows_of;

use crate::labels::Labels;
use crate::position::Position;
use crate::sqlite::{copy, fixed_random, untracked};
use crate::vfs::{Database, frozen_clock, frozen_clock_uri};
use dialect::Files;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Seed files, to be loaded into a database.
///
/// A path is a seed file, or a folder whose seed files are loaded in the order of their names; a relative path is below the folder
/// of the crate under test. A file is named after its table (`users.yaml`, `users.csv`), or holds several tables with their rows;
/// `*.sql` are scripts. Rows may come in any order across files: foreign keys are checked when all are in.
///
/// While a template is built, or a file filled, the time is always 2000-01-01 00:00:00, and `random()` returns the same values.
///
/// # Restrictions on SQL
/// SQL in seed files, also in computed values and in triggers, is restricted by SQLite's own means. Its
/// [authorizer](https://sqlite.org/c3ref/set_authorizer.html) refuses ATTACH, extensions, limits, and writes outside the main and temp
/// schemas; [defensive mode](https://sqlite.org/c3ref/c_dbconfig_defensive.html) is on, until a script sets `PRAGMA writable_schema`
/// for itself, as dumps of SQLite's shell do. A statement may take 250 million steps of SQLite's virtual machine; a load may take
/// 100 seconds of CPU time and add 1 GiB to the database or to SQLite's memory, and each MiB of its seed files adds 10 seconds and
/// 16 MiB. A pattern of `LIKE` or `GLOB` has at most 1,000 bytes. A
/// value that SQL makes has at most 16 MiB, or the size of the largest file, or of the database before. A single call of a function
/// cannot be interrupted, however long it takes.
///
/// Files and values have at most 256 MiB, nested values 64 levels. Names and symbolic links do not lead out of a folder.
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

    /// Loads them into a database, and returns their labels.
    ///
    /// They go in inside one transaction. Scripts with transactions of their own, a VACUUM, or pragmas that cannot be in a
    /// transaction, go in while the connection locks out all others, and the database is restored from a copy on an error; inside a
    /// transaction of the caller a script may have none of these.
    ///
    /// The connection loses its [authorizer](https://sqlite.org/c3ref/set_authorizer.html) and its [progress
    /// handler](https://sqlite.org/c3ref/progress_handler.html), if it has any. Its temporary tables stay where its `temp_store` puts them, and
    /// are limited only in memory.
    ///
    /// # Errors
    /// [`SeedError`]; the database is unchanged.
    pub fn load(&self, connection: &mut Connection) -> Result<Labels, SeedError> {
        self.load_with_labels(connection, &Labels::default())
    }

    /// Loads them inside a savepoint, through a shared reference to a connection or a transaction. The connection loses its
    /// authorizer and its progress handler, as in [`load`](Self::load).
    ///
    /// A statement that exceeds a limit ends the transaction of the caller too, by [SQLite's
    /// rule](https://sqlite.org/c3ref/interrupt.html), and so does one with `OR ROLLBACK` or `RAISE(ROLLBACK)`.
    ///
    /// # Errors
    /// [`SeedError`], also for a script with a transaction of its own; the database is unchanged.
    pub fn load_in(&self, connection: &Connection) -> Result<Labels, SeedError> {
        load::load_in(connection, Files::read(&self.files()?), &Labels::default())
    }

    /// Loads them into the SQLite file at `path`, which is created if it does not exist.
    ///
    /// As in [`load`](Self::load): a reader sees all or nothing, also after a crash, unless a script has transactions of its own.
    ///
    /// # Errors
    /// [`SeedError`]; the file is unchanged, but one that did not exist may be left empty where it cannot be written.
    pub fn load_into_file(&self, path: impl AsRef<Path>) -> Result<Labels, SeedError> {
        Ok(load_into_file(path.as_ref(), Files::default(), &self.files()?, &mut |_| {})?.labels)
    }

    /// Loads them into a database with these labels, and returns the new ones.
    pub(crate) fn load_with_labels(&self, connection: &mut Connection, known: &Labels) -> Result<Labels, SeedError> {
        load::load(connection, &self.files()?, known, &mut |_| {})
    }

    /// The paths.
    pub(crate) fn paths(&self) -> &[PathBuf] {
        &self.0
    }

    /// The files, in the order in which they are loaded.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>, SeedError> {
        let mut files = Vec::new();
        for path in &self.0 {
            files.extend(files::folder::seeds(&files::folder::locate(path)?)?);
        }
        Ok(files)
    }
}

/// What a load returns.
pub(crate) struct Loaded {
    pub labels: Labels,
    /// References that the schema script leaves broken.
    #[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "only the command line has warnings"))]
    pub warning: Option<SeedError>,
}

/// A new database in memory, a copy of `start` if that is given: schema first, then seeds. The clock and the random numbers are fixed.
pub(crate) fn load_into_memory(
    start: Option<&Connection>,
    schema: Files,
    seeds: Files,
    progress: &mut load::Progress<'_>,
) -> Result<(Connection, Loaded), SeedError> {
    let database = Database::new(Arc::new([]));
    let open = || untracked(|| Connection::open(frozen_clock_uri(&database)?));
    let mut connection = open().map_err(SeedError::database)?;
    fixed_random(&connection).map_err(SeedError::database)?;
    start.map_or(Ok(()), |start| copy(start, &mut connection)).map_err(SeedError::database)?;
    load::run_scripts(&mut connection, schema)?;
    let warning = load::broken_references(&connection)?;
    let labels = load::fill(&connection, seeds, &Labels::default(), progress)?;
    Ok((connection, Loaded { labels, warning }))
}

/// Creates or fills the SQLite file at `path`: a new one gets the schema first.
pub(crate) fn load_into_file(
    path: &Path,
    schema: Files,
    seeds: &[PathBuf],
    progress: &mut load::Progress<'_>,
) -> Result<Loaded, SeedError> {
    let error = |source| SeedError::new(SeedErrorKind::Database(source)).at(Position::whole(path));
    let open = || {
        // A path that begins with `file:` is not a URI.
        let flags = OpenFlags::default() - OpenFlags::SQLITE_OPEN_URI;
        untracked(|| Connection::open_with_flags_and_vfs(path, flags, frozen_clock()?))
            .and_then(|file| fixed_random(&file).map(|()| file))
            .map_err(error)
    };
    let close = |file: Connection| file.close().map_err(|(_, source)| error(source));
    let has_tables = |file: &Connection| {
        file.query_row("SELECT count(*) > 0 FROM sqlite_schema", [], |row| row.get::<_, bool>(0)).map_err(error)
    };
    let not_alone = |error: SeedError| error.at(Position::whole(path));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut existing = None;
    if path.exists() || folder.is_some_and(|folder| !folder.is_dir()) {
        let mut file = open()?;
        if has_tables(&file)? {
            let labels = load::load(&mut file, seeds, &Labels::default(), progress)?;
            close(file)?;
            return Ok(Loaded { labels, warning: None });
        }
        // One without a page has no settings, and the schema may choose them.
        let pages = file.query_row("PRAGMA page_count", [], |row| row.get::<_, i64>(0)).map_err(error)?;
        if pages > 0 {
            existing = Some((load::lock(&file).map_err(not_alone)?, file));
        }
    }
    // Made before the file is, which an error would have to remove while others may use it. It begins as an existing file does,
    // which may have a page size, a version or a journal mode of its own.
    let made = load_into_memory(existing.as_ref().map(|(_, file)| file), schema, Files::read(seeds), progress);
    let (made, (lock, mut file)) = match (existing, made) {
        (Some(locked), made) => (made, locked),
        (None, made) => {
            let made = made?;
            let file = open()?;
            (Ok(made), (load::lock(&file).map_err(not_alone)?, file))
        }
    };
    let copied = made.and_then(|(made, loaded)| {
        if has_tables(&file)? {
            return Err(not_alone(SeedError::new(SeedErrorKind::NotAlone)));
        }
        copy(&made, &mut file).map_err(error)?;
        Ok(loaded)
    });
    let unlocked = lock.unlock(&file).map_err(error);
    // The first error is the one to report.
    let loaded = copied.and_then(|loaded| unlocked.map(|()| loaded))?;
    close(file)?;
    Ok(loaded)
}

macro_rules! from_path {
    ($($path:ty),*) => {$(
        impl From<$path> for Seeds {
            fn from(path: $path) -> Self {
                Self(vec![path.into()])
            }
        }
    )*};
}
from_path!(&str, String, &Path, PathBuf);

impl From<Vec<PathBuf>> for Seeds {
    fn from(paths: Vec<PathBuf>) -> Self {
        Self(paths)
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
#[path = "../../tests/unit/seed.rs"]
mod tests;
