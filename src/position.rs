//! What errors share: where a mistake stands, and what its author probably meant.

use std::{fmt, panic::Location, path::Path, sync::Arc};

/// A place in a text: file, line and column, both counted from 1, columns in characters; or a file as a whole.
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
    line: u32,
    column: u32,
}

impl Position {
    /// The place at `line` and `column` of `file`.
    pub fn new(file: impl AsRef<Path>, line: u32, column: u32) -> Self {
        Self { file: file.as_ref().into(), line, column }
    }

    /// A file or folder as a whole.
    pub(crate) fn whole(file: impl AsRef<Path>) -> Self {
        Self::new(file, 0, 0)
    }

    /// Another place in the same file, which shares its name.
    pub(crate) fn at(&self, line: u32, column: u32) -> Self {
        Self { file: Arc::clone(&self.file), line, column }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The line, from 1; 0 for the file as a whole.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The column in characters, from 1; 0 for the file as a whole.
    #[must_use]
    pub fn column(&self) -> u32 {
        self.column
    }
}

impl From<&Location<'_>> for Position {
    fn from(location: &Location<'_>) -> Self {
        Self::new(location.file(), location.line(), location.column())
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        Ok(())
    }
}

/// An error and its causes, one a line, as a person reads them.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str("\n  caused by: ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Gives an error a `Debug` that people can read, since `unwrap` and a test that returns `Err` show that: the error and
/// its causes, one a line.
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

/// A number with its noun.
#[cfg(feature = "cli")]
pub(crate) fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The known name that is most similar to `wanted`, if one is similar enough.
pub(crate) fn nearest<'a>(wanted: &str, known: &mut dyn Iterator<Item = &'a str>) -> Option<String> {
    /// Longer names are compared with none.
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

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(nearest("nmae", &mut ["id", "name"].into_iter()).as_deref(), Some("name"));
        assert_eq!(nearest("Name", &mut ["id", "name"].into_iter()).as_deref(), Some("name"));
        assert_eq!(nearest("address", &mut ["id", "name"].into_iter()), None);
    }
}
