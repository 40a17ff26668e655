//! Folders that go with their process: when they are dropped, at exit, or after a kill with the next process that makes one.
//!
//! A process that makes such folders holds the lock of a file beside them, `sqlite-fixtures-PROCESS.lock`, from which their
//! names begin. The kernel gives the lock back however the process ends, so whoever gets it may remove the folders: no age and
//! no process number is asked. Folders that were handed over to somebody are listed in the file.

use super::{create_new, is_at, remove};
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs::{self, File, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

const PREFIX: &str = "sqlite-fixtures-";
const LOCK: &str = ".lock";

/// The locks of this process, by the folder that they are in.
static PROCESSES: Mutex<BTreeMap<PathBuf, Arc<Process>>> = Mutex::new(BTreeMap::new());

/// This process, in one folder for temporary files.
#[derive(Debug)]
struct Process {
    lock: File,
    path: PathBuf,
    /// The folder, with links followed.
    real_parent: PathBuf,
    made: AtomicU64,
    /// Those that are there,
    folders: Mutex<BTreeSet<PathBuf>>,
    /// and those among them that are empty and in nobody's hands, for the next: a new name costs less than a new folder.
    free: Mutex<Vec<PathBuf>>,
}

/// A folder for this process, open to nobody else, with a name that no other has had. It stays until
/// [`remove`](Self::remove), or the end of the process.
#[derive(Debug)]
pub(crate) struct Temporary {
    path: PathBuf,
    process: Arc<Process>,
    is_kept: AtomicBool,
}

impl Temporary {
    pub(crate) fn new_in(parent: &Path) -> io::Result<Self> {
        let process = Process::of(parent)?;
        loop {
            let path = process.new_name("");
            let free = process.free().pop();
            let made = free
                .map_or_else(|| create_new(&path), |free| process.rename(&free, &path).or_else(|_| create_new(&path)));
            match made {
                Ok(()) => {
                    process.folders().insert(path.clone());
                    return Ok(Self { path, process, is_kept: AtomicBool::new(false) });
                }
                // Somebody else's, who means us no good.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The path with links followed.
    pub(crate) fn real_path(&self) -> PathBuf {
        self.process.real_parent.join(self.path.file_name().unwrap_or_default())
    }

    /// Hands the folder over: nobody of ours removes it any more.
    pub(crate) fn keep(&self) -> io::Result<()> {
        let name = self.path.file_name().unwrap_or_default();
        let line = [name.as_encoded_bytes(), b"\n"].concat();
        if !self.is_kept.swap(true, Ordering::Relaxed) {
            (&self.process.lock).write_all(&line)?;
            self.process.folders().remove(&self.path);
        }
        Ok(())
    }

    /// Removes the folder with all that is in it, unless it was handed over.
    pub(crate) fn remove(self) -> io::Result<()> {
        if self.is_kept.load(Ordering::Relaxed) {
            return Ok(());
        }
        empty(&self.path)?;
        let free = self.process.new_name("free-");
        self.process.rename(&self.path, &free)?;
        // Nobody finds it by its old name any more. What a handle that was left open has made meanwhile must not lie beside
        // another database.
        if fs::read_dir(&free)?.next().is_none() {
            self.process.free().push(free);
            return Ok(());
        }
        remove(&free)?;
        self.process.folders().remove(&free);
        Ok(())
    }
}

impl Process {
    /// This process in a folder. The first time it also removes what killed processes have left there.
    fn of(parent: &Path) -> io::Result<Arc<Self>> {
        let mut processes = processes();
        if let Some(process) = processes.get(parent) {
            return Ok(Arc::clone(process));
        }
        let (lock, path) = Self::lock(parent)?;
        sweep(parent, &lock);
        let real_parent = parent.canonicalize()?;
        let process = Arc::new(Self {
            lock,
            path,
            real_parent,
            made: AtomicU64::new(1),
            folders: Mutex::default(),
            free: Mutex::default(),
        });
        processes.insert(parent.to_owned(), Arc::clone(&process));
        Ok(process)
    }

    fn lock(parent: &Path) -> io::Result<(File, PathBuf)> {
        loop {
            // Open to nobody else, and at a name that nobody can foresee.
            let made = tempfile::Builder::new().prefix(PREFIX).suffix(LOCK).tempfile_in(parent)?;
            let (lock, path) = made.keep()?;
            lock.lock()?;
            // Whoever clears up may have had it first, and removed it.
            if is_at(&lock, &path) {
                return Ok((lock, path));
            }
        }
    }

    /// A name that no other folder has had. It begins as the lock's, up to the end of that.
    fn new_name(&self, kind: &str) -> PathBuf {
        self.path.with_extension(format!("{kind}{}", self.made.fetch_add(1, Ordering::Relaxed)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)?;
        let mut folders = self.folders();
        folders.remove(from);
        folders.insert(to.to_owned());
        Ok(())
    }

    fn end(&self) {
        let mut all_gone = true;
        for folder in std::mem::take(&mut *self.folders()) {
            all_gone &= remove(&folder).is_ok();
        }
        // With its lock, what could not be removed now is found by the next process.
        if all_gone {
            let _ = fs::remove_file(&self.path);
        }
    }

    fn free(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn folders(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes what this process still has at its end: what statics hold, and its locks.
pub(crate) fn remove_all() {
    for process in std::mem::take(&mut *processes()).into_values() {
        process.end();
    }
}

/// Removes what killed processes have left in a folder for temporary files. What cannot be removed now is left to the next.
fn sweep(parent: &Path, own: &File) {
    for path in fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        if name.starts_with(PREFIX) && name.ends_with(LOCK) && is_of_owner(&path, own, fs::Metadata::is_file) {
            let _ = sweep_process(parent, &path);
        }
    }
}

/// Removes the folders of one process, if it has ended.
fn sweep_process(parent: &Path, path: &Path) -> io::Result<()> {
    // Never made here: in a lock that another process has just removed nothing would be said to be kept.
    let mut lock = File::options().read(true).write(true).open(path)?;
    match lock.try_lock() {
        Ok(()) if is_at(&lock, path) => {}
        Ok(()) | Err(TryLockError::WouldBlock) => return Ok(()),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let mut kept = Vec::new();
    lock.read_to_end(&mut kept)?;
    let kept: BTreeSet<&[u8]> = kept.split(|byte| *byte == b'\n').collect();
    let mut all_gone = true;
    for folder in fs::read_dir(parent)?.flatten() {
        let (name, folder) = (folder.file_name(), folder.path());
        // Another user may have made a folder of such a name.
        let is_theirs = folder.file_stem() == path.file_stem() && is_of_owner(&folder, &lock, fs::Metadata::is_dir);
        if is_theirs && !kept.contains(name.as_encoded_bytes()) {
            all_gone &= !is_in_use(&folder, &lock) && remove(&folder).is_ok();
        }
    }
    if all_gone { fs::remove_file(path) } else { Ok(()) }
}

/// Whether another process, one that the dead one has started, still holds the lock of a file in a folder: its journal, or
/// the one that the dead one has handed to all that it started.
fn is_in_use(folder: &Path, lock: &File) -> bool {
    let is_lock = |path: &Path| path.extension().is_some_and(|extension| extension == "journal" || extension == "lock");
    let is_held = |path: PathBuf| {
        is_lock(&path)
            && is_of_owner(&path, lock, fs::Metadata::is_file)
            && File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    };
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| is_held(entry.path()))
}

/// Whether what is at a path, links not followed, is of this kind and belongs to the owner of a file.
fn is_of_owner(path: &Path, file: &File, is_kind: fn(&fs::Metadata) -> bool) -> bool {
    let (Ok(found), Ok(own)) = (fs::symlink_metadata(path), file.metadata()) else { return false };
    #[cfg(unix)]
    let is_same = std::os::unix::fs::MetadataExt::uid(&found) == std::os::unix::fs::MetadataExt::uid(&own);
    #[cfg(not(unix))]
    let is_same = own.is_file();
    is_same && is_kind(&found)
}

/// Removes all that is in a folder.
fn empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let removed = if entry.file_type()?.is_dir() { remove(&entry.path()) } else { fs::remove_file(entry.path()) };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            // SQLite may have removed it itself, for a handle that was left open.
            _ => {}
        }
    }
    Ok(())
}

fn processes() -> MutexGuard<'static, BTreeMap<PathBuf, Arc<Process>>> {
    PROCESSES.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{Process, Temporary, sweep_process};
    use std::{
        fs::{self, File},
        path::Path,
    };

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// What a killed process leaves: a lock that nobody holds, and its folders.
    fn killed(parent: &Path, name: &str, kept: &str) {
        fs::write(parent.join(format!("sqlite-fixtures-{name}.lock")), kept).unwrap();
        for number in 1..3 {
            let folder = parent.join(format!("sqlite-fixtures-{name}.{number}"));
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("database.sqlite3"), "").unwrap();
        }
    }

    #[test]
    fn what_killed_processes_left_is_removed_and_what_is_in_use_or_handed_over_or_not_ours_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let parent = parent.path();
        killed(parent, "dead", "");
        killed(parent, "giver", "sqlite-fixtures-giver.2\n");
        killed(parent, "live", "");
        killed(parent, "starter", "");
        let live = File::open(parent.join("sqlite-fixtures-live.lock")).unwrap();
        live.lock().unwrap();
        let journal = File::create(parent.join("sqlite-fixtures-starter.1/child.journal")).unwrap();
        journal.lock().unwrap();
        for other in ["sqlite-fixtures-orphan.1", "sqlite-fixtures-templates", "app.lock"] {
            fs::create_dir(parent.join(other)).unwrap();
        }

        let temporary = Temporary::new_in(parent).unwrap();
        let left = [
            "app.lock",
            "sqlite-fixtures-giver.2",
            "sqlite-fixtures-live.1",
            "sqlite-fixtures-live.2",
            "sqlite-fixtures-live.lock",
            "sqlite-fixtures-orphan.1",
            "sqlite-fixtures-starter.1",
            "sqlite-fixtures-starter.lock",
            "sqlite-fixtures-templates",
        ];
        let own = temporary.process.path.file_stem().unwrap().to_str().unwrap();
        let others: Vec<_> = names(parent).into_iter().filter(|name| !name.starts_with(own)).collect();
        assert_eq!(others, left);
        assert_eq!(names(parent).len(), left.len() + 2, "its own lock and folder");
    }

    #[test]
    fn a_removed_folder_serves_again_under_a_new_name_until_the_end() {
        let parent = tempfile::tempdir().unwrap();
        let temporary = Temporary::new_in(parent.path()).unwrap();
        let path = temporary.path().to_owned();
        fs::create_dir_all(path.join("folder/below")).unwrap();
        fs::write(path.join("database"), "").unwrap();
        temporary.remove().unwrap();
        assert!(!path.exists());
        let again = Temporary::new_in(parent.path()).unwrap();
        assert_ne!(again.path(), path);
        assert_eq!((names(again.path()).len(), names(parent.path()).len()), (0, 2), "that, and the lock");
        again.process.end();
        assert_eq!(names(parent.path()).len(), 0);
    }

    /// Two processes that start at once both find what a third has left.
    #[test]
    fn what_was_handed_over_stays_whoever_clears_up_last() {
        let parent = tempfile::tempdir().unwrap();
        killed(parent.path(), "giver", "sqlite-fixtures-giver.2\n");
        let lock = parent.path().join("sqlite-fixtures-giver.lock");
        sweep_process(parent.path(), &lock).unwrap();
        assert!(sweep_process(parent.path(), &lock).is_err(), "the other one has removed the lock");
        assert_eq!(names(parent.path()), ["sqlite-fixtures-giver.2"]);
    }

    /// Else the next process would wait for somebody to write into it.
    #[cfg(unix)]
    #[test]
    fn a_pipe_in_the_place_of_a_journal_is_no_lock() {
        let parent = tempfile::tempdir().unwrap();
        killed(parent.path(), "dead", "");
        let pipe = parent.path().join("sqlite-fixtures-dead.1/a.journal");
        assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
        sweep_process(parent.path(), &parent.path().join("sqlite-fixtures-dead.lock")).unwrap();
        assert_eq!(names(parent.path()).len(), 0);
    }

    #[test]
    fn a_folder_that_cannot_be_removed_keeps_its_lock_for_the_next_process() {
        let parent = tempfile::tempdir().unwrap();
        let temporary = Temporary::new_in(parent.path()).unwrap();
        // In its place is something that is no folder.
        fs::remove_dir(temporary.path()).unwrap();
        fs::write(temporary.path(), "").unwrap();
        temporary.process.end();
        assert_eq!(names(parent.path()).len(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_is_open_to_nobody_else_and_a_name_that_is_taken_is_passed_over() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let process = Process::of(parent.path()).unwrap();
        fs::create_dir(process.path.with_extension("1")).unwrap();
        let temporary = Temporary::new_in(parent.path()).unwrap();
        assert_eq!(temporary.path(), process.path.with_extension("2"));
        for (path, mode) in [(temporary.path(), 0o700), (process.path.as_path(), 0o600)] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, mode);
        }
    }

    #[test]
    fn a_folder_that_was_handed_over_stays() {
        let parent = tempfile::tempdir().unwrap();
        let temporary = Temporary::new_in(parent.path()).unwrap();
        temporary.keep().unwrap();
        temporary.keep().unwrap();
        let (name, process) = (temporary.path().file_name().unwrap().to_owned(), temporary.process.clone());
        temporary.remove().unwrap();
        process.end();
        assert_eq!(names(parent.path()), [name.to_str().unwrap()]);
    }
}
