//! One statement of a connection.

use super::watch::Watch;
use crate::ledger::Entry;
use crate::vfs::Refusal;
use std::ffi::c_int;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// How much of a statement's text is kept at least, in bytes.
pub(super) const MAX_TEXT: usize = 2_000;

/// One statement.
#[derive(Debug, Clone, Default)]
pub(super) struct Statement {
    /// Its place in the order of all statements of its database.
    pub sequence: u64,
    /// Its text or the beginning of it, as raw bytes since it is copied for every statement and seldom read, and the length of the whole.
    text: Vec<u8>,
    len: usize,
    /// The text with bound values, on request.
    pub expanded: Option<Sql>,
    pub place: Option<&'static Location<'static>>,
    /// How many rows it has changed, once that is known.
    pub rows: Option<u32>,
    /// The extended code and the message, if it has failed.
    pub error: Option<(c_int, String)>,
    /// The lock that it was refused, and the connection that had it, which may be closed since.
    pub refusal: Option<(Refusal, Option<Entry>)>,
    /// Its steps in full scans, once SQLite has reported its end.
    pub scan_steps: Option<usize>,
    /// The lists of those who watch, and its place there.
    pub watches: Vec<(Arc<Watch>, usize)>,
    /// How often it ran, one run after the other.
    pub times: u64,
    pub address: usize,
    pub is_readonly: bool,
    pub is_ended: bool,
    pub changes_before: u32,
    /// A statement that runs again counts on.
    pub steps_before: usize,
}

/// How much of a statement is shown in a message, in characters.
const SHOWN: usize = 500;

/// The text of a statement, or the beginning of a long one.
///
/// Its `Display` is one line, which says how long the statement is if it is cut.
#[derive(Debug, Clone)]
pub(crate) struct Sql {
    pub text: String,
    /// The length of the whole, in bytes.
    len: usize,
    is_cut: bool,
}

impl Sql {
    pub(crate) fn new(text: &[u8], len: usize) -> Self {
        Self { text: String::from_utf8_lossy(text).trim().to_owned(), len, is_cut: text.len() < len }
    }
}

impl fmt::Display for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let end = line.char_indices().nth(SHOWN).map_or(line.len(), |(end, _)| end);
        f.write_str(&line[..end])?;
        if end < line.len() || self.is_cut {
            write!(f, " ... ({} bytes)", self.len)?;
        }
        Ok(())
    }
}

impl Statement {
    /// Keeps a text, or its beginning.
    pub(super) fn set_text(&mut self, text: &[u8], is_whole: bool) {
        self.text.clear();
        self.text.extend_from_slice(if is_whole { text } else { &text[..text.len().min(MAX_TEXT)] });
        self.len = text.len();
    }

    pub(super) fn is_text(&self, text: &[u8]) -> bool {
        self.text == text[..text.len().min(MAX_TEXT)]
    }

    /// Whether its first word is this one.
    pub(super) fn is_a(&self, word: &str) -> bool {
        let start = self.text.trim_ascii_start().get(..word.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// Whether the text may have this word, perhaps in a name or a string.
    pub(super) fn may_have(&self, word: &str) -> bool {
        self.text.len() < self.len
            || self.text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
    }

    pub(super) fn begins_with(&self, text: &[u8]) -> bool {
        self.text.starts_with(&text[..text.len().min(MAX_TEXT)])
    }

    pub(super) fn sql(&self) -> Sql {
        Sql::new(&self.text, self.len)
    }

    /// Takes what it has changed from the count of the handle.
    pub(super) fn finish(&mut self, changes: u32) {
        if self.rows.is_none() {
            self.rows = Some(changes.wrapping_sub(self.changes_before));
            self.publish();
        }
    }

    /// Tells those who watch what is known of it.
    pub(super) fn publish(&self) {
        for (watch, at) in &self.watches {
            watch.update(*at, |watched| {
                watched.rows = self.rows.map(Into::into);
                watched.scan_steps = self.scan_steps;
                watched.error = self.error.as_ref().map(|(_, message)| message.clone());
            });
        }
    }
}
