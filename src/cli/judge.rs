//! What the journals of a run say together.

use super::places::Places;
use crate::{
    ledger::journal::read::read,
    position::{chain, counted},
    report::leaks::Verdict,
    settings::LEAKS,
};
use std::{collections::BTreeSet, env, path::PathBuf};

/// What journals say together, with the faults that are known already.
pub(super) fn judge(paths: &BTreeSet<PathBuf>, faults: Vec<String>) -> Verdict {
    let mut verdict = Verdict { processes: paths.len(), faults, ..Verdict::default() };
    let (mut places, here) = (Places::default(), env::current_dir().unwrap_or_default());
    let mut off = 0;
    for path in paths {
        match read(path) {
            Ok(mut read) => {
                read.resolve(|executable, slide, calls| places.first_own(executable, slide, calls));
                off += usize::from(read.is_off);
                verdict.opened += read.opened;
                let of = |fault| format!("{fault}, in {}", path.display());
                verdict.faults.extend(read.faults.into_iter().map(of));
                for mut leak in read.leaks {
                    leak.place = leak.place.map(|place| place.relative_to(&here));
                    verdict.leaks.push(leak);
                }
            }
            Err(error) => verdict.faults.push(chain(&error)),
        }
    }
    if off > 0 {
        let of = format!("{off} of {}", counted(verdict.processes, "process", "processes"));
        verdict.faults.push(format!("checks were switched off by {LEAKS}=off in {of}; unset it"));
    }
    if verdict.processes == 0 && verdict.faults.is_empty() {
        verdict.faults.push(
            "no process kept a journal; does every suite link sqlite-fixtures? one that uses no fixture needs the line \
             `use sqlite_fixtures as _;`"
                .to_owned(),
        );
    }
    verdict
}
