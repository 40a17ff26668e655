//! All connections of the process, the engines that they belong to, and the counts of both.
//!
//! One lock, held for a few instructions at a time, and while a line is written to the journal.

use super::entry::{EngineIdentity, Opener};
use super::journal::Journal;
use super::stack::Stack;
use super::test_name::TestName;
use super::{Entry, State};
use crate::position::sort_by;
use crate::sqlite::{Events, Tracer};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

/// How many ended connections are remembered, for each engine and for the process.
const REMEMBERED: usize = 256;

/// Counts of sessions and of clients' connections. `opened = closed + live`, always.
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

#[derive(Debug)]
struct Tally {
    counts: Counts,
    ended: VecDeque<Entry>,
}

impl Tally {
    const fn new() -> Self {
        Self { counts: Counts { opened: 0, closed: 0, live: 0, peak: 0 }, ended: VecDeque::new() }
    }

    fn open(&mut self) {
        self.counts.opened += 1;
        self.counts.live += 1;
        self.counts.peak = self.counts.peak.max(self.counts.live);
    }

    fn end(&mut self, entry: Entry) {
        self.counts.closed += 1;
        self.counts.live -= 1;
        if self.ended.len() == REMEMBERED {
            self.ended.pop_front();
        }
        self.ended.push_back(entry);
    }

    /// Forgets an entry that has ended, as if it had never been opened.
    fn withdraw(&mut self, number: u64) {
        if let Some(index) = self.ended.iter().rposition(|entry| entry.number == number) {
            self.counts.opened -= 1;
            self.counts.closed -= 1;
            self.ended.remove(index);
        }
    }
}

/// What else looks at the connections of an engine: the recorder, which is above the ledger.
pub(crate) trait Observer: fmt::Debug + Send + Sync {
    /// SQLite has opened the handle with this number. Returns what is called with its events, if anything.
    fn opened(&self, number: u64, is_session: bool) -> Option<(Arc<dyn Tracer>, Events)>;

    /// SQLite has freed it.
    fn freed(&self, number: u64);

    /// The SQL of one of its statements, by its place in their order.
    fn statement(&self, number: u64, statement: u64) -> Option<String>;
}

/// One engine and its counts.
#[derive(Debug)]
pub(crate) struct EngineRecord {
    /// Shared with the entries, which must not own the record: it owns them.
    pub identity: Arc<EngineIdentity>,
    tally: Mutex<Tally>,
    observer: Option<Arc<dyn Observer>>,
}

/// What looks at the connections that are no engine's.
static FOREIGN: OnceLock<&'static dyn Observer> = OnceLock::new();

/// Lets `observer` look at the connections from now on that are no engine's.
pub(crate) fn observe_foreign(observer: &'static dyn Observer) {
    let _ = FOREIGN.set(observer);
}

/// The engines that exist, by the files of their databases.
static ENGINES: Mutex<ByFile> = Mutex::new(HashMap::with_hasher(BuildHasherDefault::new()));

type ByFile = HashMap<String, Weak<EngineRecord>, BuildHasherDefault<DefaultHasher>>;

impl EngineRecord {
    pub(crate) fn new(identity: EngineIdentity, observer: Option<Arc<dyn Observer>>) -> Arc<Self> {
        let record = Arc::new(Self { identity: Arc::new(identity), tally: Mutex::new(Tally::new()), observer });
        engines().insert(record.identity.file.clone(), Arc::downgrade(&record));
        record
    }

    /// The engine whose database is in this file.
    pub(super) fn with_file(file: &str) -> Option<Arc<Self>> {
        // The lock is released before the record is owned: dropping it takes the lock too.
        let found = engines().get(file).cloned();
        found?.upgrade()
    }

    /// No connection to it is a leak any more.
    pub(crate) fn keep_for_ever(&self) {
        self.identity.is_kept.store(true, Ordering::Relaxed);
        ignore_live(Some(self));
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for EngineRecord {
    fn drop(&mut self) {
        engines().remove(&self.identity.file);
    }
}

fn engines() -> MutexGuard<'static, ByFile> {
    ENGINES.lock().unwrap_or_else(PoisonError::into_inner)
}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry {
    event: 0,
    last: 0,
    live: HashMap::with_hasher(BuildHasherDefault::new()),
    total: Tally::new(),
    journal: None,
});

struct Registry {
    event: u64,
    /// The number of the last entry.
    last: u64,
    live: HashMap<u64, Live, BuildHasherDefault<DefaultHasher>>,
    total: Tally,
    journal: Option<Journal>,
}

/// A connection whose handle is not freed, and the engine that counts it.
struct Live {
    entry: Entry,
    engine: Option<Arc<EngineRecord>>,
    /// SQLite has a pointer to it.
    tracer: Option<Arc<dyn Tracer>>,
}

impl Live {
    /// Whether it is one of this engine's; every one is of the process.
    fn is_of(&self, engine: Option<&EngineRecord>) -> bool {
        engine.is_none_or(|engine| self.engine.as_deref().is_some_and(|own| std::ptr::eq(own, engine)))
    }
}

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes every event from now on to a journal.
pub(super) fn set_journal(journal: Journal) {
    registry().journal = Some(journal);
}

pub(super) fn has_journal() -> bool {
    registry().journal.is_some()
}

/// What the observer of a new connection wants to know of it.
pub(super) fn observe(number: u64) -> Option<(Arc<dyn Tracer>, Events)> {
    let (engine, is_session) = {
        let registry = registry();
        let Live { entry, engine, .. } = registry.live.get(&number)?;
        (engine.clone(), entry.is_session())
    };
    observer(engine.as_deref())?.opened(number, is_session)
}

/// The SQL of a statement of an open connection, whichever engine it is of.
pub(crate) fn statement_of(number: u64, statement: u64) -> Option<String> {
    let engine = registry().live.get(&number)?.engine.clone();
    observer(engine.as_deref())?.statement(number, statement)
}

/// The file of the engine of a connection.
pub(super) fn file_of(number: u64) -> Option<String> {
    registry().live.get(&number)?.engine.as_ref().map(|engine| engine.identity.file.clone())
}

fn observer(engine: Option<&EngineRecord>) -> Option<&dyn Observer> {
    engine.map_or_else(|| FOREIGN.get().copied(), |engine| engine.observer.as_deref())
}

/// Keeps what is called with the events of a handle until it is freed.
pub(super) fn keep(number: u64, tracer: Arc<dyn Tracer>) {
    if let Some(live) = registry().live.get_mut(&number) {
        live.tracer = Some(tracer);
    }
}

/// Enters a connection, and returns its number.
pub(super) fn enter(
    engine: Option<Arc<EngineRecord>>,
    test: TestName,
    opener: Opener,
    stack: Option<Arc<Stack>>,
) -> u64 {
    let mut registry = registry();
    registry.event += 1;
    registry.last += 1;
    let number = registry.last;
    let entry = Entry {
        number,
        opened_at: registry.event,
        ignored: engine.as_ref().is_some_and(|engine| engine.identity.is_kept.load(Ordering::Relaxed)),
        rolls_back: false,
        state: State::Open,
        engine: engine.as_ref().map(|engine| Arc::clone(&engine.identity)),
        test,
        opener,
        stack,
    };
    registry.total.open();
    if let Some(engine) = &engine {
        engine.tally().open();
    }
    if let Some(journal) = &mut registry.journal {
        journal.opened(&entry);
        if entry.ignored {
            journal.ignored(number);
        }
    }
    registry.live.insert(number, Live { entry, engine, tracer: None });
    number
}

/// Records that SQLite has freed a handle. Idempotent.
pub(super) fn freed(number: u64) {
    let mut registry = registry();
    let Some(Live { mut entry, engine, tracer }) = registry.live.remove(&number) else { return };
    let stack = if entry.is_session() { None } else { entry.stack.take() };
    entry.state = if entry.rolls_back { State::RolledBack } else { State::Closed };
    registry.event += 1;
    if let Some(journal) = &mut registry.journal {
        journal.freed(number);
    }
    if let Some(engine) = &engine {
        engine.tally().end(entry.clone());
    }
    registry.total.end(entry);
    drop(registry);
    if let Some(observer) = observer(engine.as_deref()) {
        observer.freed(number);
    }
    // Dropping these takes time, so the lock is released first.
    drop((stack, engine, tracer));
}

/// Forgets a session that could not be opened, unless its handle is not freed.
pub(super) fn withdraw(number: u64, engine: &EngineRecord) {
    registry().total.withdraw(number);
    engine.tally().withdraw(number);
}

/// Records the state of a handle that is not freed.
pub(super) fn set_state(number: u64, state: State) {
    let Registry { live, journal, .. } = &mut *registry();
    let Some(Live { entry, .. }) = live.get_mut(&number) else { return };
    if let Some(journal) = journal {
        journal.state(number, &state);
    }
    entry.state = state;
}

/// Records whether the close under way will roll a transaction back.
pub(super) fn set_rolls_back(number: u64, rolls_back: bool) {
    if let Some(Live { entry, .. }) = registry().live.get_mut(&number) {
        entry.rolls_back = rolls_back;
    }
}

/// The entry of a handle that is not freed.
pub(crate) fn entry(number: u64) -> Option<Entry> {
    registry().live.get(&number).map(|live| live.entry.clone())
}

pub(super) fn event() -> u64 {
    registry().event
}

pub(super) fn counts(engine: Option<&EngineRecord>) -> Counts {
    engine.map_or_else(|| registry().total.counts, |engine| engine.tally().counts)
}

pub(super) fn live(engine: Option<&EngineRecord>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for live in registry().live.values().filter(|live| live.is_of(engine)) {
        entries.push(live.entry.clone());
    }
    sort_by(&mut entries, |one, other| one.number.cmp(&other.number));
    entries
}

pub(super) fn ended(engine: Option<&EngineRecord>) -> Vec<Entry> {
    let entries = |tally: &Tally| tally.ended.iter().cloned().collect();
    engine.map_or_else(|| entries(&registry().total), |engine| entries(&engine.tally()))
}

pub(super) fn ignore_live(engine: Option<&EngineRecord>) {
    let Registry { live, journal, .. } = &mut *registry();
    for Live { entry, .. } in live.values_mut().filter(|live| live.is_of(engine)) {
        entry.ignored = true;
        if let Some(journal) = journal {
            journal.ignored(entry.number);
        }
    }
}

/// Writes to the journal that a connection has opened a file outside the folders of tests.
pub(super) fn outside(number: u64, path: &str) {
    if let Some(journal) = &mut registry().journal {
        journal.outside(number, path);
    }
}

/// Ends the journal with what is open, and why the check may be incomplete.
pub(super) fn end_journal<'e>(leaks: impl Iterator<Item = &'e Entry> + Clone, faults: &[String]) {
    let Some(mut journal) = registry().journal.take() else { return };
    for entry in leaks.clone() {
        journal.state(entry.number, entry.state());
        if let Some(position) = entry.resolved_position() {
            journal.position(entry.number, position);
        }
    }
    journal.ended(leaks, faults);
}
