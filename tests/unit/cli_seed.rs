//! Unit tests of `src/cli/seed.rs`.

use super::is_for_tests;
use std::path::Path;

#[test]
fn file_is_for_tests_by_the_words_of_its_name() {
    for path in ["/srv/test.sqlite3", "/srv/shop_test.db", "/srv/Shop-Test-2.db"] {
        assert!(is_for_tests(Path::new(path)), "{path}");
    }
    for path in [
        "/srv/shop.db",
        "/srv/latest.db",
        "/srv/contest/attestation.db",
        "/srv/tests/shop.db",
        "/home/test/app/shop.db",
    ] {
        assert!(!is_for_tests(Path::new(path)), "{path}");
    }
}
