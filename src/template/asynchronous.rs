//! Templates that asynchronous code builds, on the executor of whoever awaits them.

use super::cache::{Cache, Found};
use super::code::{Code, Run};
use super::image::Image;
use super::{Schema, Template, TemplateError, build, without_cache};
use crate::engine::{Engine, EngineBuilder};
use futures_channel::oneshot;
use std::sync::Arc;
use std::thread;

impl Template {
    /// As [`engine`](Self::engine), for a template of [`from_uri_async`](Self::from_uri_async), whose code runs on the executor that
    /// awaits this; for any other template too.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # pollster::block_on(async {
    /// use sqlite_fixtures::{Template, rusqlite::{self, Connection}};
    /// use std::sync::LazyLock;
    ///
    /// // or a pool of sqlx, and its migrator
    /// async fn migrate(uri: String) -> rusqlite::Result<()> {
    ///     Connection::open(uri)?.execute_batch("CREATE TABLE users (name TEXT)")
    /// }
    ///
    /// static APP: LazyLock<Template> = LazyLock::new(|| Template::from_uri_async(migrate));
    ///
    /// let engine = APP.engine_async().await?;
    /// engine.connect()?.execute("INSERT INTO users VALUES ('alice')", [])?;
    /// # Ok(()) })
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`engine`](Self::engine).
    pub async fn engine_async(&self) -> Result<Engine, TemplateError> {
        if !matches!(self.schema, Schema::Code(Code { run: Run::Async(_), .. })) {
            return self.engine();
        }
        let uncached;
        let image = if self.is_cached()? {
            if self.image.get().is_none() {
                let image = self.shared_image_async().await;
                // Another task may have been faster.
                let _ = self.image.set(image);
            }
            self.shared()?
        } else {
            uncached = self.build_async().await?;
            &uncached
        };
        let make = if self.temp_file { EngineBuilder::temp_file_from } else { EngineBuilder::memory_from };
        self.clone_of(image, make)
    }

    async fn build_async(&self) -> Result<Image, TemplateError> {
        Ok(build::build_async(&self.schema, &self.files()?, &self.options()?).await?.into())
    }

    async fn shared_image_async(&self) -> Result<Image, TemplateError> {
        if !self.has_key() {
            return self.build_async().await;
        }
        match self.cached_image_async().await {
            Err(error) if error.is_of_cache() => {
                without_cache(&error);
                self.build_async().await
            }
            cached => cached,
        }
    }

    async fn cached_image_async(&self) -> Result<Image, TemplateError> {
        let options = self.options()?;
        let cache = Cache::new()?;
        let key = cache.key(&self.schema, &options, self.files()?)?;
        let shared = Arc::new((cache, key));
        loop {
            // Waiting for another process, or another task of this thread, must not block the executor.
            let search = Arc::clone(&shared);
            let (cache, key) = &*shared;
            match on_a_thread(move || search.0.find(&search.1)).await? {
                Found::Image(image) => return Ok(image),
                Found::Missing(place) => {
                    let built = build::build_async(&self.schema, key.files(), &options).await?;
                    if let Some(image) = cache.store(key, place, built)? {
                        return Ok(image);
                    }
                }
            }
        }
    }
}

/// Runs blocking work on a thread of its own.
async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TemplateError> + Send + 'static,
) -> Result<T, TemplateError> {
    let (sender, done) = oneshot::channel();
    thread::Builder::new()
        .name("sqlite-fixtures-template".to_owned())
        .spawn(move || drop(sender.send(work())))
        .map_err(TemplateError::thread)?;
    done.await.unwrap_or_else(|_| unreachable!("the thread reports before it ends"))
}
