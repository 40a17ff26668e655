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
    live: BTreeMap<u64, Entry>,
    total: Tally,
    journal: Option<Journal>,
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
pub(super) fn enter(opening: Opening) -> u64 {
    let mut book = book();
    book.event += 1;
    book.opened += 1;
    let (number, opened_at) = (book.opened, book.event);
    let entry = Entry { number, opened_at, ignored: false, rolls_back: false, state: State::Open, opening };
    book.total.open();
    if let Some(engine) = &entry.opening.engine {
        engine.tally().open();
    }
    book.write(|journal| journal.opened(&entry));
    book.live.insert(number, entry);
    number
}

/// Notes that SQLite has freed a handle. Idempotent.
pub(super) fn freed(number: u64) {
    let mut book = book();
    let Some(mut entry) = book.live.remove(&number) else { return };
    let stack = entry.take_stack();
    entry.state = if entry.rolls_back { State::RolledBack } else { State::Closed };
    book.event += 1;
    book.write(|journal| journal.freed(number));
    book.total.end(entry.clone());
    if let Some(engine) = entry.opening.engine.clone() {
        engine.tally().end(entry);
    }
    drop(book);
    // Takes its time, which nobody has to wait for.
    drop(stack);
}

/// Takes a session back that was opened and could not be prepared, unless its handle is not freed.
pub(super) fn withdraw(number: u64) {
    let mut book = book();
    if let Some(entry) = book.total.withdraw(number)
        && let Some(engine) = &entry.opening.engine
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
    if let Some(entry) = book.live.get_mut(&number) {
        entry.state = state;
    }
}

/// Notes whether the close under way will roll a transaction back.
pub(super) fn note_rollback(number: u64, rolls_back: bool) {
    if let Some(entry) = book().live.get_mut(&number) {
        entry.rolls_back = rolls_back;
    }
}

/// The entry of a handle that is not freed.
pub(super) fn entry(number: u64) -> Option<Entry> {
    book().live.get(&number).cloned()
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
    let mut book = book();
    let known: Vec<u64> =
        book.live.values().filter(|entry| concerns(entry, engine)).map(|entry| entry.number).collect();
    for number in known {
        if let Some(entry) = book.live.get_mut(&number) {
            entry.ignored = true;
        }
        book.write(|journal| journal.ignored(number));
    }
}

/// Ends the journal: what is open, and what else was found. Nothing is written to it afterwards.
pub(super) fn end(leaks: &[Entry], faults: &[String]) {
    // Outside the lock: the place of a client's opening is resolved only now.
    let place = |entry: &Entry| if entry.is_session() { None } else { entry.position() };
    let placed: Vec<_> = leaks.iter().map(|entry| (entry, place(entry))).collect();
    let journal = book().journal.take();
    if let Some(mut journal) = journal {
        for (entry, place) in placed {
            journal.stands(entry.number, entry.state());
            if let Some(place) = place {
                journal.placed(entry.number, &place);
            }
        }
        journal.ended(leaks, faults);
    }
}

fn concerns(entry: &Entry, engine: Option<&EngineRecord>) -> bool {
    engine.is_none_or(|engine| {
        entry.opening.engine.as_ref().is_some_and(|of_entry: &Arc<EngineRecord>| of_entry.number == engine.number)
    })
}

fn book() -> MutexGuard<'static, Book> {
    BOOK.lock().unwrap_or_else(PoisonError::into_inner)
}
