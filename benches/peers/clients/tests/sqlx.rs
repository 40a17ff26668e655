//! sqlx opens an engine in memory by the parts of its URI: the file's name and its file system.

use sqlite_fixtures::{SessionFactory, Template, engine::JournalMode};
use sqlx::{SqlitePool, sqlite::SqliteConnectOptions};

#[tokio::test]
async fn a_pool_of_sqlx_reads_what_a_session_wrote_and_a_session_what_the_pool_wrote() {
    let template =
        Template::from_fn(|connection| Ok(connection.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)")?))
            .engine_options(|engine| engine.journal_mode(JournalMode::Wal));
    let engine = template.memory().unwrap();
    let session = SessionFactory::new(&engine).unwrap().open().unwrap();
    session.execute("INSERT INTO t VALUES (2)", []).unwrap();
    let uri = engine.uri();
    let (name, vfs) = uri.strip_prefix("file:").and_then(|uri| uri.split_once("?vfs=")).unwrap();
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(name).vfs(vfs.to_owned())).await.unwrap();
    let sum: i64 = sqlx::query_scalar("SELECT sum(a) FROM t").fetch_one(&pool).await.unwrap();
    assert_eq!(sum, 3);
    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("INSERT INTO t VALUES (4)").execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    let sum: i64 = session.query_row("SELECT sum(a) FROM t", [], |row| row.get(0)).unwrap();
    assert_eq!(sum, 7);
    pool.close().await;
}

#[tokio::test]
async fn a_pool_opens_the_uri_as_an_url_of_sqlx() {
    let engine = sqlite_fixtures::Engine::memory().unwrap();
    let session = SessionFactory::new(&engine).unwrap().open().unwrap();
    session.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)").unwrap();
    let pool = SqlitePool::connect(&engine.uri().replacen("file:", "sqlite:", 1)).await.unwrap();
    let sum: i64 = sqlx::query_scalar("SELECT sum(a) FROM t").fetch_one(&pool).await.unwrap();
    assert_eq!(sum, 1);
    pool.close().await;
}
