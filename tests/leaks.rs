//! Planted faults: each in a process of its own, which must be red, with the right test and the right line.
//!
//! The faults are tests of the package `tests/planted`.

use common::{
    package::{Run, planted},
    planted::Planted,
};
use rstest::rstest;
use sqlite_fixtures::rusqlite::Connection;
use std::{fs, path::Path};

/// The binary itself, whatever runs this.
fn run(test: &str, settings: &[(&str, &str)]) -> Run {
    planted().run("planted", &["--exact", test], settings)
}

/// The report, with its test and place.
fn assert_reported(run: &Run, test: &'static str) {
    Planted("planted", test).assert_reported(run);
}

fn assert_process_is_red(run: &Run) {
    run.assert_red();
    assert!(!run.text.contains("FAILED"), "the process, not the test: {}", run.text);
}

#[rstest]
#[case("forgotten_session_of_the_factory")]
#[case("forgotten_session_beside_the_tests_own")]
#[case("forgotten_session_of_a_library")]
#[case("forgotten_session_of_the_engine")]
#[case("forgotten_session_of_a_template")]
#[case("forgotten_in_a_case::case_1_one")]
#[case("forgotten_in_a_case::case_2_two")]
#[case("forgotten_in_a_matrix::_a_1_1::_b_1_2")]
#[case("cyclic_session")]
#[case("session_in_a_static")]
#[case("forgotten_statement")]
#[case("swapped_connection")]
#[case("leak_instead_of_the_expected_panic")]
#[case("leak_beside_an_error")]
fn leak_fails_its_test(#[case] test: &'static str) {
    let run = Planted("planted", test).run(&[]);
    run.assert_red();
    assert!(run.text.contains("FAILED"), "{}", run.text);
    assert_reported(&run, test);
}

/// What no destructor can fail, or what another thread may still close, the end of the process does.
#[rstest]
#[case("forgotten_on_a_thread_of_the_test")]
#[case("forgotten_async_session")]
#[case("the_tests_own_session_forgotten")]
#[case("forgotten_without_rstest")]
#[case("exit_in_a_test")]
#[case("forgotten_inside_a_larger_value")]
#[case("leak_instead_of_any_panic")]
#[case("leak_beside_the_expected_panic")]
fn leak_without_drop_fails_the_process(#[case] test: &'static str) {
    let run = Planted("planted", test).run(&[]);
    assert_process_is_red(&run);
    assert!(run.text.contains("at the end of the process, 1 session is still open"), "{}", run.text);
    assert_reported(&run, test);
}

/// A client's connection to an engine's database fails the process.
#[rstest]
#[case("connection_to_the_engine_of_a_test")]
#[case("connection_of_a_thread_to_the_engine_of_a_test")]
#[case("connection_of_a_thread_with_a_name")]
#[case("connection_of_the_code_of_a_template")]
fn clients_leak_fails_the_process(#[case] test: &'static str) {
    let run = Planted("clients", test).run(&[]);
    assert_process_is_red(&run);
    Planted("clients", test).assert_reported(&run);
}

/// A connection that is no engine's is a line of warning, unless more is asked for.
#[rstest]
#[case("connection_of_the_code_under_test")]
#[case("pool_that_is_never_dropped")]
fn foreign_leak_is_a_warning(#[case] test: &'static str) {
    let planted = Planted("clients", test);
    let direct = |settings: &[(&str, &str)]| common::package::planted().run("clients", &["--exact", test], settings);
    let warned = direct(&[]);
    assert_eq!(warned.code, Some(0), "{}", warned.text);
    let lines: Vec<&str> = warned.text.lines().filter(|line| line.starts_with("sqlite-fixtures: ")).collect();
    let [line] = lines[..] else { panic!("{}", warned.text) };
    assert!(line.contains("warning: at the end of the process, connection 1 to `:memory:` opened at"), "{line}");
    planted.assert_reported(&warned);
    let denied = direct(&[("SQLITE_FIXTURES_LEAKS", "deny")]);
    assert_eq!(denied.code, Some(101), "{}", denied.text);
    planted.assert_reported(&denied);
    let printed = direct(&[("SQLITE_FIXTURES_LEAKS", "warn")]);
    assert_eq!(printed.code, Some(0), "{}", printed.text);
    assert!(printed.text.contains("at the end of the process, 1 connection is still open:"), "{}", printed.text);
    let off = direct(&[("SQLITE_FIXTURES_LEAKS", "off")]);
    assert_eq!(off.code, Some(0), "{}", off.text);
    assert!(!off.text.contains("still open"), "{}", off.text);
}

#[test]
fn unfinished_statement_is_named() {
    assert!(run("forgotten_statement", &[]).text.contains("the unfinalized statement `SELECT 'blocks'`"));
}

#[test]
fn failed_test_keeps_its_message() {
    let run = run("leak_beside_a_failure", &[]);
    assert_eq!(run.code, Some(101), "{}", run.text);
    assert!(run.text.contains("the test's own failure"), "{}", run.text);
    assert_reported(&run, "leak_beside_a_failure");
}

/// Among them a session returned inside something else, which outlives the factory that opened it.
#[test]
fn clean_tests_pass() {
    for threads in ["--test-threads=8", "--test-threads=1"] {
        let run = planted().run("planted", &["clean::", threads], &[]);
        assert_eq!(run.code, Some(0), "{}", run.text);
        assert!(run.text.contains("18 passed"), "{}", run.text);
        assert!(!run.text.contains("still open"), "{}", run.text);
    }
}

#[test]
fn parallel_clean_tests_are_not_blamed() {
    let run = planted().run("planted", &["clean::", "forgotten_session_of_the_factory", "--test-threads=8"], &[]);
    assert_eq!(run.code, Some(101), "{}", run.text);
    assert!(run.text.contains("18 passed; 1 failed"), "{}", run.text);
    assert!(run.text.contains("test forgotten_session_of_the_factory ... FAILED"), "{}", run.text);
}

#[test]
fn known_leak_is_ignored_by_the_check() {
    let run = run("known_leak_is_ignored", &[]);
    assert_eq!(run.code, Some(0), "{}", run.text);
    assert!(!run.text.contains("still open"), "{}", run.text);
}

#[test]
fn internal_connections_are_not_counted() {
    for template in ["on", "off"] {
        let run = run("helpers_are_not_counted", &[("SQLITE_FIXTURES_TEMPLATE", template)]);
        assert_eq!(run.code, Some(0), "{}", run.text);
    }
}

#[test]
fn leaks_setting_warns_or_is_off() {
    let test = "forgotten_session_of_the_factory";
    let warned = run(test, &[("SQLITE_FIXTURES_LEAKS", "warn")]);
    assert_eq!(warned.code, Some(0), "{}", warned.text);
    assert_reported(&warned, test);
    assert!(!warned.text.contains("is kept"), "a passed test leaves nothing: {}", warned.text);
    let off = run(test, &[("SQLITE_FIXTURES_LEAKS", "off")]);
    assert_eq!(off.code, Some(0), "{}", off.text);
    assert!(!off.text.contains("still open"), "{}", off.text);
}

#[test]
fn engine_overrides_the_leaks_setting() {
    let off = run("forgotten_where_the_engine_says_off", &[]);
    assert_eq!(off.code, Some(0), "{}", off.text);
    assert!(!off.text.contains("still open"), "{}", off.text);
    let warned = run("forgotten_where_the_engine_says_warn", &[]);
    assert_eq!(warned.code, Some(0), "{}", warned.text);
    assert_reported(&warned, "forgotten_where_the_engine_says_warn");
    let denied = run("forgotten_where_the_engine_says_off", &[("SQLITE_FIXTURES_LEAKS", "deny")]);
    assert_eq!(denied.code, Some(101), "the environment wins: {}", denied.text);
}

#[test]
fn backtrace_is_shown_on_request() {
    let test = "forgotten_session_of_the_factory";
    assert!(!run(test, &[]).text.contains("0: "));
    assert!(
        run(test, &[("SQLITE_FIXTURES_BACKTRACE", "1")]).text.contains("planted::forgotten_session_of_the_factory")
    );
}

/// The path in the command that a failed test prints.
fn kept(run: &Run) -> String {
    let (_, rest) = run.text.split_once("sqlite3 '").unwrap_or_else(|| panic!("{}", run.text));
    rest.split_once('\'').unwrap().0.to_owned()
}

#[rstest]
#[case("failure_with_rows", "")]
#[case("failure_with_a_temporary_file", "")]
#[case("error_with_rows", "always")]
fn failed_test_keeps_its_database(#[case] test: &'static str, #[case] keep: &str) {
    let path = kept(&run(test, &[("SQLITE_FIXTURES_KEEP", keep)]));
    let names: String = Connection::open(&path)
        .unwrap()
        .query_row("SELECT group_concat(name, ' ') FROM users ORDER BY name", [], |row| row.get(0))
        .unwrap();
    assert!(names.contains("seen") && !names.contains("unseen"), "what was committed, no more: {names}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(Path::new(&path)), 0o600);
        assert_eq!(mode(Path::new(&path).parent().unwrap()), 0o700);
    }
    // The next run of the same test takes the place of this one.
    assert_eq!(kept(&run(test, &[("SQLITE_FIXTURES_KEEP", keep)])), path);
    let never = run(test, &[("SQLITE_FIXTURES_KEEP", "never")]);
    assert!(!never.text.contains("sqlite3 '"), "{}", never.text);
    assert!(!Path::new(&path).exists(), "nothing is left of the earlier runs");
}

#[test]
fn passed_test_leaves_nothing() {
    let arguments = ["--exact", "passes_with_rows", "--nocapture"];
    let path = kept(&planted().run("planted", &arguments, &[("SQLITE_FIXTURES_KEEP", "always")]));
    assert!(Path::new(&path).exists());
    let run = run("passes_with_rows", &[]);
    assert_eq!(run.code, Some(0), "{}", run.text);
    assert!(!Path::new(&path).parent().unwrap().exists());
}

#[test]
fn leaking_test_keeps_its_database() {
    assert!(Path::new(&kept(&run("leak_with_rows", &[]))).exists());
}

#[rstest]
#[case("temporary_file_in_a_static")]
#[case("temporary_file_of_the_process")]
fn static_engine_is_removed_at_exit(#[case] test: &'static str) {
    let run = planted().run("planted", &["--exact", test, "--nocapture"], &[]);
    assert_eq!(run.code, Some(0), "{}", run.text);
    let (_, rest) = run.text.split_once("folder ").unwrap();
    let folder = Path::new(rest.lines().next().unwrap());
    assert!(folder.is_absolute() && !folder.exists(), "{}", folder.display());
}

#[test]
fn invalid_setting_is_an_error() {
    let run = run("template_is_built_or_not", &[("SQLITE_FIXTURES_LEAKS", "maybe")]);
    assert_eq!(run.code, Some(101), "{}", run.text);
    assert!(run.text.contains("SQLITE_FIXTURES_LEAKS=maybe is invalid"), "{}", run.text);
    assert!(run.text.contains("panicked at tests/planted.rs"), "at the test, not in the library: {}", run.text);
}

#[test]
fn uncached_template_has_the_same_rows() {
    assert_eq!(run("template_is_built_or_not", &[("SQLITE_FIXTURES_TEMPLATE", "off")]).code, Some(0));
}

#[test]
fn unordered_selects_are_reversed() {
    let first = |settings: &[(&str, &str)]| {
        let run = planted().run("planted", &["--exact", "rows_in_reverse", "--nocapture"], settings);
        run.text.split_once("first ").unwrap().1.lines().next().unwrap().to_owned()
    };
    assert_eq!(first(&[]), "1");
    assert_eq!(first(&[("SQLITE_FIXTURES_UNORDERED", "1")]), "2");
}

/// Without `CARGO_MANIFEST_DIR`, as under a debugger, the folder is found above the executable, or the error lists where it was sought.
#[test]
fn missing_manifest_dir_is_named() {
    let run = run("template_is_built_or_not", &[("CARGO_MANIFEST_DIR", "/nowhere")]);
    assert!(run.text.contains("/nowhere/fixtures"), "{}", run.text);
    assert!(run.text.contains("set CARGO_MANIFEST_DIR"), "{}", run.text);
}

/// A folder for temporary files, and beside it a file that tests must not open.
fn outside(test: &str, setting: &str) -> (Run, String) {
    let folder = tempfile::tempdir().unwrap();
    let (temporary, file) = (folder.path().join("tmp"), folder.path().join("app.db"));
    fs::create_dir(&temporary).unwrap();
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE app (a)").unwrap();
    let file = file.to_str().unwrap().to_owned();
    let settings =
        [("TMPDIR", temporary.to_str().unwrap()), ("PLANTED_FILE", &file), ("SQLITE_FIXTURES_OUTSIDE", setting)];
    let exact: &[&str] = if test.ends_with("clean") { &[] } else { &["--exact"] };
    (planted().run("clients", &[exact, &[test]].concat(), &settings), file)
}

#[rstest]
#[case("opened", true)]
#[case("opened_without_a_look_at_the_error", false)]
#[case("opened_beside_an_engine", true)]
#[case("opened_on_a_thread", false)]
#[case("attached", true)]
#[case("attached_to_a_session", true)]
fn file_outside_the_tests_is_red(#[case] name: &str, #[case] fails_its_test: bool) {
    let test = format!("outside::{name}");
    let (run, file) = outside(&test, "deny");
    assert_eq!(run.code, Some(101), "{}", run.text);
    assert!(run.text.contains(&format!("`{file}` is outside the folders of tests")), "{}", run.text);
    let source = fs::read_to_string("tests/planted/tests/clients.rs").unwrap();
    let body = source.find(&format!("fn {name}(")).unwrap();
    let line = source[..body + source[body..].find("// here").unwrap()].lines().count();
    assert!(run.text.contains(&format!("tests/clients.rs:{line}")), "{line}: {}", run.text);
    assert_eq!(run.text.contains(&format!("test {test} ... FAILED")), fails_its_test, "{}", run.text);
    if name != "opened_on_a_thread" {
        assert!(run.text.contains(&format!("in test `{test}`")), "{}", run.text);
    }
    let (warned, _) = outside(&test, "warn");
    assert_eq!(warned.code, Some(0), "{}", warned.text);
    assert!(warned.text.contains(&format!("clients.rs:{line}")), "{line}: {}", warned.text);
    let (off, _) = outside(&test, "off");
    assert_eq!(off.code, Some(0), "{}", off.text);
    assert!(!off.text.contains("outside the folders"), "{}", off.text);
}

#[test]
fn expected_panic_hides_no_file_outside_the_tests() {
    let (run, _) = outside("outside::opened_where_a_panic_is_expected", "deny");
    assert!(run.text.contains("1 passed"), "{}", run.text);
    assert_eq!(run.code, Some(101), "{}", run.text);
}

#[test]
fn read_only_openings_can_be_allowed() {
    let (denied, _) = outside("outside::opened_to_read", "deny");
    assert_eq!(denied.code, Some(101), "{}", denied.text);
    let (allowed, _) = outside("outside::opened_to_read", "deny-writes");
    assert_eq!(allowed.code, Some(0), "{}", allowed.text);
    let (written, _) = outside("outside::opened_without_a_look_at_the_error", "deny-writes");
    assert_eq!(written.code, Some(101), "{}", written.text);
}

#[test]
fn files_of_tests_are_not_outside() {
    let (run, _) = outside("outside::clean", "deny");
    assert_eq!(run.code, Some(0), "{}", run.text);
    assert!(run.text.contains("8 passed") && !run.text.contains("outside the folders"), "{}", run.text);
}
