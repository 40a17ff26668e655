//! rusqlite_migration makes the template on a connection.

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};
use sqlite_fixtures::{SessionFactory, Template};
use std::{error::Error, sync::LazyLock};

fn migrate(connection: &mut Connection) -> Result<(), Box<dyn Error + Send + Sync>> {
    Ok(Migrations::new(vec![M::up(include_str!("../migrations/0001_posts.sql"))]).to_latest(connection)?)
}

static BLOG: LazyLock<Template> = LazyLock::new(|| Template::from_fn(migrate).seeds("seeds/posts.json"));

#[test]
fn migrations_make_the_template() {
    let engine = BLOG.engine().unwrap();
    // The application migrates at start, and finds nothing to do.
    let mut own = Connection::open(engine.uri()).unwrap();
    migrate(&mut own).unwrap();
    own.execute("INSERT INTO posts (title) VALUES ('On moss')", []).unwrap();
    let session = SessionFactory::new(&engine).unwrap().open().unwrap();
    let titles: Vec<String> = session.select("SELECT title FROM posts ORDER BY title", []).unwrap();
    assert_eq!(titles, ["On fog", "On moss"]);
}
