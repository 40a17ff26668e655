//! The process-wide record. One lock, held for a few instructions at a time.

use super::{Entry, State, exit};
use crate::Leaks;
use std::{
    backtrace::Backtrace,
    collections::{BTreeMap, VecDeque},
    panic::Location,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How many ended sessions are remembered, for an engine and for the process.
const REMEMBERED: usize = 256;

static BOOK: Mutex<Book> = Mutex::new(Book {
    event: 0,
    opened: 0,
    live: BTreeMap::new(),
    total: Tally { counts: Counts { opened: 0, closed: 0, live: 0, peak: 0 }, ended: VecDeque::new() },
});

struct Book {
    event: u64,
    opened: u64,
    live: BTreeMap<u64, Entry>,
    total: Tally,
}

/// Figures of sessions. `opened = closed + live`, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Sessions opened.
    pub opened: u64,
    /// Sessions whose handle SQLite has freed.
    pub closed: u64,
    /// Sessions that are open.
    pub live: u64,
    /// The most sessions that were open at once.
    pub peak: u64,
}

#[derive(Debug, Default)]
struct Tally {
    counts: Counts,
    ended: VecDeque<Entry>,
}

impl Tally {
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
}

/// What the record knows of one engine.
#[derive(Debug)]
pub(crate) struct EngineRecord {
    pub number: u64,
    pub name: Arc<str>,
    /// What becomes of a leak, if the engine says so.
    pub leaks: Option<Leaks>,
    tally: Mutex<Tally>,
}

impl EngineRecord {
    pub(crate) fn new(number: u64, name: Arc<str>, leaks: Option<Leaks>) -> Arc<Self> {
        Arc::new(Self { number, name, leaks, tally: Mutex::default() })
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session's claim on its entry.
#[derive(Debug)]
pub(crate) struct Token {
    number: u64,
    engine: Arc<EngineRecord>,
}

/// Enters a session that was opened.
pub(crate) fn enter(
    engine: &Arc<EngineRecord>,
    test: Option<Arc<str>>,
    location: &'static Location<'static>,
    backtrace: Option<Arc<Backtrace>>,
) -> Token {
    exit::watch();
    let mut book = book();
    book.event += 1;
    book.opened += 1;
    let entry = Entry {
        number: book.opened,
        engine: Arc::clone(&engine.name),
        engine_number: engine.number,
        test,
        location,
        backtrace,
        opened_at: book.event,
        ignored: false,
        leaks: engine.leaks,
        state: State::Open,
    };
    let token = Token { number: entry.number, engine: Arc::clone(engine) };
    book.live.insert(entry.number, entry);
    book.total.open();
    engine.tally().open();
    token
}

impl Token {
    /// The entry as it stands.
    pub(crate) fn entry(&self) -> Entry {
        let book = book();
        let live = book.live.get(&self.number).cloned();
        live.or_else(|| self.engine.tally().ended.iter().find(|entry| entry.number == self.number).cloned())
            .expect("a session's entry outlives its token")
    }

    /// Notes how the session stands; once its handle is freed, it has ended.
    pub(crate) fn note(&self, state: State) {
        let mut book = book();
        if !state.is_freed() {
            if let Some(entry) = book.live.get_mut(&self.number) {
                entry.state = state;
            }
            return;
        }
        let Some(mut entry) = book.live.remove(&self.number) else { return };
        entry.state = state;
        book.event += 1;
        book.total.end(entry.clone());
        self.engine.tally().end(entry);
    }
}

pub(super) fn event() -> u64 {
    book().event
}

pub(super) fn counts(engine: Option<&EngineRecord>) -> Counts {
    match engine {
        Some(engine) => engine.tally().counts,
        None => book().total.counts,
    }
}

pub(super) fn live(engine: Option<&EngineRecord>) -> Vec<Entry> {
    book().live.values().filter(|entry| concerns(entry, engine)).cloned().collect()
}

pub(super) fn ended(engine: Option<&EngineRecord>) -> Vec<Entry> {
    match engine {
        Some(engine) => engine.tally().ended.iter().cloned().collect(),
        None => book().total.ended.iter().cloned().collect(),
    }
}

pub(super) fn ignore_live(engine: Option<&EngineRecord>) {
    for entry in book().live.values_mut().filter(|entry| concerns(entry, engine)) {
        entry.ignored = true;
    }
}

fn concerns(entry: &Entry, engine: Option<&EngineRecord>) -> bool {
    engine.is_none_or(|engine| engine.number == entry.engine_number)
}

fn book() -> MutexGuard<'static, Book> {
    BOOK.lock().unwrap_or_else(PoisonError::into_inner)
}
