//! A store by path, on a thread of its own.

use ports::store::Store;
use rstest::{fixture, rstest};
use sqlite_fixtures::{Engine, Template, rusqlite::Connection};
use std::{path::PathBuf, sync::LazyLock};

/// What the store's own constructor makes.
static MIGRATED: LazyLock<Template> = LazyLock::new(|| {
    Template::from_path(|path| Store::open(path).map(drop)).engine_options(|engine| engine.file_name("app.db"))
});

/// An application from an engine that ends here: the store keeps the database alive.
#[fixture]
fn store() -> Store {
    let engine = Engine::memory().unwrap();
    Store::open(engine.uri()).unwrap()
}

#[rstest]
fn is_empty_at_first(store: Store) {
    assert!(store.open_tasks().unwrap().is_empty());
}

#[rstest]
fn numbers_its_tasks(store: Store) {
    assert_eq!((store.add("sweep").unwrap(), store.add("sail").unwrap()), (1, 2));
}

#[rstest]
fn finishes_a_task_once(store: Store) {
    let id = store.add("sweep").unwrap();
    assert_eq!((store.finish(id).unwrap(), store.finish(id).unwrap(), store.finish(99).unwrap()), (true, false, false));
    assert!(store.open_tasks().unwrap().is_empty());
}

#[rstest]
fn keeps_the_order(store: Store) {
    let titles: Vec<String> = (0..3).map(|number| format!("task {number}")).collect();
    for title in &titles {
        store.add(title).unwrap();
    }
    assert_eq!(store.open_tasks().unwrap(), titles);
}

#[rstest]
fn in_a_temporary_file() {
    let engine = Engine::temp_file().unwrap();
    let store = Store::open(engine.path().unwrap()).unwrap();
    store.add("sweep").unwrap();
    assert_eq!(store.open_tasks().unwrap(), ["sweep"]);
}

/// The same lines in memory and in a file of the store's name.
#[rstest]
fn finds_itself_migrated(#[values(true, false)] in_memory: bool) {
    let engine = if in_memory { MIGRATED.memory() } else { MIGRATED.temp_file() }.unwrap();
    let path = engine.folder().map_or_else(|| PathBuf::from(engine.uri()), |folder| folder.join("app.db"));
    let store = Store::open(path).unwrap();
    store.add("sweep").unwrap();
    assert_eq!(store.open_tasks().unwrap(), ["sweep"]);
    let fresh = MIGRATED.engine().unwrap().connect().unwrap();
    assert_eq!(fresh.query_row("SELECT count(*) FROM tasks", [], |row| row.get(0)), Ok(0));
}

#[rstest]
fn opens_again_what_was_there() {
    let engine = Engine::memory().unwrap();
    Store::open(engine.uri()).unwrap().add("sweep").unwrap();
    assert_eq!(Store::open(engine.uri()).unwrap().open_tasks().unwrap(), ["sweep"]);
}

#[rstest]
fn is_seen_by_others() {
    let engine = Engine::memory().unwrap();
    let store = Store::open(engine.uri()).unwrap();
    store.add("sweep").unwrap();
    let other = Connection::open(engine.uri()).unwrap();
    assert_eq!(other.query_row("SELECT title FROM tasks", [], |row| row.get(0)), Ok("sweep".to_owned()));
}

#[rstest]
fn two_are_apart(#[from(store)] one: Store, #[from(store)] two: Store) {
    one.add("sweep").unwrap();
    assert!(two.open_tasks().unwrap().is_empty());
}
