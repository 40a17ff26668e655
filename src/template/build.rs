//! Builds an image in a database in memory: schema, then seeds.

use super::code::{Building, Code, Run};
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
    let mut image = InProgress::new()?;
    match schema {
        Schema::Code(code) => image.run(code, options)?,
        Schema::Folder(_) | Schema::OwnedFolder(_) | Schema::Crate | Schema::Path(_) => {
            options.prepare(&image.connection).map_err(TemplateError::engine)?;
        }
    }
    image.finish(files, options)
}

/// As [`build`], where the code is asynchronous.
pub(super) async fn build_async(schema: &Schema, files: &Files, options: &Options) -> Result<Built, TemplateError> {
    let Schema::Code(Code { run: Run::Async(code), .. }) = schema else { return build(schema, files, options) };
    let building = Building::in_memory(options)?;
    code(building.uri()).await.map_err(TemplateError::function)?;
    let mut image = InProgress::new()?;
    image.take(building, options)?;
    image.finish(files, options)
}

/// An image that is not complete, and a connection to it.
struct InProgress {
    database: Arc<Database>,
    connection: Connection,
    has_leak: bool,
}

impl InProgress {
    /// With a frozen clock and fixed random numbers, so that the same files give the same bytes.
    fn new() -> Result<Self, TemplateError> {
        let database = Database::new(Arc::new([]));
        let uri = vfs::frozen_clock_uri(&database).map_err(TemplateError::sqlite)?;
        let connection = untracked(|| Connection::open(uri)).map_err(TemplateError::sqlite)?;
        fixed_random(&connection).map_err(TemplateError::sqlite)?;
        Ok(Self { database, connection, has_leak: false })
    }

    fn run(&mut self, code: &Code, options: &Options) -> Result<(), TemplateError> {
        match &code.run {
            Run::Connection(code) => {
                options.prepare(&self.connection).map_err(TemplateError::engine)?;
                code(&mut self.connection).map_err(TemplateError::function)?;
                if !self.connection.is_autocommit() {
                    return Err(TemplateError::function("the function left a transaction open; commit it".into()));
                }
                Ok(())
            }
            Run::Uri(code) => {
                let building = Building::in_memory(options)?;
                code(&building.uri()).map_err(TemplateError::function)?;
                self.take(building, options)
            }
            Run::Path(code) => {
                let building = Building::in_temp_file(options)?;
                code(building.path()).map_err(TemplateError::function)?;
                self.take(building, options)
            }
            Run::Async(_) => Err(TemplateError::asynchronous()),
        }
    }

    fn take(&mut self, building: Building, options: &Options) -> Result<(), TemplateError> {
        self.has_leak = building.finish(&mut self.connection)?;
        options.prepare(&self.connection).map_err(TemplateError::engine)
    }

    fn finish(mut self, files: &Files, options: &Options) -> Result<Built, TemplateError> {
        load::run_scripts(&mut self.connection, Seeds::read(&files.schema)).map_err(TemplateError::seed)?;
        if let Some(warning) = load::broken_references(&self.connection).map_err(TemplateError::seed)? {
            warn_stderr(&format!("warning: the schema leaves {warning}"));
        }
        let seeds = Seeds::read(&files.seeds);
        let labels =
            load::fill(&self.connection, seeds, &Labels::default(), &mut |_| {}).map_err(TemplateError::seed)?;
        // The file stores whether it has a write-ahead log, so clones need not set it again.
        options.set_journal_mode(&self.connection).map_err(TemplateError::engine)?;
        // Closing the last connection checkpoints a write-ahead log.
        self.connection.close().map_err(|(_, error)| TemplateError::sqlite(error))?;
        Ok(Built { bytes: self.database.to_vec(), labels, has_leak: self.has_leak })
    }
}
