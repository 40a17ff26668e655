//! Database files outside the folders that tests may use: reported, or refused at their opening.

use super::Entry;
use super::faults::{self, Fault};
use super::registry::{self, EngineRecord};
use crate::settings::{OUTSIDE, Outside, Settings};
use crate::sqlite::DatabaseFile;
use crate::storage;
use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::{env, fmt};

/// Whether files are looked at; read at each opening and close.
static ON: AtomicBool = AtomicBool::new(false);
/// What code has asked for, as the place in `LEVELS`.
static ASKED: AtomicUsize = AtomicUsize::new(0);
const LEVELS: [Outside; 4] = [Outside::Off, Outside::Warn, Outside::DenyWrites, Outside::Deny];

/// Sets what code has asked for.
pub(super) fn set(outside: Outside) {
    ASKED.store(LEVELS.iter().position(|level| *level == outside).unwrap_or_default(), Ordering::Relaxed);
    start();
}

/// Looks at files from now on, if they are to be refused or reported, or there is a journal, which lists them always.
pub(super) fn start() {
    ON.store(level() != Outside::Off || registry::has_journal(), Ordering::Relaxed);
}

pub(super) fn level() -> Outside {
    let asked = || LEVELS[ASKED.load(Ordering::Relaxed)];
    Settings::get().ok().and_then(|settings| settings.outside).unwrap_or_else(asked)
}

pub(crate) fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// Looks at a connection that a client opens to this file. Returns why it is refused, if it is.
pub(super) fn refusal(file: &DatabaseFile, number: u64) -> Option<CString> {
    let found = note(file, number, "opened")?;
    level().is_denied().then(|| CString::new(format!("{found}; {}", remedy())).unwrap_or_default())
}

/// Looks at the files that were attached to a connection which is about to be closed.
pub(crate) fn look_at_attached(files: &[DatabaseFile], number: u64) {
    for file in files {
        note(file, number, "attached to the connection opened");
    }
}

/// Whether a file is on disk, and outside the folders of tests.
fn is_outside(file: &DatabaseFile) -> bool {
    // Ours forwards other names to the default file system; one on disk makes all names absolute.
    let is_on_disk = Path::new(&file.path).is_absolute() && file.vfs != "memdb";
    let is_in_memory = !is_on_disk || crate::vfs::is_name(&file.path);
    !is_in_memory && EngineRecord::with_file(&file.path).is_none() && is_path_outside(Path::new(&file.path))
}

fn is_path_outside(file: &Path) -> bool {
    static FOLDERS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    let folders = FOLDERS.get_or_init(|| {
        let root =
            env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env::current_dir().unwrap_or_default(), PathBuf::from);
        let all = [
            Some(env::temp_dir()),
            storage::target(),
            env::var_os("CARGO_TARGET_DIR").map(PathBuf::from),
            Some(root.join("target")),
            Some(root.join("fixtures")),
            Some(root.join("tests")),
        ];
        all.into_iter().flatten().filter_map(|folder| folder.canonicalize().ok()).collect()
    });
    let real = file.canonicalize().or_else(|_| {
        let folder = file.parent().unwrap_or(file).canonicalize()?;
        Ok::<_, std::io::Error>(folder.join(file.file_name().unwrap_or_default()))
    });
    let real = real.unwrap_or_else(|_| file.to_owned());
    !folders.iter().any(|folder| real.starts_with(folder))
}

/// Writes a file to the journal and remembers it; `None` if it may be opened.
fn note(file: &DatabaseFile, number: u64, verb: &'static str) -> Option<Found> {
    if !is_outside(file) {
        return None;
    }
    registry::outside(number, &file.path);
    let level = level();
    if level == Outside::Off || file.is_readonly && level == Outside::DenyWrites {
        return None;
    }
    let found = Found { path: file.path.clone(), by: registry::entry(number)?, verb };
    let described = found.clone();
    faults::add(Fault {
        // Where a test opens one again and again, the first place will do.
        key: format!("{verb} {}", file.path),
        test: found.by.test.clone(),
        describe: Box::new(move || described.to_string()),
        remedy: remedy(),
        is_denied: level.is_denied(),
    });
    Some(found)
}

/// A file that was opened or attached.
#[derive(Clone)]
struct Found {
    path: String,
    by: Entry,
    verb: &'static str,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, by, verb } = self;
        write!(f, "`{path}` is outside the folders of tests, {verb}")?;
        match by.position() {
            Some(place) => write!(f, " at {place}")?,
            None => write!(f, " at an unknown place")?,
        }
        by.test().map_or(Ok(()), |test| write!(f, " in test `{test}`"))
    }
}

fn remedy() -> String {
    format!("open a database of a fixture, or a file in the temporary folder; or change {OUTSIDE}")
}
