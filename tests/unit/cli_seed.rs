//! Unit tests of `src/cli/seed.rs`.

use super::is_for_tests;
use std::path::Path;

#[test]
fn a_path_is_for_tests_by_its_words() {
    for path in ["/srv/test.sqlite3", "/srv/shop_test.db", "/srv/tests/shop.db", "/srv/Shop-Test-2.db"] {
        assert!(is_for_tests(Path::new(path)), "{path}");
    }
    for path in ["/srv/shop.db", "/srv/latest.db", "/srv/contest/attestation.db"] {
        assert!(!is_for_tests(Path::new(path)), "{path}");
    }
}
