//! Unit tests of `src/labels/mod.rs`.

use super::{Key, Labels};
use rusqlite::types::Value;

#[test]
fn iterates_over_tables_and_labels() {
    let mut labels = Labels::default();
    labels.insert("Users", "bob", Key::Single(Value::Integer(7)));
    labels.insert("pairs", "one", Key::None);
    labels.insert("users", "alice", Key::Single(Value::Text("a".to_owned())));
    let (alice, bob) = (Value::Text("a".to_owned()), Value::Integer(7));
    let expected = [("pairs", "one", None), ("users", "alice", Some(&alice)), ("users", "bob", Some(&bob))];
    assert!(labels.iter().eq(expected));
}
