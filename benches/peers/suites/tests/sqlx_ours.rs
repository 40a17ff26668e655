//! sqlx on this crate: its migrator makes the template, and each test has a pool on a clone.

use sqlite_fixtures::Template;
use sqlx::{SqlitePool, migrate::MigrateError};
use std::sync::LazyLock;
use suites::{COUNT, EXPECTED, INSERT};

async fn migrate(url: String) -> Result<(), MigrateError> {
    let pool = SqlitePool::connect(&url).await?;
    sqlx::migrate!("fixtures/migrations").run(&pool).await?;
    pool.close().await;
    Ok(())
}

static TEMPLATE: LazyLock<Template> =
    LazyLock::new(|| Template::from_url_async(migrate).seeds("fixtures/seeds.sql").rebuild_if_changed("fixtures"));

suites::hundred_tests! {
    use crate::*;

    #[tokio::test]
    async fn test() {
        let engine = TEMPLATE.engine_async().await.unwrap();
        let pool = SqlitePool::connect(&engine.url()).await.unwrap();
        sqlx::query(INSERT).execute(&pool).await.unwrap();
        let rows: i64 = sqlx::query_scalar(COUNT).fetch_one(&pool).await.unwrap();
        assert_eq!(rows, EXPECTED);
        pool.close().await;
    }
}
