//! sqlx: its migrator makes the template, its pool opens a clone by URL.

use common::transactions::{SCHEMA, SHAPES, fails_at_once};
use sqlite_fixtures::{
    Engine, SessionFactory, Template,
    engine::JournalMode,
    settings::{Level, Lint},
};
use sqlx::{Connection, SqliteConnection, SqlitePool, migrate::MigrateError, sqlite::SqliteConnectOptions};
use std::{str::FromStr, sync::LazyLock};

async fn migrate(url: String) -> Result<(), MigrateError> {
    let pool = SqlitePool::connect(&url).await?;
    sqlx::migrate!("./migrations").run(&pool).await?;
    pool.close().await;
    Ok(())
}

static BLOG: LazyLock<Template> =
    LazyLock::new(|| Template::from_url_async(migrate).seeds("seeds/posts.json").rebuild_if_changed("migrations"));

async fn count(pool: &SqlitePool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM posts").fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn migrator_makes_the_template() {
    let engine = BLOG.engine_async().await.unwrap();
    let pool = SqlitePool::connect(&engine.url()).await.unwrap();
    assert_eq!(count(&pool).await, 1);
    // An application that migrates at start finds nothing to do.
    sqlx::migrate!("./migrations").run(&pool).await.unwrap();
    let applied: i64 = sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations").fetch_one(&pool).await.unwrap();
    assert_eq!(applied, 1);
    let session = SessionFactory::new(&engine).unwrap().open().unwrap();
    assert_eq!(session.id("posts", "fog").unwrap(), sqlite_fixtures::labels::label_id("fog"));
    pool.close().await;
}

#[tokio::test]
async fn writers_and_readers_share_a_clone_in_wal_mode() {
    let engine = BLOG.engine_async().await.unwrap();
    let options = SqliteConnectOptions::from_str(&engine.url()).unwrap();
    let options = options.journal_mode(sqlx::sqlite::SqliteJournalMode::Wal);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("INSERT INTO posts (title) VALUES ('On moss')").execute(&mut *transaction).await.unwrap();
    assert_eq!(count(&pool).await, 1, "a reader does not wait for the writer");
    transaction.commit().await.unwrap();
    assert_eq!(count(&pool).await, 2);
    let session = SessionFactory::new(&engine).unwrap().open().unwrap();
    let seen: i64 = session.query_row("SELECT count(*) FROM posts", [], |row| row.get(0)).unwrap();
    assert_eq!(seen, 2);
    pool.close().await;
}

#[tokio::test]
async fn pool_opens_a_temporary_file() {
    let engine = Engine::builder().file_name("blog 1.db").temp_file().unwrap();
    let pool = SqlitePool::connect(&engine.url()).await.unwrap();
    sqlx::migrate!("./migrations").run(&pool).await.unwrap();
    assert_eq!(count(&pool).await, 0);
    pool.close().await;
}

#[tokio::test]
async fn upgrade_is_found_where_sqlite_does_not_wait() {
    for mode in [JournalMode::Delete, JournalMode::Wal] {
        for shape in SHAPES {
            let engine = Engine::builder().journal_mode(mode).lint(Lint::Upgrade, Level::Warn).memory().unwrap();
            let mut client = SqliteConnection::connect(&engine.url()).await.unwrap();
            sqlx::raw_sql(SCHEMA).execute(&mut client).await.unwrap();
            for statement in shape.0.iter().chain([&shape.1]) {
                sqlx::query(*statement).fetch_all(&mut client).await.unwrap();
            }
            client.close().await.unwrap();
            let rivals = Engine::builder().journal_mode(mode).memory().unwrap();
            rivals.connect().unwrap().execute_batch(SCHEMA).unwrap();
            let expected = fails_at_once(|| rivals.connect().unwrap(), *shape);
            assert_eq!(!engine.findings().is_empty(), expected, "{mode} {shape:?}");
        }
    }
}

#[tokio::test]
async fn transaction_of_sqlx_upgrades_and_an_immediate_one_does_not() {
    let engine = Engine::builder().lint(Lint::Upgrade, Level::Warn).memory().unwrap();
    let pool = SqlitePool::connect(&engine.url()).await.unwrap();
    sqlx::migrate!("./migrations").run(&pool).await.unwrap();
    for immediate in [true, false] {
        let begun = if immediate { pool.begin_with("BEGIN IMMEDIATE").await } else { pool.begin().await };
        let mut transaction = begun.unwrap();
        let posts: i64 = sqlx::query_scalar("SELECT count(*) FROM posts").fetch_one(&mut *transaction).await.unwrap();
        assert_eq!(posts, i64::from(!immediate));
        sqlx::query("INSERT INTO posts (title) VALUES ('On moss')").execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
        let found = engine.findings();
        assert_eq!(found.is_empty(), immediate, "{found:?}");
    }
    let found = &engine.findings()[0];
    assert_eq!(found.sql(), "INSERT INTO posts (title) VALUES ('On moss')");
    assert!(found.to_string().starts_with("`INSERT INTO posts (title) VALUES ('On moss')` at an unknown place"), "{found}");
    pool.close().await;
}

/// On the thread of sqlx all calls look the same.
#[tokio::test]
async fn queries_of_unknown_calls_are_not_repeated_ones() {
    let engine = Engine::builder().lint(Lint::Repeat, Level::Warn).memory().unwrap();
    let pool = SqlitePool::connect(&engine.url()).await.unwrap();
    sqlx::migrate!("./migrations").run(&pool).await.unwrap();
    for _ in 0..30 {
        count(&pool).await;
    }
    assert!(engine.findings().is_empty(), "{:?}", engine.findings());
    pool.close().await;
}

#[test]
fn watch_counts_statements_of_a_pool() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let engine = runtime.block_on(BLOG.engine_async()).unwrap();
    let pool = runtime.block_on(SqlitePool::connect(&engine.url())).unwrap();
    let watched = engine.watch(|| runtime.block_on(async { count(&pool).await + count(&pool).await }));
    assert_eq!(watched.count("SELECT count(*) FROM posts"), 2);
    assert_eq!(watched.into_value(), 2);
    runtime.block_on(pool.close());
}
