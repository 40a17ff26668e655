//! What diesel, its pool and sqlx leave open turns the process red, and what they close does not.

use common::package::{Package, Run};
use std::{path::Path, sync::OnceLock};

const PLANTED: &str = include_str!("../planted/planted.rs");

/// Runs a planted test as `cargo test` does, or as nextest does: with its name in the environment.
fn run(test: &str, under_nextest: bool) -> Run {
    static PACKAGE: OnceLock<Package> = OnceLock::new();
    let package =
        PACKAGE.get_or_init(|| Package::at(Path::new(env!("CARGO_MANIFEST_DIR")).to_owned(), &["--test", "planted"]));
    let settings: &[_] = if under_nextest { &[("NEXTEST_TEST_NAME", test)] } else { &[] };
    let run = package.run("planted", &["--exact", test], settings);
    assert!(run.text.contains("1 passed"), "{}", run.text);
    run
}

#[test]
fn a_connection_of_diesel_is_named_by_its_test_and_line() {
    let run = run("connection_of_diesel", false);
    assert_eq!(run.code, Some(101), "{}", run.text);
    let line = PLANTED.lines().position(|line| line.ends_with("// leak")).unwrap() + 1;
    let place = format!("connection 1 to `:memory:` opened at planted/planted.rs:{line}:");
    assert!(run.text.contains(&place) && run.text.contains("by test `connection_of_diesel`"), "{place}\n{}", run.text);
}

/// No code of the user's is on the threads that these libraries open on, so the thread stands in for the place.
#[test]
fn connections_on_threads_of_a_library_turn_the_process_red_and_the_thread_is_named() {
    for (test, thread) in [("pool_of_diesel", "r2d2-worker-"), ("pool_of_sqlx", "sqlx-sqlite-worker-")] {
        let alone = run(test, false);
        assert_eq!(alone.code, Some(101), "{}", alone.text);
        assert!(alone.text.contains(&format!("to `:memory:` opened on thread `{thread}")), "{}", alone.text);
        assert!(!alone.text.contains("by test"), "no test is blamed: {}", alone.text);
        let named = run(test, true);
        assert_eq!(named.code, Some(101), "{}", named.text);
        assert!(named.text.contains(&format!("by test `{test}`")), "the one test of its process: {}", named.text);
    }
}

#[test]
fn what_is_closed_is_no_leak() {
    for test in ["clean_statements_in_the_cache_of_rusqlite", "clean_connections_of_diesel", "clean_pool_of_sqlx"] {
        let run = run(test, false);
        assert_eq!(run.code, Some(0), "{}", run.text);
        assert!(!run.text.contains("still open"), "{}", run.text);
    }
}
