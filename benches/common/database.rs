//! The database of the benches: thirty tables with an index each.

use sqlite_fixtures::{Template, rusqlite::Connection};
use std::{fmt::Write, hint};

pub const TABLES: usize = 30;
/// With 100 of them a table the database is 1 MiB.
pub const TEXT: &str = "Of what was sown in the salt marsh the sea took one part, the geese another, and we the third.";

/// A template of about `SIZE` MiB: 30 tables with an index each, all with the same number of rows.
pub fn template<const SIZE: i64>() -> Template {
    Template::from_fn(|connection: &mut Connection| {
        connection.execute_batch(&schema())?;
        let transaction = connection.transaction()?;
        for table in 0..TABLES {
            let mut insert = transaction.prepare(&format!("INSERT INTO table_{table} (a, b) VALUES (?1, ?2)"))?;
            for row in 0..100 * SIZE {
                insert.execute((row, format!("{TEXT} {TEXT} {TEXT} {row}")))?;
            }
        }
        Ok(transaction.commit()?)
    })
}

pub fn schema() -> String {
    let mut sql = String::new();
    for table in 0..TABLES {
        let _ = write!(
            sql,
            "CREATE TABLE table_{table} (id INTEGER PRIMARY KEY, a INTEGER NOT NULL, b TEXT NOT NULL);
             CREATE INDEX index_{table} ON table_{table} (a);"
        );
    }
    sql
}

/// The first select of a test.
pub fn select(connection: &Connection) {
    let found: i64 =
        connection.query_row("SELECT a FROM table_7 WHERE id = 50", [], |row| row.get(0)).expect("the first select");
    assert_eq!(hint::black_box(found), 49);
}
