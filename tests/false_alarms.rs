//! Clean tests are never taken for leaks, however loaded the machine is.

mod common;

use common::package::{Run, leaks, planted};
use std::{
    env, hint,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

/// The tests of `tests/planted/tests/clean.rs`.
const TESTS: usize = 100;

/// As many tests as `CLEAN_TESTS` says, else 1,000: at eight times the cores, each core busy with something else, and all under
/// the command.
#[test]
fn clean_tests_on_a_loaded_machine_are_never_taken_for_leaks() {
    let tests: usize = env::var("CLEAN_TESTS").map_or(1000, |tests| tests.parse().unwrap());
    let cores = thread::available_parallelism().unwrap().get();
    let clean = planted().command("clean", &[&format!("--test-threads={}", 8 * cores)], &[]);
    let done = AtomicBool::new(false);
    let mut alarms = Vec::new();
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    hint::spin_loop();
                }
            });
        }
        for _ in 0..tests.div_ceil(TESTS) {
            let run = Run::of(&mut leaks(env!("CARGO_BIN_EXE_sqlite-fixtures"), &[], &clean));
            let passed = run.text.contains(&format!("{TESTS} passed")) && run.text.contains("no session leaked");
            if run.code != Some(0) || !passed || run.text.contains("still open") {
                alarms.push(run.text);
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(alarms.is_empty(), "{} of {tests}\n{}", alarms.len(), alarms[0]);
}
