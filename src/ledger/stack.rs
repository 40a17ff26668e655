//! The calls that led to an opening, and the first of them that is the user's own.
//!
//! A session's place is its caller. Of a connection that somebody else opened only the stack tells the place: it is captured
//! as addresses, and made names and lines when a report asks.

use crate::position::Position;
use std::{
    backtrace::Backtrace,
    env, fmt,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// A captured stack.
pub(crate) struct Stack {
    captured: Backtrace,
    place: OnceLock<Option<Position>>,
}

impl Stack {
    /// The stack of the caller, not yet resolved.
    pub(super) fn capture() -> Self {
        Self { captured: Backtrace::force_capture(), place: OnceLock::new() }
    }

    pub(super) fn backtrace(&self) -> &Backtrace {
        &self.captured
    }

    /// The first call of the user's own code; `None` where none is on the stack, or nothing tells its line.
    pub(super) fn place(&self) -> Option<&Position> {
        self.place.get_or_init(|| frames(&self.captured).iter().find_map(Frame::place)).as_ref()
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").field("place", &self.place.get()).finish_non_exhaustive()
    }
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub function: String,
    pub file: PathBuf,
    pub line: u32,
    pub column: u32,
}

impl Frame {
    /// Its place, if it is in the user's own code.
    pub(crate) fn place(&self) -> Option<Position> {
        is_own(&self.file, start()).then(|| Position::new(&self.file, self.line, self.column))
    }
}

/// The working folder at the first look, when the program is loaded.
pub(super) fn start() -> &'static Path {
    static START: OnceLock<PathBuf> = OnceLock::new();
    START.get_or_init(|| env::current_dir().unwrap_or_default())
}

/// Whether a file is the user's own: no toolchain's, no registry's, no checkout's or vendored crate's, no C, not ours.
fn is_own(file: &Path, start: &Path) -> bool {
    const OTHERS: &[&str] = &["/rustc/", "/rust/deps/", "/rustlib/src/", "/registry/src/", "/git/checkouts/"];
    const OURS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/");
    let path = file.to_string_lossy().replace('\\', "/");
    // A whole project may be in a folder of that name; what it has vendored is in one of its own.
    let below = file.components().zip(start.components()).take_while(|(one, other)| one == other).count();
    let is_vendored = file.components().skip(below).any(|part| part.as_os_str() == "vendor");
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

/// Reads the form that the standard library prints: `NUMBER: FUNCTION`, and below it `at FILE:LINE:COLUMN`, in which files
/// below the working folder are told from there.
fn parse(text: &str, here: &Path) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(place) = line.strip_prefix("at ") {
            let mut parts = place.rsplitn(3, ':');
            let (column, line, file) = (parts.next(), parts.next(), parts.next());
            if let (Some(frame), Some(file)) = (frames.last_mut(), file) {
                let number = |part: Option<&str>| part.and_then(|part| part.parse().ok()).unwrap_or(0);
                let file = file.strip_prefix("./").map_or_else(|| file.into(), |below| here.join(below));
                (frame.file, frame.line, frame.column) = (file, number(line), number(column));
            }
            continue;
        }
        // A function that was inlined into the call above has no number of its own.
        let numbered = line.split_once(": ").filter(|(number, _)| number.bytes().all(|digit| digit.is_ascii_digit()));
        let function = numbered.map_or(line, |(_, function)| function).to_owned();
        frames.push(Frame { function, file: PathBuf::new(), line: 0, column: 0 });
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::{Stack, frames, is_own, parse};
    use std::{backtrace::Backtrace, path::Path};

    #[test]
    fn the_first_call_of_the_user_is_told_from_those_of_libraries() {
        for other in [
            "/rustc/5980/library/std/src/panicking.rs",
            "/home/a/.rustup/toolchains/stable/lib/rustlib/src/rust/library/std/src/rt.rs",
            "/home/a/.cargo/registry/src/index.crates.io-1949/rusqlite-0.43.0/src/lib.rs",
            "C:\\Users\\a\\.cargo\\registry\\src\\index\\rusqlite-0.43.0\\src\\lib.rs",
            "/home/a/.cargo/git/checkouts/rusqlite-1/2/src/lib.rs",
            "/home/a/shop/vendor/rusqlite/src/lib.rs",
            "./csu/../csu/libc-start.c",
            "/rust/deps/hashbrown-0.16.1/src/map.rs",
            concat!(env!("CARGO_MANIFEST_DIR"), "/src/ledger/stack.rs"),
        ] {
            assert!(!is_own(Path::new(other), Path::new("/home/a/shop/crates/till")), "{other}");
        }
        for own in ["/home/a/shop/src/repo.rs", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ledger.rs")] {
            assert!(is_own(Path::new(own), Path::new("/home/a/shop")), "{own}");
        }
        let in_vendor = Path::new("/home/vendor/shop/till");
        assert!(is_own(Path::new("/home/vendor/shop/src/repo.rs"), in_vendor));
        assert!(!is_own(Path::new("/home/vendor/shop/vendor/rusqlite/src/lib.rs"), in_vendor));
    }

    #[test]
    fn a_printed_stack_is_read_with_inlined_calls_and_without_lines() {
        let text = "   0: rusqlite::Connection::open\n             at /c/registry/src/i/r/src/lib.rs:9:1\n   \
                    1: shop::repo::inner\n             at ./src/repo.rs:12:5\n      \
                    shop::repo::outer\n             at /shop/src/main.rs:3:7\n   2: <unknown>\n";
        let frames = parse(text, Path::new("/shop"));
        let names: Vec<_> = frames.iter().map(|frame| frame.function.as_str()).collect();
        assert_eq!(names, ["rusqlite::Connection::open", "shop::repo::inner", "shop::repo::outer", "<unknown>"]);
        let place = frames.iter().find_map(super::Frame::place).unwrap();
        assert_eq!(place.to_string(), "/shop/src/repo.rs:12:5");
    }

    /// What the standard library prints is not promised; this would notice a change.
    #[test]
    fn a_captured_stack_has_this_very_test_in_it() {
        let frames = frames(&Backtrace::force_capture());
        let this = frames.iter().find(|frame| frame.function.contains("a_captured_stack_has_this_very_test_in_it"));
        let this = this.unwrap_or_else(|| panic!("{frames:?}"));
        assert!(this.file.ends_with("src/ledger/stack.rs") && this.line > 100, "{this:?}");
        assert!(this.file.is_absolute(), "{this:?}");
        assert!(Stack::capture().place().is_none(), "our own code is not the user's");
    }
}
