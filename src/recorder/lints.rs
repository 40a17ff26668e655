//! The lints: what is wrong with a statement or a transaction although its test passes.

use super::Shared;
use super::scan::{MissingIndex, missing_index};
use super::statement::Statement;
use crate::ledger::faults::{self, Fault, Place};
use crate::ledger::test_name::TestName;
use crate::position::Position;
use crate::settings::{LINTS, Level, Lint};
use crate::sqlite::{OpenHandle, Transaction};
use rusqlite::Connection;
use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::{fmt, thread};

thread_local! {
    /// The lints that are allowed on this thread, a bit each.
    static ALLOWED: Cell<usize> = const { Cell::new(0) };
}

/// Allows a lint in what `work` does on this thread.
///
/// A single statement is allowed by a comment in its SQL: `/* sqlite-fixtures: allow(upgrade) */`.
///
/// ```
/// use sqlite_fixtures::{recorder::allow, settings::Lint};
///
/// # fn rename_the_users() -> usize { 2 }
/// let renamed = allow(Lint::Upgrade, || rename_the_users());
/// assert_eq!(renamed, 2);
/// ```
pub fn allow<T>(lint: Lint, work: impl FnOnce() -> T) -> T {
    struct Restore(usize);
    impl Drop for Restore {
        fn drop(&mut self) {
            ALLOWED.set(self.0);
        }
    }
    let _restore = Restore(ALLOWED.replace(ALLOWED.get() | 1 << lint as usize));
    work()
}

/// Whether a lint is allowed here: by the scope, or by a comment in the statement.
fn is_allowed(lint: Lint, sql: &str) -> bool {
    let is_named = || {
        let named = sql.split_once("sqlite-fixtures: allow(").and_then(|(_, rest)| rest.split_once(')'));
        named.is_some_and(|(names, _)| names.split(',').any(|name| name.trim().parse() == Ok(lint)))
    };
    ALLOWED.try_with(Cell::get).unwrap_or_default() & 1 << lint as usize != 0 || is_named()
}

/// A statement and where it was run.
#[derive(Debug, Clone)]
struct Step {
    sql: String,
    place: Place,
    test: TestName,
}

/// What the lints see of a connection: the settings, its statements, and the test that runs the last one.
pub(super) struct Run<'a> {
    pub shared: &'a Shared,
    pub last: &'a VecDeque<Box<Statement>>,
    pub test: &'a TestName,
}

impl Run<'_> {
    fn step(&self, at: usize) -> Step {
        Step { sql: self.last[at].sql(), place: Place::here(), test: self.test.clone() }
    }
}

impl Step {
    fn describe(&self) -> String {
        let place = self
            .place
            .position()
            .map_or_else(|| " where no call of your own code is known".to_owned(), |place| format!(" at {place}"));
        format!("`{}`{place}", self.sql)
    }
}

/// What the lints know of the explicit transaction that a connection is in.
#[derive(Debug, Default)]
pub(super) struct TransactionLint {
    began: Option<Step>,
    /// The statement that began to read.
    read: Option<Step>,
    /// The transactions on the databases when a statement began that may write, that statement, and its number.
    writes: Option<(Vec<Transaction>, Step, u64)>,
    /// Another test has used the transaction, which was reported.
    is_reported: bool,
}

impl TransactionLint {
    pub(super) fn begins(&mut self, run: &Run<'_>, handle: &OpenHandle) {
        let at = run.last.len() - 1;
        // One that returns rows may not have ended.
        self.look_for_upgrade(run, handle, None);
        if handle.is_autocommit() {
            return;
        }
        if let Some(began) = &self.began
            && !self.is_reported
            && is_of_another_test(&began.test, run.test)
        {
            let began = began.clone();
            let user = run.step(at);
            self.is_reported = true;
            report(run.shared, Lint::Open, &began.clone(), String::new(), move || {
                let name = |step: &Step| step.test.get().unwrap_or("?").to_owned();
                format!(
                    "test `{}` began a transaction with {} and left it open; {} of test `{}` runs in it",
                    name(&began),
                    began.describe(),
                    user.describe(),
                    name(&user)
                )
            });
        }
        if run.shared.lints.level(Lint::Upgrade) == Level::Allow || run.last[at].is_readonly {
            return;
        }
        let states = handle.transactions();
        if states.contains(&Transaction::Read) {
            if self.read.is_none() {
                // It is a query whose rows are still being read.
                self.read = (0..at).find(|at| run.last[*at].is_readonly).map(|at| run.step(at));
            }
            self.writes = Some((states, run.step(at), run.last[at].sequence));
        }
    }

    pub(super) fn ends(&mut self, run: &Run<'_>, at: usize, handle: &OpenHandle, is_refused: bool) {
        if handle.is_autocommit() {
            *self = Self::default();
            return;
        }
        if self.began.is_none() {
            self.began = Some(run.step(at));
        }
        self.look_for_upgrade(run, handle, is_refused.then(|| run.last[at].sequence));
        if self.read.is_none() && handle.transactions().contains(&Transaction::Read) {
            self.read = Some(run.step(at));
        }
    }

    /// Looks whether the statement that may write has needed the lock; `refused` is the statement that did not get it.
    fn look_for_upgrade(&mut self, run: &Run<'_>, handle: &OpenHandle, refused: Option<u64>) {
        let Some((before, step, sequence)) = self.writes.take() else { return };
        let is_refused = refused == Some(sequence);
        let is_upgraded =
            |(before, now): (&Transaction, &Transaction)| *before == Transaction::Read && *now == Transaction::Write;
        if !is_refused && !before.iter().zip(&handle.transactions()).any(is_upgraded) {
            return;
        }
        let read = self.read.clone();
        report(run.shared, Lint::Upgrade, &step.clone(), String::new(), move || {
            let read = read.as_ref().map_or_else(String::new, |read| format!(" with {}", read.describe()));
            let verb = if is_refused { "was refused the write lock" } else { "needs the write lock" };
            format!(
                "{} {verb} in a transaction that began by reading{read}; beside another writer it fails at once, whatever the \
                 busy timeout",
                step.describe()
            )
        });
    }

    pub(super) fn closes(&mut self, run: &Run<'_>, handle: &OpenHandle) {
        if handle.is_autocommit() || thread::panicking() {
            return;
        }
        if let Some(began) = self.began.take() {
            report(run.shared, Lint::Open, &began.clone(), String::new(), move || {
                format!(
                    "the transaction that {} began is still open when its connection is closed, and is rolled back",
                    began.describe()
                )
            });
        }
    }

    /// The test that uses the connection ends.
    pub(super) fn test_ends(&mut self, run: &Run<'_>) {
        if self.is_reported {
            return;
        }
        if let Some(began) = self.began.clone() {
            self.is_reported = true;
            report(run.shared, Lint::Open, &began.clone(), String::new(), move || {
                format!("the transaction that {} began is still open when its test ends", began.describe())
            });
        }
    }
}

/// Whether both tests are known and differ. The names of threads tell at once that they do not; whether they are those of tests takes
/// longer.
fn is_of_another_test(one: &TestName, other: &TestName) -> bool {
    one.guess() != other.guess() && one.get().zip(other.get()).is_some_and(|(one, other)| one != other)
}

/// Looks whether one call runs one statement again and again.
pub(super) fn repeats(run: &Run<'_>) {
    if run.shared.lints.level(Lint::Repeat) == Level::Allow {
        return;
    }
    let Some(last) = run.last.back() else { return };
    let limit = run.shared.lints.limit(Lint::Repeat);
    if run.shared.count_run(&last.sql(), run.test.guess()) != limit + 1 {
        return;
    }
    let step = run.step(run.last.len() - 1);
    report(run.shared, Lint::Repeat, &step.clone(), String::new(), move || {
        format!("{} ran more than {limit} times from that call", step.describe())
    });
}

/// A statement that walked through tables; whether an index would serve it is looked up later.
#[derive(Debug, Clone)]
pub(super) struct Scan {
    step: Step,
    steps: usize,
    connection: u64,
}

/// Looks how far a statement has walked.
pub(super) fn scans(run: &Run<'_>, at: usize, connection: u64) {
    let steps = run.last[at].scan_steps.unwrap_or_default();
    if run.shared.lints.level(Lint::Scan) == Level::Allow || steps <= run.shared.lints.limit(Lint::Scan) {
        return;
    }
    let sql = run.last[at].sql();
    if !sql.contains("sqlite_") && !is_allowed(Lint::Scan, &sql) {
        run.shared.add_scan(&sql, || Scan { step: run.step(at), steps, connection });
    }
}

impl Scan {
    pub(super) fn is_of(&self, connection: u64) -> bool {
        self.connection == connection
    }

    /// Reports it if an index would have served it.
    pub(super) fn judge(self, shared: &Shared, connection: &Connection) {
        let Some(missing) = missing_index(connection, &self.step.sql) else { return };
        let MissingIndex { table, columns } = &missing;
        let index = format!("CREATE INDEX {table}_{} ON {table} ({})", columns.join("_"), columns.join(", "));
        let Self { step, steps, .. } = self;
        report(shared, Lint::Scan, &step.clone(), index, move || {
            let MissingIndex { table, columns } = &missing;
            let columns = columns.join("` and `");
            format!(
                "{} took {steps} steps through the table `{table}`, of which it compares `{columns}`",
                step.describe()
            )
        });
    }
}

/// What a lint has found.
///
/// Its `Display` names the statement, the place, the test and the remedy.
#[derive(Clone)]
pub struct Finding {
    lint: Lint,
    step: Step,
    /// The statement that makes the missing index.
    index: String,
    describe: Arc<dyn Fn() -> String + Send + Sync>,
}

impl Finding {
    /// The lint.
    #[must_use]
    pub fn lint(&self) -> Lint {
        self.lint
    }

    /// The SQL of the statement, without values.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.step.sql
    }

    /// Where the statement was run; `None` if no code of the user's is on the stack, as on a library's own thread, or the build has
    /// no debug information.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.step.place.position()
    }

    /// The test that ran it, as the test runner names it; `None` if it is not known.
    #[must_use]
    pub fn test(&self) -> Option<&str> {
        self.step.test.get()
    }

    fn describe(&self) -> String {
        let test = self.test().map_or_else(String::new, |test| format!(" (test `{test}`)"));
        (self.describe)() + &test
    }

    fn remedy(&self) -> String {
        let remedy = match self.lint {
            Lint::Upgrade => {
                "begin it with BEGIN IMMEDIATE (rusqlite: `TransactionBehavior::Immediate`, diesel: `immediate_transaction`, \
                 sqlx: `begin_with(\"BEGIN IMMEDIATE\")`)"
            }
            Lint::Open => "commit it, or roll it back",
            Lint::Scan => &self.index,
            Lint::Repeat => "read what belongs together in one statement, by a join or a list of keys",
        };
        let lint = self.lint;
        format!(
            "{remedy}; allow it with the comment `/* sqlite-fixtures: allow({lint}) */` in the SQL, or change {LINTS}"
        )
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.describe(), self.remedy())
    }
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finding").field("lint", &self.lint).field("sql", &self.step.sql).finish_non_exhaustive()
    }
}

fn report(
    shared: &Shared,
    lint: Lint,
    step: &Step,
    index: String,
    describe: impl Fn() -> String + Send + Sync + 'static,
) {
    let level = shared.lints.level(lint);
    if level == Level::Allow || is_allowed(lint, &step.sql) {
        return;
    }
    let finding = Finding { lint, step: step.clone(), index, describe: Arc::new(describe) };
    shared.found(finding.clone());
    faults::add(Fault {
        key: format!("{lint} {}", step.sql),
        test: step.test.clone(),
        remedy: finding.remedy(),
        describe: Box::new(move || finding.describe()),
        is_denied: level == Level::Deny,
    });
}
