//! What is still open when it should not be.

use super::{Entry, registry};
use std::{error::Error, sync::Arc};

/// The sessions that are open when all should be closed.
///
/// Its `Display` names the test, the place and the age of each, and what to do.
#[derive(Clone)]
pub struct LeakReport {
    engine: Option<Arc<str>>,
    event: u64,
    leaks: Vec<Entry>,
}

impl LeakReport {
    pub(super) fn new(engine: Option<Arc<str>>, leaks: Vec<Entry>) -> Self {
        Self { engine, event: registry::event(), leaks }
    }

    /// The engine that was asked, `None` for the whole process.
    #[must_use]
    pub fn engine(&self) -> Option<&str> {
        self.engine.as_deref()
    }

    /// The sessions that are open, in the order of their numbers.
    #[must_use]
    pub fn leaks(&self) -> &[Entry] {
        &self.leaks
    }

    /// How many sessions were opened or ended, in the whole process, since `entry` was opened.
    #[must_use]
    pub fn age(&self, entry: &Entry) -> u64 {
        self.event.saturating_sub(entry.opened_at())
    }
}

crate::position::debug_is_chain!(LeakReport);

impl Error for LeakReport {}
