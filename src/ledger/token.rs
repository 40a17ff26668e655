//! A session's claim on its entry, from its opening on.

use super::{
    Entry, State,
    entry::Opening,
    hook::{self, Expected},
    record::EngineRecord,
    registry,
};
use rusqlite::Connection;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct Token {
    number: u64,
    /// The entry at the opening, for when it is forgotten.
    entry: Entry,
    engine: Option<Arc<EngineRecord>>,
}

impl Token {
    /// Opens a connection that is entered as `opening`, once.
    pub(crate) fn enter<E>(
        opening: Opening,
        open: impl FnOnce() -> Result<Connection, E>,
    ) -> Result<(Connection, Self), E> {
        let engine = opening.engine.clone();
        let expectation = hook::expect(Expected::Opening(opening));
        let opened = open();
        let (connection, number) = match (opened, expectation.met()) {
            (Ok(connection), Expected::Entered(number)) => (connection, number),
            (Ok(connection), Expected::Opening(opening)) => {
                let number = hook::enter_untracked(&connection, opening);
                (connection, number)
            }
            (Ok(_), _) => unreachable!("an opening is expected until it is entered"),
            (Err(error), met) => {
                if let Expected::Entered(number) = met {
                    registry::withdraw(number, engine.as_deref());
                }
                return Err(error);
            }
        };
        let entry = registry::entry(number).unwrap_or_else(|| unreachable!("a handle that is open has an entry"));
        Ok((connection, Self { number, entry, engine }))
    }

    /// The entry as it stands.
    pub(crate) fn entry(&self) -> Entry {
        let ended = || {
            let tally = self.engine.as_ref()?.tally();
            tally.ended.iter().find(|entry| entry.number == self.number).cloned()
        };
        // A handle that was swapped out and freed by somebody else may be long forgotten.
        registry::entry(self.number)
            .or_else(ended)
            .unwrap_or_else(|| Entry { state: State::Closed, ..self.entry.clone() })
    }

    /// Notes that the session is about to be closed, and whether that rolls a transaction back.
    pub(crate) fn closing(&self, rolls_back: bool) {
        registry::note_rollback(self.number, rolls_back);
    }

    /// Notes that SQLite has closed the handle, in case that nobody watched it any more.
    pub(crate) fn closed(&self) {
        registry::freed(self.number);
    }

    /// Notes how the session stands, which is not closed.
    pub(crate) fn note(&self, state: State) {
        registry::note(self.number, state);
    }
}
