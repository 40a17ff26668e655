//! What every suite shares: the database, the work of a test, and how one test becomes a hundred.

use rusqlite::Connection;

/// Thirty tables with an index each; `./run` generates it.
pub const SCHEMA: &str = include_str!("../fixtures/migrations/1_schema.sql");
/// A hundred rows for each table; generated likewise.
pub const SEEDS: &str = include_str!("../fixtures/seeds.sql");

/// What a test writes,
pub const INSERT: &str = "INSERT INTO table_0 (number, name, body) VALUES (1, 'of the test', '')";
/// what it reads,
pub const COUNT: &str = "SELECT count(*) FROM table_0";
/// and what it must find: its own row beside the seeds, so nobody else's.
pub const EXPECTED: i64 = 101;

/// The work of a test, for the suites that have a connection of rusqlite.
///
/// # Panics
/// When the database is not fresh, or not seeded.
pub fn insert_and_count(connection: &Connection) {
    connection.execute(INSERT, []).expect("a row is inserted");
    let rows: i64 = connection.query_row(COUNT, [], |row| row.get(0)).expect("rows are counted");
    assert_eq!(rows, EXPECTED);
}

/// A hundred tests from one: ten modules of ten, each with the test and what it uses.
#[macro_export]
macro_rules! hundred_tests {
    ($($test:tt)*) => {
        $crate::ten_modules! { $crate::ten_modules! { $($test)* } }
    };
}

/// Ten modules with the same content.
#[macro_export]
macro_rules! ten_modules {
    ($($content:tt)*) => {
        $crate::modules! { [zero one two three four five six seven eight nine] { $($content)* } }
    };
}

/// One by one, because a macro cannot repeat two lists of unlike length at once.
#[doc(hidden)]
#[macro_export]
macro_rules! modules {
    ([$name:ident $($names:ident)*] $content:tt) => {
        $crate::module! { $name $content }
        $crate::modules! { [$($names)*] $content }
    };
    ([] $content:tt) => {};
}

#[doc(hidden)]
#[macro_export]
macro_rules! module {
    ($name:ident { $($content:tt)* }) => {
        mod $name {
            $($content)*
        }
    };
}
