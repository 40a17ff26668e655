//! `sqlite-fixtures seed`: creates or fills a database file from a seed folder.

use super::layers::Layers;
use super::{Failure, open_to_read, print, print_errors, print_warning, row_counts};
use crate::{
    ledger::write_stderr,
    position::counted,
    seed::{Loaded, SeedError, dialect::Files, load_into_file},
};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs;
use std::path::{Path, PathBuf, absolute};
use std::process::ExitCode;

/// Create or fill a database file from a seed folder.
///
/// A new database gets the folder's schema first. The load is all-or-nothing: other connections see all rows at once, and wait
/// to write meanwhile. Seeds fire the triggers of the database.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code:
  0  all rows were inserted
  1  errors, all of which were shown; the database is unchanged
  2  the database was refused, or could not be read or written

Examples:
  sqlite-fixtures seed fixtures --into test.sqlite3
  sqlite-fixtures seed fixtures fixtures/crowded --schema migrations --into test.sqlite3
  sqlite-fixtures seed fixtures --into app.sqlite3 --allow-existing")]
pub(super) struct Arguments {
    #[command(flatten)]
    layers: Layers,
    /// The database file.
    #[arg(long, value_name = "FILE")]
    into: PathBuf,
    /// Fill a database that has tables already and is not named for tests.
    #[arg(long)]
    allow_existing: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let Arguments { layers, into, allow_existing } = arguments;
    // SQLite takes no absolute path for a URI.
    let file = absolute(into)?;
    let is_new = is_new(&file)?;
    if !is_new && !allow_existing && !is_for_tests(into) {
        return Err(format!(
            "{} has tables already, and is not named for tests; use a new file, or --allow-existing",
            into.display()
        )
        .into());
    }
    match load(layers, &file, is_new) {
        Ok(loaded) => print_warning(loaded.warning.as_ref()),
        Err(error) if error.is_system_error() => return Err(error.into()),
        Err(error) => {
            print_errors(&error);
            let outcome = if into.exists() { "is unchanged" } else { "was not created" };
            write_stderr(&format!("{}; {} {outcome}", counted(error.count(), "error", "errors"), into.display()));
            return Ok(ExitCode::FAILURE);
        }
    }
    let connection = open_to_read(&file)?;
    for (table, rows) in row_counts(&connection)? {
        print(&format!("rows {table} {rows}\n"))?;
    }
    connection.close().map_err(|(_, error)| error)?;
    Ok(ExitCode::SUCCESS)
}

fn load(layers: &Layers, into: &Path, is_new: bool) -> Result<Loaded, SeedError> {
    let schema = if is_new { layers.schema()? } else { Vec::new() };
    let seeds = layers.seeds()?;
    let bytes = seeds.iter().filter_map(|path| fs::metadata(path).ok()).map(|found| found.len()).sum();
    // Drawn on a terminal only.
    let bar = ProgressBar::new(bytes);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left") {
        bar.set_style(style);
    }
    let mut progress = |bytes: usize| bar.set_position(bytes as u64);
    let loaded = load_into_file(into, Files::read(&schema), &seeds, &mut progress);
    bar.finish_and_clear();
    loaded
}

/// Whether there is no database yet, or an empty one.
fn is_new(path: &Path) -> Result<bool, Failure> {
    if !path.exists() {
        return Ok(true);
    }
    let unreadable = |error| format!("{} cannot be read as a database: {error}", path.display());
    let connection = open_to_read(path).map_err(unreadable)?;
    let is_empty =
        connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0)).map_err(unreadable)?;
    connection.close().map_err(|(_, error)| unreadable(error))?;
    Ok(is_empty)
}

/// Whether a word of the file's name is `test`, `tests` or `testing`.
fn is_for_tests(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    name.split(|letter: char| !letter.is_alphanumeric()).any(|word| matches!(word, "test" | "tests" | "testing"))
}

#[cfg(test)]
#[path = "../../tests/unit/cli_seed.rs"]
mod tests;
