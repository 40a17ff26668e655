//! Planted faults that only a lint finds, and what is shown under a failed test.

use common::package::{Run, planted, under_nextest};
use rstest::rstest;

const DENY: (&str, &str) = ("SQLITE_FIXTURES_LINTS", "upgrade=deny,open=deny,scan=deny,repeat=deny");

fn run(test: &str, settings: &[(&str, &str)]) -> Run {
    Run::of(&mut planted().test("lints", test, settings))
}

/// The line of `tests/planted/tests/lints.rs` with this mark, the `at`th one.
fn place(mark: &str, at: usize) -> String {
    let text = include_str!("planted/tests/lints.rs");
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| line.ends_with(mark));
    format!("tests/lints.rs:{}:", lines.nth(at).unwrap().0)
}

#[rstest]
#[case("upgrade_of_a_session")]
#[case("upgrade_of_a_client")]
#[case("upgrade_on_another_thread")]
#[case("upgrade_on_an_engine_of_its_own")]
fn upgrade_fails_its_test(#[case] test: &str) {
    let run = run(test, &[DENY]);
    run.assert_red();
    let found = format!("`UPDATE users SET name = 'x'` at {}", place("// upgrade", 0));
    assert!(run.text.contains("FAILED") || under_nextest(), "{}", run.text);
    assert!(run.text.contains(&found), "{}", run.text);
    assert!(run.text.contains(&format!("(test `{test}`)")), "{}", run.text);
    assert!(run.text.contains("began by reading with `SELECT count(*) FROM users` at tests/lints.rs:"), "{}", run.text);
    assert!(run.text.contains("TransactionBehavior::Immediate"), "{}", run.text);
}

#[test]
fn failed_test_shows_and_keeps_the_database_of_its_own_engine() {
    let run = run("fails_on_an_engine_of_its_own", &[]);
    run.assert_red();
    for expected in
        ["the last statements on the database of engine", "CREATE TABLE pets (name TEXT)", "is kept; open it with"]
    {
        assert!(run.text.contains(expected), "{expected}: {}", run.text);
    }
}

#[test]
fn upgrade_on_a_foreign_file_fails_the_process() {
    let run = run("upgrade_on_a_foreign_file", &[DENY]);
    run.assert_red();
    assert!(run.text.contains(&place("// upgrade", 0)), "{}", run.text);
    assert!(run.text.contains("(test `upgrade_on_a_foreign_file`)"), "{}", run.text);
}

/// Only the beginning of the name of the test's thread is known, and on Linux alone.
#[test]
fn upgrade_on_a_worker_names_the_running_tests() {
    let run = run("upgrade_on_a_worker", &[DENY]);
    run.assert_red();
    assert!(run.text.contains(&place("// upgrade", 0)), "{}", run.text);
    let named = if under_nextest() { "(test `upgrade_on_a_worker`)" } else { "(while `upgrade_on_a_wo…` ran)" };
    let is_known = under_nextest() || cfg!(target_os = "linux");
    assert_eq!(run.text.contains(named), is_known, "{}", run.text);
}

#[rstest]
#[case("transaction_left_open", 0, "is still open when its connection is closed")]
#[case("transaction_of_an_open_connection", 1, "is still open when its test ends")]
fn open_transaction_fails_its_test(#[case] test: &str, #[case] at: usize, #[case] what: &str) {
    let run = run(test, &[DENY]);
    run.assert_red();
    assert!(run.text.contains(&format!("`BEGIN` at {}", place("// open", at))), "{}", run.text);
    assert!(run.text.contains(what), "{}", run.text);
}

#[rstest]
fn clean_tests_are_not_blamed(
    #[values(
        "clean_immediate_transaction",
        "clean_where_it_is_allowed",
        "clean_pool_of_named_threads",
        "clean_databases_of_workers"
    )]
    test: &str,
    #[values(&[DENY], &[])] settings: &[(&str, &str)],
) {
    let run = run(test, settings);
    assert_eq!(run.code, Some(0), "{}", run.text);
}

#[rstest]
#[case("upgrade_of_a_session")]
#[case("upgrade_of_a_client")]
#[case("transaction_left_open")]
fn lints_are_off_unless_asked_for(#[case] test: &str) {
    let run = run(test, &[]);
    assert_eq!(run.code, Some(0), "{}", run.text);
    assert!(!run.text.contains("sqlite-fixtures: "), "{}", run.text);
}

#[test]
fn warned_upgrade_changes_no_exit_code() {
    let run = run("upgrade_of_a_client", &[("SQLITE_FIXTURES_LINTS", "upgrade=warn")]);
    assert_eq!(run.code, Some(0), "{}", run.text);
    assert!(run.text.contains(&place("// upgrade", 0)) || under_nextest(), "{}", run.text);
}

#[test]
fn failed_test_shows_its_statements() {
    let run = run("shows_its_statements", &[]);
    run.assert_red();
    let (_, shown) = run.text.split_once("the last statements").unwrap();
    // nextest indents what it shows.
    let lines: Vec<&str> = shown.lines().skip(1).map(str::trim).take_while(|line| line.starts_with('#')).collect();
    let [insert, select, again, delete] = lines[..] else { panic!("{}", run.text) };
    assert!(insert.contains("INSERT INTO users (id, name) VALUES (?1, ?2)") && insert.contains("-- 1 row"), "{insert}");
    assert!(select.contains("SELECT count(*) FROM users"), "{select}");
    assert!(again.contains("UNIQUE constraint failed: users.id"), "{again}");
    assert!(delete.contains("DELETE FROM users WHERE id = 77") && delete.contains("-- 1 row"), "{delete}");
    assert_ne!(insert[..2], select[..2], "two connections");
    assert!(!run.text.contains("secret"), "no values: {}", run.text);
}

#[test]
fn values_are_shown_on_request() {
    let run = run("shows_its_statements", &[("SQLITE_FIXTURES_VALUES", "1")]);
    run.assert_red();
    assert!(run.text.contains("INSERT INTO users (id, name) VALUES (77, 'secret')  -- 1 row"), "{}", run.text);
}

#[test]
fn replaced_trace_is_reported() {
    let run = run("shows_that_its_trace_is_replaced", &[]);
    run.assert_red();
    let (_, after) = run.text.split_once("#1  SELECT 'seen'").unwrap_or_else(|| panic!("{}", run.text));
    assert!(after.contains("#1  then: its trace was replaced"), "{}", run.text);
    assert!(!run.text.contains("SELECT 'unseen'"), "{}", run.text);
}

#[test]
fn statement_of_a_session_has_its_call() {
    let run = run("shows_the_call_of_a_session", &[]);
    run.assert_red();
    assert!(run.text.contains("UPDATE users SET name = 'y'") && run.text.contains("(tests/lints.rs:"), "{}", run.text);
    assert!(run.text.contains("no such column: nosuch"), "{}", run.text);
}

#[test]
fn statements_can_be_switched_off() {
    let run = run("shows_its_statements", &[("SQLITE_FIXTURES_STATEMENTS", "off")]);
    run.assert_red();
    assert!(!run.text.contains("the last statements"), "{}", run.text);
}

#[test]
fn refused_lock_is_followed_by_its_holder() {
    let run = run("shows_who_holds_the_lock", &[]);
    run.assert_red();
    let holder = format!("locked by #1, opened at {}", place("// holder", 0));
    assert!(run.text.contains("database is locked"), "{}", run.text);
    assert!(run.text.contains(&holder), "{}", run.text);
    assert!(run.text.contains("in test `shows_who_holds_the_lock`, since `BEGIN IMMEDIATE`"), "{}", run.text);
}

#[rstest]
#[case("scan_of_a_fixture", "// scan", "CREATE INDEX users_name ON users (name)")]
#[case("query_for_each_row", "// repeat", "ran more than 20 times from that call")]
fn lint_fails_its_test(#[case] test: &str, #[case] mark: &str, #[case] expected: &str) {
    let found = run(test, &[DENY]);
    found.assert_red();
    assert!(found.text.contains(&place(mark, 0)) && found.text.contains(expected), "{}", found.text);
    let quiet = run(test, &[]);
    assert_eq!(quiet.code, Some(0), "{}", quiet.text);
}

/// Under nextest each test has a process of its own, so the binary runs both.
#[test]
fn transaction_of_another_test_fails_the_process() {
    let run = planted().run("lints", &["pool_is_used", "--test-threads=1"], &[DENY]);
    assert_eq!(run.code, Some(101), "{}", run.text);
    let text = format!("test `pool_is_used_first` began a transaction with `BEGIN` at {}", place("// pool", 0));
    assert!(run.text.contains(&text) && run.text.contains("of test `pool_is_used_second` runs in it"), "{}", run.text);
}
