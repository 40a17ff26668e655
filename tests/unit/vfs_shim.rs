//! Unit tests of `src/vfs/shim/mod.rs`.

use super::guarded;

#[test]
fn panic_becomes_an_error() {
    assert_eq!(guarded(10, || 0), 0);
    assert_eq!(guarded(10, || panic!("inside a callback")), 10);
}
