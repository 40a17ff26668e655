//! The command `sqlite-fixtures leaks`: every planted fault turns it red, under the runner that runs this, with the right test,
//! file and line; and what it says in which form and with which exit code.

use common::{
    crc32,
    package::{self, Run, planted, under_nextest},
    planted::Planted,
};
use rstest::rstest;
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tempfile::TempDir;

const SQLITE_FIXTURES: &str = env!("CARGO_BIN_EXE_sqlite-fixtures");

fn leaks(arguments: &[&str], command: &Command) -> Command {
    package::leaks(SQLITE_FIXTURES, arguments, command)
}

fn direct(binary: &str, test: &str, settings: &[(&str, &str)]) -> Command {
    planted().command(binary, &["--exact", test], settings)
}

/// A run and the leaks that were found in it.
fn judged(command: &Command) -> (Run, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("leaks.json");
    let run = Run::of(&mut leaks(&["--format", "json", "--output", output.to_str().unwrap()], command));
    let report = fs::read_to_string(output).unwrap_or_else(|error| panic!("{error}: {}", run.text));
    let report: Value = serde_json::from_str(&report).unwrap();
    (run, report["leaks"].as_array().unwrap().clone())
}

/// A report with a process of its own in each run.
fn without_process(mut leak: Value) -> Value {
    assert!(leak.as_object_mut().unwrap().remove("process").unwrap().as_str().unwrap().contains(" (process "));
    leak
}

#[rstest]
fn reports_test_file_and_line(
    #[values(
        ("planted", "forgotten_session_of_the_factory", "open"),
        ("planted", "forgotten_session_of_the_engine", "open"),
        ("planted", "forgotten_in_a_case::case_2_two", "open"),
        ("planted", "cyclic_session", "open"),
        ("planted", "session_in_a_static", "open"),
        ("planted", "forgotten_async_session", "open"),
        ("planted", "swapped_connection", "open"),
        ("planted", "the_tests_own_session_forgotten", "open"),
        ("planted", "leak_instead_of_any_panic", "open"),
        ("planted", "leak_beside_the_expected_panic", "open"),
        ("planted", "forgotten_without_rstest", "open"),
        ("endings", "once", "open"),
        ("endings", "thread_local_and_forgotten", "open"),
        ("endings", "detached_thread", "open"),
        ("endings", "time_out", "open"),
        ("endings", "process_exit", "open"),
        ("endings", "process_exit_with_a_code", "open"),
        ("endings", "abort", "unclean_end"),
        ("endings", "double_panic", "unclean_end"),
        ("endings", "sigkill", "unclean_end"),
        ("endings", "sigterm", "unclean_end"),
        ("endings", "sigabrt", "unclean_end"),
        ("endings", "sigkill_with_a_connection", "unclean_end"),
        ("endings", "stack_overflow", "unclean_end"),
        ("clients", "connection_of_the_code_under_test", "open"),
        ("clients", "pool_that_is_never_dropped", "open"),
        ("clients", "connection_to_the_engine_of_a_test", "open"),
        ("clients", "connection_of_a_thread_to_the_engine_of_a_test", "open"),
        ("clients", "unfinished_blob", "close_refused"),
        ("clients", "unfinished_backup", "close_refused"),
        ("linked", "connection_of_a_suite_that_only_links", "open"),
    )]
    fault: (&'static str, &'static str, &str),
) {
    let (binary, test, kind) = fault;
    let fault = Planted(binary, test);
    let (run, leaks) = judged(&planted().test(binary, test, &[]));
    assert!(run.code.is_some_and(|code| code != 0), "{}", run.text);
    let (file, line) = fault.place();
    let expected = json!({ "test": test, "file": file, "line": line, "kind": kind, "sql": null });
    let found: Vec<Value> = leaks.into_iter().map(without_process).collect();
    assert!(found.contains(&expected), "{expected} is not among {found:?}\n{}", run.text);
    // What its own guards hold beside the fault is open too, where the process has not come to drop it.
    assert!(found.iter().all(|leak| leak["test"] == test), "{found:?}");
}

#[rstest]
#[case(Planted("planted", "forgotten_statement"), "SELECT 'blocks'")]
#[case(Planted("clients", "statement_of_the_code_under_test"), "SELECT 'of the code under test'")]
#[case(Planted("clients", "statement_that_looks_like_one_of_a_virtual_table"), "SELECT \"a\" FROM \"main\".\"users\"")]
fn refused_close_names_the_blocking_sql(#[case] fault: Planted, #[case] sql: &str) {
    let (run, leaks) = judged(&planted().test(fault.0, fault.1, &[]));
    assert_ne!(run.code, Some(0), "{}", run.text);
    let (file, line) = fault.place();
    let expected = json!({ "test": fault.1, "file": file, "line": line, "kind": "close_refused", "sql": sql });
    assert_eq!(leaks.into_iter().map(without_process).collect::<Vec<_>>(), [expected]);
}

/// Other tests of the process had something open too, and are not at fault.
#[cfg(unix)]
#[test]
fn test_that_aborts_the_process_is_named() {
    let both = planted().command("endings", &["--exact", "abort_while_another_runs", "runs_while_another_aborts"], &[]);
    let run = Run::of(&mut leaks(&[], &both));
    assert_eq!(run.code, Some(128 + 6), "{}", run.text);
    let lines: Vec<&str> = run.text.lines().filter(|line| line.contains("session opened by test")).collect();
    let [first, second] = lines[..] else { panic!("{}", run.text) };
    let end = "open when test `abort_while_another_runs` aborted its process";
    assert!(first.contains("by test `abort_while_another_runs`") && first.contains(end), "{}", run.text);
    assert!(second.contains("by test `runs_while_another_aborts`") && second.contains(end), "{}", run.text);
}

/// No test is blamed for what a bare thread does, unless it is the only one of its process.
#[test]
fn connection_of_a_bare_thread_fails_the_process() {
    let fault = Planted("clients", "connection_of_a_bare_thread");
    let (run, leaks) = judged(&planted().test(fault.0, fault.1, &[]));
    assert_eq!(run.code, Some(1), "{}", run.text);
    let (file, line) = fault.place();
    let test = if under_nextest() { json!(fault.1) } else { Value::Null };
    let expected = json!({ "test": test, "file": file, "line": line, "kind": "open", "sql": null });
    assert_eq!(leaks.into_iter().map(without_process).collect::<Vec<_>>(), [expected]);
    let told = Run::of(&mut direct(fault.0, fault.1, &[])).text;
    assert!(told.contains(&format!("opened at {file}:{line}:")), "{told}");
    // The system knows the beginnings of the names of threads.
    let running = if cfg!(target_os = "linux") { "while `connection_of_a…` ran" } else { "where no test is known" };
    assert!(told.contains(running), "{told}");
}

/// Its name could be a test's, but the runner did not give it.
#[test]
fn named_thread_is_not_a_test() {
    let fault = Planted("clients", "connection_of_a_thread_with_a_name");
    let (run, leaks) = judged(&planted().test(fault.0, fault.1, &[]));
    run.assert_red();
    assert!(!run.text.contains("FAILED"), "{}", run.text);
    assert_eq!(leaks[0]["test"], fault.1);
    assert_eq!(leaks[0]["line"], fault.place().1);
}

#[cfg(unix)]
#[test]
fn forked_child_has_its_own_journal() {
    let (run, leaks) = judged(&planted().test("endings", "forked_child", &[]));
    assert_eq!((run.code, leaks.len()), (Some(1), 1), "{}", run.text);
    assert_eq!(
        (&leaks[0]["line"], &leaks[0]["kind"]),
        (&json!(Planted("endings", "forked_child").place().1), &json!("unclean_end"))
    );
}

#[test]
fn spinning_thread_is_not_awaited() {
    let (run, leaks) = judged(&direct("endings", "spinning_thread", &[]));
    assert_eq!(run.code, Some(1), "{}", run.text);
    let (file, line) = Planted("endings", "spinning_thread").place();
    assert_eq!((&leaks[0]["file"], &leaks[0]["line"]), (&json!(file), &json!(line)));
}

#[test]
fn failing_exit_code_is_kept() {
    let run = Run::of(&mut leaks(&[], &direct("endings", "process_exit_with_a_code", &[])));
    assert_eq!(run.code, Some(7), "{}", run.text);
    assert!(run.text.contains("1 session leaked, of 1 opened in 1 process:"), "{}", run.text);
    let run = Run::of(&mut leaks(&[], &direct("endings", "sigkill", &[])));
    assert_eq!(run.code, Some(128 + 9), "{}", run.text);
}

#[rstest]
#[case("endings", "clean_sigkill", 128 + 9)]
#[case("linked", "clean_in_a_suite_that_only_links", 0)]
#[case("linked", "clean_with_an_extension_that_fails_at_the_end", 0)]
#[case("endings", "aborted_where_the_engine_says_off", 128 + 6)]
#[case("clients", "clean_after_a_refused_close", 0)]
fn closed_is_clean_on_every_exit(#[case] binary: &str, #[case] test: &str, #[case] code: i32) {
    let (run, leaks) = judged(&direct(binary, test, &[]));
    assert_eq!((run.code, leaks), (Some(code), vec![]), "{}", run.text);
}

#[test]
fn warned_leak_fails_the_command() {
    let run = Run::of(&mut leaks(&[], &direct("endings", "known", &[("SQLITE_FIXTURES_LEAKS", "warn")])));
    assert_eq!(run.code, Some(1), "{}", run.text);
}

#[test]
fn ignored_leak_passes_the_command() {
    for test in ["known_leak_is_ignored", "forgotten_where_the_engine_says_off"] {
        let (run, leaks) = judged(&direct("planted", test, &[]));
        assert_eq!((run.code, leaks), (Some(0), vec![]), "{}", run.text);
    }
}

#[test]
fn disabled_check_is_an_error() {
    let run = Run::of(&mut leaks(&[], &direct("endings", "known", &[("SQLITE_FIXTURES_LEAKS", "off")])));
    assert_eq!(run.code, Some(2), "{}", run.text);
    let off = "checks were switched off by SQLITE_FIXTURES_LEAKS=off in 1 of 1 process; unset it";
    assert!(run.text.contains(off), "{}", run.text);
    // In one of two that run.
    let one = direct("linked", "clean_in_a_suite_that_only_links", &[]);
    let mut both = Command::new("sh");
    both.args(["-c", "SQLITE_FIXTURES_LEAKS=off \"$0\" \"$@\" && \"$0\" \"$@\""])
        .arg(one.get_program())
        .args(one.get_args());
    let run = Run::of(&mut leaks(&[], both.current_dir(one.get_current_dir().unwrap())));
    assert_eq!(run.code, Some(2), "{}", run.text);
    assert!(run.text.contains("in 1 of 2 processes"), "{}", run.text);
}

#[test]
fn missing_journal_is_an_error() {
    let run = Run::of(&mut leaks(&[], Command::new("true").current_dir(".")));
    assert_eq!(run.code, Some(2), "{}", run.text);
    assert!(run.text.contains("no process kept a journal"), "{}", run.text);
    let run = Run::of(&mut leaks(&[], Command::new("/no/such/command").current_dir(".")));
    assert_eq!(run.code, Some(2), "{}", run.text);
    let run = Run::of(&mut leaks(&[], Command::new("false").current_dir(".")));
    assert_eq!(run.code, Some(1), "its own: {}", run.text);
    assert!(run.text.contains("the command failed before a test") && !run.text.contains("journal"), "{}", run.text);
}

#[test]
fn deleted_journals_fail_the_process() {
    let planted = Planted("linked", "reports_taken_away");
    let run = planted.run(&[]);
    run.assert_red();
    let run = Run::of(&mut direct(planted.0, planted.1, &[]));
    assert!(run.text.contains("SQLite no longer reports its handles"), "{}", run.text);
    let warned = Run::of(&mut leaks(&[], &direct(planted.0, planted.1, &[("SQLITE_FIXTURES_LEAKS", "warn")])));
    assert_eq!(warned.code, Some(2), "{}", warned.text);
}

#[test]
fn unwritable_journal_fails_the_process() {
    let run = Run::of(&mut direct(
        "linked",
        "clean_in_a_suite_that_only_links",
        &[("SQLITE_FIXTURES_JOURNALS", "/no/such/folder")],
    ));
    assert_eq!(run.code, Some(101), "{}", run.text);
    assert!(run.text.contains("no journal can be written to /no/such/folder"), "{}", run.text);
}

/// As on a full disk: no file may grow.
#[cfg(unix)]
#[test]
fn full_journal_fails_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let command = direct("endings", "known", &[("SQLITE_FIXTURES_JOURNALS", folder.path().to_str().unwrap())]);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "ulimit -f 0; trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    let run = Run::of(shell.current_dir(command.get_current_dir().unwrap()));
    assert_eq!(run.code, Some(101), "{}", run.text);
    assert!(run.text.contains("so leaks could be missed"), "{}", run.text);
}

/// A folder with the journal of a run of this test of `endings`.
fn journals_of(test: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let journals = folder.path().to_str().unwrap();
    let run = Run::of(&mut leaks(&["--journals", journals], &direct("endings", test, &[])));
    assert_ne!(run.code, Some(2), "{}", run.text);
    folder
}

fn journal(folder: &Path) -> PathBuf {
    let found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

fn report(arguments: &[&str], folders: &[&Path]) -> Run {
    Run::of(Command::new(SQLITE_FIXTURES).args(["leaks", "report"]).args(arguments).args(folders))
}

#[test]
fn merges_journals_of_shards() {
    let (one, two, three) =
        (journals_of("known"), journals_of("sigkill_with_a_connection"), journals_of("clean_sigkill"));
    for shard in [&one, &two] {
        // As on another machine.
        let path = journal(shard.path());
        assert!(fs::read_to_string(&path).unwrap().contains("/deps/endings-"));
    }
    let run = report(&[], &[one.path(), two.path(), three.path()]);
    assert_eq!(run.code, Some(1), "{}", run.text);
    assert!(run.text.contains("2 sessions leaked, of 3 opened in 3 processes:"), "{}", run.text);
    for planted in [Planted("endings", "known"), Planted("endings", "sigkill_with_a_connection")] {
        let (file, line) = planted.place();
        assert!(run.text.contains(&format!("{file}:{line}:")), "{}", run.text);
        assert!(run.text.contains(&format!("by test `{}`", planted.1)), "{}", run.text);
    }
    assert!(fs::read_to_string(journal(two.path())).unwrap().contains("placed\t1\t"), "resolved where it ran");
    let clean = report(&[], &[three.path()]);
    assert_eq!(clean.code, Some(0), "{}", clean.text);
    assert!(clean.text.contains("no session leaked, of 1 opened in 1 process"), "{}", clean.text);
    assert_eq!(report(&[], &["/no/such/folder".as_ref()]).code, Some(2));
    let empty = tempfile::tempdir().unwrap();
    let lost = report(&[], &[three.path(), empty.path()]);
    assert_eq!(lost.code, Some(2), "the journals of a shard were lost: {}", lost.text);
    assert!(lost.text.contains(&format!("{} has no journal in it", empty.path().display())), "{}", lost.text);
}

#[test]
fn reports_a_running_process() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = planted().command(
        "endings",
        &["--exact", "process_that_lives", "--nocapture"],
        &[("SQLITE_FIXTURES_JOURNALS", folder.path().to_str().unwrap())],
    );
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("it is open")));
    let run = report(&[], &[folder.path()]);
    assert_eq!(run.code, Some(1), "{}", run.text);
    assert!(run.text.contains("tests/endings.rs:"), "its place is resolved: {}", run.text);
    drop(child.stdin.take());
    assert!(lines.all(|line| line.is_ok()) && child.wait().unwrap().success());
    let run = report(&[], &[folder.path()]);
    assert_eq!(run.code, Some(0), "{}", run.text);
}

#[test]
fn exit_code_of_the_command_wins() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("no/such/folder/leaks");
    for option in ["--output", "--write-baseline"] {
        let arguments = [option, nowhere.to_str().unwrap()];
        let failed = Run::of(&mut leaks(&arguments, &direct("endings", "process_exit_with_a_code", &[])));
        assert_eq!(failed.code, Some(7), "{}", failed.text);
        assert!(failed.text.contains("cannot be written"), "{}", failed.text);
        let passed = Run::of(&mut leaks(&arguments, &direct("endings", "clean_sigkill", &[])));
        assert_eq!(passed.code, Some(128 + 9), "{}", passed.text);
        let clean = direct("linked", "clean_in_a_suite_that_only_links", &[]);
        assert_eq!(Run::of(&mut leaks(&arguments, &clean)).code, Some(2));
    }
    // What was not judged is not known from now on.
    let baseline = folder.path().join("known.json");
    let unsure = leaks(&["--write-baseline", baseline.to_str().unwrap()], Command::new("true").current_dir("."));
    assert_eq!(Run::of(&mut { unsure }).code, Some(2));
    assert!(!baseline.exists());
}

/// Bytes that are changed, and bytes, lines and ends that are missing.
#[test]
fn damaged_journal_is_an_error() {
    let folder = journals_of("known");
    let path = journal(folder.path());
    let whole = fs::read(&path).unwrap();
    let mut damaged = vec![Vec::new(), b"\n".to_vec(), b"something else\n".to_vec(), [&whole[..], b"more"].concat()];
    for place in (0..whole.len()).step_by(whole.len() / 12) {
        damaged.push(whole.iter().enumerate().map(|(at, byte)| if at == place { byte ^ 1 } else { *byte }).collect());
        damaged.push([&whole[..place], &whole[place + 1..]].concat());
    }
    // Cut off within a line; at its end it is the journal of a process that was killed there.
    damaged.push(whole[..whole.len() - 3].to_vec());
    let all: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    damaged.push([all[0], all[2]].concat());
    for bytes in damaged {
        fs::write(&path, &bytes).unwrap();
        let run = report(&[], &[folder.path()]);
        assert_eq!(run.code, Some(2), "{}\n{}", String::from_utf8_lossy(&bytes), run.text);
        assert!(run.text.contains("the journal is damaged; run the tests again"), "{}", run.text);
        assert!(run.text.contains(path.to_str().unwrap()), "{}", run.text);
    }
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    fs::write(&path, lines[..2].concat()).unwrap();
    assert_eq!(report(&[], &[folder.path()]).code, Some(1), "killed with its session open");
}

#[test]
fn unknown_journal_format_is_an_error() {
    let folder = journals_of("known");
    let path = journal(folder.path());
    let text = fs::read_to_string(&path).unwrap();
    let head = text.lines().next().unwrap()[9..].replacen("journal\t3\t", "journal\t999\t", 1);
    fs::write(&path, format!("{:08x} {head}\n", crc32(head.as_bytes()))).unwrap();
    let run = report(&[], &[folder.path()]);
    assert_eq!(run.code, Some(2), "{}", run.text);
    assert!(run.text.contains("format 999"), "{}", run.text);
}

#[test]
fn baseline_allows_only_known_leaks() {
    let folder = tempfile::tempdir().unwrap();
    let baseline = folder.path().join("known.json");
    let baseline = baseline.to_str().unwrap();
    let known = direct("endings", "known", &[]);
    let written = Run::of(&mut leaks(&["--write-baseline", baseline], &known));
    assert_eq!(written.code, Some(0), "{}", written.text);
    assert!(written.text.contains("no session leaked, of 1 opened in 1 process, 1 known"), "{}", written.text);
    let first = fs::read_to_string(baseline).unwrap();
    Run::of(&mut leaks(&["--write-baseline", baseline], &known));
    assert_eq!(fs::read_to_string(baseline).unwrap(), first, "nothing of the run is in it");
    let again = Run::of(&mut leaks(&["--baseline", baseline], &known));
    assert_eq!(again.code, Some(0), "{}", again.text);
    let both = planted().command("endings", &["--exact", "known", "detached_thread"], &[]);
    let more = Run::of(&mut leaks(&["--baseline", baseline], &both));
    assert_eq!(more.code, Some(1), "{}", more.text);
    assert!(more.text.contains("1 session leaked") && more.text.contains("`detached_thread`"), "{}", more.text);
    assert!(!more.text.contains("by test `known`, never closed"), "{}", more.text);
    // Known once is not known twice.
    let (one, two) = (journals_of("known"), journals_of("known"));
    assert_eq!(report(&["--baseline", baseline], &[one.path()]).code, Some(0));
    assert_eq!(report(&["--baseline", baseline], &[one.path(), two.path()]).code, Some(1));
    fs::write(baseline, "{}").unwrap();
    let wrong = Run::of(&mut leaks(&["--baseline", baseline], &known));
    assert_eq!(wrong.code, Some(2), "{}", wrong.text);
    assert!(wrong.text.contains("not a baseline; write one with --write-baseline"), "{}", wrong.text);
}

#[test]
fn every_report_format_names_the_leak() {
    let folder = journals_of("known");
    let (file, line) = Planted("endings", "known").place();
    let github = report(&["--format", "github"], &[folder.path()]).text;
    let place = format!("::error file={file},line={line},col=");
    assert!(github.starts_with(&place) && github.contains("title=session leaked::"), "{github}");
    assert_eq!(github.lines().count(), 1, "{github}");
    let junit = report(&["--format", "junit"], &[folder.path()]).text;
    for part in ["<testsuite name=\"leaks\" tests=\"1\"", "<testcase name=\"known\"", "type=\"open\"", "failures=\"1\""]
    {
        assert!(junit.contains(part), "{part}: {junit}");
    }
    assert!(junit.contains(&format!("{file}:{line}:")), "{junit}");
    let clean = journals_of("clean_sigkill");
    let junit = report(&["--format", "junit"], &[clean.path()]).text;
    assert!(junit.contains("no session leaked") && junit.contains("failures=\"0\""), "{junit}");
    assert_eq!(report(&["--format", "json"], &[clean.path()]).text, "{\n  \"leaks\": [],\n  \"outside\": []\n}\n");
    assert_eq!(report(&["--format", "github"], &[clean.path()]).text, "");
}

/// Also where nothing asks for it, and in a process that was killed.
#[test]
fn files_outside_the_tests_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let (temporary, file) = (folder.path().join("tmp"), folder.path().join("app.db"));
    fs::create_dir(&temporary).unwrap();
    let settings = [("TMPDIR", temporary.to_str().unwrap()), ("PLANTED_FILE", file.to_str().unwrap())];
    let command = direct("clients", "outside::opened", &settings);
    let run = Run::of(&mut leaks(&[], &command));
    assert_eq!(run.code, Some(0), "{}", run.text);
    let source = fs::read_to_string("tests/planted/tests/clients.rs").unwrap();
    let line = source[..source.find("// here").unwrap()].lines().count();
    let listed = format!("clients.rs:{line}:26: `{}` by test `outside::opened`\n", file.display());
    assert!(
        run.text.contains("tests opened files outside their folders:\n") && run.text.contains(&listed),
        "{}",
        run.text
    );
    let output = folder.path().join("leaks.json");
    Run::of(&mut leaks(&["--format", "json", "--output", output.to_str().unwrap()], &command));
    let report: Value = serde_json::from_str(&fs::read_to_string(output).unwrap()).unwrap();
    assert_eq!(report["outside"][0]["database"], json!(file.to_str().unwrap()));
    assert_eq!(report["outside"][0]["line"], json!(line));
}

#[test]
fn self_test_passes() {
    let run = Run::of(Command::new(SQLITE_FIXTURES).args(["leaks", "--self-test"]));
    assert_eq!(run.code, Some(0), "{}", run.text);
    assert!(run.text.contains("the self-test passed"), "{}", run.text);
}

#[test]
fn command_removes_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let command = direct("endings", "sigkill", &[("TMPDIR", folder.path().to_str().unwrap())]);
    let run = Run::of(&mut leaks(&[], &command));
    assert_eq!(run.code, Some(128 + 9), "{}", run.text);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn stale_files_of_a_killed_command_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let count = || fs::read_dir(folder.path()).unwrap().count();
    let command = |arguments: &[&str]| {
        Run::of(Command::new(SQLITE_FIXTURES).arg("leaks").args(arguments).env("TMPDIR", folder.path()))
    };
    assert_eq!(command(&["--", "sh", "-c", "kill -KILL $PPID"]).code, None);
    assert_eq!(count(), 2, "its lock and its journals");
    assert_eq!(command(&["--", "true"]).code, Some(2));
    assert_eq!(count(), 0);
}

#[test]
fn missing_command_is_an_error() {
    assert_eq!(Run::of(Command::new(SQLITE_FIXTURES).args(["leaks"])).code, Some(2));
}
