//! sea-orm: its migrator makes the template, its pool opens a clone by URL.

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbErr, FromQueryResult, Statement};
use sea_orm_migration::prelude::*;
use sqlite_fixtures::{SessionFactory, Template, engine::JournalMode};
use std::sync::LazyLock;

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Posts)]
    }
}

struct Posts;

impl MigrationName for Posts {
    fn name(&self) -> &'static str {
        "m0001_posts"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Posts {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT NOT NULL)";
        manager.get_connection().execute_unprepared(sql).await.map(drop)
    }
}

async fn migrate(url: String) -> Result<(), DbErr> {
    let database = Database::connect(url).await?;
    Migrator::up(&database, None).await?;
    database.close().await
}

static BLOG: LazyLock<Template> = LazyLock::new(|| {
    Template::from_url_async(migrate)
        .seeds("seeds/posts.json")
        .engine_options(|engine| engine.journal_mode(JournalMode::Wal))
});

#[derive(FromQueryResult)]
struct Count {
    count: i64,
}

async fn count(database: &DatabaseConnection) -> i64 {
    let sql = Statement::from_string(database.get_database_backend(), "SELECT count(*) AS count FROM posts");
    Count::find_by_statement(sql).one(database).await.unwrap().unwrap().count
}

#[tokio::test]
async fn migrator_makes_the_template() {
    let engine = BLOG.engine_async().await.unwrap();
    let database = Database::connect(engine.url()).await.unwrap();
    assert_eq!(count(&database).await, 1);
    assert!(Migrator::get_pending_migrations(&database).await.unwrap().is_empty());
    database.execute_unprepared("INSERT INTO posts (title) VALUES ('On moss')").await.unwrap();
    let session = SessionFactory::new(&engine).unwrap().open().unwrap();
    let seen: i64 = session.query_row("SELECT count(*) FROM posts", [], |row| row.get(0)).unwrap();
    assert_eq!(seen, 2);
    let other = BLOG.engine_async().await.unwrap();
    let other = Database::connect(other.url()).await.unwrap();
    assert_eq!(count(&other).await, 1, "a database of its own");
    other.close().await.unwrap();
    database.close().await.unwrap();
}
