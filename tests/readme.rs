//! The README does what it says: its code is taken from the page, built outside the workspace, and run.

use common::package::Package;

const README: &str = include_str!("../README.md");

/// The code blocks of the page, each with the text before it.
fn blocks() -> Vec<(&'static str, &'static str, &'static str)> {
    let mut parts = README.split("\n```");
    let mut before = parts.next().unwrap();
    let mut found = Vec::new();
    while let (Some(block), Some(after)) = (parts.next(), parts.next()) {
        let (language, code) = block.split_once('\n').unwrap();
        found.push((language, before, code));
        before = after;
    }
    found
}

/// The block whose file is the last name in backticks before it.
fn file(name: &str) -> String {
    let found = blocks().into_iter().find(|(_, before, _)| before.rsplit('`').nth(1) == Some(name));
    found.unwrap_or_else(|| panic!("no block of the README is {name}")).2.to_owned() + "\n"
}

/// Nine tests that are clean beside one that leaks.
const LEAK: &str = r"
use rstest::rstest;
use sqlite_fixtures::{Session, fixtures::session};

#[rstest]
fn clean(session: Session, #[values(1, 2, 3, 4, 5, 6, 7, 8, 9)] _number: i32) {
    let _other = session.factory().open().unwrap();
}

#[rstest]
fn forgets_a_session(session: Session) {
    std::mem::forget(session.factory().open().unwrap());
}
";

#[test]
fn a_crate_of_three_files_works_as_the_readme_says_and_its_leak_turns_red() {
    let version = "version = \"0.1\"";
    let manifest = file("Cargo.toml");
    assert!(manifest.contains(version));
    let manifest = manifest.replace(version, &format!("path = {:?}", env!("CARGO_MANIFEST_DIR")))
        + "\n[workspace]\n[profile.dev.package.libsqlite3-sys]\nopt-level = 3\n";
    let schema = blocks().into_iter().find(|(language, ..)| *language == "sql").unwrap().2;
    let fixture_of_three_lines = blocks().into_iter().find(|(_, _, code)| code.contains("static JOBS")).unwrap().2;
    let without_rstest = blocks().into_iter().find(|(_, _, code)| code.contains("fn main")).unwrap().2;
    let files = [
        ("Cargo.toml", manifest),
        ("src/lib.rs", String::new()),
        ("fixtures/schema.sql", schema.to_owned()),
        ("fixtures/users.yaml", file("users.yaml")),
        ("fixtures/posts.csv", file("posts.csv")),
        ("tests/blog.rs", file("tests/blog.rs")),
        ("tests/jobs.rs", fixture_of_three_lines.to_owned()),
        ("tests/main.rs", without_rstest.replace("fn main()", "#[test]\nfn main_of_the_readme()")),
        ("tests/leak.rs", LEAK.to_owned()),
    ];
    let package = Package::build("consumer", &files.map(|(path, text)| (path.to_owned(), text)));

    for (binary, passed) in [("blog", "2 passed"), ("jobs", "1 passed"), ("main", "1 passed")] {
        let run = package.run(binary, &[], &[]);
        assert_eq!(run.code, Some(0), "{}", run.text);
        assert!(run.text.contains(passed), "{}", run.text);
    }

    let red = package.run("leak", &["--test-threads=8"], &[]);
    assert_eq!(red.code, Some(101), "{}", red.text);
    assert!(red.text.contains("9 passed; 1 failed"), "{}", red.text);
    assert!(red.text.contains("test forgets_a_session ... FAILED"), "{}", red.text);
    let line = LEAK.lines().position(|line| line.contains("mem::forget")).unwrap() + 1;
    let place = format!("opened at tests/leak.rs:{line}:");
    assert!(red.text.contains(&place) && red.text.contains("by test `forgets_a_session`"), "{}", red.text);
}

/// The first thing a reader sees is in the test that is run.
#[test]
fn the_opening_example_is_the_one_that_is_run() {
    let (_, _, opening) = blocks()[0];
    let body = |text: &str| {
        let (_, rest) = text.split_once("fn alice_has_two_posts").unwrap();
        let (_, rest) = rest.split_once('\n').unwrap();
        rest.split_once("\n}").unwrap().0.to_owned()
    };
    assert_eq!(body(opening), body(&file("tests/blog.rs")));
}

#[test]
fn every_setting_and_fixture_is_on_the_page() {
    for word in ["KEEP", "LEAKS", "TEMPLATE", "UNORDERED", "BACKTRACE", "JOURNALS"] {
        assert!(README.contains(&format!("`SQLITE_FIXTURES_{word}=")), "{word}");
    }
    for fixture in ["session", "sessions", "engine", "async_session"] {
        assert!(README.contains(&format!("| `{fixture}` |")), "{fixture}");
    }
}
