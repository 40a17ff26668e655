//! A database image built once from schema and seeds, then cloned for each test.

// `code` runs code that makes a schema, `build` builds an image, `key` identifies one by its inputs, `image` reads and writes its
// folder, `mapped` maps its bytes into memory, `cache` shares the images of this machine between processes, `asynchronous` waits for
// one.

mod asynchronous;
mod build;
mod cache;
mod code;
mod error;
mod image;
mod key;
mod mapped;

pub use error::TemplateError;

use crate::engine::{Engine, EngineBuilder, EngineError, Options, Origin, url};
use crate::ledger::warn_stderr;
use crate::position::chain;
use crate::seed::Seeds;
use crate::settings::Settings;
use cache::Cache;
use code::{Code, Run, boxed};
use image::Image;
use key::Files;
use rusqlite::Connection;
use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Schema and seeds, built into an image once per machine and cloned for each test.
///
/// Images are cached below the target folder. The key of an image is everything that shaped it: files, pragmas, the version of
/// SQLite and, for a schema made by a function, the test executable. When a file changes, a new image is built; so is one in
/// place of a damaged image.
///
/// It can be a `static`; a schema made by a function needs a [`LazyLock`](std::sync::LazyLock):
///
/// ```
/// use sqlite_fixtures::Template;
/// use std::sync::LazyLock;
///
/// static SHOP: Template = Template::folder("fixtures/shop").seeds("fixtures/more");
///
/// static QUEUE: LazyLock<Template> = LazyLock::new(|| {
///     Template::from_fn(|connection| {
///         connection.execute_batch("CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT NOT NULL)")?;
///         Ok(())
///     })
/// });
///
/// let session = QUEUE.session();
/// session.execute("INSERT INTO jobs (state) VALUES ('new')", []).unwrap();
/// ```
///
/// Relative paths start at the folder of the crate under test, which is found at run time.
pub struct Template {
    schema: Schema,
    static_seeds: StaticPaths,
    seeds: Seeds,
    watched: StaticPaths,
    engine: fn(EngineBuilder) -> EngineBuilder,
    temp_file: bool,
    cached: bool,
    image: OnceLock<Result<Image, TemplateError>>,
}

/// An array, because a `const fn` cannot grow a vector.
type StaticPaths = [Option<&'static str>; 8];

/// Where the schema comes from.
#[derive(Debug)]
enum Schema {
    /// A folder with a schema and seeds.
    Folder(&'static str),
    /// Likewise, with a path from run time.
    OwnedFolder(PathBuf),
    /// The folder `fixtures/` of the crate, or its `migrations/` without seeds.
    Crate,
    /// A script, or a folder of migrations.
    Path(&'static str),
    Code(Code),
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template")
            .field("schema", &self.schema)
            .field("static_seeds", &self.static_seeds)
            .field("seeds", &self.seeds)
            .field("built", &self.image.get().is_some())
            .finish_non_exhaustive()
    }
}

impl Template {
    /// A folder with `schema.sql` or `migrations/*.sql`, and its seed files.
    ///
    /// A folder with neither has the schema of the nearest `migrations/` beside or above it, up to the crate's own.
    #[must_use]
    pub const fn folder(path: &'static str) -> Self {
        Self::new(Schema::Folder(path))
    }

    /// What the fixtures of the crate under test have.
    pub(crate) const fn of_the_crate() -> Self {
        Self::new(Schema::Crate)
    }

    /// Like [`folder`](Self::folder), for a path that is known only at run time.
    #[must_use]
    pub fn from_folder(path: impl Into<PathBuf>) -> Self {
        Self::new(Schema::OwnedFolder(path.into()))
    }

    /// A schema script, or a folder of migrations; without seeds.
    #[must_use]
    pub const fn schema(path: &'static str) -> Self {
        Self::new(Schema::Path(path))
    }

    /// A schema made by a function, such as a migration library's; without seeds.
    ///
    /// The connection is as [`Connection::open`] returns it, with the options of [`engine_options`](Self::engine_options).
    ///
    /// Images of functions and of closures that capture nothing are cached between processes, until the executable changes. A
    /// closure with captured values is called once per process.
    #[must_use]
    pub fn from_fn<F>(build: F) -> Self
    where
        F: Fn(&mut Connection) -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
    {
        Self::new(Schema::Code(Code::new::<F>(Run::Connection(Box::new(build)))))
    }

    /// A database made by code that opens a [URI](https://sqlite.org/uri.html) with any client: an application's own constructor, the
    /// migrations of refinery, diesel, sqlx or sea-orm.
    ///
    /// The code gets an empty database in memory, of zero bytes, so it chooses page size, encoding and journal mode. What it has
    /// committed when it returns is the image, also what is still in a write-ahead log. Seeds are loaded on top. Clones have its
    /// page size, encoding and write-ahead log, unless [`engine_options`](Self::engine_options) name another mode.
    ///
    /// Connections of this URI have a clock that stands at 2000-01-01 00:00:00. One that is still open when the code returns is a
    /// leak, reported as those of [engines](Engine::uri) are.
    ///
    /// ```
    /// use sqlite_fixtures::{Template, rusqlite::{self, Connection}};
    /// use std::sync::LazyLock;
    ///
    /// struct Store(Connection);
    ///
    /// impl Store {
    ///     fn open(path: &str) -> rusqlite::Result<Self> {
    ///         let connection = Connection::open(path)?;
    ///         connection.execute_batch("CREATE TABLE IF NOT EXISTS notes (body TEXT)")?;
    ///         Ok(Self(connection))
    ///     }
    /// }
    ///
    /// static STORE: LazyLock<Template> = LazyLock::new(|| Template::from_uri(|uri| Store::open(uri).map(drop)));
    ///
    /// let engine = STORE.engine().unwrap();
    /// let store = Store::open(&engine.uri()).unwrap();
    /// store.0.execute("INSERT INTO notes VALUES ('first')", []).unwrap();
    /// ```
    ///
    /// Images are cached as those of [`from_fn`](Self::from_fn) are.
    #[must_use]
    pub fn from_uri<F, E>(build: F) -> Self
    where
        F: Fn(&str) -> Result<(), E> + Send + Sync + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        Self::new(Schema::Code(Code::new::<F>(Run::Uri(Box::new(move |uri| build(uri).map_err(Into::into))))))
    }

    /// As [`from_uri`](Self::from_uri), for code that takes a URL such as [`Engine::url`], as sqlx and sea-orm do, and does not
    /// return a future.
    #[must_use]
    pub fn from_url<F, E>(build: F) -> Self
    where
        F: Fn(&str) -> Result<(), E> + Send + Sync + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        Self::new(Schema::Code(Code::new::<F>(Run::Uri(Box::new(move |uri| build(&url(uri)).map_err(Into::into))))))
    }

    /// As [`from_uri`](Self::from_uri), for code that wants the path of a file, or the folder that the file is in.
    ///
    /// The file is not there yet; nothing else is in its folder. It is named `database.sqlite3`, or as
    /// [`file_name`](EngineBuilder::file_name) says in [`engine_options`](Self::engine_options). Its clock is the system's.
    ///
    /// ```
    /// use sqlite_fixtures::{Template, rusqlite::{self, Connection}};
    /// use std::{path::Path, sync::LazyLock};
    ///
    /// struct Store(Connection);
    ///
    /// impl Store {
    ///     fn open(folder: &Path) -> rusqlite::Result<Self> {
    ///         let connection = Connection::open(folder.join("app.db"))?;
    ///         connection.execute_batch("CREATE TABLE IF NOT EXISTS notes (body TEXT)")?;
    ///         Ok(Self(connection))
    ///     }
    /// }
    ///
    /// static STORE: LazyLock<Template> = LazyLock::new(|| {
    ///     Template::from_path(|path| Store::open(path.parent().unwrap()).map(drop))
    ///         .engine_options(|engine| engine.file_name("app.db"))
    ///         .in_temp_file()
    /// });
    ///
    /// let engine = STORE.engine().unwrap();
    /// let store = Store::open(engine.folder().unwrap()).unwrap();
    /// store.0.execute("INSERT INTO notes VALUES ('first')", []).unwrap();
    /// ```
    #[must_use]
    pub fn from_path<F, E>(build: F) -> Self
    where
        F: Fn(&Path) -> Result<(), E> + Send + Sync + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        Self::new(Schema::Code(Code::new::<F>(Run::Path(Box::new(move |path| build(path).map_err(Into::into))))))
    }

    /// As [`from_uri`](Self::from_uri), for asynchronous code on any executor; [`engine_async`](Self::engine_async) runs it.
    ///
    /// Tests that ask for it at the same time wait for one of them to build it. A closure with captured values, whose image cannot be
    /// shared before it is built, may be called by each of them.
    #[must_use]
    pub fn from_uri_async<F, R, E>(build: F) -> Self
    where
        F: Fn(String) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        Self::new(Schema::Code(Code::new::<F>(Run::Async(Box::new(move |uri| boxed(build(uri)))))))
    }

    /// As [`from_uri_async`](Self::from_uri_async), for code that takes a URL such as [`Engine::url`]: the migrators of sqlx and
    /// sea-orm.
    ///
    /// ```
    /// use sqlite_fixtures::Template;
    /// use std::sync::LazyLock;
    ///
    /// // let pool = SqlitePool::connect(&url).await?;
    /// // sqlx::migrate!().run(&pool).await?;
    /// async fn migrate(url: String) -> Result<(), std::fmt::Error> {
    ///     assert!(url.starts_with("sqlite:"));
    ///     Ok(())
    /// }
    ///
    /// static APP: LazyLock<Template> = LazyLock::new(|| Template::from_url_async(migrate));
    /// # pollster::block_on(APP.engine_async()).unwrap();
    /// ```
    #[must_use]
    pub fn from_url_async<F, R, E>(build: F) -> Self
    where
        F: Fn(String) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        Self::new(Schema::Code(Code::new::<F>(Run::Async(Box::new(move |uri| boxed(build(url(&uri))))))))
    }

    const fn new(schema: Schema) -> Self {
        Self {
            schema,
            static_seeds: [None; 8],
            seeds: Seeds::none(),
            watched: [None; 8],
            engine: |builder| builder,
            temp_file: false,
            cached: true,
            image: OnceLock::new(),
        }
    }

    /// Adds a seed file, or a folder of seed files; at most eight. [`with_seeds`](Self::with_seeds) has no limit.
    ///
    /// # Panics
    /// At the ninth path; in a `static`, this is a compile error.
    #[must_use]
    pub const fn seeds(mut self, path: &'static str) -> Self {
        self.static_seeds = with_path(self.static_seeds, path);
        self
    }

    /// Adds any number of seed files and folders. They load after those of [`seeds`](Self::seeds).
    ///
    /// ```
    /// use sqlite_fixtures::{Seeds, Template};
    ///
    /// let months = (1..=12).map(|month| format!("fixtures/2026-{month:02}.csv"));
    /// let template = Template::schema("fixtures/schema.sql").with_seeds(months.collect::<Seeds>());
    /// ```
    #[must_use]
    pub fn with_seeds(mut self, seeds: impl Into<Seeds>) -> Self {
        self.seeds = self.seeds.paths().iter().chain(seeds.into().paths()).collect();
        self
    }

    /// Builds the image again when this file, or any file below this folder, has changed; at most eight. For files that
    /// the function of a schema reads itself.
    ///
    /// ```
    /// # use sqlite_fixtures::Template;
    /// let shop = Template::from_fn(|connection| {
    ///     // or your migration library's own call, which reads the same folder
    ///     Ok(connection.execute_batch(&std::fs::read_to_string("fixtures/schema.sql")?)?)
    /// })
    /// .rebuild_if_changed("fixtures/schema.sql");
    /// ```
    ///
    /// # Panics
    /// At the ninth path; in a `static`, this is a compile error.
    #[must_use]
    pub const fn rebuild_if_changed(mut self, path: &'static str) -> Self {
        self.watched = with_path(self.watched, path);
        self
    }

    /// Sets the options of the engines. Hooks also run while the image is built.
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

    /// Makes [`engine`](Self::engine) and the fixtures put databases into temporary files instead of memory.
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

    /// A fresh database, in memory or, after [`in_temp_file`](Self::in_temp_file), in a temporary file.
    ///
    /// When the body of a test drops the engine, it asserts that every session on it is closed; see
    /// [`fixtures`](mod@crate::fixtures).
    ///
    /// # Errors
    /// [`TemplateError`] if the schema or a seed is invalid, or the engine cannot be created.
    pub fn engine(&self) -> Result<Engine, TemplateError> {
        if self.temp_file { self.temp_file() } else { self.memory() }
    }

    /// A fresh database in memory.
    ///
    /// # Errors
    /// See [`engine`](Self::engine).
    pub fn memory(&self) -> Result<Engine, TemplateError> {
        self.clone_image(EngineBuilder::memory_from)
    }

    /// A fresh database in a temporary file.
    ///
    /// # Errors
    /// See [`engine`](Self::engine).
    pub fn temp_file(&self) -> Result<Engine, TemplateError> {
        self.clone_image(EngineBuilder::temp_file_from)
    }

    fn clone_image(
        &self,
        make: fn(EngineBuilder, &Origin) -> Result<Engine, EngineError>,
    ) -> Result<Engine, TemplateError> {
        if matches!(self.schema, Schema::Code(Code { run: Run::Async(_), .. })) {
            return Err(TemplateError::asynchronous());
        }
        let uncached;
        let image = if self.is_cached()? {
            self.shared()?
        } else {
            uncached = build::build(&self.schema, &self.files()?, &self.options()?)?.into();
            &uncached
        };
        self.clone_of(image, make)
    }

    fn clone_of(
        &self,
        image: &Image,
        make: fn(EngineBuilder, &Origin) -> Result<Engine, EngineError>,
    ) -> Result<Engine, TemplateError> {
        let engine = make((self.engine)(Engine::builder()), &image.origin).map_err(TemplateError::engine)?;
        engine.set_labels(image.labels.clone());
        Ok(engine.with_leak_assertion())
    }

    fn is_cached(&self) -> Result<bool, TemplateError> {
        let settings = Settings::get().map_err(|error| TemplateError::engine(EngineError::Setting(error)))?;
        Ok(settings.template.unwrap_or(self.cached))
    }

    /// Whether other processes can tell that an image is this template's.
    fn has_key(&self) -> bool {
        !matches!(self.schema, Schema::Code(Code { id: None, .. }))
    }

    /// The image that all clones in this process share.
    fn shared(&self) -> Result<&Image, TemplateError> {
        self.image.get_or_init(|| self.shared_image()).as_ref().map_err(Clone::clone)
    }

    fn shared_image(&self) -> Result<Image, TemplateError> {
        let (options, files) = (self.options()?, self.files()?);
        if !self.has_key() {
            return Ok(build::build(&self.schema, &files, &options)?.into());
        }
        let cached = Cache::new().and_then(|cache| {
            let key = cache.key(&self.schema, &options, files)?;
            cache.image(&key, &|| build::build(&self.schema, key.files(), &options))
        });
        match cached {
            Err(error) if error.is_of_cache() => {
                without_cache(&error);
                Ok(build::build(&self.schema, &self.files()?, &options)?.into())
            }
            cached => cached,
        }
    }

    fn files(&self) -> Result<Files, TemplateError> {
        let seeds = self.static_seeds.iter().flatten().map(PathBuf::from).chain(self.seeds.paths().iter().cloned());
        let watched = self.watched.iter().flatten().collect();
        Files::find(&self.schema, &seeds.collect(), &watched).map_err(TemplateError::seed)
    }

    fn options(&self) -> Result<Options, TemplateError> {
        (self.engine)(Engine::builder()).options().map_err(TemplateError::engine)
    }
}

fn without_cache(error: &TemplateError) {
    warn_stderr(&format!("{}; it is built in this process, which takes longer", chain(error)));
}

const fn with_path(mut paths: StaticPaths, path: &'static str) -> StaticPaths {
    let mut free = 0;
    while paths[free].is_some() {
        free += 1;
        assert!(
            free < paths.len(),
            "a template has at most eight static paths of a kind; put the files into one folder"
        );
    }
    paths[free] = Some(path);
    paths
}
