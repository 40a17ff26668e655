//! The process-wide record. One lock, held for a few instructions at a time, and while a line is written to the journal.

use super::{
    Entry, State,
    entry::Opening,
    journal::Journal,
    record::{Counts, EngineRecord, Tally},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

static BOOK: Mutex<Book> =
    Mutex::new(Book { event: 0, opened: 0, live: BTreeMap::new(), total: Tally::new(), journal: None });

struct Book {
    event: u64,
    opened: u64,
    live: BTreeMap<u64, Live>,
    total: Tally,
    journal: Option<Journal>,
}

/// A handle that is not freed, and the engine that counts it.
struct Live {
    entry: Entry,
    engine: Option<Arc<EngineRecord>>,
}

impl Live {
    fn concerns(&self, engine: Option<&EngineRecord>) -> bool {
        engine.is_none_or(|engine| self.engine.as_deref().is_some_and(|own| std::ptr::eq(own, engine)))
    }
}

impl Book {
    fn write(&mut self, line: impl FnOnce(&mut Journal)) {
        if let Some(journal) = &mut self.journal {
            line(journal);
        }
    }
}

/// Keeps a journal from now on.
pub(super) fn keep(journal: Journal) {
    book().journal = Some(journal);
}

/// Whether a journal is kept.
pub(super) fn is_kept() -> bool {
    book().journal.is_some()
}

/// Enters a handle that was opened, and gives its number.
pub(super) fn enter(Opening { engine, test, opener }: Opening) -> u64 {
    let mut book = book();
    book.event += 1;
    book.opened += 1;
    let entry = Entry {
        number: book.opened,
        opened_at: book.event,
        ignored: false,
        rolls_back: false,
        state: State::Open,
        engine: engine.as_ref().map(|engine| Arc::clone(&engine.identity)),
        test,
        opener,
    };
    book.total.open();
    if let Some(engine) = &engine {
        engine.tally().open();
    }
    book.write(|journal| journal.opened(&entry));
    let number = entry.number;
    book.live.insert(number, Live { entry, engine });
    number
}

/// Notes that SQLite has freed a handle. Idempotent.
pub(super) fn freed(number: u64) {
    let mut book = book();
    let Some(Live { mut entry, engine }) = book.live.remove(&number) else { return };
    let stack = entry.take_stack();
    entry.state = if entry.rolls_back { State::RolledBack } else { State::Closed };
    book.event += 1;
    book.write(|journal| journal.freed(number));
    if let Some(engine) = &engine {
        engine.tally().end(entry.clone());
    }
    book.total.end(entry);
    drop(book);
    // They take their time, which nobody has to wait for.
    drop((stack, engine));
}

/// Takes a session back that was opened and could not be prepared, unless its handle is not freed.
pub(super) fn withdraw(number: u64, engine: Option<&EngineRecord>) {
    if book().total.withdraw(number)
        && let Some(engine) = engine
    {
        engine.tally().withdraw(number);
    }
}

/// Notes how a handle stands that is not freed.
pub(super) fn note(number: u64, state: State) {
    let mut book = book();
    if book.live.contains_key(&number) {
        book.write(|journal| journal.stands(number, &state));
    }
    if let Some(Live { entry, .. }) = book.live.get_mut(&number) {
        entry.state = state;
    }
}

/// Notes whether the close under way will roll a transaction back.
pub(super) fn note_rollback(number: u64, rolls_back: bool) {
    if let Some(Live { entry, .. }) = book().live.get_mut(&number) {
        entry.rolls_back = rolls_back;
    }
}

/// The entry of a handle that is not freed.
pub(super) fn entry(number: u64) -> Option<Entry> {
    book().live.get(&number).map(|live| live.entry.clone())
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
    book().live.values().filter(|live| live.concerns(engine)).map(|live| live.entry.clone()).collect()
}

pub(super) fn ended(engine: Option<&EngineRecord>) -> Vec<Entry> {
    match engine {
        Some(engine) => engine.tally().ended.iter().cloned().collect(),
        None => book().total.ended.iter().cloned().collect(),
    }
}

pub(super) fn ignore_live(engine: Option<&EngineRecord>) {
    let mut book = book();
    let Book { live, journal, .. } = &mut *book;
    for Live { entry, .. } in live.values_mut().filter(|live| live.concerns(engine)) {
        entry.ignored = true;
        if let Some(journal) = journal {
            journal.ignored(entry.number);
        }
    }
}

/// Ends the journal: what is open, and what else was found. Nothing is written to it afterwards.
pub(super) fn end(leaks: &[Entry], faults: &[String]) {
    // Outside the lock: the place of a client's opening is resolved only now.
    let placed: Vec<_> = leaks.iter().map(|entry| (entry, entry.whole_place())).collect();
    let journal = book().journal.take();
    if let Some(mut journal) = journal {
        for (entry, place) in placed {
            journal.stands(entry.number, entry.state());
            if let Some(place) = place {
                journal.placed(entry.number, place);
            }
        }
        journal.ended(leaks, faults);
    }
}

fn book() -> MutexGuard<'static, Book> {
    BOOK.lock().unwrap_or_else(PoisonError::into_inner)
}
