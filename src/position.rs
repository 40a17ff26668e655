//! What error types share: the position of an error, its chain of causes, and the name that was probably meant.

use std::{cmp::Ordering, fmt, panic::Location, path::Path, sync::Arc};

/// A position in a text file: file, line and column; or a file as a whole. Lines and columns count from 1, columns in characters.
///
/// Its `Display` is `file:line:column`, which terminals and editors turn into a link, or `file`.
///
/// ```
/// let position = sqlite_fixtures::position::Position::new("fixtures/users.yaml", 3, 10);
/// assert_eq!(position.to_string(), "fixtures/users.yaml:3:10");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    file: Arc<Path>,
    /// 0 where it is not known, as the column.
    line: u32,
    column: u32,
}

impl Position {
    /// The position at `line` and `column` of `file`.
    pub fn new(file: impl AsRef<Path>, line: u32, column: u32) -> Self {
        Self { file: file.as_ref().into(), line, column }
    }

    /// A file or folder as a whole.
    pub(crate) fn whole(file: impl AsRef<Path>) -> Self {
        Self::new(file, 0, 0)
    }

    /// Another position in the same file.
    pub(crate) fn at(&self, line: u32, column: u32) -> Self {
        Self { file: Arc::clone(&self.file), line, column }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The line, from 1; `None` for a file as a whole.
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        (self.line > 0).then_some(self.line)
    }

    /// The column in characters, from 1; `None` for a file as a whole.
    #[must_use]
    pub fn column(&self) -> Option<u32> {
        (self.column > 0).then_some(self.column)
    }

    /// The same position with its file relative to `folder`, if it is below.
    pub(crate) fn relative_to(self, folder: &Path) -> Self {
        match self.file.strip_prefix(folder) {
            Ok(below) => Self { file: below.into(), ..self },
            Err(_) => self,
        }
    }
}

impl From<&Location<'_>> for Position {
    fn from(location: &Location<'_>) -> Self {
        Self::new(location.file(), location.line(), location.column())
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.file))?;
        for number in [self.line(), self.column()].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        Ok(())
    }
}

/// A path as messages and reports have it, with one separator on all platforms, which all of them understand: on Windows a path may
/// be made of parts with either.
pub(crate) fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    if cfg!(windows) { text.replace('\\', "/") } else { text }
}

/// An error and its causes, one per line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // rusqlite's own error says the same, in words that change with its version.
        if !error.is::<rusqlite::ffi::Error>() {
            text.push_str("\n  caused by: ");
            text.push_str(&error.to_string());
        }
        cause = error.source();
    }
    text
}

/// Implements `Debug` for an error as its [`chain`], because `unwrap` and a test that returns `Err` print `Debug`.
macro_rules! debug_is_chain {
    ($error:ty) => {
        impl std::fmt::Debug for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&$crate::position::chain(self))
            }
        }
    };
}
pub(crate) use debug_is_chain;

/// A number with its noun in the singular or plural.
#[cfg(feature = "cli")]
pub(crate) fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The known name that is most similar to `wanted`, if one is similar enough.
pub(crate) fn nearest(wanted: &str, known: &mut dyn Iterator<Item = &str>) -> Option<String> {
    /// The distance takes quadratic time.
    const LONGEST: usize = 200;
    let wanted = wanted.to_lowercase();
    let length = wanted.chars().count();
    let near = (length / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for name in known {
        if length <= LONGEST && name.chars().count().abs_diff(length) <= near {
            let found = (strsim::osa_distance(&wanted, &name.to_lowercase()), name);
            if found.0 <= near && best.is_none_or(|best| found < best) {
                best = Some(found);
            }
        }
    }
    best.map(|(_, name)| name.to_owned())
}

/// Sorts items, stably. The standard library's sort is compiled anew for each type of items, 2,000 lines of LLVM IR in the build of
/// every user; this one is compiled once.
pub(crate) fn sort_by<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let order = order(items.len(), &|one, other| compare(&items[one], &items[other]));
    for at in 0..items.len() {
        // What stood there may have been swapped to a later place.
        let mut from = order[at];
        while from < at {
            from = order[from];
        }
        items.swap(at, from);
    }
}

/// The places of items in the order that `compare` gives.
fn order(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|one, other| compare(*one, *other));
    order
}

#[cfg(test)]
#[path = "../tests/unit/position.rs"]
mod tests;
