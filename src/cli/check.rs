//! `sqlite-fixtures check`: loads a seed folder into memory, and shows every error in it.

use super::layers::Layers;
use super::{Failure, print, row_counts};
use crate::position::counted;
use clap::Args;
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
  sqlite-fixtures check fixtures fixtures/crowded      # two layers, as a test with #[with(...)]
  sqlite-fixtures check seeds --schema migrations")]
pub(super) struct Arguments {
    #[command(flatten)]
    layers: Layers,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let layers = &arguments.layers;
    let Some((connection, _)) = layers.load()? else { return Ok(ExitCode::FAILURE) };
    let counts = row_counts(&connection)?;
    let rows: i64 = counts.iter().map(|(_, rows)| rows).sum();
    let (tables, rows) = (counted(counts.len(), "table", "tables"), counted(usize::try_from(rows)?, "row", "rows"));
    print(&format!("{layers}: no errors in {tables}, {rows}\n"))?;
    Ok(ExitCode::SUCCESS)
}
