//! Clean tests are never taken for leaks, however loaded the machine is.

use common::package::{Run, leaks, planted};
use serial_test::serial;
use std::{
    env, hint,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

/// As many tests as `CLEAN_TESTS` says, else 1,000.
fn tests() -> usize {
    env::var("CLEAN_TESTS").map_or(1000, |tests| tests.parse().unwrap())
}

fn cores() -> usize {
    thread::available_parallelism().unwrap().get()
}

/// Runs clean tests under the command, `times` over, while each core is busy with something else.
fn assert_no_alarm(binary: &str, arguments: &[&str], passed: &str, times: usize) {
    let strict = [
        ("SQLITE_FIXTURES_OUTSIDE", "deny"),
        ("SQLITE_FIXTURES_LINTS", "upgrade=deny,open=deny,scan=deny,repeat=deny"),
    ];
    let clean = planted().command(binary, arguments, &strict);
    let done = AtomicBool::new(false);
    let mut alarms = Vec::new();
    thread::scope(|scope| {
        for _ in 0..cores() {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    hint::spin_loop();
                }
            });
        }
        for _ in 0..times {
            let run = Run::of(&mut leaks(env!("CARGO_BIN_EXE_sqlite-fixtures"), &[], &clean));
            let is_clean = run.text.contains(passed) && run.text.contains("no session leaked");
            if run.code != Some(0) || !is_clean || run.text.contains("still open") {
                alarms.push(run.text);
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(alarms.is_empty(), "{} of {times}\n{}", alarms.len(), alarms[0]);
}

#[test]
#[serial]
fn clean_tests_pass_under_load() {
    // A hundred at a time.
    assert_no_alarm("clean", &[&format!("--test-threads={}", 8 * cores())], "100 passed", tests().div_ceil(100));
}

/// The process ends while threads of a pool are about to close what they have.
#[test]
#[serial]
fn late_close_is_not_a_leak() {
    assert_no_alarm("clean", &["closed_by_another_thread_later"], "3 passed", tests().div_ceil(20));
}

/// A hundred runs at least, of every shape at once and of those alone whose threads race with the end of the test.
#[test]
#[serial]
fn what_closes_after_the_body_is_not_a_leak() {
    let times = tests().div_ceil(100).max(100);
    assert_no_alarm("shapes", &[&format!("--test-threads={}", 8 * cores())], "13 passed", times);
    assert_no_alarm("shapes", &["session_moves_to_a_thread", "--test-threads=1"], "3 passed", times);
}

#[test]
#[serial]
fn shapes_are_clean_under_both_runners() {
    let run = Run::of(&mut planted().test_all("shapes"));
    assert_eq!(run.code, Some(0), "{}", run.text);
    assert!(!run.text.contains("still open"), "{}", run.text);
}
