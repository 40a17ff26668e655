//! Unit tests of `src/ledger/line.rs`.

use super::{Line, parse};
use proptest::prelude::{any, proptest};

proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    #[test]
    fn parses_what_it_writes_and_rejects_damage(
        fields in proptest::collection::vec(any::<String>(), 0..5),
        at in any::<proptest::sample::Index>(),
        bit in 0..7_u32,
    ) {
        let line = fields.iter().fold(Line::new("kind"), Line::field).finish();
        let text = std::str::from_utf8(&line).unwrap();
        let (line, end) = text.split_at(text.len() - 1);
        assert_eq!(end, "\n");
        assert!(!line.contains('\n'));
        let read = parse(line).unwrap();
        assert_eq!((read[0].as_str(), &read[1..]), ("kind", fields.as_slice()));

        let mut damaged = line.as_bytes().to_vec();
        let at = at.index(damaged.len());
        damaged[at] ^= 1 << bit;
        // A checksum in upper case is the same.
        let same = damaged.eq_ignore_ascii_case(line.as_bytes()) && at < 8;
        assert!(same || std::str::from_utf8(&damaged).map_or(true, |line| parse(line).is_none()));
        let cut = line.char_indices().next_back().unwrap().0;
        assert!(parse(&line[..cut]).is_none(), "cut off");
    }
}
