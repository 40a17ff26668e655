//! The image itself, and the labels beside it.

use super::{Folder, Schema, TemplateError};
use crate::{
    Engine, EngineBuilder, Labels, Position, SeedError, Seeds,
    engine::Options,
    seed::{Fault, folder, load},
    sqlite::copy,
};
use rusqlite::{Connection, config::DbConfig};
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

#[derive(Debug)]
pub(super) struct Image {
    connection: Mutex<Connection>,
    labels: Arc<Labels>,
}

impl Image {
    pub(super) fn build(
        schema: &Schema,
        seeds: &Seeds,
        options: fn(EngineBuilder) -> EngineBuilder,
    ) -> Result<Self, TemplateError> {
        let options = options(Engine::builder()).options().map_err(TemplateError::engine)?;
        let mut connection = open(&options)?;
        let beside = match schema {
            Schema::Code(build) => {
                build(&mut connection).map_err(TemplateError::code)?;
                Seeds::none()
            }
            Schema::Path(path) => {
                run(&connection, &scripts(Path::new(path))?)?;
                Seeds::none()
            }
            Schema::Folder(folder) => {
                let path = match folder {
                    Folder::Static(path) => Path::new(path),
                    Folder::Owned(path) => path,
                };
                let found = folder::locate(path).map_err(TemplateError::seed)?;
                let scripts: Seeds = folder::schema(&found).map_err(TemplateError::seed)?.into_iter().collect();
                run(&connection, &scripts)?;
                Seeds::from(found)
            }
        };
        // Seeds that are named beside the folder's own may refer to their labels.
        let mut files = beside.read().map_err(TemplateError::seed)?;
        files.extend(seeds.read().map_err(TemplateError::seed)?);
        let labels = load::build(&connection, &files).map_err(TemplateError::seed)?;
        Ok(Self { connection: Mutex::new(connection), labels: Arc::new(labels) })
    }

    /// Makes the engine's empty database a clone of the image.
    pub(super) fn fill(&self, engine: &Engine) -> Result<(), TemplateError> {
        let mut to = engine.connect_raw().map_err(TemplateError::engine)?;
        let from = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        copy(&from, &mut to).map_err(TemplateError::cloning)?;
        drop(from);
        engine.set_labels(&self.labels);
        to.close().map_err(|(_, error)| TemplateError::cloning(error))
    }
}

fn open(options: &Options) -> Result<Connection, TemplateError> {
    let connection = Connection::open_in_memory().map_err(TemplateError::cloning)?;
    options.prepare(&connection).map_err(TemplateError::engine)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false).map_err(TemplateError::cloning)?;
    Ok(connection)
}

fn scripts(path: &Path) -> Result<Seeds, TemplateError> {
    let found = folder::locate(path).map_err(TemplateError::seed)?;
    if found.is_dir() {
        return Ok(folder::migrations(&found).map_err(TemplateError::seed)?.into_iter().collect());
    }
    match found.extension() {
        Some(extension) if extension.eq_ignore_ascii_case("sql") => Ok(Seeds::from(found)),
        _ => Err(TemplateError::seed(SeedError::new(Fault::NoSchema).at(Position::whole(found)))),
    }
}

fn run(connection: &Connection, scripts: &Seeds) -> Result<(), TemplateError> {
    let files = scripts.read().map_err(TemplateError::seed)?;
    load::run_scripts(connection, &files).map_err(TemplateError::seed)
}
