//! The calls that led to an opening, and the innermost of them that is the user's own code.
//!
//! A session's place is its caller. A client's is found on the stack, which is captured as addresses, and resolved to names and
//! lines when a report needs them. [`addresses`] has the bare addresses, [`symbols`] the names that the executable has for them.

pub(in crate::ledger) mod addresses;
pub(in crate::ledger) mod symbols;

use crate::position::Position;
use std::backtrace::Backtrace;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, fmt};

/// A captured stack.
pub(super) struct Stack {
    captured: Backtrace,
    position: OnceLock<Option<Position>>,
}

impl Stack {
    pub(super) fn new(captured: Backtrace) -> Self {
        Self { captured, position: OnceLock::new() }
    }

    pub(super) fn backtrace(&self) -> &Backtrace {
        &self.captured
    }

    /// The innermost call of the user's own code; `None` if there is none, or the build has no debug information.
    pub(super) fn position(&self) -> Option<&Position> {
        let find = || frames(&self.captured).into_iter().filter_map(|frame| frame.position).find(is_own);
        self.position.get_or_init(find).as_ref()
    }

    /// Likewise, if it was asked for before.
    pub(super) fn resolved_position(&self) -> Option<&Position> {
        self.position.get().and_then(Option::as_ref)
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").field("position", &self.position.get()).finish_non_exhaustive()
    }
}

/// One call.
#[derive(Debug)]
pub(super) struct Frame {
    pub function: String,
    pub position: Option<Position>,
}

/// The working folder when the program was loaded.
pub(super) fn start_folder() -> &'static Path {
    static START: OnceLock<PathBuf> = OnceLock::new();
    START.get_or_init(|| env::current_dir().unwrap_or_default())
}

/// Whether a position is in the user's own code.
pub(crate) fn is_own(position: &Position) -> bool {
    is_own_file(position.file(), start_folder())
}

/// Whether a place may be outside the user's own code: a crate outside the workspace has absolute paths. A quick look.
pub(crate) fn may_be_of_a_library(location: &Location<'_>) -> bool {
    Path::new(location.file()).has_root() || location.file().contains("vendor")
}

/// Not that of a toolchain, a registry, a checkout or a vendored crate, not C, and not ours.
fn is_own_file(file: &Path, start: &Path) -> bool {
    const OTHERS: &[&str] = &["/rustc/", "/rust/deps/", "/rustlib/src/", "/registry/src/", "/git/checkouts/"];
    const OURS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/");
    let path = file.to_string_lossy().replace('\\', "/");
    // The whole project may be below a folder with that name; what it has vendored is in a folder of its own.
    let shared = file.components().zip(start.components()).take_while(|(one, other)| one == other).count();
    let is_vendored = file.components().skip(shared).any(|part| part.as_os_str() == "vendor");
    file.extension().is_some_and(|extension| extension == "rs")
        && !path.starts_with("library/")
        && !OTHERS.iter().any(|other| path.contains(other))
        && !is_vendored
        && !path.starts_with(&OURS.replace('\\', "/"))
}

/// The calls of a stack, innermost first. Resolving them takes milliseconds.
pub(super) fn frames(stack: &Backtrace) -> Vec<Frame> {
    parse(&stack.to_string(), &env::current_dir().unwrap_or_default())
}

/// Parses what the standard library prints: `NUMBER: FUNCTION`, then `at FILE:LINE:COLUMN`. Files below the working folder are
/// relative to it.
fn parse(text: &str, working_folder: &Path) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(place) = line.strip_prefix("at ") {
            let mut parts = place.rsplitn(3, ':');
            let (column, line, file) = (parts.next(), parts.next(), parts.next());
            if let (Some(frame), Some(file)) = (frames.last_mut(), file) {
                let number = |part: Option<&str>| part.and_then(|part| part.parse().ok()).unwrap_or(0);
                let file = file.strip_prefix("./").map_or_else(|| file.into(), |below| working_folder.join(below));
                frame.position = Some(Position::new(file, number(line), number(column)));
            }
            continue;
        }
        // A function that was inlined into the one above has no number of its own.
        let numbered = line.split_once(": ").filter(|(number, _)| number.bytes().all(|digit| digit.is_ascii_digit()));
        let function = numbered.map_or(line, |(_, function)| function).to_owned();
        frames.push(Frame { function, position: None });
    }
    frames
}

#[cfg(test)]
#[path = "../../../tests/unit/ledger_stack.rs"]
mod tests;
