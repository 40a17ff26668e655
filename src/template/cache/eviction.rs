//! What goes when the images of a machine become too many.

use super::Cache;
use crate::{
    storage::{self, is_at, open_lock},
    template::key::digest,
};
use std::{
    ffi::OsStr,
    fs::{self, TryLockError},
    io,
    path::Path,
    time::SystemTime,
};

/// More images than this, or more bytes, are not kept; those that were used last stay.
pub(super) const MOST_IMAGES: usize = 128;
const MOST_BYTES: u64 = 2 << 30;

impl Cache {
    /// Removes what is too much, but never the image `name`, nor one that a process is building.
    pub(super) fn evict(&self, name: &str) -> io::Result<()> {
        let mut images = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            match path.extension().and_then(OsStr::to_str) {
                None if path.file_name() != Some(OsStr::new(name)) => images.push((used(&path), size(&path), path)),
                Some("building") => self.remove(&path),
                Some("lock") if !path.with_extension("").exists() => self.remove(&path.with_extension("")),
                _ => {}
            }
        }
        images.sort_by_key(|(used, ..)| std::cmp::Reverse(*used));
        let (mut count, mut bytes) = (1, size(&self.path(name, "")));
        for (_, size, path) in images {
            count += 1;
            bytes += size;
            if count > MOST_IMAGES || bytes > MOST_BYTES {
                self.remove(&path);
            }
        }
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension() == Some(OsStr::new("known")) && !self.leads_somewhere(&path) {
                let _ = fs::remove_file(path);
            }
        }
        Ok(())
    }

    fn leads_somewhere(&self, known: &Path) -> bool {
        let text = fs::read_to_string(known).unwrap_or_default();
        text.split_once('\0').is_some_and(|(_, content)| self.path(&digest(content.as_bytes()), "").exists())
    }

    /// Removes an image, or what a killed builder left of one, unless it is being built. Processes that have it mapped keep
    /// it.
    fn remove(&self, path: &Path) {
        let Some(name) = path.file_stem().and_then(OsStr::to_str) else { return };
        let lock = self.path(name, ".lock");
        let Ok(file) = open_lock(&lock) else { return };
        match file.try_lock() {
            Ok(()) if is_at(&file, &lock) => {
                let _ = storage::remove(path);
                let _ = fs::remove_file(&lock);
            }
            Ok(()) | Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
        }
    }
}

/// When an image was used last: opening it touches the file about it.
fn used(folder: &Path) -> SystemTime {
    fs::metadata(folder.join("about")).and_then(|found| found.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn size(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|found| found.len()).sum()
}
