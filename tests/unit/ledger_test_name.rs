//! Unit tests of `src/ledger/test_name.rs`.

use super::{drops_ours, is_body_of, is_path};

#[test]
fn worker_threads_are_not_tests() {
    assert!(is_path("store::tests::case_1_empty"));
    for worker in ["tokio-runtime-worker", "r2d2-worker-0", "sqlx sqlite", "", "m::", "1"] {
        assert!(!is_path(worker), "{worker}");
    }
}

#[test]
fn a_larger_value_is_not_ours() {
    assert!(drops_ours("core::ptr::drop_in_place<sqlite_fixtures::engine::Engine>"));
    assert!(drops_ours("core::ptr::drop_in_place::<sqlite_fixtures::engine::Engine>"));
    assert!(drops_ours(
        "core::ptr::drop_in_place<core::option::Option<sqlite_fixtures::engine::database::LeakAssertion>>"
    ));
    assert!(!drops_ours("core::ptr::drop_in_place<alloc::vec::Vec<sqlite_fixtures::session::Session>>"));
    assert!(!drops_ours("core::ptr::drop_in_place<core::option::Option<sqlite_fixtures::session::Session>>"));
    assert!(!drops_ours("core::ptr::drop_in_place<app::App>"));
}

#[test]
fn finds_the_body_of_a_test() {
    assert!(is_body_of("suite::m::single::single", "", "m::single"));
    assert!(is_body_of("suite::m::cases", "", "m::cases::case_1"));
    assert!(is_body_of("suite::m::matrix", "", "m::matrix::a_1_x::b_1_y"));
    assert!(is_body_of("suite::top::top", "", "top"));
    assert!(!is_body_of("suite::top::top::{{closure}}", "", "top"), "a closure, or an asynchronous body");
    assert!(!is_body_of("suite::top", "", "top"), "the outer function makes the arguments");
    assert!(!is_body_of("suite::repo", "", "consumer"), "a fixture");
    assert!(!is_body_of("main", "", "top"));
}

#[test]
fn finds_an_inlined_body_by_its_caller() {
    assert!(is_body_of("single", "suite::m::single", "m::single"));
    assert!(is_body_of("cases", "suite::m::cases::case_1", "m::cases::case_1"));
    assert!(!is_body_of("single", "suite::m::other", "m::single"), "called by another test's function");
    assert!(!is_body_of("repo", "suite::m::single", "m::single"), "a fixture");
    assert!(!is_body_of("{{closure}}", "suite::m::single", "m::single"));
}
