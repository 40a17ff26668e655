//! `sqlite-fixtures check`: loads a seed folder into memory, and shows every error in it.

use super::{Failure, print, print_errors, row_counts};
use crate::{ledger::write_stderr, position::counted, session::SessionFactory, template::Template};
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

Example:
  sqlite-fixtures check fixtures")]
pub(super) struct Arguments {
    /// The folder: `schema.sql` or `migrations/`, and seed files.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let folder = arguments.folder.display();
    let engine = match Template::from_folder(absolute(&arguments.folder)?).uncached().memory() {
        Ok(engine) => engine,
        Err(error) => match error.seed_error() {
            Some(seeds) if !seeds.is_system_error() => {
                print_errors(seeds);
                write_stderr(&format!("{} in {folder}", counted(seeds.count(), "error", "errors")));
                return Ok(ExitCode::FAILURE);
            }
            _ => return Err(error.into()),
        },
    };
    let session = SessionFactory::new(&engine)?.open()?;
    let counts = row_counts(&session)?;
    session.close()?;
    let rows: i64 = counts.iter().map(|(_, rows)| rows).sum();
    let (tables, rows) = (counted(counts.len(), "table", "tables"), counted(usize::try_from(rows)?, "row", "rows"));
    print(&format!("{folder}: no errors in {tables}, {rows}\n"))?;
    Ok(ExitCode::SUCCESS)
}
