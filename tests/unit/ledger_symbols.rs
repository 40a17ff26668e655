//! Unit tests of `src/ledger/stack/symbols.rs`.

use super::{is_runner, is_test_function, is_test_on};
use crate::ledger::stack::addresses::addresses;
use std::thread;

#[test]
fn only_libtest_runs_tests() {
    assert_eq!(is_test_on(&addresses(1000)), Some(true));
    let worker = thread::Builder::new().name("ledger::a_test".to_owned());
    assert_eq!(worker.spawn(|| is_test_on(&addresses(1000))).unwrap().join().unwrap(), Some(false));
}

#[rstest::rstest]
#[case(1)]
fn functions_of_rstest_are_known(#[case] one: i32) {
    assert_eq!(one, 1);
    assert!(is_test_function("ledger::stack::symbols::tests::functions_of_rstest_are_known::case_1"));
    assert!(!is_test_function("ledger::stack::symbols::tests::functions_of_rstest_are_known::case_2"));
    assert!(!is_test_function("worker"));
}

#[test]
fn runner_is_known_in_both_manglings() {
    assert!(is_runner(b"_ZN4test28__rust_begin_short_backtrace17h0123456789abcdefE\0"));
    assert!(is_runner(b"_RINvCsbQbnx6FTAOG_4test28___rust_begin_short_backtraceINtNt\0"));
    assert!(!is_runner(b"_ZN3std3sys9backtrace28__rust_begin_short_backtrace17h0123456789abcdefE\0"));
}
