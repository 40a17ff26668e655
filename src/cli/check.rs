//! `sqlite-fixtures check`: loads a seed folder into memory, and shows every error in it.

use super::{Failure, print, print_errors, print_warning, row_counts, seeds_of};
use crate::ledger::write_stderr;
use crate::position::counted;
use crate::seed::{dialect::Files, files::folder, load_into_memory};
use clap::Args;
use std::path::{PathBuf, absolute};
use std::process::ExitCode;

/// Load a seed folder into memory and show every error in it.
///
/// Each error is shown with `file:line:column`, its line, and what to do.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code:
  0  no errors
  1  errors, all of which were shown
  2  the folder could not be checked

Examples:
  sqlite-fixtures check fixtures
  sqlite-fixtures check fixtures --with fixtures/crowded")]
pub(super) struct Arguments {
    /// The folder: `schema.sql` or `migrations/`, and seed files.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// More seeds: a file or a folder, as in `#[with(...)]`; may be repeated.
    #[arg(long, value_name = "PATH")]
    with: Vec<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let (folder, path) = (arguments.folder.display(), absolute(&arguments.folder)?);
    let load = || {
        let folder = folder::locate(&path)?;
        let (schema, seeds) = (folder::schema(&folder)?, seeds_of(&folder, &arguments.with)?);
        load_into_memory(None, Files::read(&schema), Files::read(&seeds), &mut |_| {})
    };
    let (connection, loaded) = match load() {
        Ok(loaded) => loaded,
        Err(error) if error.is_system_error() => return Err(error.into()),
        Err(error) => {
            print_errors(&error);
            write_stderr(&format!("{} in {folder}", counted(error.count(), "error", "errors")));
            return Ok(ExitCode::FAILURE);
        }
    };
    print_warning(loaded.warning.as_ref());
    let counts = row_counts(&connection)?;
    let rows: i64 = counts.iter().map(|(_, rows)| rows).sum();
    let (tables, rows) = (counted(counts.len(), "table", "tables"), counted(usize::try_from(rows)?, "row", "rows"));
    print(&format!("{folder}: no errors in {tables}, {rows}\n"))?;
    Ok(ExitCode::SUCCESS)
}
