//! sqlx: its own test attribute, with migrations and a fixture script.

use sqlx::SqlitePool;
use suites::{COUNT, EXPECTED, INSERT};

suites::hundred_tests! {
    use crate::*;

    #[sqlx::test(migrations = "fixtures/migrations", fixtures(path = "../fixtures", scripts("seeds")))]
    async fn test(pool: SqlitePool) {
        sqlx::query(INSERT).execute(&pool).await.unwrap();
        let rows: i64 = sqlx::query_scalar(COUNT).fetch_one(&pool).await.unwrap();
        assert_eq!(rows, EXPECTED);
    }
}
