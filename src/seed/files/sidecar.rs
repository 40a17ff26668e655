//! Values that are in files of their own: `FILE=photo.jpg`, or `!file photo.jpg` in YAML, is what `files/photo.jpg` beside the seed
//! file holds.

use super::text::LARGEST;
use crate::{
    seed::{error::kind::Fault, parse::value::Scalar},
    sqlite::affinity::Affinity,
};
use std::{
    fs, io,
    path::{Component, Path},
};

/// The folder of such files, which is no folder of seeds.
pub(crate) const FILES: &str = "files";

/// What the file holds: text in a column of texts, bytes in any other.
pub(crate) fn read(folder: &Path, name: &str, affinity: Affinity) -> Result<Scalar<'static>, Fault> {
    let is_below = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if name.is_empty() || !is_below {
        return Err(Fault::Value("a file is named by its path below the folder `files`, without `..`"));
    }
    let files = folder.join(FILES);
    let path = files.join(name);
    let real = |path: &Path| path.canonicalize().map_err(Fault::NoFile);
    if !real(&path)?.starts_with(real(&files)?) || !real(&files)?.starts_with(real(folder)?) {
        return Err(Fault::LeadsOut);
    }
    let found = fs::metadata(&path).map_err(Fault::NoFile)?;
    if !found.is_file() {
        return Err(Fault::NoFile(io::ErrorKind::NotFound.into()));
    }
    if found.len() > LARGEST {
        return Err(Fault::TooLarge);
    }
    let bytes = fs::read(path).map_err(Fault::NoFile)?;
    if affinity != Affinity::Text {
        return Ok(Scalar::Bytes(bytes.into()));
    }
    let text = String::from_utf8(bytes).map_err(|_| Fault::Value("in a column of texts a file is UTF-8"))?;
    Ok(Scalar::Text(text.into()))
}
