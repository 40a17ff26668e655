//! What can go wrong with a template.

use crate::{engine::EngineError, seed::SeedError};
use std::{error::Error, fmt, io, path::Path, sync::Arc};

/// A template that cannot be built or cloned. Its source is a [`SeedError`], an [`EngineError`], or the error of the function.
#[derive(Clone)]
pub struct TemplateError {
    step: Step,
    /// Shared, because every clone of a template that cannot be built fails with the same error.
    cause: Arc<dyn Error + Send + Sync>,
}

#[derive(Debug, Clone)]
enum Step {
    Seed,
    Function,
    /// What the code did is not what a template needs; the cause says it.
    Code,
    Asynchronous,
    Thread,
    Engine,
    Sqlite,
    Cache(Arc<Path>),
}

impl TemplateError {
    pub(super) fn seed(cause: SeedError) -> Self {
        Self { step: Step::Seed, cause: Arc::new(cause) }
    }

    pub(super) fn function(cause: Box<dyn Error + Send + Sync>) -> Self {
        Self { step: Step::Function, cause: cause.into() }
    }

    pub(super) fn code(message: String) -> Self {
        Self { step: Step::Code, cause: Arc::from(Box::<dyn Error + Send + Sync>::from(message)) }
    }

    pub(super) fn asynchronous() -> Self {
        let message = "asynchronous code runs on the executor that awaits it; use `engine_async().await`";
        Self { step: Step::Asynchronous, cause: Arc::from(Box::<dyn Error + Send + Sync>::from(message)) }
    }

    pub(super) fn thread(cause: io::Error) -> Self {
        Self { step: Step::Thread, cause: Arc::new(cause) }
    }

    pub(super) fn engine(cause: EngineError) -> Self {
        Self { step: Step::Engine, cause: Arc::new(cause) }
    }

    pub(super) fn sqlite(cause: rusqlite::Error) -> Self {
        Self { step: Step::Sqlite, cause: Arc::new(cause) }
    }

    pub(super) fn cache(folder: &Path, cause: io::Error) -> Self {
        Self { step: Step::Cache(folder.into()), cause: Arc::new(cause) }
    }

    /// Whether only the cache of images is the cause.
    pub(super) fn is_of_cache(&self) -> bool {
        matches!(self.step, Step::Cache(_))
    }

    /// The error in a schema or seed file, if that is the cause.
    #[must_use]
    pub fn seed_error(&self) -> Option<&SeedError> {
        self.cause.downcast_ref()
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.step {
            Step::Seed => "the template cannot be built from its files; correct the file",
            Step::Function => "the function of the template failed; see the cause",
            Step::Code => "the template cannot be built from what its code did",
            Step::Asynchronous => "the template is built by asynchronous code",
            Step::Thread => "no thread can be started to look for the template's image; see the cause",
            Step::Engine => "the template has no engine; correct its options",
            Step::Sqlite => "SQLite could not build the template; see the cause",
            Step::Cache(folder) => {
                return write!(
                    f,
                    "the template's image cannot be cached in {}; make the folder writable and your own",
                    folder.display()
                );
            }
        })
    }
}

crate::position::debug_is_chain!(TemplateError);

impl Error for TemplateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.cause)
    }
}
