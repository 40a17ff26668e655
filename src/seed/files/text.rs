//! The text of one seed file, and places in it.

use crate::position::Position;
use crate::seed::error::SeedError;
use crate::seed::error::excerpt::{Excerpt, Place};
use crate::seed::error::kind::SeedErrorKind;
use std::cell::OnceCell;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// How deep values may be nested.
#[cfg(any(feature = "json", feature = "toml", feature = "yaml"))]
pub(crate) const DEPTH: usize = 64;

/// How large a file may be, in bytes: places are 32 bits.
pub(crate) const LARGEST: u64 = 256 << 20;

/// The text of a file, or rows from code.
#[derive(Debug)]
pub(crate) struct Source {
    start: Position,
    /// That of a file.
    folder: Option<PathBuf>,
    text: String,
    /// Whether the rows come from code; they all stand where the call stands.
    is_code: bool,
    /// The line and column at which each block begins, so that a place is found fast in a long text too; filled at the first error.
    blocks: OnceCell<Vec<(usize, usize)>>,
}

/// How long a block is, in bytes.
const BLOCK: usize = 4096;

/// How many bytes of a line are kept on either side of a place.
const AROUND: usize = 2048;

/// Where a key or value stands in a [`Source`], as a byte offset; an error turns it into a [`Position`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot(u32);

impl Spot {
    pub(crate) const START: Self = Self(0);

    pub(crate) fn offset(offset: usize) -> Self {
        Self(number(offset))
    }
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spanned<T> {
    pub value: T,
    pub spot: Spot,
}

impl<T> Spanned<T> {
    pub(crate) fn new(value: T, spot: Spot) -> Self {
        Self { value, spot }
    }
}

impl Source {
    fn new(start: Position, folder: Option<PathBuf>, text: String) -> Self {
        Self { start, folder, text, is_code: false, blocks: OnceCell::new() }
    }

    /// Reads a file, which must be UTF-8; a byte-order mark is ignored.
    pub(crate) fn read(path: &Path) -> Result<Self, SeedError> {
        let start = Position::new(shown(path), 1, 1);
        let whole = |fault| SeedError::new(fault).at(Position::whole(shown(path)));
        let read = || {
            let file = fs::File::open(path)?;
            let mut bytes = Vec::new();
            // The file may grow meanwhile.
            let is_small =
                file.metadata()?.len() <= LARGEST && file.take(LARGEST + 1).read_to_end(&mut bytes)? as u64 <= LARGEST;
            Ok(is_small.then_some(bytes))
        };
        let bytes = read()
            .map_err(|source| whole(SeedErrorKind::Read(source)))?
            .ok_or_else(|| whole(SeedErrorKind::TooLarge { limit: LARGEST }))?;
        let mut text = String::from_utf8(bytes).map_err(|error| {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let valid = String::from_utf8_lossy(valid).trim_start_matches('\u{feff}').to_owned();
            let end = Spot::offset(valid.len());
            let source = Self::new(start.clone(), None, valid);
            SeedError::new(SeedErrorKind::NotUtf8).at(source.place(end))
        })?;
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        let folder = path.parent().map(Path::to_owned);
        Ok(Self::new(start, folder, text))
    }

    /// Rows from code at `position`.
    pub(crate) fn from_code(position: Position) -> Self {
        Self { is_code: true, ..Self::new(position, None, String::new()) }
    }

    /// The folder of the file; `None` for code.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Whether the rows come from code: their values are stored as they are.
    pub(crate) fn is_code(&self) -> bool {
        self.is_code
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The size in bytes.
    pub(crate) fn size(&self) -> usize {
        self.text.len()
    }

    /// Whether it is a YAML file.
    pub(crate) fn is_yaml(&self) -> bool {
        let extension = self.start.file().extension().unwrap_or_default();
        !self.is_code && ["yaml", "yml"].iter().any(|yaml| extension.eq_ignore_ascii_case(yaml))
    }

    /// Whether `what` stands directly before a place.
    #[cfg(feature = "yaml")]
    pub(crate) fn is_behind(&self, what: &str, spot: Spot) -> bool {
        self.text.get(..spot.0 as usize).is_some_and(|before| before.ends_with(what))
    }

    /// A place with its line, as errors show it.
    pub(crate) fn place(&self, spot: Spot) -> Place {
        let position = self.position(spot);
        if self.is_code {
            return position.into();
        }
        let at = floor_boundary(&self.text, spot.0 as usize);
        let (before, after) = (&self.text[..at], &self.text[at..]);
        let before = &before[floor_boundary(before, before.len().saturating_sub(AROUND))..];
        let before = &before[before.rfind('\n').map_or(0, |end| end + 1)..];
        let after = &after[..floor_boundary(after, AROUND)];
        let after = after.split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let (line, column) = (position.line().unwrap_or_default(), number(before.chars().count() + 1));
        Place { position, excerpt: Some(Excerpt { text: format!("{before}{after}"), line, column }) }
    }

    /// A place as errors show it.
    pub(crate) fn position(&self, spot: Spot) -> Position {
        if self.is_code {
            return self.start.clone();
        }
        let at = floor_boundary(&self.text, spot.0 as usize);
        let block = at / BLOCK;
        let known = self.blocks.get_or_init(|| blocks(&self.text))[block];
        let (line, column) = advanced(known, &self.text[floor_boundary(&self.text, block * BLOCK)..at]);
        self.start.at(number(line), number(column))
    }
}

/// The line and column of each block of a text.
fn blocks(text: &str) -> Vec<(usize, usize)> {
    let (mut found, mut last, mut start) = (vec![(1, 1)], (1, 1), 0);
    for end in (BLOCK..=text.len()).step_by(BLOCK) {
        let end = floor_boundary(text, end);
        last = advanced(last, &text[start..end]);
        found.push(last);
        start = end;
    }
    found
}

/// The line and column behind a text that begins at these.
fn advanced((line, column): (usize, usize), text: &str) -> (usize, usize) {
    match text.rsplit_once('\n') {
        Some((_, rest)) => (line + text.matches('\n').count(), rest.chars().count() + 1),
        None => (line, column + text.chars().count()),
    }
}

/// The last character boundary of `text` that is not after `offset`.
fn floor_boundary(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A path relative to the working directory, if it is below it.
pub(crate) fn shown(path: &Path) -> &Path {
    std::env::current_dir().ok().and_then(|current| path.strip_prefix(current).ok()).unwrap_or(path)
}
