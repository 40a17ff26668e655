//! What SQLite ran: the last statements of each connection, and the lints that look at them.

// `connection` has the last statements of one connection, each a `statement`. `lints` has what lints find: `transaction` looks at
// transactions, `scan` for the index that a statement lacks. `locks` describes who has a lock. `watch` has the statements of some
// code.

mod connection;
mod lints;
mod locks;
mod scan;
mod statement;
mod transaction;
mod watch;

pub use lints::{Finding, allow};
pub use locks::RefusedLock;
pub(crate) use scan::full_scans;
pub(crate) use watch::Watch;
pub use watch::{Growth, Statement, Watched};

use crate::ledger::test_name::TestName;
use crate::ledger::{Observer, call_addresses, observe_foreign, this_thread};
use crate::position::Position;
use crate::settings::{Lint, Lints, Settings};
use crate::sqlite::{Events, Tracer, is_unrecorded, on_failure, unrecorded};
use crate::vfs::{Actor, Refusal, Watcher};
use connection::{HandleState, RecordedConnection};
use lints::Step;
use rusqlite::Connection;
use scan::Scan;
use statement::Sql;
use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// How many statements are shown under a failed test, unless it is set.
pub(crate) const DEFAULT_STATEMENTS: usize = 20;

/// The most closed connections whose statements are kept.
const MAX_CLOSED: usize = 32;

/// The most refused locks that are kept, as in memory.
const MAX_REFUSALS: usize = 100;

/// The recorder of one engine's connections, or of all that are no engine's.
#[derive(Debug)]
pub(crate) struct Recorder {
    shared: Arc<Shared>,
    /// Also those of the last connections that are closed.
    connections: Mutex<Vec<Arc<RecordedConnection>>>,
}

/// What the connections of one recorder share.
#[derive(Debug)]
struct Shared {
    /// The test that made the engine.
    owner: Option<TestName>,
    wanted: Wanted,
    /// Whether SQLite reports the ends of statements.
    has_ends: bool,
    sequence: AtomicU64,
    findings: Mutex<Vec<Finding>>,
    /// The statements that walked through tables, until it is known whether an index would serve them; and all their texts.
    scans: Mutex<Vec<Scan>>,
    scanned: Mutex<HashSet<String>>,
    /// How often statements ran, by text, test and call.
    runs: Mutex<HashMap<u64, usize>>,
    /// On disk, where no file system of ours knows it: the connection that writes, and the locks that were refused.
    writer: Mutex<Option<Actor>>,
    refusals: Mutex<Vec<Refusal>>,
    /// Those who watch, and how many they are.
    watches: Mutex<Vec<Arc<Watch>>>,
    watching: AtomicUsize,
}

/// What is recorded.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "settings that are independent")]
pub(crate) struct Wanted {
    pub lints: Lints,
    /// How many statements each connection keeps.
    pub statements: usize,
    /// Whether they are kept with the values that were bound to them.
    pub values: bool,
    /// Whether the database is a file on disk, whose locks our file system does not see.
    pub is_on_disk: bool,
    pub instant_busy: bool,
    pub rival: bool,
}

impl Shared {
    /// Whether no statement came after this one.
    fn is_last(&self, sequence: u64) -> bool {
        self.sequence.load(Ordering::Relaxed) == sequence + 1
    }

    /// Whether SQLite is to report the ends of statements now.
    fn wants_ends(&self) -> bool {
        self.has_ends || self.watching.load(Ordering::Relaxed) > 0
    }

    /// Adds a statement to the lists of those who watch.
    fn watch(&self, text: &[u8]) -> Vec<(Arc<Watch>, usize)> {
        if self.watching.load(Ordering::Relaxed) == 0 {
            return Vec::new();
        }
        let sql = &String::from_utf8_lossy(text);
        lock(&self.watches).iter().map(|watch| (Arc::clone(watch), watch.push(sql))).collect()
    }

    /// Counts a run of a statement by this call in one test. Foreign connections are counted separately, since each may be to another
    /// database.
    fn count_run(&self, sql: &str, test: Option<&str>, connection: u64) -> usize {
        let mut hasher = DefaultHasher::new();
        (sql, test, self.owner.is_none().then_some(connection), call_addresses()).hash(&mut hasher);
        let mut runs = lock(&self.runs);
        let count = runs.entry(hasher.finish()).or_default();
        *count += 1;
        *count
    }

    /// Adds a statement that walked through tables, once.
    fn add_scan(&self, sql: &str, scan: impl FnOnce() -> Scan) {
        if lock(&self.scanned).insert(sql.to_owned()) {
            lock(&self.scans).push(scan());
        }
    }

    /// Looks whether an index would have served those scans.
    fn judge_scans<E>(&self, which: impl Fn(&Scan) -> bool, connect: impl FnOnce() -> Result<Connection, E>) {
        let mut scans = Vec::new();
        lock(&self.scans).retain(|scan| {
            let is_judged = which(scan);
            if is_judged {
                scans.push(scan.clone());
            }
            !is_judged
        });
        if scans.is_empty() {
            return;
        }
        match connect() {
            Ok(connection) => unrecorded(|| scans.into_iter().for_each(|scan| scan.judge(self, &connection))),
            // Another connection may tell.
            Err(_) => lock(&self.scans).extend(scans),
        }
    }

    /// Remembers who writes on disk.
    fn note_writer(&self, connection: u64, statement: Option<u64>) {
        let mut writer = lock(&self.writer);
        match statement {
            Some(statement) => *writer = Some(Actor { connection, statement }),
            None if writer.is_some_and(|writer| writer.connection == connection) => *writer = None,
            None => {}
        }
    }

    /// A statement was refused a lock on disk.
    fn refused(&self, wanted_by: Actor) -> Refusal {
        let held_by = *lock(&self.writer);
        let refusal = Refusal { wanted_by, held_by: Some(held_by.unwrap_or_default()) };
        let mut refusals = lock(&self.refusals);
        if refusals.len() == MAX_REFUSALS {
            refusals.remove(0);
        }
        refusals.push(refusal);
        refusal
    }

    /// Whether this was found before.
    fn has_found(&self, lint: Lint, step: &Step) -> bool {
        lock(&self.findings).iter().any(|finding| finding.lint() == lint && finding.sql() == step.sql.text)
    }

    fn found(&self, finding: Finding) {
        lock(&self.findings).push(finding);
    }

    /// The next number in the order of statements.
    fn next(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::Relaxed)
    }
}

impl Recorder {
    /// `None` if there is nothing to record.
    pub(crate) fn new(owner: TestName, wanted: Wanted) -> Option<Arc<Self>> {
        let is_any = wanted.statements > 0 || wanted.lints.any() || wanted.instant_busy || wanted.rival;
        is_any.then(|| Arc::new(Self::with(Some(owner), wanted)))
    }

    fn with(owner: Option<TestName>, wanted: Wanted) -> Self {
        let shared = Arc::new(Shared {
            owner,
            wanted,
            // On disk their cost is small, and they show which statements were refused a lock.
            has_ends: wanted.is_on_disk || wanted.lints.any(),
            sequence: AtomicU64::new(1),
            findings: Mutex::default(),
            scans: Mutex::default(),
            scanned: Mutex::default(),
            runs: Mutex::default(),
            writer: Mutex::default(),
            refusals: Mutex::default(),
            watches: Mutex::default(),
            watching: AtomicUsize::new(0),
        });
        Self { shared, connections: Mutex::default() }
    }

    fn connections(&self) -> MutexGuard<'_, Vec<Arc<RecordedConnection>>> {
        lock(&self.connections)
    }

    /// Runs `work`, and returns the statements that ran meanwhile; `None` if none are recorded.
    pub(crate) fn watch<T>(&self, work: impl FnOnce() -> T) -> Option<(T, Arc<Watch>)> {
        struct Ends<'a>(&'a Shared, Arc<Watch>);
        impl Drop for Ends<'_> {
            fn drop(&mut self) {
                lock(&self.0.watches).retain(|other| !Arc::ptr_eq(other, &self.1));
                self.0.watching.fetch_sub(1, Ordering::Relaxed);
            }
        }
        if self.shared.wanted.statements == 0 && !self.shared.has_ends {
            return None;
        }
        let watch = Arc::new(Watch::default());
        lock(&self.shared.watches).push(Arc::clone(&watch));
        self.shared.watching.fetch_add(1, Ordering::Relaxed);
        let ends = Ends(&self.shared, Arc::clone(&watch));
        let value = work();
        drop(ends);
        Some((value, watch))
    }

    /// The body of the test that made the engine ends. `connect` opens a connection to its database.
    pub(crate) fn test_ends<E>(&self, connect: impl FnOnce() -> Result<Connection, E>) {
        if self.shared.wanted.lints.any() {
            self.connections().iter().for_each(|recorded| recorded.test_ends());
            self.shared.judge_scans(|_| true, connect);
        }
    }

    /// The SQL of a statement, if it is one of the last of its connection, or the one that began to write.
    fn sql_of(&self, actor: Actor) -> Option<Sql> {
        let connections = self.connections();
        let inner = connections.iter().find(|recorded| recorded.number == actor.connection)?.inner();
        let last = inner.last.iter().find(|statement| statement.sequence == actor.statement);
        let writing = inner.writing.as_ref().filter(|(sequence, _)| *sequence == actor.statement);
        last.map(|last| last.sql()).or_else(|| writing.map(|(_, sql)| sql.clone()))
    }

    /// Whether this recorder numbered the statement, so that its place in the order can be compared.
    fn has(&self, actor: Actor) -> bool {
        actor.statement > 0 && self.connections().iter().any(|recorded| recorded.number == actor.connection)
    }

    /// Describes the lock that was just refused; `None` if its holder is not known. `in_memory` is the refusal of the file system in
    /// memory. On disk, only a writer is known.
    pub(crate) fn refused_lock(&self, in_memory: Option<Refusal>) -> Option<RefusedLock> {
        let on_disk = || Some(Refusal { wanted_by: Actor::default(), held_by: Some((*lock(&self.shared.writer))?) });
        let refusal = if self.shared.wanted.is_on_disk { on_disk()? } else { in_memory? };
        let holder = locks::holder_of(&refusal)?;
        Some(RefusedLock::new(self, refusal, Some(holder)))
    }

    /// The locks that were refused: those that the file system in memory has noted, or on disk, the recorder.
    pub(crate) fn refused_locks(&self, in_memory: Option<Vec<Refusal>>) -> Vec<RefusedLock> {
        let refusals = in_memory.unwrap_or_else(|| lock(&self.shared.refusals).clone());
        let with_holder = |refusal: Refusal| RefusedLock::new(self, refusal, locks::holder_of(&refusal));
        refusals.into_iter().map(with_holder).collect()
    }

    pub(crate) fn findings(&self) -> Vec<Finding> {
        lock(&self.shared.findings).clone()
    }

    /// The last statements, oldest first, a line each; `None` if there were none.
    pub(crate) fn last_statements(&self) -> Option<String> {
        let mut lines: Vec<(u64, String)> = Vec::new();
        let mut refused = Vec::new();
        for recorded in self.connections().iter() {
            let mut inner = recorded.inner();
            inner.take_refused_lock(recorded.number);
            if let Some(last) = inner.last.last_mut().filter(|last| last.times == 1) {
                last.times = recorded.times();
            }
            for statement in &inner.last {
                if let Some(refusal) = &statement.refusal {
                    refused.push((lines.len(), refusal.clone()));
                }
                lines.push((statement.sequence, line(recorded.number, statement)));
            }
            if let (Some((_, message)), Some(last)) = (&inner.error, inner.last.last()) {
                lines.push((last.sequence, format!("#{}  then: {message}", recorded.number)));
            }
            if inner.handle == HandleState::FreedUnreported {
                let sequence = inner.last.last().map_or(0, |last| last.sequence);
                let replaced = "then: its trace was replaced (`sqlite3_trace_v2`), so later statements are not known";
                lines.push((sequence, format!("#{}  {replaced}", recorded.number)));
            }
        }
        for (at, (refusal, holder)) in refused {
            lines[at].1 += &format!("\n    locked {}", RefusedLock::new(self, refusal, holder).reason());
        }
        crate::position::sort_by(&mut lines, |one, other| one.0.cmp(&other.0));
        let first = lines.len().saturating_sub(self.shared.wanted.statements);
        let lines: Vec<String> = lines.drain(first..).map(|(_, line)| line).collect();
        (!lines.is_empty() && self.shared.wanted.statements > 0).then(|| lines.join("\n  "))
    }
}

/// A statement in one line: its connection, its text, what came of it, and where it was run.
fn line(number: u64, statement: &statement::Statement) -> String {
    let sql = statement.expanded.clone().unwrap_or_else(|| statement.sql());
    let mut line = format!("#{number}  {sql}");
    if statement.times > 1 {
        let _ = write!(line, "  -- {} times", statement.times);
    }
    match (&statement.error, statement.rows) {
        (Some((code, message)), _) => {
            let _ = write!(line, "  -- error {code}: {message}");
        }
        (None, Some(rows)) if rows > 0 => {
            let _ = write!(line, "  -- {rows} row{}", if rows == 1 { "" } else { "s" });
        }
        _ => {}
    }
    if let Some(place) = statement.place {
        let _ = write!(line, "  ({})", Position::from(place));
    }
    line
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watcher for Recorder {
    fn is_last_used_here(&self, connection: u64) -> bool {
        let connections = self.connections();
        connections
            .iter()
            .find(|recorded| recorded.number == connection)
            .is_some_and(|recorded| recorded.inner().thread == this_thread())
    }

    fn is_instant(&self) -> bool {
        self.shared.wanted.instant_busy
    }

    fn has_rival(&self) -> bool {
        self.shared.wanted.rival
    }
}

impl Observer for Recorder {
    fn opened(&self, number: u64, is_session: bool) -> Option<(Arc<dyn Tracer>, Events)> {
        if is_unrecorded() {
            return None;
        }
        let recorded = RecordedConnection::new(number, is_session, Arc::clone(&self.shared));
        let mut connections = self.connections();
        let mut closed = connections.iter().filter(|recorded| recorded.inner().is_freed()).count();
        if closed > MAX_CLOSED {
            connections.retain(|recorded| {
                let goes = closed > MAX_CLOSED / 2 && recorded.inner().is_freed();
                closed -= usize::from(goes);
                !goes
            });
        }
        connections.push(Arc::clone(&recorded));
        let events = if self.shared.wants_ends() { Events::All } else { Events::Begin };
        Some((recorded, events))
    }

    fn freed(&self, number: u64) {
        if let Some(recorded) = self.connections().iter().find(|recorded| recorded.number == number) {
            recorded.inner().free();
            self.shared.note_writer(number, None);
        }
    }

    fn statement(&self, number: u64, statement: u64) -> Option<String> {
        self.sql_of(Actor { connection: number, statement }).map(|sql| sql.text)
    }
}

/// Starts what must begin while the process has one thread: called when the program is loaded.
pub(crate) fn start() {
    on_failure(connection::failed);
    let settings = Settings::get().ok();
    if let Some(lints) = settings.and_then(|settings| settings.lints).filter(|lints| lints.any()) {
        static FOREIGN: OnceLock<Recorder> = OnceLock::new();
        observe_foreign(FOREIGN.get_or_init(|| {
            Recorder::with(None, Wanted { lints, statements: DEFAULT_STATEMENTS, ..Wanted::default() })
        }));
    }
}
