//! What pools leave open turns the process red. Most open on threads of their own, where no code of the user's is: the report has the
//! engine, which is the test's.

use common::package::{Package, Run};
use std::{fs::File, path::Path, sync::OnceLock};

const PLANTED: &str = include_str!("../planted/planted.rs");

fn run(test: &str) -> Run {
    static PACKAGE: OnceLock<Package> = OnceLock::new();
    let package = PACKAGE.get_or_init(|| {
        // Under nextest every test builds, one after the other.
        let lock = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("planted.lock")).unwrap();
        lock.lock().unwrap();
        Package::at(Path::new(env!("CARGO_MANIFEST_DIR")).to_owned(), &["--test", "planted"])
    });
    Run::of(&mut package.test("planted", test, &[]))
}

#[test]
fn leak_is_red_and_its_test_is_named() {
    let line = PLANTED.lines().position(|line| line.ends_with("// leak")).unwrap() + 1;
    for test in [
        "connection_of_rusqlite",
        "pool_of_r2d2",
        "pool_of_deadpool",
        "connection_of_tokio_rusqlite",
        "pool_of_async_sqlite",
    ] {
        let run = run(test);
        run.assert_red();
        assert!(run.text.contains(&format!("by test `{test}`")), "{}", run.text);
        let place = format!("planted/planted.rs:{line}:");
        assert_eq!(run.text.contains(&place), test == "connection_of_rusqlite", "{}", run.text);
    }
}
