//! How far SQL from files may go, and what is said of it when it goes beyond.

use std::{fmt, time::Duration};

/// How many steps of SQLite's machine a statement may take, or a row with what its triggers do.
pub(crate) const STEPS: u32 = 250_000_000;

/// How long a load may compute, besides what each byte of its files allows it.
pub(crate) const TIME: Duration = Duration::from_secs(100);

pub(crate) const TIME_PER_BYTE: Duration = Duration::from_micros(10);

/// How many bytes a load may add to the database, and to SQLite's memory, besides what each byte of its files allows it.
pub(crate) const GROWTH: u64 = 1 << 30;

pub(crate) const GROWTH_PER_BYTE: u64 = 16;

/// How large a value may be that SQL makes: together with those that it is made of it must not fill the memory.
pub(crate) const MADE: usize = 16 << 20;

/// How large a row may be in a database that was there before, also where such a function is called.
pub(crate) const HELD: i64 = 1 << 20;

/// How long a pattern of `LIKE` may be, in bytes: its work grows with the product of it and the text.
pub(crate) const PATTERN: i32 = 1_000;

/// How large a value may be where a function is called whose work grows with the product of what it is given: SQLite does not
/// rest before such a call has ended.
pub(crate) const COSTLY: usize = 256 << 10;

/// What SQL from files went beyond, and which bound was in force.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Beyond {
    Steps,
    Time(Duration),
    /// In bytes.
    Growth(i64),
    /// In bytes.
    Value(i32),
}

impl fmt::Display for Beyond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps => write!(
                f,
                "this has taken more than {} million steps of SQLite, as if it had no end; give it one, or do it in smaller parts",
                STEPS / 1_000_000
            ),
            Self::Time(most) => write!(
                f,
                "the load has computed for more than {} seconds when it came here; have it do less in SQL",
                most.as_secs()
            ),
            Self::Growth(most) => write!(
                f,
                "the load adds more than {} MiB to the database or to the memory, or the disk is full; have it make fewer or smaller values",
                most >> 20
            ),
            Self::Value(most) => write!(
                f,
                "a value or a row that SQL makes has at most {} here: less in long statements, and least with functions that may take very long, like replace() and trim(); make it smaller, or put it into a file of its own as `FILE=`",
                size(*most)
            ),
        }
    }
}

fn size(bytes: i32) -> String {
    if bytes < 1 << 20 { format!("{} KiB", bytes >> 10) } else { format!("{} MiB", bytes >> 20) }
}

#[cfg(test)]
mod tests {
    use super::Beyond;
    use std::time::Duration;

    #[test]
    fn what_is_said_of_what_went_beyond() {
        let beyond =
            [Beyond::Steps, Beyond::Time(Duration::from_secs(110)), Beyond::Growth(3 << 29), Beyond::Value(256 << 10)];
        assert_eq!(
            beyond.map(|beyond| beyond.to_string()),
            [
                "this has taken more than 250 million steps of SQLite, as if it had no end; give it one, or do it in smaller parts",
                "the load has computed for more than 110 seconds when it came here; have it do less in SQL",
                "the load adds more than 1536 MiB to the database or to the memory, or the disk is full; have it make fewer or smaller values",
                "a value or a row that SQL makes has at most 256 KiB here: less in long statements, and least with functions that may take very long, like replace() and trim(); make it smaller, or put it into a file of its own as `FILE=`",
            ]
        );
    }
}
