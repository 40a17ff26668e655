//! The folders of a command: where the schema is, and the seeds in the order in which they are loaded.

use super::{Failure, print_errors, print_warning};
use crate::ledger::write_stderr;
use crate::position::counted;
use crate::seed::dialect::Files;
use crate::seed::files::{folder, migrations};
use crate::seed::{Loaded, SeedError, load_into_memory};
use clap::Args;
use rusqlite::Connection;
use std::fmt;
use std::path::{Path, PathBuf, absolute};

/// The folders with schema and seeds.
#[derive(Debug, Args)]
pub(super) struct Layers {
    /// Folders or files with seeds, loaded in this order; the first has the schema: `schema.sql` or `migrations/`.
    #[arg(value_name = "DIR", required_unless_present = "schema")]
    folders: Vec<PathBuf>,
    /// A schema elsewhere: a script, a folder of migrations, or a folder that has either.
    #[arg(long, value_name = "PATH")]
    schema: Option<PathBuf>,
    /// More seeds: a file or a folder, as in `#[with(...)]`; may be repeated.
    #[arg(long, value_name = "PATH")]
    with: Vec<PathBuf>,
}

impl Layers {
    /// The scripts of the schema.
    pub(super) fn schema(&self) -> Result<Vec<PathBuf>, SeedError> {
        let Some(path) = &self.schema else {
            let first = locate(&self.folders[0])?;
            // That of a file is beside it.
            let folder = if first.is_dir() { &first } else { first.parent().unwrap_or(&first) };
            return migrations::schema(folder);
        };
        let found = locate(path)?;
        if !found.is_dir() {
            return Ok(vec![found]);
        }
        if migrations::has_schema(&found) { migrations::schema(&found) } else { migrations::in_order(&found) }
    }

    /// Loads all of them into memory, and shows a warning; `None` after errors in them, which are shown too.
    pub(super) fn load(&self) -> Result<Option<(Connection, Loaded)>, Failure> {
        let load = || {
            let (schema, seeds) = (self.schema()?, self.seeds()?);
            load_into_memory(None, Files::read(&schema), Files::read(&seeds), &mut |_| {})
        };
        match load() {
            Ok((connection, loaded)) => {
                print_warning(loaded.warning.as_ref());
                Ok(Some((connection, loaded)))
            }
            Err(error) if error.is_system_error() => Err(error.into()),
            Err(error) => {
                print_errors(&error);
                write_stderr(&format!("{} in {self}", counted(error.count(), "error", "errors")));
                Ok(None)
            }
        }
    }

    /// The seed files.
    pub(super) fn seeds(&self) -> Result<Vec<PathBuf>, SeedError> {
        let mut seeds = Vec::new();
        // The migrations of the schema are no seeds.
        let schema = match &self.schema {
            Some(path) => Some(locate(path)?).filter(|found| found.is_dir() && !migrations::has_schema(found)),
            None => Some(locate(&self.folders[0])?).filter(|found| migrations::is_migrations(found)),
        };
        let schema = schema.and_then(|found| found.canonicalize().ok());
        for path in &self.folders {
            let found = locate(path)?;
            if schema.is_none() || found.canonicalize().ok() != schema {
                seeds.extend(folder::seeds(&found)?);
            }
        }
        for path in &self.with {
            seeds.extend(folder::seeds(&locate(path)?)?);
        }
        Ok(seeds)
    }
}

impl fmt::Display for Layers {
    /// As the user has named them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layers = if self.folders.is_empty() { self.schema.as_slice() } else { &self.folders };
        let names: Vec<String> = layers.iter().map(|layer| layer.display().to_string()).collect();
        f.write_str(&names.join(", "))
    }
}

/// A path that starts at the current folder; else it would start at the folder of a crate.
fn locate(path: &Path) -> Result<PathBuf, SeedError> {
    folder::locate(&absolute(path).unwrap_or_else(|_| path.to_owned()))
}
