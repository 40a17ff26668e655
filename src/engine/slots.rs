//! The limit on the number of open sessions.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Slots {
    max: Option<usize>,
    timeout: Duration,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    taken: Mutex<usize>,
    freed: Condvar,
}

/// Counts one session against the limit, until it is dropped.
#[derive(Debug)]
pub(crate) struct Slot(Arc<Shared>);

impl Slots {
    pub(super) fn new(max: Option<usize>, timeout: Duration) -> Self {
        Self { max, timeout, shared: Arc::default() }
    }

    pub(super) fn max(&self) -> Option<usize> {
        self.max
    }

    /// Takes a slot, waiting for one at most the timeout; `None` if all stay taken.
    pub(super) fn take(&self) -> Option<Slot> {
        let max = self.max.unwrap_or(usize::MAX);
        let taken = self.shared.taken();
        let (mut taken, waited) = self
            .shared
            .freed
            .wait_timeout_while(taken, self.timeout, |taken| *taken >= max)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() && *taken >= max {
            return None;
        }
        *taken += 1;
        Some(Slot(Arc::clone(&self.shared)))
    }
}

impl Shared {
    fn taken(&self) -> MutexGuard<'_, usize> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *self.0.taken() -= 1;
        self.0.freed.notify_one();
    }
}
