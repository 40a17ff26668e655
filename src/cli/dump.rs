//! `sqlite-fixtures dump`: writes a database as seed files.

use super::{Failure, open_to_read, print};
use crate::dump::{Format, dump};
use crate::position::chain;
use crate::template::Template;
use clap::Args;
use std::fs;
use std::path::{PathBuf, absolute};
use std::process::ExitCode;

/// Write a database as seed files.
///
/// Seeding them gives the same database again; they are seeded once to verify that they can be. The schema comes first, then the
/// rows, and triggers last, so that they are not fired. Virtual tables come whole, as the module keeps them. Values that the format
/// cannot represent, such as bytes in a text column, are written as `RAW=…`, and such tables to `rows.sql`.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code:
  0  the files were written
  2  the database could not be read, or the files could not be written

Examples:
  sqlite-fixtures dump app.sqlite3 --out fixtures
  sqlite-fixtures dump app.sqlite3 --out fixtures --table orders --rows 20   # and every row that they reference")]
pub(super) struct Arguments {
    /// The database file. It is only read.
    #[arg(value_name = "FILE")]
    database: PathBuf,
    /// The folder to write to, which must be empty or missing.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The format of the rows.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Only this table, and the rows of others that its rows reference; may be repeated.
    #[arg(long = "table", value_name = "T")]
    tables: Vec<String>,
    /// At most N rows of each table, and the rows that they reference.
    #[arg(long, value_name = "N")]
    rows: Option<u64>,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let Arguments { database, out, format, tables, rows } = arguments;
    if !database.is_file() {
        return Err(format!("{} is not a file", database.display()).into());
    }
    let is_new = !out.exists();
    if !is_new && fs::read_dir(out).map_err(|error| format!("{}: {error}", out.display()))?.next().is_some() {
        return Err(format!("{} is not empty; use another folder", out.display()).into());
    }
    let connection = open_to_read(database)?;
    // One snapshot, even if others write.
    connection.execute_batch("PRAGMA temp_store = MEMORY; BEGIN")?;
    fs::create_dir_all(out).map_err(|error| format!("{} cannot be created: {error}", out.display()))?;
    let dumped = dump(&connection, out, *format, tables, *rows);
    connection.close().map_err(|(_, error)| error)?;
    let seeds_again = |counts| match Template::from_folder(absolute(out)?).uncached().memory() {
        Ok(_) => Ok(counts),
        Err(error) => Err(format!("the files cannot be seeded: {}", chain(&error)).into()),
    };
    let counts = dumped.and_then(seeds_again).map_err(|error: Failure| {
        // No partial dump is left.
        for file in fs::read_dir(out).into_iter().flatten().flatten() {
            let _ = fs::remove_file(file.path());
        }
        if is_new {
            let _ = fs::remove_dir(out);
        }
        format!("{} cannot be dumped: {error}", database.display())
    })?;
    for (table, rows) in counts {
        print(&format!("rows {table} {rows}\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}
