//! Unit tests of `src/ledger/stack/mod.rs`.

use super::{Stack, frames, is_own, is_own_file, parse};
use std::{backtrace::Backtrace, path::Path};

#[test]
fn libraries_are_not_the_users_own_code() {
    for other in [
        "/rustc/5980/library/std/src/panicking.rs",
        "/home/a/.rustup/toolchains/stable/lib/rustlib/src/rust/library/std/src/rt.rs",
        "/home/a/.cargo/registry/src/index.crates.io-1949/rusqlite-0.43.0/src/lib.rs",
        "C:\\Users\\a\\.cargo\\registry\\src\\index\\rusqlite-0.43.0\\src\\lib.rs",
        "/home/a/.cargo/git/checkouts/rusqlite-1/2/src/lib.rs",
        "/home/a/shop/vendor/rusqlite/src/lib.rs",
        "./csu/../csu/libc-start.c",
        "/rust/deps/hashbrown-0.16.1/src/map.rs",
        concat!(env!("CARGO_MANIFEST_DIR"), "/src/ledger/stack/mod.rs"),
    ] {
        assert!(!is_own_file(Path::new(other), Path::new("/home/a/shop/crates/till")), "{other}");
    }
    for own in ["/home/a/shop/src/repo.rs", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ledger.rs")] {
        assert!(is_own_file(Path::new(own), Path::new("/home/a/shop")), "{own}");
    }
    let in_vendor = Path::new("/home/vendor/shop/till");
    assert!(is_own_file(Path::new("/home/vendor/shop/src/repo.rs"), in_vendor));
    assert!(!is_own_file(Path::new("/home/vendor/shop/vendor/rusqlite/src/lib.rs"), in_vendor));
}

#[test]
fn parses_inlined_calls_and_calls_without_lines() {
    let text = "   0: rusqlite::Connection::open\n             at /c/registry/src/i/r/src/lib.rs:9:1\n   \
                1: shop::repo::inner\n             at ./src/repo.rs:12:5\n      \
                shop::repo::outer\n             at /shop/src/main.rs:3:7\n   2: <unknown>\n";
    let frames = parse(text, Path::new("/shop"));
    let names: Vec<_> = frames.iter().map(|frame| frame.function.as_str()).collect();
    assert_eq!(names, ["rusqlite::Connection::open", "shop::repo::inner", "shop::repo::outer", "<unknown>"]);
    let position = frames.into_iter().filter_map(|frame| frame.position).find(is_own).unwrap();
    assert_eq!(position.to_string(), "/shop/src/repo.rs:12:5");
}

/// The format that the standard library prints is not promised.
#[test]
fn a_captured_stack_has_this_test() {
    let frames = frames(&Backtrace::force_capture());
    let this = frames.iter().find(|frame| frame.function.contains("a_captured_stack_has_this_test"));
    let this = this.and_then(|frame| frame.position.as_ref()).unwrap_or_else(|| panic!("{frames:?}"));
    assert!(this.file().ends_with("tests/unit/ledger_stack.rs") && this.line() == Some(44), "{this:?}");
    // One of another platform, where it was built, is not absolute.
    assert!(this.file().has_root(), "{this:?}");
    assert!(Stack::new(Backtrace::force_capture()).position().is_none(), "our own code is not the user's");
}
