//! Unit tests of `src/sqlite/control/random.rs`.

use super::fixed_random;
use rusqlite::Connection;

#[test]
fn every_connection_draws_the_same_numbers() {
    let drawn = || {
        let connection = Connection::open_in_memory().unwrap();
        fixed_random(&connection).unwrap();
        let sql = "SELECT random(), random(), hex(randomblob(11)), length(randomblob(-1))";
        connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap()
    };
    let (one, two, bytes, least): (i64, i64, String, i64) = drawn();
    assert_eq!((one, two, bytes.clone(), least), drawn());
    assert_ne!(one, two);
    assert_eq!((bytes.len(), least), (22, 1));
    let connection = Connection::open_in_memory().unwrap();
    fixed_random(&connection).unwrap();
    assert!(connection.execute_batch("SELECT randomblob(9223372036854775807)").is_err());
}
