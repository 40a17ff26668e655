//! Database files outside the folders that tests may use: reported, or refused at their opening.

use super::registry::{self, EngineRecord};
use super::{Entry, test_name};
use crate::settings::{OUTSIDE, Outside, Settings};
use crate::sqlite::DatabaseFile;
use crate::storage;
use std::env;
use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// A file that was opened or attached.
#[derive(Clone)]
struct Found {
    path: String,
    by: Entry,
    verb: &'static str,
    /// Whether its test has failed because of it.
    is_told: bool,
}

static FOUND: Mutex<Vec<Found>> = Mutex::new(Vec::new());
/// Whether a file was found.
static ANY: AtomicBool = AtomicBool::new(false);
/// Whether files are looked at; read at each opening and close.
static ON: AtomicBool = AtomicBool::new(false);
/// What code has asked for, as the place in `LEVELS`.
static ASKED: AtomicUsize = AtomicUsize::new(0);
const LEVELS: [Outside; 4] = [Outside::Off, Outside::Warn, Outside::DenyWrites, Outside::Deny];

fn found() -> MutexGuard<'static, Vec<Found>> {
    FOUND.lock().unwrap_or_else(PoisonError::into_inner)
}

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
    level().is_denied().then(|| CString::new(format!("{}; {REMEDY} {OUTSIDE}", describe(&found))).unwrap_or_default())
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
    let new = Found { path: file.path.clone(), by: registry::entry(number)?, verb, is_told: false };
    ANY.store(true, Ordering::Relaxed);
    let mut found = found();
    // Where a test opens one again and again, the first place will do.
    let is_same = |other: &Found| other.path == new.path && other.verb == verb && other.by.test() == new.by.test();
    if !found.iter().any(is_same) {
        found.push(new.clone());
    }
    Some(new)
}

fn describe(Found { path, by, verb, .. }: &Found) -> String {
    let place = by
        .position()
        .map_or_else(|| " where no call of your own code is known".to_owned(), |place| format!(" at {place}"));
    let test = by.test().map_or_else(String::new, |test| format!(" in test `{test}`"));
    format!("`{path}` is outside the folders of tests, {verb}{place}{test}")
}

const REMEDY: &str = "open a database of a fixture, or a file in the temporary folder; or change";

/// The files of this test, once; `None` if there are none, or they are only to be reported.
pub(crate) fn fault_of_this_test() -> Option<String> {
    if !ANY.load(Ordering::Relaxed) || !level().is_denied() {
        return None;
    }
    let current = test_name::current(None);
    let test = current.get()?;
    let mut faults = Vec::new();
    for file in found().iter_mut().filter(|file| !file.is_told && file.by.test() == Some(test)) {
        file.is_told = true;
        faults.push(describe(file));
    }
    (!faults.is_empty()).then(|| format!("{}; {REMEDY} {OUTSIDE}", faults.join("\n")))
}

/// What the end of the process reports, and whether it fails the process.
pub(super) fn report() -> (Option<String>, bool) {
    let found = found();
    let lines: Vec<String> = found.iter().filter(|file| !file.is_told).map(describe).collect();
    let text = (!lines.is_empty()).then(|| format!("{}; {REMEDY} {OUTSIDE}", lines.join("\n  ")));
    // Also where all were told: a test may expect a panic, or catch it.
    (text, !found.is_empty() && level().is_denied())
}
