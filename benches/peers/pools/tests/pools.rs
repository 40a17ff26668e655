//! Pools and asynchronous wrappers of rusqlite open a clone by URI, in WAL mode; refinery makes the template.

use rusqlite::Connection;
use sqlite_fixtures::{Engine, SessionFactory, Template, engine::JournalMode};
use std::{error::Error, sync::LazyLock};

mod migrations {
    refinery::embed_migrations!("migrations");
}

fn migrate(connection: &mut Connection) -> Result<(), Box<dyn Error + Send + Sync>> {
    migrations::migrations::runner().run(connection)?;
    Ok(())
}

static BLOG: LazyLock<Template> = LazyLock::new(|| {
    Template::from_fn(migrate).seeds("seeds/posts.json").engine_options(|engine| engine.journal_mode(JournalMode::Wal))
});

const COUNT: &str = "SELECT count(*) FROM posts";
const INSERT: &str = "INSERT INTO posts (title) VALUES ('On moss')";

fn count(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row(COUNT, [], |row| row.get(0))
}

fn seen_by_a_session(engine: &Engine) -> i64 {
    count(&SessionFactory::new(engine).unwrap().open().unwrap()).unwrap()
}

#[test]
fn refinery_makes_the_template() {
    let engine = BLOG.engine().unwrap();
    // The application migrates at start, and finds nothing to do.
    let mut own = Connection::open(engine.uri()).unwrap();
    let report = migrations::migrations::runner().run(&mut own).unwrap();
    assert!(report.applied_migrations().is_empty());
    assert_eq!(count(&own).unwrap(), 1);
}

#[test]
fn r2d2_sqlite() {
    let engine = BLOG.engine().unwrap();
    let manager = r2d2_sqlite::SqliteConnectionManager::file(engine.uri());
    let pool = r2d2::Pool::builder().max_size(2).build(manager).unwrap();
    let (mut writer, reader) = (pool.get().unwrap(), pool.get().unwrap());
    let transaction = writer.transaction().unwrap();
    transaction.execute(INSERT, []).unwrap();
    assert_eq!(count(&reader).unwrap(), 1, "a reader does not wait for the writer");
    transaction.commit().unwrap();
    assert_eq!((count(&reader).unwrap(), seen_by_a_session(&engine)), (2, 2));
}

#[tokio::test]
async fn deadpool_sqlite() {
    use deadpool_sqlite::{Config, Runtime};
    let engine = BLOG.engine().unwrap();
    let pool = Config::new(engine.uri()).create_pool(Runtime::Tokio1).unwrap();
    let (writer, reader) = (pool.get().await.unwrap(), pool.get().await.unwrap());
    writer.interact(|connection| connection.execute(INSERT, [])).await.unwrap().unwrap();
    assert_eq!(reader.interact(|connection| count(connection)).await.unwrap().unwrap(), 2);
    assert_eq!(seen_by_a_session(&engine), 2);
}

#[tokio::test]
async fn tokio_rusqlite() {
    let engine = BLOG.engine().unwrap();
    let writer = tokio_rusqlite::Connection::open(engine.uri()).await.unwrap();
    let reader = tokio_rusqlite::Connection::open(engine.uri()).await.unwrap();
    writer.call(|connection| connection.execute(INSERT, [])).await.unwrap();
    assert_eq!(reader.call(|connection| count(connection)).await.unwrap(), 2);
    assert_eq!(seen_by_a_session(&engine), 2);
    writer.close().await.unwrap();
    reader.close().await.unwrap();
}

#[tokio::test]
async fn async_sqlite() {
    let engine = BLOG.engine().unwrap();
    let pool = async_sqlite::PoolBuilder::new().path(engine.uri()).num_conns(2).open().await.unwrap();
    pool.conn(|connection| connection.execute(INSERT, [])).await.unwrap();
    for seen in pool.conn_for_each(|connection| connection.query_row(COUNT, [], |row| row.get::<_, i64>(0))).await {
        assert_eq!(seen.unwrap(), 2);
    }
    assert_eq!(seen_by_a_session(&engine), 2);
    pool.close().await.unwrap();
}
