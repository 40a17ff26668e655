//! Unit tests of `src/seed/parse/plain.rs`.

use super::Meaning;
use crate::seed::parse::scalar::Scalar;
use crate::sqlite::affinity::Affinity;

/// What columns of each affinity store, as SQL literals; `-` for the text itself.
fn stored(text: &str) -> Option<String> {
    let meaning = Meaning::parse(text)?;
    let shown = |affinity| match meaning.stored(text, affinity) {
        Ok(None) => "-".to_owned(),
        Ok(Some(Scalar::Bytes(bytes))) => format!("{bytes:x?}"),
        Ok(Some(Scalar::Boolean(boolean))) => boolean.to_string(),
        Ok(Some(value)) => crate::sqlite::quote::literal(&value),
        Err(_) => "error".to_owned(),
    };
    Some([Affinity::Number, Affinity::Text, Affinity::None, Affinity::Bytes].map(shown).join(" "))
}

#[test]
fn columns_store_what_scalars_mean() {
    for (text, expected) in [
        ("7", "7 7 7 7"),
        ("-7", "-7 -7 -7 -7"),
        ("007", "7 7 7 7"),
        ("0b101", "5 5 5 5"),
        ("0o17", "15 - 15 15"),
        ("1_000", "1000 1000 1000 1000"),
        ("1,000", "1000 - - -"),
        ("1.50", "1.5 1.5 1.5 1.5"),
        ("5.", "5.0 5.0 5.0 5.0"),
        (".5", "0.5 0.5 0.5 0.5"),
        ("1e5", "100000.0 - 100000.0 100000.0"),
        ("1.5e3", "1500.0 - 1500.0 1500.0"),
        ("1.5e+3", "1500.0 1500.0 1500.0 1500.0"),
        ("true", "true true true true"),
        ("yes", "true - - -"),
        (".nan", "error - error error"),
        ("99999999999999999999", "error - error error"),
        ("0x1f", "31 31 31 [1f]"),
        ("0x1", "1 1 1 error"),
        ("-0x1F", "-31 - - -"),
        ("0x00112233445566778899", "- - - [0, 11, 22, 33, 44, 55, 66, 77, 88, 99]"),
    ] {
        assert_eq!(stored(text).as_deref(), Some(expected), "{text}");
    }
    for text in [
        "",
        "-",
        "+",
        ".",
        "0x",
        "0b",
        "08540",
        "1_",
        "_1",
        "1,00",
        "1,0000",
        "1,12é",
        "1.2.3",
        "2020-01-01",
        "12:30",
        "+49 30",
        "y",
        "n",
        "inf",
        "nan",
        "1e",
        "é",
    ] {
        assert_eq!(stored(text), None, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn any_scalar_has_a_meaning_or_none(text in "[-+0-9xobeE._,éa-f]{0,12}") {
        stored(&text);
    }
}
