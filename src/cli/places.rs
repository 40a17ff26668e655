//! Makes a place of the calls that a process has written into its journal as addresses before it died.

use crate::{ledger::stack::Frame, position::Position};
use addr2line::Loader;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// The executables that were looked into; `None` for one that is not there, or has no debug information.
#[derive(Default)]
pub(super) struct Places(BTreeMap<PathBuf, Option<Loader>>);

impl Places {
    /// The first of the calls that is the user's own code.
    pub(super) fn first_own(&mut self, executable: &Path, slide: usize, calls: &[usize]) -> Option<Position> {
        let loader = self.0.entry(executable.to_owned()).or_insert_with(|| Loader::new(executable).ok()).as_ref()?;
        calls.iter().find_map(|call| {
            // What is on the stack is where a call returns to, which may be another line.
            let address = call.checked_sub(slide)?.checked_sub(1)?;
            let mut frames = loader.find_frames(u64::try_from(address).ok()?).ok()?;
            // Innermost first, also among those that were inlined.
            while let Ok(Some(frame)) = frames.next() {
                let place = frame.location.and_then(|location| {
                    let number = |number: Option<u32>| number.unwrap_or(0);
                    let (line, column) = (number(location.line), number(location.column));
                    Frame { function: String::new(), file: location.file?.into(), line, column }.place()
                });
                if place.is_some() {
                    return place;
                }
            }
            None
        })
    }
}
