//! The image cache: a folder that all processes of a target folder share, so that each image is built once.
//!
//! An image is a folder named by the digest of its key, written under another name and renamed when it is complete. Its builder
//! holds a file lock, which the kernel releases if the builder is killed. A file `*.known` maps the state of a template's
//! files (sizes, times) to the key of their contents, so that they are read again only after a change. The least
//! recently used images are removed.

use super::image::{Built, Image};
use super::key::{Files, Key, digest};
use super::{Schema, TemplateError, image};
use crate::engine::Options;
use crate::position::sort_by;
use crate::storage;
use crate::storage::{is_at, open_lock};
use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

/// At most this many images, and bytes, stay in the cache.
const MAX_IMAGES: usize = 128;
const MAX_BYTES: u64 = 2 << 30;

pub(super) struct Cache {
    folder: PathBuf,
}

/// What the cache has of a key.
pub(super) enum Found {
    Image(Image),
    Missing(Vacancy),
}

/// The place of a missing image, which no other process builds meanwhile.
pub(super) struct Vacancy {
    lock: File,
    state: String,
    content: String,
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

    pub(super) fn key(&self, schema: &Schema, options: &Options, files: Files) -> Result<Key, TemplateError> {
        Key::new(schema, options, files).map_err(|source| TemplateError::cache(&self.folder, source))
    }

    /// The image of a key, from the cache or newly built.
    pub(super) fn image(
        &self,
        key: &Key,
        build: &dyn Fn() -> Result<Built, TemplateError>,
    ) -> Result<Image, TemplateError> {
        loop {
            match self.find(key)? {
                Found::Image(image) => return Ok(image),
                Found::Missing(place) => {
                    if let Some(image) = self.store(key, place, build()?)? {
                        return Ok(image);
                    }
                }
            }
        }
    }

    /// Looks for the image of a key. If it is missing, waits until no other process builds it, and looks again.
    pub(super) fn find(&self, key: &Key) -> Result<Found, TemplateError> {
        let error = |source| TemplateError::cache(&self.folder, source);
        let state = key.by_state().map_err(TemplateError::seed)?;
        if let Some(image) = self.known(&state).map_err(error)? {
            return Ok(Found::Image(image));
        }
        let content = key.by_content().map_err(TemplateError::seed)?;
        if let Some(image) = self.open(&content).map_err(error)? {
            return self.remembered(key, &state, &content, image).map(Found::Image);
        }
        let lock = self.lock(&digest(content.as_bytes())).map_err(error)?;
        match self.open(&content).map_err(error)? {
            Some(image) => self.remembered(key, &state, &content, image).map(Found::Image),
            None => Ok(Found::Missing(Vacancy { lock, state, content })),
        }
    }

    /// Stores a new image. `None` if a file changed during the build, since the image then has neither the old nor the new content.
    pub(super) fn store(&self, key: &Key, place: Vacancy, new: Built) -> Result<Option<Image>, TemplateError> {
        let error = |source| TemplateError::cache(&self.folder, source);
        let Vacancy { lock, state, content } = place;
        if key.by_content().map_err(TemplateError::seed)? != content {
            return Ok(None);
        }
        if new.has_leak {
            return Ok(Some(new.into()));
        }
        self.put(&content, &new).map_err(error)?;
        drop(lock);
        self.evict(&digest(content.as_bytes())).map_err(error)?;
        // Another process may have emptied the folder since.
        let image = self.open(&content).map_err(error)?.unwrap_or_else(|| new.into());
        self.remembered(key, &state, &content, image).map(Some)
    }

    /// The image, after its place is written down for files in this state.
    fn remembered(&self, key: &Key, state: &str, content: &str, image: Image) -> Result<Image, TemplateError> {
        if key.is_settled(state) {
            self.remember(state, content).map_err(|source| TemplateError::cache(&self.folder, source))?;
        }
        Ok(image)
    }

    fn path(&self, name: &str, suffix: &str) -> PathBuf {
        self.folder.join(format!("{name}{suffix}"))
    }

    fn open(&self, content: &str) -> io::Result<Option<Image>> {
        image::open(&self.path(&digest(content.as_bytes()), ""), content)
    }

    /// The image of files in this state, if it is known.
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
            // Eviction removes the lock file together with the image; a removed lock protects nothing.
            if is_at(&file, &path) {
                return Ok(file);
            }
        }
    }

    /// Stores an image; the caller holds its lock.
    fn put(&self, content: &str, built: &Built) -> io::Result<()> {
        let name = digest(content.as_bytes());
        let (building, place) = (self.path(&name, ".building"), self.path(&name, ""));
        // Left by a killed builder, or damaged.
        storage::remove(&building)?;
        storage::remove(&place)?;
        image::write(&building, content, built)?;
        fs::rename(building, place)
    }

    /// Removes images above the limits, but neither the image `name` nor one that a process is building.
    fn evict(&self, name: &str) -> io::Result<()> {
        let mut images = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            match path.extension().and_then(OsStr::to_str) {
                None if path.file_name() != Some(OsStr::new(name)) => images.push((used(&path), size(&path), path)),
                Some("building") => self.remove(&path, || true),
                // One whose image was removed, or is not there yet.
                Some("lock") => self.remove_lock_of(&path.with_extension("")),
                _ => {}
            }
        }
        sort_by(&mut images, |(one, ..), (other, ..)| other.cmp(one));
        let (mut count, mut bytes) = (1, size(&self.path(name, "")));
        for (_, size, path) in images {
            count += 1;
            bytes += size;
            if count > MAX_IMAGES || bytes > MAX_BYTES {
                self.remove(&path, || true);
            }
        }
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension() == Some(OsStr::new("known")) && !self.has_image(&path) {
                let _ = fs::remove_file(path);
            }
        }
        Ok(())
    }

    fn has_image(&self, known: &Path) -> bool {
        let text = fs::read_to_string(known).unwrap_or_default();
        text.split_once('\0').is_some_and(|(_, content)| self.path(&digest(content.as_bytes()), "").exists())
    }

    /// Removes the lock file of an image that is not there. It may have come while the lock was taken.
    fn remove_lock_of(&self, image: &Path) {
        let is_missing = || !image.exists();
        if is_missing() {
            self.remove(image, is_missing);
        }
    }

    /// Removes an image, or the remains of a killed builder, unless it is being built. Mappings of it stay valid. `is_unused` is asked
    /// when nobody builds it.
    fn remove(&self, path: &Path, is_unused: impl Fn() -> bool) {
        let Some(name) = path.file_stem().and_then(OsStr::to_str) else { return };
        let lock = self.path(name, ".lock");
        let Ok(file) = open_lock(&lock) else { return };
        match file.try_lock() {
            Ok(()) if is_at(&file, &lock) && is_unused() => {
                let _ = storage::remove(path);
                let _ = fs::remove_file(&lock);
            }
            Ok(()) | Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
        }
    }
}

/// When an image was last used: opening it sets the time of its file `about`.
fn used(folder: &Path) -> SystemTime {
    fs::metadata(folder.join("about")).and_then(|found| found.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn size(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|found| found.len()).sum()
}

#[cfg(test)]
#[path = "../../tests/unit/template_cache.rs"]
mod tests;
