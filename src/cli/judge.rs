//! What the journals of a run say together.

use crate::ledger::journal::{leak::Leak, read::read};
use crate::ledger::stack::is_own;
use crate::position::{Position, chain, counted};
use crate::report::leaks::Verdict;
use crate::settings::LEAKS;
use addr2line::Loader;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::{Path, PathBuf};

/// Reads the journals. `faults` are those that are known already.
pub(super) fn judge(paths: &BTreeSet<PathBuf>, faults: Vec<String>) -> Verdict {
    let mut verdict = Verdict { processes: paths.len(), faults, ..Verdict::default() };
    let (mut executables, working_folder) = (Executables::default(), env::current_dir().unwrap_or_default());
    let mut off = 0;
    for path in paths {
        match read(path) {
            Ok(mut journal) => {
                journal.resolve(|executable, load_bias, calls| executables.resolve(executable, load_bias, calls));
                off += usize::from(journal.is_off);
                verdict.opened += journal.opened;
                let faults = journal.faults.iter().map(|fault| format!("{fault}, in {}", path.display()));
                verdict.faults.extend(faults);
                let here = |mut leak: Leak| {
                    leak.position = leak.position.map(|position| position.relative_to(&working_folder));
                    leak
                };
                verdict.leaks.extend(journal.leaks.into_iter().map(here));
                verdict.outside.extend(journal.outside.into_iter().map(here));
            }
            Err(error) => verdict.faults.push(chain(&error)),
        }
    }
    if off > 0 {
        let processes = counted(verdict.processes, "process", "processes");
        verdict.faults.push(format!("checks were switched off by {LEAKS}=off in {off} of {processes}; unset it"));
    }
    if verdict.processes == 0 && verdict.faults.is_empty() {
        verdict.faults.push(
            "no process kept a journal; every suite must link sqlite-fixtures: one that uses no fixture needs the line \
             `use sqlite_fixtures as _;`"
                .to_owned(),
        );
    }
    verdict
}

/// The executables that were loaded; `None` for one that is missing or has no debug information.
#[derive(Default)]
struct Executables(BTreeMap<PathBuf, Option<Loader>>);

impl Executables {
    /// The innermost call of the user's own code, from return addresses that a process wrote before it died.
    fn resolve(&mut self, executable: &Path, load_bias: usize, calls: &[usize]) -> Option<Position> {
        let loader = self.0.entry(executable.to_owned()).or_insert_with(|| Loader::new(executable).ok()).as_ref()?;
        calls.iter().find_map(|call| {
            // One less than the return address, which may be on the next line.
            let address = call.checked_sub(load_bias)?.checked_sub(1)?;
            let mut frames = loader.find_frames(u64::try_from(address).ok()?).ok()?;
            while let Ok(Some(frame)) = frames.next() {
                let position = frame.location.and_then(|location| {
                    let number = |number: Option<u32>| number.unwrap_or_default();
                    Some(Position::new(location.file?, number(location.line), number(location.column)))
                });
                if position.as_ref().is_some_and(is_own) {
                    return position;
                }
            }
            None
        })
    }
}
