//! A database image built once from schema and seeds, then cloned for each test.
//!
//! [`key`] is what shaped an image, [`build`] makes one from scratch, [`image`] is one in memory or in its folder,
//! [`mapped`] how its bytes are had without reading, [`cache`] the folder of those that this machine has built.

mod build;
mod cache;
mod error;
mod image;
mod key;
mod mapped;

pub use error::TemplateError;

use crate::{
    engine::{Engine, EngineBuilder, EngineError, Options, Origin},
    settings::Settings,
};
use cache::Cache;
use image::{Built, Image};
use key::Files;
use rusqlite::Connection;
use std::{
    error::Error,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

/// What makes the schema in code.
pub type BuildSchema = fn(&mut Connection) -> Result<(), Box<dyn Error + Send + Sync>>;

/// Schema and seeds, built into an image once per machine and cloned for each test.
///
/// Images are kept below the target folder, each named by all that shaped it: files, pragmas, the version of SQLite, and for
/// code the test executable. A changed file, or an image that is not whole, builds a new one.
///
/// It can be a `static`:
///
/// ```
/// use sqlite_fixtures::Template;
///
/// static SHOP: Template = Template::folder("fixtures/shop");
///
/// static QUEUE: Template = Template::code(|connection| {
///     connection.execute_batch("CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT NOT NULL)")?;
///     Ok(())
/// });
///
/// let session = QUEUE.session();
/// session.execute("INSERT INTO jobs (state) VALUES ('new')", []).unwrap();
/// ```
///
/// A relative path is below the folder of the crate under test, which is found at run time.
pub struct Template {
    schema: Schema,
    /// At most this many, because a `static` cannot grow.
    seeds: [Option<&'static str>; 8],
    watched: [Option<&'static str>; 8],
    engine: fn(EngineBuilder) -> EngineBuilder,
    temp_file: bool,
    cached: bool,
    image: OnceLock<Result<Image, TemplateError>>,
}

/// Where the schema comes from.
#[derive(Debug, Clone)]
pub(crate) enum Schema {
    /// A folder with a schema, and seeds beside it.
    Folder(Folder),
    /// A script, or a folder of migrations.
    Path(&'static str),
    Code(BuildSchema),
}

#[derive(Debug, Clone)]
pub(crate) enum Folder {
    Static(&'static str),
    Owned(PathBuf),
}

impl Folder {
    fn as_path(&self) -> &Path {
        match self {
            Self::Static(path) => Path::new(path),
            Self::Owned(path) => path,
        }
    }
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Template")
            .field("schema", &self.schema)
            .field("seeds", &self.seeds)
            .field("built", &self.image.get().is_some())
            .finish_non_exhaustive()
    }
}

impl Template {
    /// A folder with `schema.sql` or `migrations/*.sql`, and its seed files.
    #[must_use]
    pub const fn folder(path: &'static str) -> Self {
        Self::new(Schema::Folder(Folder::Static(path)))
    }

    /// As [`folder`](Self::folder), for a path that is known at run time only.
    #[must_use]
    pub fn from_folder(path: impl Into<PathBuf>) -> Self {
        Self::new(Schema::Folder(Folder::Owned(path.into())))
    }

    /// A schema script, or a folder of migrations; without seeds.
    #[must_use]
    pub const fn schema(path: &'static str) -> Self {
        Self::new(Schema::Path(path))
    }

    /// A schema made by code, such as a migration library's; without seeds.
    ///
    /// Foreign keys are not enforced while it runs: they are checked when all is in.
    #[must_use]
    pub const fn code(build: BuildSchema) -> Self {
        Self::new(Schema::Code(build))
    }

    const fn new(schema: Schema) -> Self {
        Self {
            schema,
            seeds: [None; 8],
            watched: [None; 8],
            engine: |builder| builder,
            temp_file: false,
            cached: true,
            image: OnceLock::new(),
        }
    }

    /// Adds a seed file, or a folder of them; up to eight.
    ///
    /// # Panics
    /// At the ninth; of a `static`, when it is compiled.
    #[must_use]
    pub const fn seeds(mut self, path: &'static str) -> Self {
        self.seeds = with(self.seeds, path);
        self
    }

    /// Builds the image again when this file, or any file below this folder, has changed; up to eight. For files that the
    /// code of a schema reads itself.
    ///
    /// ```
    /// # use sqlite_fixtures::Template;
    /// static SHOP: Template = Template::code(|connection| {
    ///     // or your migration library's own call, which reads the same folder
    ///     Ok(connection.execute_batch(&std::fs::read_to_string("fixtures/schema.sql")?)?)
    /// })
    /// .rebuild_if_changed("fixtures/schema.sql");
    /// ```
    ///
    /// # Panics
    /// At the ninth; of a `static`, when it is compiled.
    #[must_use]
    pub const fn rebuild_if_changed(mut self, path: &'static str) -> Self {
        self.watched = with(self.watched, path);
        self
    }

    /// Gives the engines options; its hooks also run while the image is built.
    ///
    /// ```
    /// # use sqlite_fixtures::{engine::JournalMode, Template};
    /// static SHOP: Template = Template::folder("fixtures/shop")
    ///     .engine_options(|engine| engine.journal_mode(JournalMode::Wal).max_sessions(4))
    ///     .in_temp_file();
    /// ```
    #[must_use]
    pub const fn engine_options(mut self, options: fn(EngineBuilder) -> EngineBuilder) -> Self {
        self.engine = options;
        self
    }

    /// Puts databases into temporary files instead of memory, where [`engine`](Self::engine) and the fixtures make them.
    #[must_use]
    pub const fn in_temp_file(mut self) -> Self {
        self.temp_file = true;
        self
    }

    /// Builds each database from scratch instead of cloning an image (`SQLITE_FIXTURES_TEMPLATE=off`).
    #[must_use]
    pub const fn uncached(mut self) -> Self {
        self.cached = false;
        self
    }

    /// A fresh database, in the place that the template is for.
    ///
    /// Handed to a test by a fixture and dropped by its body, the engine asserts that every session on it is closed; see
    /// [`fixtures`](crate::fixtures).
    ///
    /// # Errors
    /// [`TemplateError`] when schema or seeds are wrong, or the engine cannot be made.
    pub fn engine(&self) -> Result<Engine, TemplateError> {
        if self.temp_file { self.temp_file() } else { self.memory() }
    }

    /// A fresh database in memory.
    ///
    /// # Errors
    /// As [`engine`](Self::engine).
    pub fn memory(&self) -> Result<Engine, TemplateError> {
        self.fresh(EngineBuilder::memory_from)
    }

    /// A fresh database in a temporary file.
    ///
    /// # Errors
    /// As [`engine`](Self::engine).
    pub fn temp_file(&self) -> Result<Engine, TemplateError> {
        self.fresh(EngineBuilder::temp_file_from)
    }

    fn fresh(&self, make: fn(EngineBuilder, &Origin) -> Result<Engine, EngineError>) -> Result<Engine, TemplateError> {
        let settings = Settings::get().map_err(|error| TemplateError::engine(EngineError::Setting(error)))?;
        let built;
        let image = if settings.template.unwrap_or(self.cached) {
            self.image.get_or_init(|| self.cached_image()).as_ref().map_err(Clone::clone)?
        } else {
            built = self.build(&self.files()?, &self.options()?)?.into();
            &built
        };
        let engine = make((self.engine)(Engine::builder()), &image.origin).map_err(TemplateError::engine)?;
        engine.set_labels(image.labels.clone());
        Ok(engine.checked())
    }

    fn cached_image(&self) -> Result<Image, TemplateError> {
        let options = self.options()?;
        let cache = Cache::new()?;
        let key = cache.key(&self.schema, &options, self.files()?)?;
        cache.image(&key, || self.build(key.files(), &options))
    }

    fn build(&self, files: &Files, options: &Options) -> Result<Built, TemplateError> {
        build::build(&self.schema, files, options)
    }

    fn files(&self) -> Result<Files, TemplateError> {
        let seeds = |paths: [Option<&str>; 8]| paths.into_iter().flatten().collect();
        Files::find(&self.schema, &seeds(self.seeds), &seeds(self.watched)).map_err(TemplateError::seed)
    }

    fn options(&self) -> Result<Options, TemplateError> {
        (self.engine)(Engine::builder()).options().map_err(TemplateError::engine)
    }
}

const fn with(mut paths: [Option<&'static str>; 8], path: &'static str) -> [Option<&'static str>; 8] {
    let mut free = 0;
    while paths[free].is_some() {
        free += 1;
        assert!(free < paths.len(), "a template has at most eight paths of a kind; put the files into one folder");
    }
    paths[free] = Some(path);
    paths
}

/// Shared, because every clone of a template that cannot be built fails for the same reason.
type Cause = Arc<dyn Error + Send + Sync>;
