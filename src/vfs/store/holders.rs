//! Who holds the locks of a database, and whom they were refused.
//!
//! A connection is known by its number in the ledger and by the statement that it runs, which the recorder says. Where it does not,
//! both are 0.

use super::locks::Level;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most refusals that are remembered.
const REMEMBERED: usize = 100;

/// A statement of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Actor {
    /// Its number in the ledger.
    pub connection: u64,
    /// Its place in the order of the statements of its database.
    pub statement: u64,
}

/// A lock that was not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub wanted_by: Actor,
    /// Who has the lock, and the statement that took it; `None` for the rival that [`Watcher::has_rival`] asks for.
    pub held_by: Option<Actor>,
}

/// What the recorder of a database says to its locks.
pub(crate) trait Watcher: std::fmt::Debug + Send + Sync {
    /// Whether this thread used the connection last.
    fn is_last_used_here(&self, connection: u64) -> bool;

    /// Whether a wait for a lock that this thread itself holds does not sleep.
    fn is_instant(&self) -> bool;

    /// Whether the first attempt of each transaction to write is refused.
    fn has_rival(&self) -> bool;
}

/// How the locks treat a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum StatementKind {
    Ordinary,
    /// In an explicit transaction, which it does not end. SQLite may try to write a large transaction early; without the exclusive
    /// lock it continues in memory.
    InTransaction,
    /// The rival leaves it alone.
    #[default]
    Spared,
    /// The close of the connection. In WAL mode, SQLite tries to take the exclusive lock, and ignores the refusal.
    Close,
}

/// The statement that a thread runs.
#[derive(Debug, Clone, Copy, Default)]
struct Running {
    actor: Actor,
    kind: StatementKind,
}

thread_local! {
    static RUNNING: Cell<Running> = const { Cell::new(Running { actor: Actor { connection: 0, statement: 0 }, kind: StatementKind::Spared }) };
    /// The database and the refusal that this thread has met last, until it gets the lock.
    static REFUSED: Cell<Option<(u64, Refusal)>> = const { Cell::new(None) };
    /// Whether there is one: this is asked at each statement.
    static IS_REFUSED: Cell<bool> = const { Cell::new(false) };
    /// Whether this thread is in [`with_refusal`].
    static IS_WATCHED: Cell<bool> = const { Cell::new(false) };
}

fn set_refusal(refusal: Option<(u64, Refusal)>) {
    let _ = IS_REFUSED.try_with(|is_refused| is_refused.set(refusal.is_some()));
    let _ = REFUSED.try_with(|refused| refused.set(refusal));
}

/// This thread begins a statement.
pub(crate) fn begin_statement(connection: u64, statement: u64, kind: StatementKind) {
    let actor = Actor { connection, statement };
    let _ = RUNNING.try_with(|running| running.set(Running { actor, kind }));
}

/// The statement of this connection that this thread runs.
fn running(connection: u64) -> Running {
    let running = RUNNING.try_with(Cell::get).unwrap_or_default();
    if running.actor.connection == connection && connection != 0 {
        return running;
    }
    Running { actor: Actor { connection, statement: 0 }, kind: StatementKind::Spared }
}

/// Whether this thread was refused a lock and has not got it since.
pub(crate) fn has_refusal() -> bool {
    IS_REFUSED.try_with(Cell::get).unwrap_or_default()
}

/// Takes the refusal that a statement of this connection has met on this thread and not overcome.
pub(crate) fn take_refusal(connection: u64) -> Option<Refusal> {
    let (_, refusal) = refused().filter(|(_, refusal)| refusal.wanted_by.connection == connection)?;
    set_refusal(None);
    Some(refusal)
}

/// Runs `work`, and returns the refusal that it has met and not overcome on this thread, with the number of the database.
pub(crate) fn with_refusal<T>(work: impl FnOnce() -> T) -> (T, Option<(u64, Refusal)>) {
    struct Restore(Option<(u64, Refusal)>, bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            set_refusal(self.0);
            IS_WATCHED.set(self.1);
        }
    }
    let _restore = Restore(refused(), IS_WATCHED.replace(true));
    set_refusal(None);
    let done = work();
    (done, refused())
}

/// The number of the database and the holder of the lock that the statement which this thread runs was refused.
pub(super) fn awaited() -> Option<(u64, Actor)> {
    let running = RUNNING.try_with(Cell::get).ok()?.actor;
    // Another statement may have been refused before, and given up.
    let (database, refusal) = refused().filter(|(_, refusal)| refusal.wanted_by == running)?;
    Some((database, refusal.held_by?))
}

/// The number of the database and the refusal that this thread has met last.
fn refused() -> Option<(u64, Refusal)> {
    if !has_refusal() {
        return None;
    }
    REFUSED.try_with(Cell::get).ok().flatten()
}

/// The locks of one handle, and the connection that it belongs to.
#[derive(Debug, Default)]
pub(super) struct Holder {
    connection: AtomicU64,
    /// The statement that took the highest lock.
    since: AtomicU64,
    level: AtomicU8,
    /// Whether it has the lock to write to the write-ahead log.
    writes_wal: AtomicBool,
}

impl Holder {
    pub(super) fn set_connection(&self, number: u64) {
        self.connection.store(number, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn note_level(&self, before: Level, now: Level) {
        // The statement that began to read, or to write; not each step on the way.
        if now > before && (before == Level::None || before == Level::Shared) {
            self.since.store(running(self.connection()).actor.statement, Ordering::Relaxed);
        }
        self.level.store(now as u8, Ordering::Relaxed);
    }

    pub(super) fn note_wal(&self, writes: bool) {
        if writes {
            self.since.store(running(self.connection()).actor.statement, Ordering::Relaxed);
        }
        self.writes_wal.store(writes, Ordering::Relaxed);
    }

    /// It has the lock that it wanted.
    #[inline]
    pub(super) fn granted(&self) {
        if !has_refusal() {
            return;
        }
        if refused().is_some_and(|(_, refusal)| refusal.wanted_by.connection == self.connection()) {
            set_refusal(None);
        }
    }

    fn connection(&self) -> u64 {
        self.connection.load(Ordering::Relaxed)
    }

    fn actor(&self) -> Actor {
        Actor { connection: self.connection(), statement: self.since.load(Ordering::Relaxed) }
    }
}

/// Which lock a handle wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Level(Level),
    /// To write to the write-ahead log.
    Wal,
}

impl Wanted {
    fn is_blocked_by(self, other: &Holder) -> bool {
        let level = other.level.load(Ordering::Relaxed);
        match self {
            Self::Wal => other.writes_wal.load(Ordering::Relaxed),
            Self::Level(Level::None) => false,
            Self::Level(Level::Shared) => level >= Level::Pending as u8,
            Self::Level(Level::Reserved) => level > Level::Shared as u8,
            Self::Level(Level::Pending | Level::Exclusive) => level > Level::None as u8,
        }
    }
}

/// The handles of one database, and the refusals among them.
#[derive(Debug, Default)]
pub(super) struct Holders {
    handles: Mutex<Vec<Arc<Holder>>>,
    refusals: Mutex<Vec<Refusal>>,
    watcher: Mutex<Option<Arc<dyn Watcher>>>,
    /// What the watcher says, asked at each lock.
    has_rival: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Holders {
    pub(super) fn set_watcher(&self, watcher: Arc<dyn Watcher>) {
        self.has_rival.store(watcher.has_rival(), Ordering::Relaxed);
        *lock(&self.watcher) = Some(watcher);
    }

    pub(super) fn watcher(&self) -> Option<Arc<dyn Watcher>> {
        lock(&self.watcher).clone()
    }

    pub(super) fn add(&self) -> Arc<Holder> {
        let holder = Arc::new(Holder::default());
        lock(&self.handles).push(Arc::clone(&holder));
        holder
    }

    pub(super) fn remove(&self, holder: &Arc<Holder>) {
        lock(&self.handles).retain(|other| !Arc::ptr_eq(other, holder));
    }

    pub(super) fn refusals(&self) -> Vec<Refusal> {
        lock(&self.refusals).clone()
    }

    /// The lock is refused: remembers who has it. A busy handler that tries again is refused once.
    pub(super) fn refused(&self, database: u64, holder: &Holder, wanted: Wanted) {
        let is_exclusive = matches!(wanted, Wanted::Level(Level::Pending | Level::Exclusive));
        let is_tolerated = match running(holder.connection()).kind {
            StatementKind::Close => true,
            StatementKind::InTransaction => is_exclusive,
            StatementKind::Ordinary | StatementKind::Spared => false,
        };
        if is_tolerated {
            return;
        }
        let blocking = || {
            lock(&self.handles)
                .iter()
                .find(|other| !std::ptr::eq(Arc::as_ptr(other), holder) && wanted.is_blocked_by(other))
                .map(|other| other.actor())
        };
        self.remember(database, holder, Some(blocking().unwrap_or_default()));
    }

    /// Whether the rival of a test is faster than `holder`, which was not refused in this transaction.
    #[inline]
    pub(super) fn has_rival_for(&self, database: u64, holder: &Holder) -> bool {
        let has_rival =
            self.has_rival.load(Ordering::Relaxed) && running(holder.connection()).kind != StatementKind::Spared;
        if has_rival {
            self.remember(database, holder, None);
        }
        has_rival
    }

    fn remember(&self, database: u64, holder: &Holder, held_by: Option<Actor>) {
        let wanted_by = running(holder.connection()).actor;
        let is_known = wanted_by.connection != 0;
        let refusal = Refusal { wanted_by, held_by };
        if is_known || IS_WATCHED.try_with(Cell::get).unwrap_or_default() {
            set_refusal(Some((database, refusal)));
        }
        if !is_known {
            return;
        }
        let mut refusals = lock(&self.refusals);
        if refusals.last() != Some(&refusal) {
            if refusals.len() == REMEMBERED {
                refusals.remove(0);
            }
            refusals.push(refusal);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Actor, Holders, StatementKind, Wanted, awaited, begin_statement, has_refusal, take_refusal, with_refusal,
    };
    use crate::vfs::store::locks::Level;

    /// Nothing would ever take it, and what is not taken slows each statement down.
    #[test]
    fn refusal_of_an_unknown_connection_is_kept_only_for_who_asks() {
        let holders = Holders::default();
        let (unknown, other) = (holders.add(), holders.add());
        other.set_connection(2);
        begin_statement(2, 2, StatementKind::Ordinary);
        other.note_level(Level::None, Level::Exclusive);
        let wait = || holders.refused(7, &unknown, Wanted::Level(Level::Shared));
        wait();
        assert!(!has_refusal());
        let ((), refusal) = with_refusal(wait);
        assert_eq!(refusal.unwrap().1.held_by, Some(Actor { connection: 2, statement: 2 }));
        assert!(!has_refusal() && holders.refusals().is_empty());
        assert!(std::panic::catch_unwind(|| with_refusal(|| -> () { panic!("a hook panics") })).is_err());
        wait();
        assert!(!has_refusal());
    }

    #[test]
    fn only_the_statement_that_was_refused_awaits_the_lock() {
        let holders = Holders::default();
        let (holder, other) = (holders.add(), holders.add());
        holder.set_connection(1);
        other.set_connection(2);
        begin_statement(1, 1, StatementKind::Ordinary);
        holder.note_level(Level::None, Level::Reserved);
        begin_statement(2, 2, StatementKind::Ordinary);
        holders.refused(7, &other, Wanted::Level(Level::Reserved));
        assert_eq!(awaited(), Some((7, Actor { connection: 1, statement: 1 })));
        // It gives up, and another statement waits for something else.
        begin_statement(3, 3, StatementKind::Ordinary);
        assert_eq!(awaited(), None);
        assert_eq!(take_refusal(2).unwrap().wanted_by, Actor { connection: 2, statement: 2 });
        assert_eq!(take_refusal(2), None);
    }
}
