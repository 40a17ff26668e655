//! The last statements of one connection.

use super::Shared;
use super::lints::{self, Run};
use super::locks::holder_of;
use super::scan;
use super::statement::{MAX_TEXT, Sql, Statement};
use super::transaction::TransactionLint;
use crate::ledger::{take_call, test_name, test_name::TestName, this_thread};
use crate::sqlite::{OpenHandle, Running, Tracer, is_unrecorded};
use crate::vfs::{self, Actor, StatementKind};
use rusqlite::ffi;
use std::cell::RefCell;
use std::ffi::c_int;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

#[derive(Debug)]
pub(super) struct RecordedConnection {
    pub(super) number: u64,
    is_session: bool,
    shared: Arc<Shared>,
    own: Weak<Self>,
    repeated: Repeated,
    inner: Mutex<Inner>,
}

/// The last statement, which may run again: that is counted without a lock, for a loop of short statements.
#[derive(Debug, Default)]
struct Repeated {
    address: AtomicUsize,
    /// How often it had run when it runs next.
    runs: AtomicUsize,
    thread: AtomicUsize,
    sequence: AtomicU64,
    times: AtomicU64,
    is_in_transaction: AtomicBool,
    /// The statement that began last, counted here or not, and how many steps it had taken before.
    begun: AtomicUsize,
    steps: AtomicUsize,
}

impl Repeated {
    /// Whether the last statement begins again before it has returned: SQLite reports the action of a foreign key, such as
    /// `ON DELETE CASCADE`, with the text of the statement that leads to it.
    #[inline]
    fn is_nested(&self, statement: &Running, runs: usize) -> bool {
        // A new statement at the same address has never run, nor taken a step.
        let steps = if runs == 0 { 0 } else { statement.steps() };
        let is_nested = runs > 0
            && self.begun.load(Ordering::Relaxed) == statement.address()
            && self.steps.load(Ordering::Relaxed) == steps;
        if is_nested {
            self.runs.store(runs + 1, Ordering::Relaxed);
        } else {
            self.begun.store(statement.address(), Ordering::Relaxed);
            self.steps.store(steps, Ordering::Relaxed);
        }
        is_nested
    }

    /// Whether this is the same statement again, on the same thread, and no other ran on the database. Counts it.
    fn is_next(&self, statement: &Running, runs: usize, shared: &Shared) -> bool {
        // Another statement may have got its address; one that is new has never run.
        let is_same = self.address.load(Ordering::Relaxed) == statement.address()
            && self.runs.load(Ordering::Relaxed) == runs
            && self.thread.load(Ordering::Relaxed) == this_thread()
            && shared.is_last(self.sequence.load(Ordering::Relaxed))
            && !shared.wants_ends()
            && !shared.wanted.values;
        if is_same {
            // Only the thread that uses the connection writes them.
            self.runs.store(runs + 1, Ordering::Relaxed);
            self.times.store(self.times.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
        is_same
    }

    /// The last statement runs once more, prepared anew.
    fn count(&self, statement: &Running) {
        self.address.store(statement.address(), Ordering::Relaxed);
        self.runs.store(statement.runs() + 1, Ordering::Relaxed);
        self.times.store(self.times.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    fn forget(&self) {
        self.address.store(0, Ordering::Relaxed);
        self.times.store(1, Ordering::Relaxed);
    }

    fn kind(&self) -> StatementKind {
        if self.is_in_transaction.load(Ordering::Relaxed) {
            StatementKind::InTransaction
        } else {
            StatementKind::Ordinary
        }
    }

    fn set(&self, statement: &Running, last: &Statement, thread: usize, kind: StatementKind) {
        let is_counted = last.watches.is_empty();
        self.address.store(if is_counted { last.address } else { 0 }, Ordering::Relaxed);
        self.runs.store(statement.runs() + 1, Ordering::Relaxed);
        self.thread.store(thread, Ordering::Relaxed);
        self.sequence.store(last.sequence, Ordering::Relaxed);
        self.times.store(1, Ordering::Relaxed);
        self.is_in_transaction.store(kind == StatementKind::InTransaction, Ordering::Relaxed);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum HandleState {
    #[default]
    Open,
    /// SQLite has reported that it is about to be closed.
    Closing,
    Freed,
    /// Freed without that report: the user's code had replaced our trace.
    FreedUnreported,
}

#[derive(Debug, Default)]
pub(super) struct Inner {
    #[expect(clippy::vec_box, reason = "the oldest leaves first, and the others move up")]
    pub last: Vec<Box<Statement>>,
    pub handle: HandleState,
    /// The error that the last call on the connection has returned, if it is not that of the last statement.
    pub error: Option<(c_int, String)>,
    /// The thread that ran the last statement, and the test that it runs.
    pub thread: usize,
    pub test: TestName,
    /// Whether SQLite reports the ends of statements.
    has_ends: bool,
    /// The statement that began to write in the transaction that is open.
    pub writing: Option<(u64, Sql)>,
    pub transaction: TransactionLint,
}

thread_local! {
    /// The connection of the statement that this thread began last.
    static CURRENT: RefCell<Weak<RecordedConnection>> = const { RefCell::new(Weak::new()) };
}

impl RecordedConnection {
    pub(super) fn new(number: u64, is_session: bool, shared: Arc<Shared>) -> Arc<Self> {
        let inner = Mutex::new(Inner { has_ends: shared.wants_ends(), ..Inner::default() });
        Arc::new_cyclic(|own| Self {
            number,
            is_session,
            shared,
            own: own.clone(),
            repeated: Repeated::default(),
            inner,
        })
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the last statement runs again, with the same text from the same call, and no other ran on the database.
    fn is_repeated(&self, inner: &Inner, text: &[u8], place: Option<&'static Location<'static>>) -> bool {
        let Some(last) = inner.last.last() else { return false };
        self.repeated.address.load(Ordering::Relaxed) != 0
            && self.shared.is_last(last.sequence)
            && last.place == place
            && last.is_text(text)
            && inner.thread == this_thread()
            && !self.shared.wants_ends()
            && !self.shared.wanted.values
    }

    /// How often the last statement has run.
    pub(super) fn times(&self) -> u64 {
        self.repeated.times.load(Ordering::Relaxed)
    }

    fn note_close(&self, handle: &OpenHandle) {
        let mut inner = self.inner();
        let inner = &mut *inner;
        inner.handle = HandleState::Closing;
        inner.changes(handle);
        inner.take_refused_lock(self.number);
        vfs::begin_statement(self.number, 0, StatementKind::Close);
        self.shared.note_writer(self.number, None);
        let known = inner.last.last().and_then(|last| last.error.as_ref());
        inner.error = handle.last_error().filter(|last| known.is_none_or(|known| known.0 != last.0));
        if self.shared.wanted.lints.any() {
            inner.transaction.closes(&Run { shared: &self.shared, last: &inner.last, test: &inner.test }, handle);
        }
    }

    /// The body of the test ends that used the connection last.
    pub(super) fn test_ends(&self) {
        let mut inner = self.inner();
        let inner = &mut *inner;
        if !inner.is_freed() && inner.thread == this_thread() {
            inner.transaction.test_ends(&Run { shared: &self.shared, last: &inner.last, test: &inner.test });
        }
    }
}

impl Tracer for RecordedConnection {
    fn begins(&self, statement: &Running) {
        let runs = statement.runs();
        if self.repeated.is_nested(statement, runs) {
            return;
        }
        if !is_unrecorded() && !vfs::has_refusal() && self.repeated.is_next(statement, runs, &self.shared) {
            if self.is_session {
                take_call(self.number);
            }
            vfs::begin_statement(self.number, self.repeated.sequence.load(Ordering::Relaxed), self.repeated.kind());
            return;
        }
        let mut inner = self.inner();
        let inner = &mut *inner;
        let place = if self.is_session { take_call(self.number) } else { None };
        let text = statement.text();
        if !is_unrecorded() && !vfs::has_refusal() && self.is_repeated(inner, text, place) {
            self.repeated.count(statement);
            vfs::begin_statement(self.number, self.repeated.sequence.load(Ordering::Relaxed), self.repeated.kind());
            return;
        }
        inner.handle = HandleState::Open;
        if inner.last.last().is_some_and(|last| last.is_a("ATTACH")) {
            vfs::set_connection_of_attached(&statement.handle(), self.number);
        }
        let is_readonly = statement.is_readonly();
        // What a query costs counts: it changes nothing, so there is nothing to ask after it.
        let was_readonly = inner.last.last().is_none_or(|last| last.is_readonly && inner.writing.is_none());
        let changes = if was_readonly && is_readonly { 0 } else { inner.changes(&statement.handle()) };
        inner.take_refused_lock(self.number);
        if is_unrecorded() {
            vfs::begin_statement(self.number, 0, StatementKind::Spared);
            return;
        }
        if let Some(last) = inner.last.last_mut().filter(|last| last.times == 1) {
            last.times = self.times();
        }
        let thread = this_thread();
        if inner.thread != thread {
            inner.thread = thread;
            inner.test = test_name::current(self.shared.owner.as_ref());
        }
        let _ = CURRENT.try_with(|current| {
            if current.borrow().as_ptr() != self.own.as_ptr() {
                current.replace(self.own.clone());
            }
        });
        // A statement that leaves the list gives its memory to the new one.
        let is_full = inner.last.len() >= self.shared.wanted.statements.max(1);
        let mut new = if is_full { inner.last.remove(0) } else { Box::default() };
        let wants_ends = self.shared.wants_ends();
        if inner.has_ends != wants_ends {
            inner.has_ends = wants_ends;
            statement.report_ends(wants_ends);
        }
        // A lint reads the whole text: it is prepared again, and a comment may allow it.
        new.set_text(text, self.shared.wanted.lints.any());
        let expanded = if self.shared.wanted.values { statement.expanded(MAX_TEXT) } else { None };
        new.expanded = expanded.map(|(text, len)| Sql::new(&text, len));
        new.sequence = self.shared.next();
        new.place = place;
        new.rows = None;
        new.error = None;
        new.refusal = None;
        new.scan_steps = None;
        new.watches = self.shared.watch(text);
        new.address = statement.address();
        new.is_readonly = is_readonly;
        new.is_ended = false;
        new.changes_before = changes;
        new.steps_before = if wants_ends { statement.scan_steps() } else { 0 };
        let kind = kind(text, &statement.handle());
        if kind == StatementKind::Spared {
            self.repeated.forget();
        } else {
            self.repeated.set(statement, &new, thread, kind);
        }
        vfs::begin_statement(self.number, new.sequence, kind);
        new.times = 1;
        inner.last.push(new);
        if self.shared.wanted.lints.any() {
            let run = Run { shared: &self.shared, last: &inner.last, test: &inner.test };
            inner.transaction.begins(&run, &statement.handle());
            lints::repeats(&run, self.number);
        }
    }

    fn ends(&self, statement: &Running) {
        let handle = statement.handle();
        let mut inner = self.inner();
        let inner = &mut *inner;
        let address = statement.address();
        let Some(at) = inner.last.iter().rposition(|last| last.address == address && !last.is_ended) else { return };
        let is_last = at + 1 == inner.last.len();
        let ended = &mut inner.last[at];
        ended.is_ended = true;
        ended.scan_steps = Some(statement.scan_steps().saturating_sub(ended.steps_before));
        if is_last {
            ended.finish(if ended.is_readonly { ended.changes_before } else { handle.total_changes() });
        }
        let is_refused = statement.is_refused();
        if is_refused {
            let wanted_by = Actor { connection: self.number, statement: ended.sequence };
            let on_disk = || self.shared.wanted.is_on_disk.then(|| self.shared.refused(wanted_by));
            // In memory, a statement without a refused lock had an outdated snapshot (`SQLITE_BUSY_SNAPSHOT`).
            if let Some(refusal) = vfs::take_refusal(self.number).or_else(on_disk) {
                ended.refusal = Some((refusal, holder_of(&refusal)));
                ended.error = Some(locked());
            }
        }
        ended.publish();
        inner.note_writing(&handle);
        self.shared.note_writer(self.number, inner.writing.as_ref().map(|(statement, _)| *statement));
        if self.shared.wanted.lints.any() {
            let run = Run { shared: &self.shared, last: &inner.last, test: &inner.test };
            inner.transaction.ends(&run, at, &handle, is_refused);
            scan::look(&run, at, self.number);
        }
    }

    fn closes(&self, handle: &OpenHandle) {
        self.note_close(handle);
        // Not with the lock: it runs statements on the handle.
        if self.shared.wanted.lints.any() {
            self.shared.judge_scans(|scan| scan.is_of(self.number), || handle.connection());
        }
    }
}

impl Inner {
    pub(super) fn is_freed(&self) -> bool {
        matches!(self.handle, HandleState::Freed | HandleState::FreedUnreported)
    }

    pub(super) fn free(&mut self) {
        self.handle = if self.handle == HandleState::Open { HandleState::FreedUnreported } else { HandleState::Freed };
    }

    /// Takes from the file system the lock that the last statement was refused and did not get in the end.
    pub(super) fn take_refused_lock(&mut self, number: u64) {
        if let Some(last) = self.last.last_mut()
            && last.refusal.is_none()
            && let Some(refusal) = vfs::take_refusal(number)
            && refusal.wanted_by.statement == last.sequence
        {
            last.refusal = Some((refusal, holder_of(&refusal)));
            last.error = Some(locked());
            last.publish();
        }
    }

    /// The count of changed rows on the handle. The last statement takes what it has changed, and whether it began to write.
    fn changes(&mut self, handle: &OpenHandle) -> u32 {
        let changes = handle.total_changes();
        if let Some(last) = self.last.last_mut() {
            last.finish(if last.is_readonly { last.changes_before } else { changes });
        }
        self.note_writing(handle);
        changes
    }

    /// Remembers the statement that began to write.
    fn note_writing(&mut self, handle: &OpenHandle) {
        if !handle.is_writing() {
            self.writing = None;
        } else if self.writing.is_none() {
            self.writing = self.last.last().map(|last| (last.sequence, last.sql()));
        }
    }
}

fn locked() -> (c_int, String) {
    (ffi::SQLITE_BUSY, "database is locked".to_owned())
}

fn begins_with(text: &[u8], word: &[u8]) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// The kind of a statement for the file system's locks. A `PRAGMA` or `VACUUM` may change the whole file, such as its journal mode.
fn kind(text: &[u8], handle: &OpenHandle) -> StatementKind {
    let text = text.trim_ascii_start();
    let ends_transaction = || [&b"COMMIT"[..], b"END", b"RELEASE"].iter().any(|word| begins_with(text, word));
    match text.first() {
        Some(b'p' | b'P' | b'v' | b'V') if begins_with(text, b"PRAGMA") || begins_with(text, b"VACUUM") => {
            StatementKind::Spared
        }
        _ if handle.is_autocommit() || ends_transaction() => StatementKind::Ordinary,
        _ => StatementKind::InTransaction,
    }
}

/// Records that a statement of this thread has failed.
pub(super) fn failed(code: c_int, reason: &str, sql: &str) {
    let recorded = CURRENT.try_with(|current| current.try_borrow().ok()?.upgrade()).ok().flatten();
    let Some(recorded) = recorded else { return };
    let mut inner = recorded.inner();
    let Some(last) = inner.last.last_mut() else { return };
    // A trigger is named before it.
    let without_trigger = sql.split_once(" */ ").map_or(sql, |(_, sql)| sql);
    if [sql, without_trigger].iter().any(|sql| !sql.is_empty() && last.begins_with(sql.as_bytes())) {
        let reason = if reason.is_empty() { "SQL error" } else { reason };
        last.error = Some((code, reason.to_owned()));
        last.times = recorded.times();
        last.publish();
        recorded.repeated.forget();
    }
}
