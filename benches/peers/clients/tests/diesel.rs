//! diesel opens an engine in memory by its URI.

use diesel::{Connection, RunQueryDsl, SqliteConnection, dsl::sql, sql_query, sql_types::BigInt};
use sqlite_fixtures::{SessionFactory, Template};

#[test]
fn diesel_reads_what_a_session_wrote_and_a_session_what_diesel_wrote() {
    let template =
        Template::from_fn(|connection| Ok(connection.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)")?));
    let engine = template.memory().unwrap();
    let session = SessionFactory::new(&engine).unwrap().open().unwrap();
    session.execute("INSERT INTO t VALUES (2)", []).unwrap();
    let mut client = SqliteConnection::establish(&engine.uri()).unwrap();
    assert_eq!(sql::<BigInt>("SELECT sum(a) FROM t").get_result::<i64>(&mut client).unwrap(), 3);
    client.transaction(|client| sql_query("INSERT INTO t VALUES (4)").execute(client)).unwrap();
    let sum: i64 = session.query_row("SELECT sum(a) FROM t", [], |row| row.get(0)).unwrap();
    assert_eq!(sum, 7);
}
