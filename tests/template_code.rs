//! Templates that code builds: on a URI, a path, or asynchronously.

use common::{chain, folder};
use pollster::block_on;
use rstest::rstest;
use sqlite_fixtures::{
    Engine, Template,
    engine::{EngineBuilder, JournalMode},
    rusqlite::{self, Connection, types::FromSql},
};
use std::{
    error::Error,
    future::poll_fn,
    path::{Path, PathBuf},
    pin::pin,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

fn one<T: FromSql>(connection: &Connection, sql: &str) -> T {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// A file that no run before had, so that a template which depends on it has no image.
fn new_file() -> (tempfile::NamedTempFile, &'static str) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap().to_owned().leak();
    (file, path)
}

/// As applications are: it opens, sets and migrates in one constructor.
struct Store(Connection);

impl Store {
    fn open(path: impl AsRef<Path>) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA page_size = 8192; PRAGMA encoding = 'UTF-16le'; PRAGMA journal_mode = WAL;
             CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, body TEXT, made TEXT DEFAULT CURRENT_TIMESTAMP);
             INSERT INTO notes (body) SELECT 'welcome' WHERE NOT EXISTS (SELECT 1 FROM notes)",
        )?;
        Ok(Self(connection))
    }
}

fn on_uri() -> Template {
    Template::from_uri(|uri| Store::open(uri).map(drop))
}

fn on_path() -> Template {
    Template::from_path(|path| Store::open(path).map(drop))
}

fn asynchronous() -> Template {
    Template::from_uri_async(async |uri: String| Store::open(uri).map(drop))
}

/// As sqlx and sea-orm do.
fn open_url(url: &str) -> rusqlite::Result<()> {
    Store::open(url.replacen("sqlite:", "file:", 1)).map(drop)
}

fn on_url() -> Template {
    Template::from_url(open_url)
}

fn asynchronous_on_url() -> Template {
    Template::from_url_async(async |url: String| {
        assert!(url.starts_with("sqlite:"), "{url}");
        open_url(&url)
    })
}

#[rstest]
fn clone_is_what_the_code_made(
    #[values(on_uri, on_path, on_url, asynchronous, asynchronous_on_url)] template: fn() -> Template,
    #[values(true, false)] in_memory: bool,
) {
    let template = if in_memory { template() } else { template().in_temp_file() };
    let engine = block_on(template.engine_async()).unwrap();
    let made = engine.connect().unwrap();
    assert_eq!(one::<i64>(&made, "PRAGMA page_size"), 8192);
    assert_eq!(one::<String>(&made, "PRAGMA encoding"), "UTF-16le");
    assert_eq!(one::<String>(&made, "PRAGMA journal_mode"), "wal");
    assert_eq!(one::<String>(&made, "SELECT body FROM notes"), "welcome");
    // The application's own constructor on its own database.
    let store = Store::open(engine.path().map_or_else(|| PathBuf::from(engine.uri()), Path::to_owned)).unwrap();
    store.0.execute("INSERT INTO notes (body) VALUES ('second')", []).unwrap();
    assert_eq!(one::<i64>(&made, "SELECT count(*) FROM notes"), 2);
    let other = block_on(template.engine_async()).unwrap().connect().unwrap();
    assert_eq!(one::<i64>(&other, "SELECT count(*) FROM notes"), 1);
}

#[test]
fn clock_of_the_uri_is_frozen() {
    let made = on_uri().engine().unwrap().connect().unwrap();
    assert_eq!(one::<String>(&made, "SELECT made FROM notes"), "2000-01-01 00:00:00");
    assert_ne!(one::<String>(&made, "SELECT CURRENT_TIMESTAMP"), "2000-01-01 00:00:00");
}

#[test]
fn builder_names_another_journal_mode() {
    for template in [on_uri(), on_path()] {
        let template = template.engine_options(|engine| engine.journal_mode(JournalMode::Delete));
        assert_eq!(one::<String>(&template.engine().unwrap().connect().unwrap(), "PRAGMA journal_mode"), "delete");
    }
}

/// What is in a write-ahead log too, whose connection is still open.
#[rstest]
fn what_is_committed_is_the_image(#[values(true, false)] is_uri: bool) {
    static OPEN: Mutex<Vec<Connection>> = Mutex::new(Vec::new());
    fn build(path: &Path) -> rusqlite::Result<()> {
        let store = Store::open(path)?;
        store.0.execute("INSERT INTO notes (body) VALUES ('in the log')", [])?;
        // A reader keeps the log.
        store.0.execute_batch("BEGIN; SELECT * FROM notes")?;
        OPEN.lock().unwrap().push(store.0);
        Ok(())
    }
    let template =
        if is_uri { Template::from_uri(|uri| build(Path::new(uri))) } else { Template::from_path(build) }.uncached();
    let engine = template.engine().unwrap();
    assert_eq!(one::<i64>(&engine.connect().unwrap(), "SELECT count(*) FROM notes"), 2);
    OPEN.lock().unwrap().clear();
}

#[test]
fn open_write_transaction_is_named() {
    static OPEN: Mutex<Option<Connection>> = Mutex::new(None);
    let line = line!() + 2;
    let template = Template::from_uri(|uri| {
        let connection = Connection::open(uri)?;
        connection.execute_batch("CREATE TABLE t (a); BEGIN; INSERT INTO t VALUES (1)")?;
        *OPEN.lock().unwrap() = Some(connection);
        Ok::<_, rusqlite::Error>(())
    });
    let error = chain(&template.engine().unwrap_err());
    drop(OPEN.lock().unwrap().take());
    let place = format!("tests/template_code.rs:{line}:");
    assert!(
        error.contains("left a write transaction open, by the connection opened at ") && error.contains(&place),
        "{error}"
    );
    assert!(error.ends_with("; commit it\n"), "{error}");
}

#[test]
fn code_that_opens_another_path_is_an_error() {
    let template = Template::from_path(|_| Ok::<_, rusqlite::Error>(()));
    let error = chain(&template.engine().unwrap_err());
    assert!(error.ends_with("the code made no file database.sqlite3; open the path that it gets\n"), "{error}");
}

#[test]
fn error_of_the_code_is_the_source() {
    for template in [
        Template::from_uri(|uri| Connection::open(uri)?.execute_batch("SELEC")),
        Template::from_path(|path| Connection::open(path)?.execute_batch("SELEC")),
    ] {
        let error = template.engine().unwrap_err();
        assert!(error.source().unwrap().is::<rusqlite::Error>(), "{error:?}");
    }
}

#[test]
fn seeds_go_on_top() {
    let seeds = folder(&[("notes.sql", "INSERT INTO notes (body) VALUES ('a seed')")]);
    for template in [on_uri(), on_path(), asynchronous()] {
        let engine = block_on(template.with_seeds(seeds.path()).engine_async()).unwrap();
        assert_eq!(one::<i64>(&engine.connect().unwrap(), "SELECT count(*) FROM notes"), 2);
    }
}

#[test]
fn file_has_its_name_in_a_folder_of_its_own() {
    fn build(path: &Path) -> Result<(), Box<dyn Error + Send + Sync>> {
        assert!(!path.exists());
        assert_eq!(path.file_name().unwrap(), "app.db");
        assert_eq!(path.parent().unwrap().read_dir()?.count(), 0);
        Store::open(path)?;
        Ok(())
    }
    let options: fn(EngineBuilder) -> EngineBuilder = |engine| engine.file_name("app.db");
    let template = Template::from_path(build).engine_options(options).uncached();
    let engine = template.temp_file().unwrap();
    assert_eq!(engine.path().unwrap(), engine.folder().unwrap().join("app.db"));
    assert_eq!(template.memory().unwrap().folder(), None);
}

#[test]
fn template_cannot_be_absent() {
    let error = on_uri().engine_options(EngineBuilder::absent).engine().unwrap_err();
    assert!(chain(&error).ends_with("cannot be absent; remove `absent` from its engine options\n"), "{error:?}");
}

#[test]
fn asynchronous_code_needs_an_executor() {
    let built = asynchronous();
    block_on(built.engine_async()).unwrap();
    for template in [asynchronous(), asynchronous().uncached(), built] {
        let error = chain(&template.engine().unwrap_err());
        assert!(error.ends_with("use `engine_async().await`\n"), "{error}");
    }
}

/// Two tasks of one thread: the second waits for the first without blocking it.
#[test]
fn tasks_share_one_build() {
    static BUILT: AtomicUsize = AtomicUsize::new(0);
    let (_file, path) = new_file();
    let template = Template::from_uri_async(async |uri: String| {
        BUILT.fetch_add(1, Ordering::Relaxed);
        let mut is_first = true;
        // The other task runs now.
        poll_fn(|context| {
            context.waker().wake_by_ref();
            if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
        Store::open(uri).map(drop)
    })
    .rebuild_if_changed(path);
    let (mut one, mut other) = (pin!(template.engine_async()), pin!(template.engine_async()));
    let (mut first, mut second): (Option<Engine>, Option<Engine>) = (None, None);
    block_on(poll_fn(|context| {
        if first.is_none()
            && let Poll::Ready(engine) = one.as_mut().poll(context)
        {
            first = Some(engine.unwrap());
        }
        if second.is_none()
            && let Poll::Ready(engine) = other.as_mut().poll(context)
        {
            second = Some(engine.unwrap());
        }
        if first.is_some() && second.is_some() { Poll::Ready(()) } else { Poll::Pending }
    }));
    assert_eq!(BUILT.load(Ordering::Relaxed), 1);
}

/// The executor of the one that is dropped never runs again.
#[test]
fn dropped_build_is_begun_again() {
    let is_stuck = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let stuck = is_stuck.clone();
    let template = Template::from_uri_async(move |uri: String| {
        let is_stuck = stuck.load(Ordering::Relaxed);
        async move {
            if is_stuck {
                std::future::pending::<()>().await;
            }
            Store::open(uri).map(drop)
        }
    });
    {
        let mut never = pin!(template.engine_async());
        block_on(poll_fn(|context| {
            assert!(never.as_mut().poll(context).is_pending());
            Poll::Ready(())
        }));
    }
    is_stuck.store(false, Ordering::Relaxed);
    let engine = block_on(template.engine_async()).unwrap();
    assert_eq!(one::<i64>(&engine.connect().unwrap(), "SELECT count(*) FROM notes"), 1);
}

/// A later run must find the leak too.
#[test]
fn image_of_code_that_leaks_is_not_stored() {
    static OPEN: Mutex<Vec<Connection>> = Mutex::new(Vec::new());
    static BUILT: AtomicUsize = AtomicUsize::new(0);
    fn build(uri: &str) -> rusqlite::Result<()> {
        BUILT.fetch_add(1, Ordering::Relaxed);
        OPEN.lock().unwrap().push(Store::open(uri)?.0);
        Ok(())
    }
    for number in 1..=2 {
        let template = Template::from_uri(build);
        let engines = [template.engine().unwrap(), template.engine().unwrap()];
        assert_eq!(one::<i64>(&engines[1].connect().unwrap(), "SELECT count(*) FROM notes"), 1);
        assert_eq!(BUILT.load(Ordering::Relaxed), number);
    }
    OPEN.lock().unwrap().clear();
}

/// On one thread, where the sync call must not wait for the other.
#[test]
fn both_ways_wait_for_one_build_without_a_deadlock() {
    let (_file, path) = new_file();
    let template = Template::from_fn(|connection| Ok(connection.execute_batch("CREATE TABLE both_ways (a)")?))
        .rebuild_if_changed(path);
    let mut first = pin!(template.engine_async());
    block_on(poll_fn(|context| {
        let polled = first.as_mut().poll(context);
        template.engine().unwrap();
        polled
    }))
    .unwrap();
}
