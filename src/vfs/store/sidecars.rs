//! The files beside a database: its journal, its write-ahead log.

use super::{Content, File, lock};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How large a deleted file may be to be used again.
const SPARE: usize = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct Sidecars {
    /// Their number, which is read for each read of the database.
    count: AtomicUsize,
    files: Mutex<Files>,
}

#[derive(Debug, Default)]
struct Files {
    /// By the suffix of their name.
    existing: Vec<(Box<[u8]>, File)>,
    /// A deleted file, for the next one: most transactions make a journal, and delete it.
    spare: Option<File>,
    /// Whether the database is gone, and there are no more files.
    is_gone: bool,
}

impl Files {
    fn find(&self, suffix: &[u8]) -> Option<&File> {
        self.existing.iter().find(|(other, _)| **other == *suffix).map(|(_, file)| file)
    }
}

impl Sidecars {
    /// Opens a file; `None` if it does not exist and `make` is false.
    pub(super) fn open(&self, suffix: &[u8], make: bool) -> Option<File> {
        let mut files = lock(&self.files);
        if let Some(file) = files.find(suffix) {
            return Some(Arc::clone(file));
        }
        if !make || files.is_gone {
            return None;
        }
        let Files { existing, spare, .. } = &mut *files;
        let file = spare.take().unwrap_or_default();
        existing.push((suffix.into(), Arc::clone(&file)));
        self.count.store(existing.len(), Ordering::Release);
        Some(file)
    }

    /// Whether a file exists and is not empty.
    pub(super) fn exists(&self, suffix: &[u8]) -> bool {
        let is_filled = |file: &File| file.read().unwrap_or_else(PoisonError::into_inner).len() > 0;
        self.count.load(Ordering::Acquire) > 0 && lock(&self.files).find(suffix).is_some_and(is_filled)
    }

    /// Deletes a file; `false` if it does not exist. Open handles keep its content.
    pub(super) fn delete(&self, suffix: &[u8]) -> bool {
        let Files { existing, spare, .. } = &mut *lock(&self.files);
        let Some(at) = existing.iter().position(|(other, _)| **other == *suffix) else { return false };
        let (_, mut file) = existing.swap_remove(at);
        self.count.store(existing.len(), Ordering::Release);
        if let Some(content) =
            Arc::get_mut(&mut file).map(|file| file.get_mut().unwrap_or_else(PoisonError::into_inner))
            && let Content::Plain(bytes) = content
            && bytes.capacity() <= SPARE
        {
            bytes.clear();
            *spare = Some(file);
        }
        true
    }

    /// Deletes all files, for good.
    pub(super) fn clear(&self) {
        *lock(&self.files) = Files { is_gone: true, ..Files::default() };
        self.count.store(0, Ordering::Release);
    }
}
