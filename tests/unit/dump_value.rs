//! Unit tests of `src/dump/value.rs`.

use super::{SeedValue, StoredValue, exact, seed_value};
use crate::sqlite::affinity::Affinity;
use proptest::prelude::{any, prop_assert_eq, proptest};
use rusqlite::Connection;

#[test]
fn special_texts_are_expressions() {
    let text = |text: &str, affinity| seed_value(&StoredValue::Text(text.into()), affinity, false);
    assert_eq!(text("0x00", Affinity::Text), SeedValue::Text("0x00".into()));
    assert_eq!(text("0x00", Affinity::Bytes), SeedValue::Text("RAW='0x00'".into()));
    assert_eq!(text("RAW=it's", Affinity::Text), SeedValue::Text("RAW='RAW=it''s'".into()));
    assert_eq!(text("FILE=a", Affinity::Text), SeedValue::Text("RAW='FILE=a'".into()));
    assert_eq!(text("BASE64=a", Affinity::Text), SeedValue::Text("RAW='BASE64=a'".into()));
    assert_eq!(text("a\0b", Affinity::Text), SeedValue::Text("RAW='a' || char(0) || 'b'".into()));
}

proptest! {
    #[test]
    fn an_exact_expression_is_the_number(real in any::<f64>()) {
        let sql = format!("SELECT {}", exact(real));
        let read: f64 = Connection::open_in_memory().unwrap().query_row(&sql, [], |row| row.get(0)).unwrap();
        // SQLite has no negative zero.
        prop_assert_eq!(read.to_bits(), (real + 0.0).to_bits(), "{}", sql);
    }
}

#[test]
fn extreme_numbers_are_exact() {
    let connection = Connection::open_in_memory().unwrap();
    for real in [5e-324, f64::MIN_POSITIVE, f64::MAX, f64::MIN, 1.0, -9.121_097_649_274_537e185] {
        let read: f64 = connection.query_row(&format!("SELECT {}", exact(real)), [], |row| row.get(0)).unwrap();
        assert_eq!(read.to_bits(), real.to_bits(), "{real:e}");
    }
}

#[test]
fn numbers_stay_numbers_in_a_format_of_texts() {
    assert_eq!(seed_value(&StoredValue::Integer(7), Affinity::Number, true), SeedValue::Integer(7));
    assert_eq!(seed_value(&StoredValue::Integer(7), Affinity::None, true), SeedValue::Text("RAW=7".into()));
    assert_eq!(seed_value(&StoredValue::Integer(7), Affinity::None, false), SeedValue::Integer(7));
}
