//! Unit tests of `src/sqlite/affinity.rs`.

use super::Affinity;

#[test]
fn affinity_of_declared_types() {
    for number in ["INTEGER", "BIGINT", "REAL", "NUMERIC", "DECIMAL(10, 2)", "double precision"] {
        assert_eq!(Affinity::of(number), Affinity::Number, "{number}");
    }
    for other in ["DATE", "STRING", "JSON"] {
        assert_eq!(Affinity::of(other), Affinity::Other, "{other}");
        assert!(Affinity::of(other).has_numbers());
    }
    assert_eq!(Affinity::of("nvarchar(20)"), Affinity::Text);
    assert_eq!(Affinity::of("CHARINT"), Affinity::Number, "INT comes first");
    for bytes in ["BLOB", "BINARY(16)", "varbinary", "bytea"] {
        assert_eq!(Affinity::of(bytes), Affinity::Bytes, "{bytes}");
    }
    assert_eq!(Affinity::of("boolean").boolean("True"), Some(true));
    assert_eq!(Affinity::of("boolean").boolean("off"), Some(false));
    assert_eq!(Affinity::Text.boolean("true"), None);
    for none in ["", "any"] {
        assert_eq!(Affinity::of(none), Affinity::None, "{none}");
        assert!(Affinity::of(none).has_ids());
    }
}
