//! `rusqlite_migration`: a database in memory that is migrated, then seeded, in each test.

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};
use suites::{SCHEMA, SEEDS, insert_and_count};

const STEPS: &[M] = &[M::up(SCHEMA)];
const MIGRATIONS: Migrations = Migrations::from_slice(STEPS);

fn database() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    MIGRATIONS.to_latest(&mut connection).unwrap();
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
