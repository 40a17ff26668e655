//! By hand: a database in memory, and the scripts, in each test.

use rusqlite::Connection;
use suites::{SCHEMA, SEEDS, insert_and_count};

fn database() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    connection.execute_batch(SEEDS).unwrap();
    connection
}

suites::hundred_tests! {
    use crate::*;

    #[test]
    fn test() {
        insert_and_count(&database());
    }
}
