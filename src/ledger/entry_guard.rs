//! A session's link to its entry.

use super::entry::{LastUse, Opener};
use super::hook::NextHandle;
use super::registry::EngineRecord;
use super::stack::Stack;
use super::test_name::TestName;
use super::{Entry, State, entry, hook, registry};
use rusqlite::Connection;
use std::{backtrace::Backtrace, panic::Location, sync::Arc};

#[derive(Debug)]
pub(crate) struct EntryGuard {
    number: u64,
    /// The entry as it was opened, for when the registry has forgotten it.
    entry: Entry,
    engine: Arc<EngineRecord>,
    last_use: Arc<LastUse>,
}

impl EntryGuard {
    /// Opens a session's connection, and enters it.
    pub(crate) fn enter<E>(
        engine: &Arc<EngineRecord>,
        test: TestName,
        location: &'static Location<'static>,
        backtrace: Option<Backtrace>,
        open: impl FnOnce() -> Result<Connection, E>,
    ) -> Result<(Connection, Self), E> {
        let engine = Arc::clone(engine);
        let stack = backtrace.map(|backtrace| Arc::new(Stack::new(backtrace)));
        let last_use = Arc::new(LastUse::new());
        let by_factory = Opener::Factory(location, Arc::clone(&last_use));
        let number = registry::enter(Some(Arc::clone(&engine)), test, by_factory, stack);
        let (opened, is_reported) = hook::open_as(NextHandle::Session(number), open);
        match opened {
            Ok(connection) => {
                if !is_reported {
                    hook::watch_unreported(&connection, number);
                }
                let entry = registry::entry(number).unwrap_or_else(|| unreachable!("an open handle has an entry"));
                Ok((connection, Self { number, entry, engine, last_use }))
            }
            Err(error) => {
                if !is_reported {
                    registry::freed(number);
                }
                registry::withdraw(number, &engine);
                Err(error)
            }
        }
    }

    /// The entry as it is now.
    pub(crate) fn entry(&self) -> Entry {
        // A handle that was swapped out and freed by somebody else may have been forgotten.
        registry::entry(self.number)
            .or_else(|| registry::ended(Some(&self.engine)).into_iter().find(|entry| entry.number == self.number))
            .unwrap_or_else(|| Entry { state: State::Closed, ..self.entry.clone() })
    }

    /// Records that this thread uses the session, in this call.
    pub(crate) fn used(&self, place: &'static Location<'static>) {
        self.last_use.note();
        entry::note_call(self.number, place);
    }

    /// Records that the session is about to be closed, and whether that rolls a transaction back.
    pub(crate) fn closing(&self, rolls_back: bool) {
        registry::set_rolls_back(self.number, rolls_back);
    }

    /// Records that SQLite has closed the handle, in case the hook no longer reports it.
    pub(crate) fn closed(&self) {
        registry::freed(self.number);
    }

    /// Records why the session is not closed.
    pub(crate) fn set_state(&self, state: State) {
        registry::set_state(self.number, state);
    }
}
