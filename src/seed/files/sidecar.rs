//! Values that are in files of their own: `FILE=photo.jpg`, or `!file photo.jpg` in YAML, is what `files/photo.jpg` beside the seed
//! file holds.

use super::text::LARGEST;
use crate::seed::error::kind::SeedErrorKind;
use std::path::{Component, Path};
use std::{fs, io};

/// The folder of such files, which is not a folder of seeds.
pub(crate) const FILES: &str = "files";

/// What the file holds.
pub(crate) fn read(folder: &Path, name: &str) -> Result<Vec<u8>, SeedErrorKind> {
    let is_below = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if name.is_empty() || !is_below {
        let rule = "a file is named by its path below the folder `files`, without `..`";
        return Err(SeedErrorKind::invalid(rule));
    }
    let files = folder.join(FILES);
    let path = files.join(name);
    let real = |path: &Path| path.canonicalize().map_err(SeedErrorKind::ValueFile);
    if !real(&path)?.starts_with(real(&files)?) || !real(&files)?.starts_with(real(folder)?) {
        return Err(SeedErrorKind::LinkLeavesFolder);
    }
    let found = fs::metadata(&path).map_err(SeedErrorKind::ValueFile)?;
    if !found.is_file() {
        return Err(SeedErrorKind::ValueFile(io::ErrorKind::NotFound.into()));
    }
    if found.len() > LARGEST {
        return Err(SeedErrorKind::TooLarge { limit: LARGEST });
    }
    fs::read(path).map_err(SeedErrorKind::ValueFile)
}
