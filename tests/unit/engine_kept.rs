//! Unit tests of `src/engine/kept.rs`.

use super::without_hash;

#[test]
fn omits_the_hash_of_the_build() {
    assert_eq!(without_hash("shop-0123456789abcdef"), "shop");
    assert_eq!(without_hash("my-shop"), "my-shop");
}
