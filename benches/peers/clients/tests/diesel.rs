//! diesel: its migrations make the template, a connection or its pool opens a clone by URI.

use diesel::{
    Connection, RunQueryDsl, SqliteConnection,
    dsl::sql,
    r2d2::{ConnectionManager, Pool},
    sql_query,
    sql_types::BigInt,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use sqlite_fixtures::{SessionFactory, Template, engine::JournalMode};
use std::{error::Error, sync::LazyLock};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("diesel_migrations");

fn migrate(uri: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    SqliteConnection::establish(uri)?.run_pending_migrations(MIGRATIONS)?;
    Ok(())
}

static BLOG: LazyLock<Template> = LazyLock::new(|| {
    Template::from_uri(migrate).seeds("seeds/posts.json").engine_options(|engine| engine.journal_mode(JournalMode::Wal))
});

fn count(client: &mut SqliteConnection) -> i64 {
    sql::<BigInt>("SELECT count(*) FROM posts").get_result(client).unwrap()
}

#[test]
fn migrations_make_the_template() {
    let engine = BLOG.engine().unwrap();
    let mut client = SqliteConnection::establish(&engine.uri()).unwrap();
    assert_eq!(count(&mut client), 1);
    assert!(!client.has_pending_migration(MIGRATIONS).unwrap());
    let session = SessionFactory::new(&engine).unwrap().open().unwrap();
    session.execute("DELETE FROM posts WHERE id = ?1", [session.id("posts", "fog").unwrap()]).unwrap();
    assert_eq!(count(&mut client), 0);
}

#[test]
fn writers_and_readers_share_a_clone_in_wal_mode() {
    let engine = BLOG.engine().unwrap();
    let pool = Pool::builder().max_size(2).build(ConnectionManager::<SqliteConnection>::new(engine.uri())).unwrap();
    let (mut writer, mut reader) = (pool.get().unwrap(), pool.get().unwrap());
    writer
        .transaction(|writer| {
            sql_query("INSERT INTO posts (title) VALUES ('On moss')").execute(writer)?;
            assert_eq!(count(&mut reader), 1, "a reader does not wait for the writer");
            diesel::result::QueryResult::Ok(())
        })
        .unwrap();
    assert_eq!(count(&mut reader), 2);
}
