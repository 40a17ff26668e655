//! Loads a seed folder into memory, and shows every mistake in it.

use super::{Failure, complain, mistakes, print, tables};
use crate::{position::counted, session::SessionFactory, template::Template};
use clap::Args;
use std::{
    path::{PathBuf, absolute},
    process::ExitCode,
};

/// Load a seed folder into memory and show every mistake in it.
///
/// Each mistake is shown with `file:line:column`, its line, and what to do.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code:
  0  no mistake
  1  mistakes, all of which were shown
  2  the folder could not be checked

Example:
  sqlite-fixtures check fixtures")]
pub(super) struct Arguments {
    /// The folder: `schema.sql` or `migrations/`, and seed files.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let template = Template::from_folder(absolute(&arguments.folder)?).uncached();
    let engine = match template.memory() {
        Ok(engine) => engine,
        Err(error) => match error.seed_error() {
            Some(seeds) if !seeds.is_system_error() => {
                let count = mistakes(seeds);
                complain(&format!("{} in {}", counted(count, "mistake", "mistakes"), arguments.folder.display()));
                return Ok(ExitCode::FAILURE);
            }
            _ => return Err(error.into()),
        },
    };
    let session = SessionFactory::new(&engine)?.open()?;
    let tables = tables::count(&session)?;
    let rows: i64 = tables.iter().map(|(_, rows)| rows).sum();
    let of = (counted(tables.len(), "table", "tables"), counted(usize::try_from(rows)?, "row", "rows"));
    session.close()?;
    print(&format!("{}: no mistake in {}, {}\n", arguments.folder.display(), of.0, of.1))?;
    Ok(ExitCode::SUCCESS)
}
