//! The lints of transactions: one that begins by reading and later writes, one that is left open.

use super::lints::{Run, Step, report};
use crate::ledger::test_name::TestName;
use crate::settings::{Level, Lint};
use crate::sqlite::{OpenHandle, Transaction};
use std::thread;

/// What the lints know of the explicit transaction that a connection is in.
#[derive(Debug, Default)]
pub(super) struct TransactionLint {
    began: Option<Step>,
    /// The statement that began to read.
    read: Option<Step>,
    /// A query that has begun and may be that statement. Its place is taken here, since another call may end it.
    reading: Option<Step>,
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
        if run.shared.wanted.lints.level(Lint::Upgrade) == Level::Allow {
            return;
        }
        if run.last[at].is_readonly {
            if self.read.is_none() && self.reading.is_none() {
                self.reading = Some(run.step(at));
            }
            return;
        }
        let states = handle.transactions();
        if states.contains(&Transaction::Read) {
            if self.read.is_none() {
                // It is a query whose rows are still being read, perhaps since before the transaction.
                let open = || (0..at).find(|at| run.last[*at].is_readonly && !run.last[*at].is_ended);
                self.read = self.reading.take().or_else(|| open().map(|at| run.step(at)));
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
        let reading = self.reading.take();
        if self.read.is_none() && handle.transactions().contains(&Transaction::Read) {
            self.read = reading.or_else(|| Some(run.step(at)));
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
