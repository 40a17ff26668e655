//! The limit on the number of open sessions.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Debug)]
pub(super) struct Slots {
    /// `None`: no limit, so nothing is counted.
    limit: Option<(usize, Arc<Shared>)>,
    timeout: Duration,
}

#[derive(Debug, Default)]
struct Shared {
    taken: Mutex<usize>,
    freed: Condvar,
}

/// Counts one session against the limit, until it is dropped.
#[derive(Debug)]
pub(crate) struct Slot(Option<Arc<Shared>>);

impl Slots {
    pub(super) fn new(max: Option<usize>, timeout: Duration) -> Self {
        Self { limit: max.map(|max| (max, Arc::default())), timeout }
    }

    pub(super) fn max(&self) -> Option<usize> {
        self.limit.as_ref().map(|(max, _)| *max)
    }

    /// Takes a slot, waiting for one at most the timeout; `None` if all stay taken.
    pub(super) fn take(&self) -> Option<Slot> {
        let Some((max, shared)) = &self.limit else { return Some(Slot(None)) };
        let (mut taken, waited) = shared
            .freed
            .wait_timeout_while(shared.taken(), self.timeout, |taken| *taken >= *max)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() && *taken >= *max {
            return None;
        }
        *taken += 1;
        Some(Slot(Some(Arc::clone(shared))))
    }
}

impl Shared {
    fn taken(&self) -> MutexGuard<'_, usize> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(shared) = &self.0 else { return };
        *shared.taken() -= 1;
        shared.freed.notify_one();
    }
}
