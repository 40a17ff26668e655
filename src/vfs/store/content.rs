//! The bytes of one file. A database is an immutable base that many share, and the chunks that were written since; a journal is
//! written from its beginning, so it is plain bytes.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// Immutable bytes, shared by all files that start from them.
pub(crate) type Base = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// How much is copied from the base on a write: SQLite's default page size, but any page size works. Small under Miri, which is
/// slow for each byte.
const CHUNK: usize = if cfg!(miri) { 32 } else { 4096 };

type Chunk = Box<[u8; CHUNK]>;

/// Spreads the numbers of chunks over a table; the standard hasher takes longer than the rest of a read.
#[derive(Default)]
pub(crate) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64((*byte).into());
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}

pub(crate) enum Content {
    Shared(Overlay),
    Plain(Vec<u8>),
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl Default for Content {
    fn default() -> Self {
        Self::Plain(Vec::new())
    }
}

impl Content {
    /// Starts as `base`, without a copy.
    pub(crate) fn new(base: Base) -> Self {
        let len = (*base).as_ref().len();
        Self::Shared(Overlay { base, base_len: len, changed: HashMap::default(), len })
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Shared(overlay) => overlay.len,
            Self::Plain(bytes) => bytes.len(),
        }
    }

    /// Reads at `at`, and returns how many bytes there were; the rest of `into` is filled with zeros.
    pub(crate) fn read(&self, at: usize, into: &mut [u8]) -> usize {
        let available = self.len().saturating_sub(at).min(into.len());
        let (wanted, beyond) = into.split_at_mut(available);
        beyond.fill(0);
        match self {
            Self::Shared(overlay) => overlay.read(at, wanted),
            Self::Plain(bytes) => wanted.copy_from_slice(&bytes[at.min(bytes.len())..][..available]),
        }
        available
    }

    /// Writes at `at`; a gap before it is filled with zeros.
    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) {
        match self {
            Self::Shared(overlay) => overlay.write(at, bytes),
            Self::Plain(held) => {
                if held.len() < at {
                    held.resize(at, 0);
                }
                let inside = bytes.len().min(held.len() - at);
                held[at..at + inside].copy_from_slice(&bytes[..inside]);
                held.extend_from_slice(&bytes[inside..]);
            }
        }
    }

    /// Truncates, or appends zeros.
    pub(crate) fn set_len(&mut self, len: usize) {
        match self {
            Self::Shared(overlay) => overlay.set_len(len),
            Self::Plain(bytes) => bytes.resize(len, 0),
        }
    }

    pub(crate) fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.len()];
        self.read(0, &mut bytes);
        bytes
    }
}

pub(crate) struct Overlay {
    base: Base,
    /// How much of the base is still visible: what was truncated must not reappear.
    base_len: usize,
    changed: HashMap<usize, Chunk, BuildHasherDefault<NumberHasher>>,
    len: usize,
}

impl Overlay {
    fn read(&self, at: usize, into: &mut [u8]) {
        for (number, from, part) in parts(at, into.len()) {
            let part = &mut into[part];
            match self.changed.get(&number) {
                Some(chunk) => part.copy_from_slice(&chunk[from..from + part.len()]),
                None => self.read_base(number * CHUNK + from, part),
            }
        }
    }

    fn read_base(&self, at: usize, into: &mut [u8]) {
        let base = (*self.base).as_ref()[..self.base_len].get(at..).unwrap_or_default();
        let (wanted, beyond) = into.split_at_mut(base.len().min(into.len()));
        wanted.copy_from_slice(&base[..wanted.len()]);
        beyond.fill(0);
    }

    fn write(&mut self, at: usize, bytes: &[u8]) {
        for (number, from, part) in parts(at, bytes.len()) {
            let part = &bytes[part];
            if let Some(chunk) = self.changed.get_mut(&number) {
                chunk[from..from + part.len()].copy_from_slice(part);
                continue;
            }
            let mut chunk = Box::new([0; CHUNK]);
            if part.len() < CHUNK {
                self.read_base(number * CHUNK, &mut chunk[..]);
            }
            chunk[from..from + part.len()].copy_from_slice(part);
            self.changed.insert(number, chunk);
        }
        self.len = self.len.max(at + bytes.len());
    }

    fn set_len(&mut self, len: usize) {
        if len < self.len {
            self.base_len = self.base_len.min(len);
            self.changed.retain(|number, _| number * CHUNK < len);
            if let Some(chunk) = self.changed.get_mut(&(len / CHUNK)) {
                chunk[len % CHUNK..].fill(0);
            }
        }
        self.len = len;
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
