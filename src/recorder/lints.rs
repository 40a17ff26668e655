//! What lints find: a finding, where it is allowed, and the fault that it is for its test. The lint of repeated statements.

use super::Shared;
use super::statement::{Sql, Statement};
use crate::ledger::faults::{self, Fault, Place};
use crate::ledger::test_name::{self, TestName};
use crate::position::Position;
use crate::settings::{LINTS, Level, Lint};
use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

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
pub(super) fn is_allowed(lint: Lint, sql: &str) -> bool {
    let is_named = || {
        let named = sql.split_once("sqlite-fixtures: allow(").and_then(|(_, rest)| rest.split_once(')'));
        named.is_some_and(|(names, _)| names.split(',').any(|name| name.trim().parse() == Ok(lint)))
    };
    ALLOWED.try_with(Cell::get).unwrap_or_default() & 1 << lint as usize != 0 || is_named()
}

/// A statement and where it was run.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub sql: Sql,
    place: Place,
    pub test: TestName,
}

/// What the lints see of a connection: the settings, its statements, and the test that runs the last one.
pub(super) struct Run<'a> {
    pub shared: &'a Shared,
    pub last: &'a [Box<Statement>],
    pub test: &'a TestName,
}

impl Run<'_> {
    pub(super) fn step(&self, at: usize) -> Step {
        Step { sql: self.last[at].sql(), place: Place::here(), test: self.test.clone() }
    }
}

impl Step {
    pub(super) fn describe(&self) -> String {
        let place =
            self.place.position().map_or_else(|| " at an unknown place".to_owned(), |place| format!(" at {place}"));
        format!("`{}`{place}", self.sql)
    }
}

/// Looks whether one call reads or changes rows one by one. Inserts, transaction control, schema changes and queries without a table, as
/// pools ask them, are ignored: the remedy does not apply to them.
pub(super) fn repeats(run: &Run<'_>, connection: u64) {
    if run.shared.wanted.lints.level(Lint::Repeat) == Level::Allow {
        return;
    }
    let Some(last) =
        run.last.last().filter(|last| ["SELECT", "WITH", "UPDATE", "DELETE"].iter().any(|word| last.is_a(word)))
    else {
        return;
    };
    let limit = run.shared.wanted.lints.limit(Lint::Repeat);
    if run.shared.count_run(&last.sql().text, run.test.guess(), connection) != limit + 1 {
        return;
    }
    if last.is_a("SELECT") && !last.may_have("FROM") {
        return;
    }
    let step = run.step(run.last.len() - 1);
    // On a client's own thread all calls look the same.
    if step.place.position().is_none() {
        return;
    }
    report(run.shared, Lint::Repeat, &step.clone(), String::new(), move || {
        format!("{} ran more than {limit} times from that call", step.describe())
    });
}

/// The description of a finding. It is made when the finding is reported, since looking up names and lines takes milliseconds.
type Describe = Arc<dyn Fn() -> String + Send + Sync>;

/// What a lint has found.
///
/// Its `Display` names the statement, the place, the test and the remedy.
#[derive(Clone)]
pub struct Finding {
    lint: Lint,
    step: Step,
    /// The tests that were running, if the test that ran the statement is not known.
    running: Vec<Arc<str>>,
    /// The statement that makes the missing index.
    index: String,
    describe: Describe,
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
        &self.step.sql.text
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
        let test = match self.test() {
            Some(test) => format!(" (test `{test}`)"),
            None if self.running.is_empty() => String::new(),
            None => format!(" (while `{}` ran)", self.running.join("`, `")),
        };
        (self.describe)() + &test
    }

    fn remedy(&self) -> String {
        let remedy = match self.lint {
            Lint::Upgrade => {
                "begin it with BEGIN IMMEDIATE (rusqlite: `TransactionBehavior::Immediate`, diesel: `immediate_transaction`, \
                 sqlx: `begin_with(\"BEGIN IMMEDIATE\")`, sea-orm: `SqliteTransactionMode::Immediate`)"
            }
            Lint::Open => "commit it, or roll it back",
            Lint::Scan => &self.index,
            Lint::Repeat => "read or change what belongs together in one statement, by a join or a list of keys",
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
        f.debug_struct("Finding").field("lint", &self.lint).field("sql", &self.step.sql.text).finish_non_exhaustive()
    }
}

/// Remembers a finding, and the fault that it is for its test, unless it is allowed.
pub(super) fn report(
    shared: &Shared,
    lint: Lint,
    step: &Step,
    index: String,
    describe: impl Fn() -> String + Send + Sync + 'static,
) {
    remember(shared, lint, step, index, Arc::new(describe));
}

/// The part of [`report`] that does not depend on the type of the closure, so it is compiled once.
fn remember(shared: &Shared, lint: Lint, step: &Step, index: String, describe: Describe) {
    let level = shared.wanted.lints.level(lint);
    if level == Level::Allow || is_allowed(lint, &step.sql.text) {
        return;
    }
    // Reading the names of all threads takes time.
    let running =
        if step.test.guess().is_none() && !shared.has_found(lint, step) { test_name::running() } else { Vec::new() };
    let finding = Finding { lint, step: step.clone(), running, index, describe };
    shared.found(finding.clone());
    faults::add(Fault {
        key: format!("{lint} {}", step.sql.text),
        test: step.test.clone(),
        remedy: finding.remedy(),
        describe: Box::new(move || finding.describe()),
        is_denied: level == Level::Deny,
    });
}
