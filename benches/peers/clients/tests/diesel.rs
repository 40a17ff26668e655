//! diesel: its migrations make the template, a connection or its pool opens a clone by URI.

use common::transactions::{SCHEMA, SHAPES, fails_at_once};
use diesel::{
    Connection, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    dsl::sql,
    r2d2::{ConnectionManager, Pool},
    sql_query,
    sql_types::BigInt,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use sqlite_fixtures::{
    Engine, SessionFactory, Template,
    engine::JournalMode,
    settings::{Level, Lint},
};
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

#[test]
fn upgrade_is_found_where_sqlite_does_not_wait() {
    for mode in [JournalMode::Delete, JournalMode::Wal] {
        for shape in SHAPES {
            let engine = Engine::builder().journal_mode(mode).lint(Lint::Upgrade, Level::Warn).memory().unwrap();
            let mut client = SqliteConnection::establish(&engine.uri()).unwrap();
            client.batch_execute(SCHEMA).unwrap();
            for statement in shape.0.iter().chain([&shape.1]) {
                // It runs a statement to its end.
                sql_query(*statement).execute(&mut client).unwrap();
            }
            drop(client);
            let rivals = Engine::builder().journal_mode(mode).memory().unwrap();
            rivals.connect().unwrap().execute_batch(SCHEMA).unwrap();
            let expected = fails_at_once(|| rivals.connect().unwrap(), *shape);
            assert_eq!(!engine.findings().is_empty(), expected, "{mode} {shape:?}");
        }
    }
}

#[test]
fn transaction_of_diesel_upgrades_and_an_immediate_one_does_not() {
    let engine = Engine::builder().lint(Lint::Upgrade, Level::Warn).memory().unwrap();
    let mut client = SqliteConnection::establish(&engine.uri()).unwrap();
    sql_query("CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT)").execute(&mut client).unwrap();
    let work = |client: &mut SqliteConnection| {
        count(client);
        sql_query("INSERT INTO posts (title) VALUES ('On moss')").execute(client)
    };
    client.immediate_transaction(work).unwrap();
    assert!(engine.findings().is_empty(), "{:?}", engine.findings());
    client.transaction(work).unwrap();
    let found = engine.findings();
    assert_eq!(found[0].sql(), "INSERT INTO posts (title) VALUES ('On moss')");
    assert!(found[0].position().unwrap().to_string().starts_with("tests/diesel.rs:"), "{}", found[0]);
}
