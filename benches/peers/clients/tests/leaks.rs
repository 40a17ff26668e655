//! What diesel, its pool and sqlx leave open turns the process red, and what they close does not.

use common::package::{Package, Run, under_nextest};
use std::{
    fs::{self, File},
    path::Path,
    sync::OnceLock,
};

const PLANTED: &str = include_str!("../planted/planted.rs");

/// Runs a planted test in a process of its own, under the runner that runs this.
fn run(test: &str) -> Run {
    run_with(test, &[])
}

fn run_with(test: &str, more: &[(&str, &str)]) -> Run {
    static PACKAGE: OnceLock<Package> = OnceLock::new();
    let package = PACKAGE.get_or_init(|| {
        // Under nextest every test builds, one after the other.
        let lock = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("planted.lock")).unwrap();
        lock.lock().unwrap();
        Package::at(Path::new(env!("CARGO_MANIFEST_DIR")).to_owned(), &["--test", "planted"])
    });
    // The databases are none of an engine's, so a leak is only a warning otherwise.
    Run::of(&mut package.test("planted", test, &[&[("SQLITE_FIXTURES_LEAKS", "deny")], more].concat()))
}

#[test]
fn a_connection_of_diesel_is_named_by_its_test_and_line() {
    let run = run("connection_of_diesel");
    run.assert_red();
    let line = PLANTED.lines().position(|line| line.ends_with("// leak")).unwrap() + 1;
    let place = format!("connection 1 to `:memory:` opened at planted/planted.rs:{line}:");
    assert!(run.text.contains(&place) && run.text.contains("by test `connection_of_diesel`"), "{place}\n{}", run.text);
}

/// No code of the user's is on the threads that these libraries open on, so the thread stands in for the place.
#[test]
fn connections_on_threads_of_a_library_turn_the_process_red_and_the_thread_is_named() {
    for (test, thread) in [
        ("pool_of_diesel", "r2d2-worker-"),
        ("pool_of_sqlx", "sqlx-sqlite-worker-"),
        ("pool_of_sea_orm", "sqlx-sqlite-worker-"),
    ] {
        let run = run(test);
        run.assert_red();
        assert!(run.text.contains(&format!("to `:memory:` opened on thread `{thread}")), "{}", run.text);
        // Nextest has one test a process, which is then known; else no test is blamed.
        let is_named = run.text.contains(&format!("by test `{test}`"));
        assert_eq!((is_named, run.text.contains("by test")), (under_nextest(), under_nextest()), "{}", run.text);
    }
}

#[test]
fn files_outside_the_tests_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (temporary, file) = (folder.path().join("tmp"), folder.path().join("app.db"));
    fs::create_dir(&temporary).unwrap();
    File::create(&file).unwrap();
    let settings = [
        ("SQLITE_FIXTURES_OUTSIDE", "deny"),
        ("TMPDIR", temporary.to_str().unwrap()),
        ("PLANTED_FILE", file.to_str().unwrap()),
    ];
    let lines: Vec<usize> = PLANTED
        .lines()
        .enumerate()
        .filter_map(|(line, text)| text.ends_with("// outside").then_some(line + 1))
        .collect();
    for (test, line) in ["file_of_rusqlite", "file_of_diesel", "file_of_sqlx"].iter().zip(lines) {
        let run = run_with(test, &settings);
        run.assert_red();
        let fault = format!("`{}` is outside the folders of tests, opened", file.display());
        assert!(run.text.contains(&fault) && run.text.contains(&format!("planted/planted.rs:{line}:")), "{}", run.text);
        assert!(run.text.contains(&format!("{test} ... FAILED")) || under_nextest(), "{}", run.text);
    }
}

#[test]
fn what_is_closed_is_no_leak() {
    for test in ["clean_statements_in_the_cache_of_rusqlite", "clean_connections_of_diesel", "clean_pool_of_sqlx"] {
        let run = run(test);
        assert_eq!(run.code, Some(0), "{}", run.text);
        assert!(run.text.contains("1 passed") && !run.text.contains("still open"), "{}", run.text);
    }
}
