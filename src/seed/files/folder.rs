//! Which seed files a folder holds, and in which order.

use super::{format::Format, sidecar::FILES};
use crate::position::{Position, sort_by};
use crate::seed::error::SeedError;
use crate::seed::error::kind::SeedErrorKind;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The script with the schema of a folder, which is no seed.
pub(super) const SCHEMA: &str = "schema.sql";
/// The file in which DbUnit lists its tables.
const ORDERING: &str = "table-ordering.txt";

/// Whether a file is in a folder of DbUnit.
#[cfg(feature = "csv")]
pub(crate) fn is_dbunit_folder(file: &Path) -> bool {
    file.with_file_name(ORDERING).is_file()
}

/// Finds a path of the crate under test.
///
/// A relative path is below `CARGO_MANIFEST_DIR`, which cargo and nextest set at run time; without it (a debugger, an executable
/// started by hand) below the current folder, or the nearest folder above the executable that has it.
pub(crate) fn locate(path: &Path) -> Result<PathBuf, SeedError> {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let (current, executable) = (env::current_dir().unwrap_or_default(), env::current_exe().unwrap_or_default());
    let candidates = candidates(path, manifest.as_deref(), &current, &executable);
    match candidates.iter().find(|candidate| candidate.exists()) {
        Some(found) => Ok(found.clone()),
        None => Err(SeedError::new(SeedErrorKind::NotFound { looked_in: candidates, is_relative: path.is_relative() })
            .at(Position::whole(path))),
    }
}

fn candidates(path: &Path, manifest: Option<&Path>, current: &Path, executable: &Path) -> Vec<PathBuf> {
    match manifest {
        _ if path.is_absolute() => vec![path.to_owned()],
        Some(manifest) => vec![manifest.join(path)],
        None => [current].into_iter().chain(executable.ancestors().skip(1)).map(|folder| folder.join(path)).collect(),
    }
}

/// The seed files at a path: the file itself, or those of a folder in the order of their names.
///
/// In a folder, the schema, other folders, hidden files and `*.md` are ignored; any other file must be a seed file.
pub(crate) fn seeds(path: &Path) -> Result<Vec<PathBuf>, SeedError> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut seeds = files(path)?;
    seeds.retain(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        name != SCHEMA && name != ORDERING && !name.starts_with('.') && !name.ends_with(".md")
    });
    sort_by(&mut seeds, PathBuf::cmp);
    for seed in &seeds {
        inside(path, seed)?;
    }
    Ok(seeds)
}

/// The name of a file or folder.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The files in a folder, and links to nothing, which are errors.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, SeedError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|source| unread(folder, source))? {
        let path = entry.map_err(|source| unread(folder, source))?.path();
        if path.is_file() || path.is_symlink() && !path.exists() {
            files.push(path);
        }
    }
    Ok(files)
}

/// The files with values of the seeds in a folder.
pub(crate) fn files_beside(folder: &Path) -> Result<Vec<PathBuf>, SeedError> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), SeedError> {
        for entry in fs::read_dir(folder).map_err(|source| unread(folder, source))? {
            let path = entry.map_err(|source| unread(folder, source))?.path();
            inside(root, &path)?;
            if path.is_dir() && path.is_symlink() {
                // A change of what it leads to would go unnoticed.
                return Err(SeedError::new(SeedErrorKind::LinkLeavesFolder).at(Position::whole(&path)));
            } else if path.is_file() {
                found.push(path);
            } else if path.is_dir() {
                walk(root, &path, found)?;
            }
        }
        Ok(())
    }
    let (files, mut found) = (folder.join(FILES), Vec::new());
    if files.is_dir() {
        inside(folder, &files)?;
        walk(&files, &files, &mut found)?;
    }
    sort_by(&mut found, PathBuf::cmp);
    Ok(found)
}

/// Rejects a symbolic link that leads out of its folder.
pub(super) fn inside(folder: &Path, path: &Path) -> Result<(), SeedError> {
    if !path.is_symlink() {
        return Ok(());
    }
    let real = |path: &Path| path.canonicalize().map_err(|source| unread(path, source));
    if real(path)?.starts_with(real(folder)?) {
        return Ok(());
    }
    Err(SeedError::new(SeedErrorKind::LinkLeavesFolder).at(Position::whole(path)))
}

pub(super) fn unread(path: &Path, source: io::Error) -> SeedError {
    SeedError::new(SeedErrorKind::Read(source)).at(Position::whole(path))
}

/// The format of a file, by its extension.
pub(crate) fn format(path: &Path) -> Result<Format, SeedError> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match extension.as_str() {
        "sql" => Ok(Format::Sql),
        "csv" => Ok(Format::Csv),
        "tsv" => Ok(Format::Tsv),
        "json" => Ok(Format::Json),
        "jsonl" | "ndjson" => Ok(Format::JsonLines),
        "toml" => Ok(Format::Toml),
        "yaml" | "yml" => Ok(Format::Yaml),
        _ => Err(SeedError::new(SeedErrorKind::UnknownFormat).at(Position::whole(path))),
    }
}

#[cfg(test)]
#[path = "../../../tests/unit/seed_files_folder.rs"]
mod tests;
