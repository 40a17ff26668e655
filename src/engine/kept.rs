//! Where databases of failed tests go: one folder a test, so that they do not pile up.

use crate::storage::{self, create, remove};
use std::{
    collections::BTreeMap,
    env, io,
    path::PathBuf,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

/// How many databases each test of this process has left.
static KEPT: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());

/// A path for the next database of `test`, in a folder that an earlier run's have been removed from.
pub(super) fn place_for(test: &str) -> io::Result<PathBuf> {
    let folder = folder_of(test);
    let mut kept = kept();
    if !kept.contains_key(test) {
        remove(&folder)?;
        create(&folder)?;
    }
    let count = kept.entry(test.to_owned()).or_default();
    *count += 1;
    Ok(folder.join(format!("{count}.sqlite3")))
}

/// Removes what an earlier run of `test` left, unless this run has left something too.
pub(super) fn forget(test: &str) {
    let kept = kept();
    if !kept.contains_key(test) {
        let _ = remove(&folder_of(test));
    }
}

/// The folder for the databases of `test`: below the target folder, or the temporary folder where there is none.
pub(super) fn folder_of(test: &str) -> PathBuf {
    static BASE: OnceLock<PathBuf> = OnceLock::new();
    let base = BASE.get_or_init(|| {
        let executable = env::current_exe().unwrap_or_default();
        let name = executable.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        storage::own().join("kept").join(env::var("CARGO_PKG_NAME").unwrap_or_default()).join(without_hash(&name))
    });
    // Whatever a test is called, its folder is one name below the base.
    let plain = |letter: char| if letter.is_alphanumeric() || letter == '_' { letter } else { '.' };
    base.join(format!("test.{}", test.replace("::", ".").chars().map(plain).collect::<String>()))
}

/// The name of a test binary without the hash that cargo adds, which changes from build to build.
fn without_hash(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((stem, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => stem,
        _ => name,
    }
}

fn kept() -> MutexGuard<'static, BTreeMap<String, usize>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::without_hash;

    #[test]
    fn the_hash_of_a_build_is_left_out() {
        assert_eq!(without_hash("shop-0123456789abcdef"), "shop");
        assert_eq!(without_hash("my-shop"), "my-shop");
    }
}
