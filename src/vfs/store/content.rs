//! The bytes of one file: an immutable base that many files share, and the chunks that were written since.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

/// Immutable bytes, shared by all files that start from them.
pub(crate) type Base = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// How much is copied from the base on a write: SQLite's default page size, but any page size works. Small under Miri, which is
/// slow for each byte.
const CHUNK: usize = if cfg!(miri) { 32 } else { 4096 };

type Chunk = Box<[u8; CHUNK]>;

pub(crate) struct Content {
    base: Base,
    /// How much of the base is still visible: what was truncated must not reappear.
    base_len: usize,
    changed: HashMap<usize, Chunk, BuildHasherDefault<DefaultHasher>>,
    len: usize,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content").field("len", &self.len).field("changed", &self.changed.len()).finish_non_exhaustive()
    }
}

impl Default for Content {
    fn default() -> Self {
        Self::new(Arc::new([]))
    }
}

impl Content {
    /// Starts as `base`, without a copy.
    pub(crate) fn new(base: Base) -> Self {
        let len = (*base).as_ref().len();
        Self { base, base_len: len, changed: HashMap::default(), len }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Reads at `at`, and returns how many bytes there were; the rest of `into` is filled with zeros.
    pub(crate) fn read(&self, at: usize, into: &mut [u8]) -> usize {
        let available = self.len.saturating_sub(at).min(into.len());
        let (wanted, beyond) = into.split_at_mut(available);
        beyond.fill(0);
        for (number, from, part) in parts(at, wanted.len()) {
            let part = &mut wanted[part];
            match self.changed.get(&number) {
                Some(chunk) => part.copy_from_slice(&chunk[from..from + part.len()]),
                None => self.read_base(number * CHUNK + from, part),
            }
        }
        available
    }

    fn read_base(&self, at: usize, into: &mut [u8]) {
        let base = (*self.base).as_ref()[..self.base_len].get(at..).unwrap_or_default();
        let (wanted, beyond) = into.split_at_mut(base.len().min(into.len()));
        wanted.copy_from_slice(&base[..wanted.len()]);
        beyond.fill(0);
    }

    /// Writes at `at`; a gap before it is filled with zeros.
    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) {
        for (number, from, part) in parts(at, bytes.len()) {
            let part = &bytes[part];
            if !self.changed.contains_key(&number) {
                let mut chunk = Box::new([0; CHUNK]);
                if part.len() < CHUNK {
                    self.read_base(number * CHUNK, &mut chunk[..]);
                }
                self.changed.insert(number, chunk);
            }
            if let Some(chunk) = self.changed.get_mut(&number) {
                chunk[from..from + part.len()].copy_from_slice(part);
            }
        }
        self.len = self.len.max(at + bytes.len());
    }

    /// Truncates, or appends zeros.
    pub(crate) fn set_len(&mut self, len: usize) {
        if len < self.len {
            self.base_len = self.base_len.min(len);
            self.changed.retain(|number, _| number * CHUNK < len);
            if let Some(chunk) = self.changed.get_mut(&(len / CHUNK)) {
                chunk[len % CHUNK..].fill(0);
            }
        }
        self.len = len;
    }

    pub(crate) fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.len];
        self.read(0, &mut bytes);
        bytes
    }
}

/// The chunks of `len` bytes at `at`: the number of each, the offset in it, and the range of the bytes.
fn parts(at: usize, len: usize) -> impl Iterator<Item = (usize, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let from = (at + done) % CHUNK;
        let part = done..len.min(done + CHUNK - from);
        if part.is_empty() {
            return None;
        }
        let number = (at + done) / CHUNK;
        done = part.end;
        Some((number, from, part))
    })
}

#[cfg(test)]
#[path = "../../../tests/unit/vfs_content.rs"]
mod tests;
