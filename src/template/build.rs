//! Builds an image in a database in memory: schema, then seeds.

use super::{Schema, TemplateError, image::Built, key::Files};
use crate::{
    engine::Options,
    labels::Labels,
    ledger::warn_stderr,
    seed::{dialect::Files as Seeds, load},
    sqlite::{fixed_random, untracked},
    vfs::{self, Database},
};
use rusqlite::Connection;
use std::sync::Arc;

pub(super) fn build(schema: &Schema, files: &Files, options: &Options) -> Result<Built, TemplateError> {
    let database = Database::new(Arc::new([]));
    // With a frozen clock and fixed random numbers, so that the same files give the same bytes.
    let uri = vfs::frozen_clock_uri(&database).map_err(TemplateError::sqlite)?;
    let mut connection = untracked(|| Connection::open(uri)).map_err(TemplateError::sqlite)?;
    fixed_random(&connection).map_err(TemplateError::sqlite)?;
    options.prepare(&connection).map_err(TemplateError::engine)?;
    if let Schema::Function(function) = schema {
        (function.build)(&mut connection).map_err(TemplateError::function)?;
        if !connection.is_autocommit() {
            return Err(TemplateError::function("the function left a transaction open; commit it".into()));
        }
    }
    load::run_scripts(&mut connection, Seeds::read(&files.schema)).map_err(TemplateError::seed)?;
    if let Some(warning) = load::broken_references(&connection).map_err(TemplateError::seed)? {
        warn_stderr(&format!("warning: the schema leaves {warning}"));
    }
    let seeds = Seeds::read(&files.seeds);
    let labels = load::fill(&connection, seeds, &Labels::default(), &mut |_| {}).map_err(TemplateError::seed)?;
    // The file stores whether it has a write-ahead log, so clones need not set it again.
    options.set_journal_mode(&connection).map_err(TemplateError::engine)?;
    // Closing the last connection checkpoints a write-ahead log.
    connection.close().map_err(|(_, error)| TemplateError::sqlite(error))?;
    Ok(Built { bytes: database.to_vec(), labels })
}
