//! The tests of the ports are green a hundred times in a row, beside each other and one by one; and each planted leak is red.

use common::package::{Package, Run, under_nextest};
use rstest::rstest;
use std::{fs::File, path::Path, sync::OnceLock};

const PLANTED: &str = include_str!("../planted/planted.rs");

fn package() -> &'static Package {
    static PACKAGE: OnceLock<Package> = OnceLock::new();
    PACKAGE.get_or_init(|| {
        // Under nextest every test builds, one after the other.
        let lock = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("ports.lock")).unwrap();
        lock.lock().unwrap();
        let targets = ["--test", "store", "--test", "actor", "--test", "quoted", "--test", "pool", "--test", "planted"];
        Package::at(Path::new(env!("CARGO_MANIFEST_DIR")).to_owned(), &targets)
    })
}

#[rstest]
fn green_in_every_run(#[values("store", "actor", "quoted", "pool")] binary: &str) {
    for _ in 0..100 {
        let run = Run::of(&mut package().test_all(binary));
        assert_eq!(run.code, Some(0), "{}", run.text);
        assert!(run.text.contains("10 passed") || under_nextest(), "{}", run.text);
        assert!(!run.text.contains("still open"), "{}", run.text);
    }
}

#[rstest]
#[case("store_is_forgotten", "src/store.rs")]
#[case("actor_is_forgotten", "src/actor.rs")]
#[case("session_is_forgotten", "planted/planted.rs")]
#[case("statement_is_forgotten", "planted/planted.rs")]
#[case("pooled_connection_is_forgotten", "src/pool.rs")]
fn planted_leak_is_red(#[case] test: &str, #[case] file: &str) {
    let run = Run::of(&mut package().test("planted", test, &[]));
    run.assert_red();
    assert!(run.text.contains(&format!("by test `{test}`")), "{}", run.text);
    // A place in the application is that of its open; else the marked line.
    let mut place = format!("{file}:");
    if file.starts_with("planted/") {
        let lines: Vec<&str> = PLANTED.lines().collect();
        let start = lines.iter().position(|line| line.contains(&format!("fn {test}("))).unwrap();
        let leak = lines[start..].iter().position(|line| line.ends_with("// leak")).unwrap();
        place = format!("{place}{}:", start + leak + 1);
    }
    let line = run.text.lines().find(|line| line.contains(" opened at "));
    assert!(line.is_some_and(|line| line.contains(&place)), "{place}\n{}", run.text);
}
