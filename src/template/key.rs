//! The key of an image: all inputs of its build, as text.

use super::Schema;
use crate::engine::Options;
use crate::position::{Position, sort_by};
use crate::seed::files::{folder, migrations};
use crate::seed::{SeedError, SeedErrorKind, Seeds};
use std::collections::hash_map::DefaultHasher;
use std::fmt::Write;
use std::hash::Hasher;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{env, fs, io};

/// Increased when the same inputs give another image, or when the format of the cache changes.
const FORMAT: u32 = 10;

/// The files of a template, in the order in which they are loaded.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub schema: Vec<PathBuf>,
    pub seeds: Vec<PathBuf>,
    /// Files that seeds include as values.
    sidecars: Vec<PathBuf>,
    /// Files that the function of a schema reads.
    watched: Vec<PathBuf>,
}

impl Files {
    pub(super) fn find(schema: &Schema, seeds: &Seeds, watched: &Seeds) -> Result<Self, SeedError> {
        let mut files = Self::default();
        match schema {
            Schema::Code(_) => {}
            Schema::Path(path) => {
                let found = folder::locate(Path::new(path))?;
                files.schema = if found.is_dir() { migrations::in_order(&found)? } else { vec![script(found)?] };
            }
            Schema::Crate => match (files.add_folder(Path::new("fixtures")), folder::locate(Path::new("migrations"))) {
                (Err(error), Ok(found)) if matches!(error.kind(), SeedErrorKind::NotFound { .. }) => {
                    files.schema = migrations::in_order(&found)?;
                }
                (added, _) => added?,
            },
            Schema::Folder(path) => files.add_folder(Path::new(path))?,
            Schema::OwnedFolder(path) => files.add_folder(path)?,
        }
        // After the seeds of the folder, so that they can refer to their labels.
        files.seeds.extend(seeds.files()?);
        let mut folders: Vec<&Path> = Vec::new();
        for folder in files.seeds.iter().filter_map(|file| file.parent()) {
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        for folder in folders {
            files.sidecars.extend(folder::files_beside(folder)?);
        }
        for path in watched.paths() {
            add_files(&folder::locate(path)?, &mut files.watched)
                .map_err(|source| SeedError::new(SeedErrorKind::Read(source)).at(Position::whole(path)))?;
        }
        Ok(files)
    }

    fn add_folder(&mut self, path: &Path) -> Result<(), SeedError> {
        let found = folder::locate(path)?;
        self.schema = migrations::schema(&found)?;
        self.seeds = if migrations::is_migrations(&found) { Vec::new() } else { folder::seeds(&found)? };
        Ok(())
    }

    /// A line for each file: its purpose, its name and what `describe` returns.
    fn lines(&self, describe: impl Fn(&Path) -> io::Result<String>) -> Result<String, SeedError> {
        let mut text = String::new();
        for (purpose, files) in
            [("schema", &self.schema), ("seeds", &self.seeds), ("sidecar", &self.sidecars), ("watched", &self.watched)]
        {
            for file in files {
                let unread = |source| SeedError::new(SeedErrorKind::Read(source)).at(Position::whole(file));
                let _ = writeln!(text, "{purpose} {} {}", name(file), describe(file).map_err(unread)?);
            }
        }
        Ok(text)
    }

    /// Whether a file is so new that another change might not change its time.
    fn is_fresh(&self) -> bool {
        /// The coarsest resolution of file times.
        const STEP: Duration = Duration::from_secs(2);
        let is_old = |file: &PathBuf| {
            let modified = fs::metadata(file).and_then(|found| found.modified());
            modified.is_ok_and(|modified| SystemTime::now().duration_since(modified).is_ok_and(|age| age >= STEP))
        };
        !self.schema.iter().chain(&self.seeds).chain(&self.sidecars).chain(&self.watched).all(is_old)
    }
}

fn script(path: PathBuf) -> Result<PathBuf, SeedError> {
    match path.extension() {
        Some(extension) if extension.eq_ignore_ascii_case("sql") => Ok(path),
        _ => Err(SeedError::new(SeedErrorKind::NoSchema).at(Position::whole(path))),
    }
}

/// Adds the file at a path, or all files below a folder.
fn add_files(path: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    let mut entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    sort_by(&mut entries, PathBuf::cmp);
    entries.iter().try_for_each(|entry| add_files(entry, found))
}

/// The inputs of an image: its options and function as text, and its files.
#[derive(Debug)]
pub(super) struct Key {
    common: String,
    files: Files,
}

impl Key {
    pub(super) fn new(schema: &Schema, options: &Options, files: Files) -> io::Result<Self> {
        let mut common = format!(
            "format {FORMAT}\ncrate {}\nsqlite {} {}\n{}",
            env!("CARGO_PKG_VERSION"),
            rusqlite::version(),
            crate::sqlite::source_id(),
            options.shape(),
        );
        if let Schema::Code(code) = schema {
            let _ = writeln!(common, "function {:?}", code.id);
        }
        if matches!(schema, Schema::Code(_)) || options.has_hooks() {
            let executable = env::current_exe()?;
            let _ = writeln!(common, "executable {} {}", name(&executable), state(&executable)?);
        }
        Ok(Self { common, files })
    }

    pub(super) fn files(&self) -> &Files {
        &self.files
    }

    /// The key with the state of the files, which does not read them: sizes, times, inode numbers.
    pub(super) fn by_state(&self) -> Result<String, SeedError> {
        Ok(self.common.clone() + &self.files.lines(state)?)
    }

    /// The key with the contents of the files.
    pub(super) fn by_content(&self) -> Result<String, SeedError> {
        Ok(self.common.clone() + &self.files.lines(content)?)
    }

    /// Whether the files are unchanged since `by_state` was computed and any later change will change their state.
    ///
    /// Only Unix has a time that every change sets; elsewhere the files are read again by each process.
    pub(super) fn is_settled(&self, by_state: &str) -> bool {
        cfg!(unix) && !self.files.is_fresh() && self.by_state().is_ok_and(|now| now == by_state)
    }
}

/// A path in one line, without loss.
fn name(path: &Path) -> std::slice::EscapeAscii<'_> {
    path.as_os_str().as_encoded_bytes().escape_ascii()
}

/// The state of a file. Only a change at the same instant that keeps the size leaves it as it is.
fn state(file: &Path) -> io::Result<String> {
    let found = fs::metadata(file)?;
    let modified = found.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    #[cfg(unix)]
    let number = {
        use std::os::unix::fs::MetadataExt;
        format!("{}.{} {}.{}", found.dev(), found.ino(), found.ctime(), found.ctime_nsec())
    };
    #[cfg(not(unix))]
    let number = "";
    Ok(format!("{} {}.{} {number}", found.len(), modified.as_secs(), modified.subsec_nanos()))
}

fn content(file: &Path) -> io::Result<String> {
    let bytes = fs::read(file)?;
    Ok(format!("{} {}", bytes.len(), digest(&bytes)))
}

/// 128 bits of the standard library's hash, in hexadecimal. Another toolchain may have another hash, and then builds its own
/// image.
pub(super) fn digest(bytes: &[u8]) -> String {
    let half = |seed: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(seed);
        hasher.write(bytes);
        hasher.finish()
    };
    format!("{:016x}{:016x}", half(0), half(1))
}
