//! An image: the content of new databases and its labels, and the folder that stores both.

use super::mapped::map;
use crate::engine::Origin;
use crate::labels::{Labels, SharedLabels};
use crate::storage;
use crate::vfs::Base;
use std::fs::File;
use std::io;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

pub(super) struct Image {
    pub origin: Origin,
    pub labels: SharedLabels,
}

/// A newly built image, not shared yet.
pub(super) struct Built {
    pub bytes: Vec<u8>,
    pub labels: Labels,
    /// Whether its code has left a connection open: a later run must find that too.
    pub has_leak: bool,
}

impl From<Built> for Image {
    /// An image in memory only.
    fn from(Built { bytes, labels, .. }: Built) -> Self {
        Self { origin: Origin { bytes: Arc::new(bytes), file: None }, labels: SharedLabels::new(|| labels) }
    }
}

/// The files in the folder of an image: the database, and its key and labels.
const DATABASE: &str = "database.sqlite3";
const ABOUT: &str = "about";

/// The first bytes of these files.
const DATABASE_HEADER: &[u8] = b"SQLite format 3\0";
const ABOUT_HEADER: &[u8] = b"sqlite-fixtures image\n";

/// Writes a new folder, synced to disk.
pub(super) fn write(folder: &Path, key: &str, built: &Built) -> io::Result<()> {
    storage::create(folder)?;
    let write = |name, parts: &[&[u8]]| {
        let mut file = storage::create_file(&folder.join(name))?;
        parts.iter().try_for_each(|part| file.write_all(part))?;
        file.sync_all()
    };
    write(DATABASE, &[&built.bytes])?;
    let labels = built.labels.to_bytes();
    let len = |bytes: &[u8]| (bytes.len() as u64).to_le_bytes();
    let lengths = [len(&built.bytes), len(key.as_bytes()), len(&labels)].concat();
    write(ABOUT, &[ABOUT_HEADER, &lengths, key.as_bytes(), &labels])
}

/// Opens a folder; `None` if it is missing, damaged, or has another key.
pub(super) fn open(folder: &Path, key: &str) -> io::Result<Option<Image>> {
    let (Some(mut about), Some(database)) =
        (open_if_exists(&folder.join(ABOUT))?, open_if_exists(&folder.join(DATABASE))?)
    else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    about.read_to_end(&mut bytes)?;
    let Some((len, labels)) = parse(&bytes, key) else { return Ok(None) };
    if database.metadata()?.len() != len {
        return Ok(None);
    }
    // An empty file, of a template without a schema, cannot be mapped.
    let bytes: Base = if len == 0 { Arc::new([]) } else { Arc::new(map(&database)?) };
    if len > 0 && !(*bytes).as_ref().starts_with(DATABASE_HEADER) {
        return Ok(None);
    }
    // For the eviction by last use. In a read-only folder this fails, and nothing is evicted either.
    let _ = about.set_modified(SystemTime::now());
    // Parsed only when a test asks for a label. The lengths were checked.
    let labels = labels.to_vec();
    let labels = SharedLabels::new(move || Labels::from_bytes(&labels).unwrap_or_default());
    Ok(Some(Image { origin: Origin { bytes, file: Some(Arc::new(database)) }, labels }))
}

/// The length of the database and the labels, if the file belongs to the image of `key`.
fn parse<'a>(about: &'a [u8], key: &str) -> Option<(u64, &'a [u8])> {
    fn length(bytes: &[u8]) -> Option<(u64, &[u8])> {
        let (len, rest) = bytes.split_first_chunk()?;
        Some((u64::from_le_bytes(*len), rest))
    }
    let (database, rest) = length(about.strip_prefix(ABOUT_HEADER)?)?;
    let (key_len, rest) = length(rest)?;
    let (labels_len, rest) = length(rest)?;
    let labels = rest.strip_prefix(key.as_bytes())?;
    (key_len == key.len() as u64 && labels_len == labels.len() as u64).then_some((database, labels))
}

fn open_if_exists(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
#[path = "../../tests/unit/template_image.rs"]
mod tests;
