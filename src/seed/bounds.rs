//! How far SQL from files may go, and what is said of it when it goes beyond.

use super::source::LARGEST;
use std::{fmt, time::Duration};

/// How many steps of SQLite's machine a statement may take, or a row with what its triggers do.
pub(super) const STEPS: u32 = 250_000_000;

/// How long a load may compute, besides what each byte of its files allows it.
pub(super) const TIME: Duration = Duration::from_secs(100);

pub(super) const TIME_PER_BYTE: Duration = Duration::from_micros(10);

/// How many bytes a load may add to the database, and to SQLite's memory, besides what each byte of its files allows it.
pub(super) const GROWTH: u64 = 1 << 30;

pub(super) const GROWTH_PER_BYTE: u64 = 16;

/// How large a value may be where a function is called whose work grows with the product of what it is given: SQLite does not
/// rest before such a call has ended.
pub(super) const COSTLY: usize = 256 << 10;

/// Whether the work of a function grows with the product of what it is given, as in `instr(long, long)`.
pub(super) fn is_costly(name: &[u8]) -> bool {
    const NAMES: [&str; 11] =
        ["glob", "instr", "json_patch", "jsonb_patch", "like", "ltrim", "match", "replace", "rtrim", "trim", "unhex"];
    NAMES.iter().any(|costly| name.eq_ignore_ascii_case(costly.as_bytes()))
}

/// Whether a statement sets what holds for all databases of the process
/// ([`PRAGMA hard_heap_limit`](https://sqlite.org/pragma.html#pragma_hard_heap_limit) and the like), or how large this one may
/// be, by a pragma or its function.
pub(super) fn sets_limits(statement: &str) -> bool {
    const NAMES: [(&str, &str); 5] = [
        ("hard_heap", "limit"),
        ("soft_heap", "limit"),
        ("temp_store", "directory"),
        ("data_store", "directory"),
        ("max_page", "count"),
    ];
    let ends = |text: &str, name: &str| text.get(text.len().saturating_sub(name.len())..).map(str::to_ascii_lowercase);
    statement.match_indices('_').any(|(at, _)| {
        let (before, after) = (&statement[..at], &statement[at + 1..]);
        NAMES.iter().any(|(start, end)| {
            after.get(..end.len()).is_some_and(|word| word.eq_ignore_ascii_case(end))
                && ends(before, start).is_some_and(|word| word == *start)
        })
    })
}

/// What SQL from files went beyond.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Beyond {
    Steps,
    Time,
    Growth,
    Value,
}

impl fmt::Display for Beyond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps => write!(
                f,
                "this has taken more than {} million steps of SQLite, as if it had no end; give it one, or do it in smaller parts",
                STEPS / 1_000_000
            ),
            Self::Time => write!(
                f,
                "the load has computed for more than {} seconds when it came here; have it do less in SQL",
                TIME.as_secs()
            ),
            Self::Growth => write!(
                f,
                "the load adds more than {} GiB to the database or to the memory; have it make fewer or smaller values",
                GROWTH >> 30
            ),
            Self::Value => write!(
                f,
                "a value has at most {} MiB, or {} KiB in a statement or a schema that calls functions like replace() and trim(), which may take very long on it; make it smaller, or put it into a file of its own as `FILE=`",
                LARGEST >> 20,
                COSTLY >> 10
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Beyond;

    #[test]
    fn what_is_said_of_what_went_beyond() {
        let said = [Beyond::Steps, Beyond::Time, Beyond::Growth, Beyond::Value].map(|beyond| beyond.to_string());
        assert_eq!(
            said,
            [
                "this has taken more than 250 million steps of SQLite, as if it had no end; give it one, or do it in smaller parts",
                "the load has computed for more than 100 seconds when it came here; have it do less in SQL",
                "the load adds more than 1 GiB to the database or to the memory; have it make fewer or smaller values",
                "a value has at most 256 MiB, or 256 KiB in a statement or a schema that calls functions like replace() and trim(), which may take very long on it; make it smaller, or put it into a file of its own as `FILE=`",
            ]
        );
    }
}
