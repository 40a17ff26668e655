//! Unit tests of `src/labels/serialize.rs`.

use crate::labels::{Key, Labels};
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use rusqlite::types::Value;

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        Just(Key::None),
        Just(Key::Single(Value::Null)),
        any::<i64>().prop_map(|integer| Key::Single(Value::Integer(integer))),
        (-1e9..1e9).prop_map(|real| Key::Single(Value::Real(real))),
        any::<String>().prop_map(|text| Key::Single(Value::Text(text))),
        any::<Vec<u8>>().prop_map(|blob| Key::Single(Value::Blob(blob))),
    ]
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    #[test]
    fn round_trips_and_refuses_truncated_bytes(rows in proptest::collection::vec(("[a-c]", any::<String>(), key()), 0..20)) {
        let mut labels = Labels::default();
        for (table, label, key) in rows {
            labels.insert(&table, &label, key);
        }
        let bytes = labels.to_bytes();
        assert_eq!(Labels::from_bytes(&bytes), Some(labels));
        for cut in 1..bytes.len().min(9) {
            assert_eq!(Labels::from_bytes(&bytes[..bytes.len() - cut]), None);
        }
    }
}
