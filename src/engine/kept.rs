//! The databases that tests keep: one folder per test, emptied by its next run.

use crate::storage::{self, create, remove};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::{env, io};

/// How many databases each test of this process has kept.
static KEPT: Mutex<Vec<(String, usize)>> = Mutex::new(Vec::new());

/// A path for the next database of `test`, after the databases of earlier runs are removed.
pub(super) fn next_path(test: &str) -> io::Result<PathBuf> {
    let folder = folder_of(test);
    let mut kept = kept();
    let number = if let Some((_, count)) = kept.iter_mut().find(|(name, _)| name == test) {
        *count += 1;
        *count
    } else {
        remove(&folder)?;
        create(&folder)?;
        kept.push((test.to_owned(), 1));
        1
    };
    Ok(folder.join(format!("{number}.sqlite3")))
}

/// Removes the databases of earlier runs of `test`, unless this run has kept one too.
pub(super) fn discard(test: &str) {
    let kept = kept();
    if !kept.iter().any(|(name, _)| name == test) {
        let _ = remove(&folder_of(test));
    }
}

/// The folder for the databases of `test`, below the target folder, or the temporary folder without one.
pub(super) fn folder_of(test: &str) -> PathBuf {
    static BASE: OnceLock<PathBuf> = OnceLock::new();
    let base = BASE.get_or_init(|| {
        let executable = env::current_exe().unwrap_or_default();
        let name = executable.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        storage::own().join("kept").join(env::var("CARGO_PKG_NAME").unwrap_or_default()).join(without_hash(&name))
    });
    // No part of the test's name may be a path.
    let plain = |letter: char| if letter.is_alphanumeric() || letter == '_' { letter } else { '.' };
    base.join(format!("test.{}", test.replace("::", ".").chars().map(plain).collect::<String>()))
}

/// The name of a test executable without the hash that cargo adds, which changes between builds.
fn without_hash(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((stem, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => stem,
        _ => name,
    }
}

fn kept() -> MutexGuard<'static, Vec<(String, usize)>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "../../tests/unit/engine_kept.rs"]
mod tests;
