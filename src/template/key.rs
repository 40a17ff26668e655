//! What shaped an image, as text: two images with the same text are the same.

use super::Schema;
use crate::{
    engine::Options,
    position::Position,
    seed::{SeedError, SeedErrorKind, Seeds, files::folder},
};
use std::{
    collections::{BTreeSet, hash_map::DefaultHasher},
    env,
    fmt::Write,
    fs,
    hash::Hasher,
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// Raised when the same inputs give another image than before, or an image is kept in another way.
const FORMAT: u32 = 7;

/// The files of a template, in the order that they are loaded in.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub schema: Vec<PathBuf>,
    pub seeds: Vec<PathBuf>,
    /// Those that hold values of the seeds.
    beside: Vec<PathBuf>,
    /// Those that the code of a schema reads.
    watched: Vec<PathBuf>,
}

impl Files {
    pub(super) fn find(schema: &Schema, seeds: &Seeds, watched: &Seeds) -> Result<Self, SeedError> {
        let mut files = Self::default();
        match schema {
            Schema::Function(_) => {}
            Schema::Path(path) => {
                let found = folder::locate(Path::new(path))?;
                files.schema = if found.is_dir() { folder::migrations(&found)? } else { vec![script(found)?] };
            }
            Schema::Folder(path) => files.add_folder(Path::new(path))?,
            Schema::OwnedFolder(path) => files.add_folder(path)?,
        }
        // Seeds that are named beside the folder's own may refer to their labels.
        files.seeds.extend(seeds.files()?);
        let folders: BTreeSet<_> = files.seeds.iter().filter_map(|file| file.parent()).collect();
        for folder in folders {
            files.beside.extend(folder::files_beside(folder)?);
        }
        for path in watched.paths() {
            below(&folder::locate(path)?, &mut files.watched)
                .map_err(|source| SeedError::new(SeedErrorKind::Read(source)).at(Position::whole(path)))?;
        }
        Ok(files)
    }

    fn add_folder(&mut self, path: &Path) -> Result<(), SeedError> {
        let found = folder::locate(path)?;
        self.schema = folder::schema(&found)?;
        self.seeds = folder::seeds(&found)?;
        Ok(())
    }

    /// A line for each file: what it is for, its name, and what `describe` says of it.
    fn lines(&self, describe: impl Fn(&Path) -> io::Result<String>) -> Result<String, SeedError> {
        let mut text = String::new();
        for (purpose, files) in
            [("schema", &self.schema), ("seeds", &self.seeds), ("beside", &self.beside), ("watched", &self.watched)]
        {
            for file in files {
                let unread = |source| SeedError::new(SeedErrorKind::Read(source)).at(Position::whole(file));
                let _ = writeln!(text, "{purpose} {} {}", name(file), describe(file).map_err(unread)?);
            }
        }
        Ok(text)
    }

    /// Whether a file is so new that it may change again without a trace in its time.
    fn is_fresh(&self) -> bool {
        /// No file system that cargo builds on counts time in longer steps.
        const STEP: Duration = Duration::from_secs(2);
        let fresh = |file: &PathBuf| {
            let modified = fs::metadata(file).and_then(|found| found.modified());
            modified.is_ok_and(|modified| SystemTime::now().duration_since(modified).is_ok_and(|age| age >= STEP))
        };
        !self.schema.iter().chain(&self.seeds).chain(&self.beside).chain(&self.watched).all(fresh)
    }
}

fn script(path: PathBuf) -> Result<PathBuf, SeedError> {
    match path.extension() {
        Some(extension) if extension.eq_ignore_ascii_case("sql") => Ok(path),
        _ => Err(SeedError::new(SeedErrorKind::NoSchema).at(Position::whole(path))),
    }
}

/// The files at a path and, for a folder, in all folders below it.
fn below(path: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    let mut entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    entries.iter().try_for_each(|entry| below(entry, found))
}

/// What shaped an image, but for the contents of its files.
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
        if let Schema::Function(function) = schema {
            let _ = writeln!(common, "function {:?}", function.id);
        }
        if matches!(schema, Schema::Function(_)) || options.has_hooks() {
            let executable = env::current_exe()?;
            let _ = writeln!(common, "executable {} {}", name(&executable), state(&executable)?);
        }
        Ok(Self { common, files })
    }

    pub(super) fn files(&self) -> &Files {
        &self.files
    }

    /// The key by the state of its files, for which nothing is read: their sizes, times and numbers.
    pub(super) fn by_state(&self) -> Result<String, SeedError> {
        Ok(self.common.clone() + &self.files.lines(state)?)
    }

    /// The key by the contents of its files.
    pub(super) fn by_content(&self) -> Result<String, SeedError> {
        Ok(self.common.clone() + &self.files.lines(content)?)
    }

    /// Whether the state of the files, as it was when `by_state` was asked, tells their contents for ever.
    pub(super) fn is_settled(&self, by_state: &str) -> bool {
        !self.files.is_fresh() && self.by_state().is_ok_and(|now| now == by_state)
    }
}

/// A path in one line, every byte told apart.
fn name(path: &Path) -> std::slice::EscapeAscii<'_> {
    path.as_os_str().as_encoded_bytes().escape_ascii()
}

/// What changes when a file does, but for a change in the same instant that leaves its size as it was.
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

/// 128 bits of the standard library's hash, as hexadecimal digits. Another toolchain may compute another one, and then
/// builds an image of its own.
pub(super) fn digest(bytes: &[u8]) -> String {
    let half = |seed: u8| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(seed);
        hasher.write(bytes);
        hasher.finish()
    };
    format!("{:016x}{:016x}", half(0), half(1))
}
