//! What is counted: for the process, and for each engine.

use super::Entry;
use crate::settings::Leaks;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

/// How many ended sessions are remembered, for an engine and for the process.
const REMEMBERED: usize = 256;

/// Figures of sessions, and of connections that others opened. `opened = closed + live`, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counts {
    /// Those opened.
    pub opened: u64,
    /// Those whose handle SQLite has freed.
    pub closed: u64,
    /// Those that are open.
    pub live: u64,
    /// The most that were open at once.
    pub peak: u64,
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    pub counts: Counts,
    pub ended: VecDeque<Entry>,
}

impl Tally {
    pub(super) const fn new() -> Self {
        Self { counts: Counts { opened: 0, closed: 0, live: 0, peak: 0 }, ended: VecDeque::new() }
    }

    pub(super) fn open(&mut self) {
        self.counts.opened += 1;
        self.counts.live += 1;
        self.counts.peak = self.counts.peak.max(self.counts.live);
    }

    pub(super) fn end(&mut self, entry: Entry) {
        self.counts.closed += 1;
        self.counts.live -= 1;
        if self.ended.len() == REMEMBERED {
            self.ended.pop_front();
        }
        self.ended.push_back(entry);
    }

    /// Takes one back that has ended, as if it had never been.
    pub(super) fn withdraw(&mut self, number: u64) -> bool {
        let Some(place) = self.ended.iter().rposition(|entry| entry.number() == number) else { return false };
        self.counts.opened -= 1;
        self.counts.closed -= 1;
        self.ended.remove(place).is_some()
    }
}

/// Which engine it is.
#[derive(Debug)]
pub(crate) struct EngineIdentity {
    pub name: Arc<str>,
    /// What SQLite calls the file of its database.
    pub file: String,
    /// The test that made the database.
    pub owner: Option<Arc<str>>,
    /// What becomes of a leak, if the engine says so.
    pub leaks: Option<Leaks>,
}

/// What the record knows of one engine.
#[derive(Debug)]
pub(crate) struct EngineRecord {
    /// Shared with its entries, which must not keep the record: it keeps them.
    pub identity: Arc<EngineIdentity>,
    tally: Mutex<Tally>,
}

/// The engines that live, by the files of their databases.
static ENGINES: Mutex<BTreeMap<String, Weak<EngineRecord>>> = Mutex::new(BTreeMap::new());

impl EngineRecord {
    pub(crate) fn new(identity: EngineIdentity) -> Arc<Self> {
        let record = Arc::new(Self { identity: Arc::new(identity), tally: Mutex::new(Tally::new()) });
        engines().insert(record.identity.file.clone(), Arc::downgrade(&record));
        record
    }

    /// The engine whose database is in this file.
    pub(super) fn of_file(file: &str) -> Option<Arc<Self>> {
        // The lock is given back before the record is held: its end takes the lock too.
        let found = engines().get(file).cloned();
        found?.upgrade()
    }

    pub(super) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for EngineRecord {
    fn drop(&mut self) {
        engines().remove(&self.identity.file);
    }
}

fn engines() -> MutexGuard<'static, BTreeMap<String, Weak<EngineRecord>>> {
    ENGINES.lock().unwrap_or_else(PoisonError::into_inner)
}
