//! The images of this machine, each built once: a folder that all processes of a target folder share.
//!
//! An image is a folder named by its key's digest, written beside its place and renamed when it is complete. Who builds
//! one holds its lock, which the kernel gives back when a builder is killed. Which image the files of a template lead to is
//! remembered by their state (`*.known`), so that they are read again only when they have changed. [`eviction`] removes what was
//! not used for long.

mod eviction;

use super::{
    Schema, TemplateError,
    image::{self, Built, Image},
    key::{Files, Key, digest},
};
use crate::{
    engine::Options,
    storage::{self, is_at, open_lock},
};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::PathBuf,
};

pub(super) struct Cache {
    folder: PathBuf,
}

impl Cache {
    pub(super) fn new() -> Result<Self, TemplateError> {
        match storage::shared() {
            Ok(folder) => Ok(Self::at(folder.join("templates"))),
            Err(source) => Err(TemplateError::cache(storage::own(), source)),
        }
    }

    fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The key of a template.
    pub(super) fn key(&self, schema: &Schema, options: &Options, files: Files) -> Result<Key, TemplateError> {
        Key::new(schema, options, files).map_err(|source| TemplateError::cache(&self.folder, source))
    }

    /// The image of a key: the one that is there, or a new one.
    pub(super) fn image(
        &self,
        key: &Key,
        build: impl Fn() -> Result<Built, TemplateError>,
    ) -> Result<Image, TemplateError> {
        let error = |source| TemplateError::cache(&self.folder, source);
        loop {
            let state = key.by_state().map_err(TemplateError::seed)?;
            if let Some(image) = self.known(&state).map_err(error)? {
                return Ok(image);
            }
            let content = key.by_content().map_err(TemplateError::seed)?;
            let found = match self.open(&content).map_err(error)? {
                Some(image) => Some(image),
                None => self.build(key, &content, &build)?,
            };
            // Where a file was changed meanwhile, what was built is neither's image.
            let Some(image) = found else { continue };
            if key.is_settled(&state) {
                self.remember(&state, &content).map_err(error)?;
            }
            return Ok(image);
        }
    }

    /// Builds an image, unless another process does; `None` when a file has changed meanwhile.
    fn build(
        &self,
        key: &Key,
        content: &str,
        from_scratch: impl Fn() -> Result<Built, TemplateError>,
    ) -> Result<Option<Image>, TemplateError> {
        let error = |source| TemplateError::cache(&self.folder, source);
        let name = digest(content.as_bytes());
        let lock = self.lock(&name).map_err(error)?;
        if let Some(image) = self.open(content).map_err(error)? {
            return Ok(Some(image));
        }
        let made = from_scratch()?;
        if key.by_content().map_err(TemplateError::seed)? != content {
            return Ok(None);
        }
        self.put(content, &made).map_err(error)?;
        drop(lock);
        self.evict(&name).map_err(error)?;
        // Gone again only where somebody empties the folder at this moment.
        Ok(Some(self.open(content).map_err(error)?.unwrap_or_else(|| made.into())))
    }

    fn path(&self, name: &str, suffix: &str) -> PathBuf {
        self.folder.join(format!("{name}{suffix}"))
    }

    fn open(&self, content: &str) -> io::Result<Option<Image>> {
        image::open(&self.path(&digest(content.as_bytes()), ""), content)
    }

    /// The image that files in this state are known to lead to.
    fn known(&self, state: &str) -> io::Result<Option<Image>> {
        match fs::read_to_string(self.path(&digest(state.as_bytes()), ".known")) {
            Ok(text) => match text.strip_prefix(state).and_then(|rest| rest.strip_prefix('\0')) {
                Some(content) => self.open(content),
                None => Ok(None),
            },
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn remember(&self, state: &str, content: &str) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        write!(file, "{state}\0{content}")?;
        file.persist(self.path(&digest(state.as_bytes()), ".known"))?;
        Ok(())
    }

    /// Waits until no other process builds this image.
    fn lock(&self, name: &str) -> io::Result<File> {
        storage::create(&self.folder)?;
        let path = self.path(name, ".lock");
        loop {
            let file = open_lock(&path)?;
            file.lock()?;
            // Whoever evicts an image removes its lock: one that has no name any more guards nothing.
            if is_at(&file, &path) {
                return Ok(file);
            }
        }
    }

    /// Puts an image into its place; the caller has its lock.
    fn put(&self, content: &str, built: &Built) -> io::Result<()> {
        let name = digest(content.as_bytes());
        let (building, place) = (self.path(&name, ".building"), self.path(&name, ""));
        // What a killed builder left, or an image that is not whole.
        storage::remove(&building)?;
        storage::remove(&place)?;
        image::write(&building, content, built)?;
        fs::rename(building, place)
    }
}

#[cfg(test)]
mod tests {
    use super::{Cache, eviction::MOST_IMAGES};
    use crate::{
        engine::EngineBuilder,
        labels::Labels,
        template::{
            Schema,
            image::{Built, Image},
            key::{Files, Key, digest},
        },
    };
    use std::{
        cell::Cell,
        fs::{self, File},
        path::Path,
        time::SystemTime,
    };

    fn cache(folder: &Path) -> Cache {
        Cache::at(folder.join("templates"))
    }

    /// The key of a template whose schema is a file with `text`, changed long ago.
    fn key(folder: &Path, text: &str) -> Key {
        let path = folder.join("schema.sql");
        if fs::read_to_string(&path).ok().as_deref() != Some(text) {
            fs::write(&path, text).unwrap();
            let file = File::options().write(true).open(&path).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        }
        let schema = Schema::OwnedFolder(folder.to_owned());
        let files = Files::find(&schema, &crate::seed::Seeds::none(), &crate::seed::Seeds::none()).unwrap();
        Key::new(&schema, &EngineBuilder::default().options().unwrap(), files).unwrap()
    }

    fn built(number: u8) -> Built {
        Built { bytes: [b"SQLite format 3\0".as_slice(), &[number]].concat(), labels: Labels::default() }
    }

    fn number(image: &Image) -> u8 {
        (*image.origin.bytes).as_ref()[16]
    }

    #[test]
    fn an_image_is_built_once_and_again_when_a_file_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let times = Cell::new(0);
        let image = |text| {
            let build = || {
                times.set(times.get() + 1);
                Ok(built(times.get()))
            };
            number(&cache(folder.path()).image(&key(folder.path(), text), build).unwrap())
        };
        assert_eq!((image("one"), image("one"), image("two"), image("two")), (1, 1, 2, 2));
        assert_eq!(image("one"), 1, "the older image is still there");
    }

    #[test]
    fn a_file_in_a_known_state_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        let key = key(folder.path(), "one");
        fs::create_dir(&cache.folder).unwrap();
        cache.put("what was read once", &built(7)).unwrap();
        cache.remember(&key.by_state().unwrap(), "what was read once").unwrap();
        assert_eq!(number(&cache.image(&key, || panic!("built")).unwrap()), 7);
    }

    #[test]
    fn a_file_that_was_only_touched_leads_to_the_same_image() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        cache.image(&key(folder.path(), "one"), || Ok(built(1))).unwrap();
        File::options()
            .write(true)
            .open(folder.path().join("schema.sql"))
            .unwrap()
            .set_modified(SystemTime::now())
            .unwrap();
        let fresh = key(folder.path(), "one");
        cache.image(&fresh, || panic!("built")).unwrap();
        assert!(!fresh.is_settled(&fresh.by_state().unwrap()), "it may change again in the same instant");
    }

    #[test]
    fn what_is_built_while_a_file_changes_is_built_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        let key = key(folder.path(), "one");
        let times = Cell::new(0);
        let image = cache.image(&key, || {
            times.set(times.get() + 1);
            if times.get() == 1 {
                fs::write(folder.path().join("schema.sql"), "two").unwrap();
            }
            Ok(built(times.get()))
        });
        assert_eq!(number(&image.unwrap()), 2);
    }

    #[test]
    fn what_a_killed_builder_left_and_an_image_that_is_not_whole_are_built_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        let key = key(folder.path(), "one");
        let name = digest(key.by_content().unwrap().as_bytes());
        fs::create_dir_all(cache.path(&name, ".building").join("half")).unwrap();
        assert_eq!(number(&cache.image(&key, || Ok(built(1))).unwrap()), 1);
        let database = cache.path(&name, "").join("database.sqlite3");
        let served = cache.image(&key, || panic!("built")).unwrap();
        fs::remove_file(&database).unwrap();
        assert_eq!(number(&cache.image(&key, || Ok(built(2))).unwrap()), 2);
        assert_eq!(number(&served), 1, "who has an image keeps it");
        assert!(!cache.path(&name, ".building").exists());
    }

    #[test]
    fn a_build_that_fails_leaves_nothing_and_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        let key = key(folder.path(), "one");
        let failed = || Err(crate::template::TemplateError::code("no".into()));
        assert!(cache.image(&key, failed).is_err());
        assert_eq!(number(&cache.image(&key, || Ok(built(1))).unwrap()), 1);
    }

    #[test]
    fn old_images_do_not_pile_up_and_those_that_are_used_stay() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        let used = key(folder.path(), "used").by_content().unwrap();
        for text in 0..MOST_IMAGES + 20 {
            cache.image(&key(folder.path(), &text.to_string()), || Ok(built(1))).unwrap();
            if text == 0 {
                cache.image(&key(folder.path(), "used"), || Ok(built(2))).unwrap();
            }
            cache.open(&used).unwrap().unwrap();
        }
        let count = |extension: Option<&str>| {
            let entries = fs::read_dir(&cache.folder).unwrap().map(|entry| entry.unwrap().path());
            entries.filter(|path| path.extension().and_then(std::ffi::OsStr::to_str) == extension).count()
        };
        assert_eq!((count(None), count(Some("known")), count(Some("lock"))), (MOST_IMAGES, MOST_IMAGES, MOST_IMAGES));
    }
}
