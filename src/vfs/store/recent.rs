//! The databases that a thread has read last. SQLite asks for a journal at each read, by its name, and looking a name up takes a
//! lock of the whole process.

use super::sidecars::Sidecars;
use std::cell::RefCell;
use std::sync::Arc;

/// How many databases a thread remembers.
const REMEMBERED: usize = 8;

type Remembered = Option<(u64, Arc<Sidecars>)>;

thread_local! {
    static RECENT: RefCell<[Remembered; REMEMBERED]> = const { RefCell::new([const { None }; REMEMBERED]) };
}

/// Asks the sidecars of the database with this number, which `find` looks up if this thread does not remember it; `None` if there is
/// no such database. One that is gone has no sidecars, and its number is not used again.
pub(super) fn ask<T>(number: u64, find: impl Fn() -> Option<Arc<Sidecars>>, ask: impl Fn(&Sidecars) -> T) -> Option<T> {
    let answer = RECENT.try_with(|recent| {
        let recent = &mut recent.borrow_mut()[usize::try_from(number).unwrap_or_default() % REMEMBERED];
        if recent.as_ref().is_none_or(|(other, _)| *other != number) {
            *recent = find().map(|found| (number, found));
        }
        recent.as_ref().map(|(_, sidecars)| ask(sidecars))
    });
    // The thread may be ending.
    answer.unwrap_or_else(|_| find().map(|sidecars| ask(&sidecars)))
}
