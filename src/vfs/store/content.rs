//! The bytes of one file: an immutable base that many files share, and the chunks that this one changed.

use std::{collections::BTreeMap, fmt, sync::Arc};

/// Bytes that never change, shared by every file that starts from them.
pub(crate) type Base = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// How much is copied from the base when a byte of it changes. SQLite's default page; other sizes take part of one or
/// several. Small under Miri, which takes its time for each byte.
const CHUNK: usize = if cfg!(miri) { 32 } else { 4096 };

type Chunk = Box<[u8; CHUNK]>;

pub(crate) struct Content {
    base: Base,
    /// How much of the base still shows; what was once cut off must not come back.
    shows: usize,
    changed: BTreeMap<usize, Chunk>,
    len: usize,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content").field("len", &self.len).field("changed", &self.changed.len()).finish_non_exhaustive()
    }
}

impl Default for Content {
    fn default() -> Self {
        Self::over(Arc::new([]))
    }
}

impl Content {
    /// The bytes of `base`. Costs the same at any size.
    pub(crate) fn over(base: Base) -> Self {
        let len = (*base).as_ref().len();
        Self { base, shows: len, changed: BTreeMap::new(), len }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Reads at `at`, and gives how many bytes there were; the rest of `into` is zeros.
    pub(crate) fn read(&self, at: usize, into: &mut [u8]) -> usize {
        let there = self.len.saturating_sub(at).min(into.len());
        let (wanted, beyond) = into.split_at_mut(there);
        beyond.fill(0);
        for (number, from, part) in parts(at, wanted.len()) {
            let part = &mut wanted[part];
            match self.changed.get(&number) {
                Some(chunk) => part.copy_from_slice(&chunk[from..from + part.len()]),
                None => self.read_base(number * CHUNK + from, part),
            }
        }
        there
    }

    fn read_base(&self, at: usize, into: &mut [u8]) {
        let base = &(*self.base).as_ref()[..self.shows];
        let there = base.len().saturating_sub(at).min(into.len());
        let (wanted, beyond) = into.split_at_mut(there);
        if there > 0 {
            wanted.copy_from_slice(&base[at..at + there]);
        }
        beyond.fill(0);
    }

    /// Writes at `at`; a hole before it is zeros.
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

    /// Cuts the end off, or adds zeros.
    pub(crate) fn set_len(&mut self, len: usize) {
        if len < self.len {
            self.shows = self.shows.min(len);
            self.changed.split_off(&len.div_ceil(CHUNK));
            if let Some(chunk) = self.changed.get_mut(&(len / CHUNK)) {
                chunk[len % CHUNK..].fill(0);
            }
        }
        self.len = len;
    }

    /// All bytes, as one new base.
    pub(crate) fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.len];
        self.read(0, &mut bytes);
        bytes
    }
}

/// The chunks that `len` bytes at `at` touch: the number of each, where in it they begin, which of the bytes they are.
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
mod tests {
    use super::{CHUNK, Content};
    use proptest::prelude::{Strategy, any, prop_oneof, proptest};
    use std::sync::Arc;

    #[derive(Debug, Clone)]
    enum Step {
        Write(usize, Vec<u8>),
        Cut(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let places = 0..4 * CHUNK;
        let write = (places.clone(), proptest::collection::vec(any::<u8>(), 0..2 * CHUNK));
        let step =
            prop_oneof![3 => write.prop_map(|(at, bytes)| Step::Write(at, bytes)), 1 => places.prop_map(Step::Cut)];
        proptest::collection::vec(step, 0..12)
    }

    proptest! {
        #![proptest_config(proptest::test_runner::Config { cases: if cfg!(miri) { 16 } else { 512 }, failure_persistence: None, ..Default::default() })]

        #[test]
        fn it_is_a_vector_of_bytes_whose_base_never_changes(base in proptest::collection::vec(any::<u8>(), 0..3 * CHUNK), steps in steps()) {
            let shared: Arc<Vec<u8>> = Arc::new(base.clone());
            let mut content = Content::over(shared.clone());
            let mut model = base.clone();
            for step in steps {
                match step {
                    Step::Write(at, bytes) => {
                        content.write(at, &bytes);
                        model.resize(model.len().max(at + bytes.len()), 0);
                        model[at..at + bytes.len()].copy_from_slice(&bytes);
                    }
                    Step::Cut(len) => {
                        content.set_len(len);
                        model.resize(len, 0);
                    }
                }
                assert_eq!(content.to_vec(), model);
            }
            assert_eq!(*shared, base);
            let mut beyond = [7; 8];
            assert_eq!(content.read(model.len(), &mut beyond), 0);
            assert_eq!(beyond, [0; 8]);
        }
    }
}
