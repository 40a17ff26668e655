//! Engines: what every connection has, what an engine leaves behind, how many sessions it allows.

use rstest::rstest;
use sqlite_fixtures::{
    Engine, Session, SessionFactory,
    engine::{EngineBuilder, EngineError, JournalMode},
    rusqlite::{
        Connection, ErrorCode, OpenFlags, Result, TransactionBehavior,
        config::DbConfig,
        ffi,
        types::{FromSql, Value},
    },
    session::SessionError,
};
use std::{fs, path::Path, sync::mpsc, thread, time::Duration};

type Make = fn(EngineBuilder) -> std::result::Result<Engine, EngineError>;

fn one<T: FromSql>(connection: &Connection, sql: &str) -> T {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// The names of the entries of a folder.
fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn sessions(engine: &Engine) -> SessionFactory {
    SessionFactory::new(engine).unwrap()
}

/// What programs do on `Connection::open`, and SQLite accepts or refuses.
const STATEMENTS: &[&str] = &[
    "SELECT \"no such column\"",
    "SELECT no_such_column",
    "CREATE TABLE p (id INTEGER PRIMARY KEY, state TEXT DEFAULT \"new\" CHECK (state <> \"closed\"))",
    "CREATE TABLE c (p INTEGER REFERENCES p ON DELETE CASCADE)",
    "CREATE INDEX i ON p (\"nothing\")",
    "CREATE VIEW v AS SELECT \"a text\" AS text",
    "CREATE TRIGGER t AFTER INSERT ON p WHEN new.state = \"odd\" BEGIN UPDATE p SET state = \"even\"; END",
    "INSERT INTO p VALUES (1, \"odd\")",
    "INSERT INTO p VALUES (2, \"closed\")",
    "INSERT INTO c VALUES (98)",
    "INSERT INTO c VALUES (1)",
    "DELETE FROM p WHERE id = 1",
    "UPDATE p SET state = json_extract('{\"a\": 1}', \"$.a\")",
    "PRAGMA writable_schema = ON",
    "UPDATE sqlite_schema SET sql = sql WHERE name = 'v'",
    "PRAGMA writable_schema = RESET",
    "SELECT load_extension('nothing')",
    "ATTACH ':memory:' AS other",
    "ATTACH 'FOLDER/new.db' AS file",
    "CREATE TABLE file.t (a); INSERT INTO file.t VALUES (1); DETACH file",
    "ATTACH 'file:FOLDER/none.db?mode=ro' AS none",
    "VACUUM INTO 'FOLDER/copy.db'",
    "CREATE TEMP TABLE temporary (a); INSERT INTO temporary VALUES (1)",
    "SELECT 1; SELEC",
];

/// The pragmas whose value may differ: the place of the database, and what the guide names.
const DIFFERENT: [&str; 3] = ["database_list", "synchronous", "temp_store"];

/// What happens on a connection: results, pragmas, limits and rows.
fn behaviour(connection: &Connection, folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    let pragmas: Vec<String> = rows(connection, "SELECT name FROM pragma_pragma_list ORDER BY name");
    for pragma in pragmas.iter().filter(|name| !DIFFERENT.contains(&name.as_str())) {
        // One that needs a value, or returns none.
        let value = connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, Value>(0));
        all.push(format!("{pragma} {value:?}"));
    }
    for id in 0..12 {
        // SAFETY: the handle is open; -1 changes nothing.
        all.push(format!("limit {id} {}", unsafe { ffi::sqlite3_limit(connection.handle(), id, -1) }));
    }
    for sql in STATEMENTS {
        let done = connection.execute_batch(&sql.replace("FOLDER", folder.to_str().unwrap()));
        all.push(format!("{sql}: {:?}", done.map_err(|error| error.to_string())));
    }
    all.extend(rows(
        connection,
        "SELECT id || state FROM p UNION ALL SELECT 'c' || p FROM c UNION ALL SELECT text FROM v",
    ));
    all
}

fn rows(connection: &Connection, sql: &str) -> Vec<String> {
    connection.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().collect::<Result<_>>().unwrap()
}

#[rstest]
#[case::memory(EngineBuilder::memory)]
#[case::temp_file(EngineBuilder::temp_file)]
fn session_behaves_as_a_plain_connection(#[case] make: Make) {
    let [folder, plain_folder] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let plain = Connection::open(plain_folder.path().join("app.db")).unwrap();
    let session = sessions(&make(Engine::builder()).unwrap()).open().unwrap();
    let [ours, theirs] = [(&*session, folder.path()), (&plain, plain_folder.path())].map(|(connection, folder)| {
        let text = behaviour(connection, folder).join("\n");
        // On Windows, with the backslashes of what is shown as a text in quotes.
        text.replace(&folder.to_str().unwrap().replace('\\', "\\\\"), "FOLDER")
    });
    assert_eq!(ours, theirs);
    assert!(folder.path().join("new.db").exists());
}

/// What the guide says of differences.
#[rstest]
#[case::memory(EngineBuilder::memory, 2)]
#[case::temp_file(EngineBuilder::temp_file, 0)]
fn session_differs_as_documented(#[case] make: Make, #[case] synchronous: i64) {
    let session = sessions(&make(Engine::builder()).unwrap()).open().unwrap();
    assert_eq!(one::<i64>(&session, "PRAGMA temp_store"), 2);
    assert_eq!(one::<i64>(&session, "PRAGMA synchronous"), synchronous);
}

#[test]
fn strictness_has_names() {
    let strict = Engine::builder().double_quoted_strings(false).foreign_keys(true);
    let lax = Engine::builder().double_quoted_strings(true).foreign_keys(false);
    for (builder, is_strict) in [(strict, true), (lax, false)] {
        for make in [EngineBuilder::memory, EngineBuilder::temp_file] {
            let session = sessions(&make(builder.clone()).unwrap()).open().unwrap();
            assert_eq!(one::<bool>(&session, "PRAGMA foreign_keys"), is_strict);
            assert_eq!(session.prepare("SELECT \"nothing\"").is_err(), is_strict);
            let view = session.execute_batch("CREATE TABLE t (a CHECK (a <> \"nothing\"))");
            assert_eq!(view.is_err(), is_strict, "{view:?}");
        }
    }
}

#[test]
fn session_on_a_removed_file_is_an_error() {
    let engine = Engine::temp_file().unwrap();
    fs::remove_file(engine.path().unwrap()).unwrap();
    let error = sessions(&engine).open().unwrap_err();
    assert!(matches!(error, SessionError::Engine(EngineError::Open(_))), "{error}");
    assert!(!engine.path().unwrap().exists());
}

#[rstest]
#[case::memory(EngineBuilder::memory)]
#[case::temp_file(EngineBuilder::temp_file)]
fn sessions_share_the_database(#[case] make: Make) {
    let sessions = sessions(&make(Engine::builder()).unwrap());
    let (mut writer, reader) = (sessions.open().unwrap(), sessions.open().unwrap());
    writer.execute_batch("CREATE TABLE t (a)").unwrap();
    let transaction = writer.transaction().unwrap();
    transaction.execute("INSERT INTO t VALUES (1)", []).unwrap();
    transaction.commit().unwrap();
    assert_eq!(one::<i64>(&reader, "SELECT count(*) FROM t"), 1);
    drop((writer, reader));
    let later = sessions.open().unwrap();
    assert_eq!(one::<i64>(&later, "SELECT count(*) FROM t"), 1, "two sessions in a row see the same database");
}

#[rstest]
#[case::memory(EngineBuilder::memory)]
#[case::temp_file(EngineBuilder::temp_file)]
fn threads_write_concurrently(#[case] make: Make) {
    let sessions = sessions(&make(Engine::builder()).unwrap());
    sessions.open().unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let mut session = sessions.open().unwrap();
                    let transaction = session.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
                    transaction.execute("INSERT INTO t VALUES (1)", []).unwrap();
                    transaction.commit().unwrap();
                }
            });
        }
    });
    assert_eq!(one::<i64>(&sessions.open().unwrap(), "SELECT count(*) FROM t"), 100);
    assert_eq!(sessions.ledger().counts().opened, sessions.ledger().counts().closed);
}

#[test]
fn engines_are_isolated() {
    let (one_engine, two) = (Engine::memory().unwrap(), Engine::memory().unwrap());
    sessions(&one_engine).open().unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    assert_eq!(one::<i64>(&sessions(&two).open().unwrap(), "SELECT count(*) FROM sqlite_schema"), 0);
    assert_ne!(one_engine.uri(), two.uri());
    assert_ne!(one_engine.name(), two.name());
}

#[rstest]
#[case::memory(EngineBuilder::memory)]
#[case::temp_file(EngineBuilder::temp_file)]
fn plain_connection_opens_the_uri(#[case] make: Make) {
    let engine = make(Engine::builder()).unwrap();
    sessions(&engine).open().unwrap().execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (7)").unwrap();
    let client = Connection::open(engine.uri()).unwrap();
    assert_eq!(one::<i64>(&client, "SELECT a FROM t"), 7);
}

#[cfg(unix)]
#[test]
fn temp_files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;

    let engine = Engine::builder().journal_mode(JournalMode::Wal).temp_file().unwrap();
    let session = sessions(&engine).open().unwrap();
    session.execute_batch("CREATE TABLE t (a); BEGIN; INSERT INTO t VALUES (1)").unwrap();
    let folder = engine.path().unwrap().parent().unwrap().to_owned();
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(entries(&folder), ["database.sqlite3", "database.sqlite3-shm", "database.sqlite3-wal"]);
    for name in entries(&folder) {
        assert_eq!(mode(&folder.join(&name)), 0o600, "{name}");
    }
}

#[rstest]
#[case(JournalMode::Wal)]
#[case(JournalMode::Persist)]
#[case(JournalMode::Delete)]
fn last_owner_removes_the_temp_file(#[case] mode: JournalMode) {
    let engine = Engine::builder().journal_mode(mode).temp_file().unwrap();
    let folder = engine.path().unwrap().parent().unwrap().to_owned();
    let factory = sessions(&engine);
    let session = factory.open().unwrap();
    session.execute_batch("CREATE TABLE t (a)").unwrap();
    drop(engine);
    drop(factory);
    session.execute_batch("INSERT INTO t VALUES (1)").unwrap();
    assert!(folder.exists());
    drop(session);
    assert!(!folder.exists());
}

#[test]
fn kept_temp_file_stays() {
    let engine = Engine::temp_file().unwrap();
    sessions(&engine).open().unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    let folder = engine.persist().unwrap();
    assert_eq!(engine.persist().unwrap(), folder, "again");
    let path = engine.path().unwrap().to_owned();
    drop(engine);
    assert_eq!(one::<i64>(&Connection::open(&path).unwrap(), "SELECT count(*) FROM t"), 0);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn memory_database_can_be_saved() {
    let engine = Engine::memory().unwrap();
    assert!(matches!(engine.persist(), Err(EngineError::NoFolder)));
    assert_eq!(engine.path(), None);
    sessions(&engine).open().unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saved.sqlite3");
    engine.save_to(&path).unwrap();
    assert_eq!(one::<i64>(&Connection::open(&path).unwrap(), "SELECT count(*) FROM t"), 0);
    assert!(matches!(engine.save_to(&path), Err(EngineError::Save { .. })), "never over a file that is there");
    assert!(engine.save_to(folder.path().join("no/such/folder.db")).is_err());
    assert_eq!(entries(folder.path()), ["saved.sqlite3"]);
}

#[test]
fn options_apply_to_every_connection() {
    let engine = Engine::builder()
        .name("shop")
        .pragma("cache_size", 77)
        .pragma("user_version", "5")
        .pragma("case_sensitive_like", true)
        .pragma("auto_vacuum", "NONE")
        .journal_mode(JournalMode::Wal)
        .durable(true)
        .unordered(true)
        .on_open(|connection| connection.execute_batch("CREATE TEMP TABLE hooked (a)"))
        .temp_file()
        .unwrap();
    assert_eq!(engine.name(), "shop");
    for session in [sessions(&engine).open().unwrap(), sessions(&engine).open().unwrap()] {
        assert_eq!(one::<i64>(&session, "PRAGMA cache_size"), 77);
        assert_eq!(one::<i64>(&session, "PRAGMA user_version"), 5);
        assert_eq!(one::<String>(&session, "PRAGMA journal_mode"), "wal");
        assert_ne!(one::<i64>(&session, "PRAGMA synchronous"), 0);
        assert_eq!(one::<i64>(&session, "PRAGMA reverse_unordered_selects"), 1);
        assert_eq!(one::<i64>(&session, "SELECT count(*) FROM hooked"), 0);
    }
}

#[test]
fn failed_open_is_not_counted() {
    let failed = |builder: EngineBuilder| {
        let sessions = sessions(&builder.memory().unwrap());
        let error = sessions.open().unwrap_err();
        assert_eq!(sessions.ledger().counts().opened, 0);
        match error {
            SessionError::Engine(error) => error,
            other => panic!("{other}"),
        }
    };
    let hook = |connection: &Connection| -> Result<()> { connection.execute_batch("no SQL") };
    assert!(matches!(failed(Engine::builder().on_open(hook)), EngineError::OnOpen(_)));
    let pragma = failed(Engine::builder().pragma("no pragma", 1));
    assert!(matches!(&pragma, EngineError::Pragma { name, .. } if name == "no pragma"), "{pragma}");
    // A defensive connection keeps its journal.
    let defend =
        |connection: &Connection| connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).map(drop);
    let mode = failed(Engine::builder().on_open(defend).journal_mode(JournalMode::Off));
    assert!(
        matches!(&mode, EngineError::JournalMode { requested: JournalMode::Off, actual, .. } if actual == "delete"),
        "{mode}"
    );
}

#[test]
fn session_limit_names_open_sessions() {
    let sessions = sessions(&Engine::builder().max_sessions(2).memory().unwrap());
    let first = sessions.open().unwrap();
    let second = sessions.open().unwrap();
    let error = sessions.open().unwrap_err();
    let message = error.to_string();
    for session in [&first, &second] {
        assert!(message.contains(&session.entry().position().unwrap().to_string()), "{message}");
    }
    assert!(matches!(error, SessionError::TooManySessions { max: 2, open, .. } if open.len() == 2));
    drop(first);
    sessions.open().unwrap().close().unwrap();
}

#[test]
fn session_limit_waits_for_a_close() {
    let engine = Engine::builder().max_sessions(1).acquire_timeout(Duration::from_secs(60)).memory().unwrap();
    let sessions = sessions(&engine);
    let first = sessions.open().unwrap();
    let (tell, opened) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| tell.send(sessions.open().is_ok()).unwrap());
        drop(first);
        assert!(opened.recv().unwrap());
    });
}

#[test]
fn session_limit_times_out() {
    let engine = Engine::builder().max_sessions(1).acquire_timeout(Duration::from_millis(1)).memory().unwrap();
    let sessions = sessions(&engine);
    let _first = sessions.open().unwrap();
    assert!(matches!(sessions.open(), Err(SessionError::TooManySessions { .. })));
}

#[test]
fn concurrent_first_opens_switch_to_wal() {
    for _ in 0..20 {
        let sessions = sessions(&Engine::builder().journal_mode(JournalMode::Wal).temp_file().unwrap());
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| sessions.open().unwrap().execute_batch("SELECT 1").unwrap());
            }
        });
    }
}

#[test]
fn memory_session_opens_beside_a_writer() {
    let sessions = sessions(&Engine::builder().pragma("busy_timeout", 0).memory().unwrap());
    let writer = sessions.open().unwrap();
    writer.execute_batch("CREATE TABLE t (a); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)").unwrap();
    sessions.open().unwrap().close().unwrap();
}

#[test]
fn file_name_is_that_of_one_file() {
    for name in ["", ".", "..", "a/b", "/a", "a/", "a\0b"] {
        let error = Engine::builder().file_name(name).temp_file().unwrap_err();
        assert!(matches!(error, EngineError::FileName { .. }), "{name:?}: {error}");
    }
    let engine = Engine::builder().file_name("app 1.db").temp_file().unwrap();
    assert_eq!(entries(engine.folder().unwrap()), ["app 1.db"]);
    assert_eq!(engine.path().unwrap(), engine.folder().unwrap().join("app 1.db"));
    // The URI and the URL lead there.
    engine.connect().unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    assert_eq!(one::<i64>(&Connection::open(engine.uri()).unwrap(), "SELECT count(*) FROM sqlite_schema"), 1);
    assert!(engine.url().starts_with("sqlite:") && engine.url().ends_with("app%201.db"), "{}", engine.url());
}

#[rstest]
fn absent_database_must_be_created(#[values(EngineBuilder::memory, EngineBuilder::temp_file)] make: Make) {
    let engine = make(Engine::builder().absent().name("absent")).unwrap();
    assert!(engine.path().is_none_or(|path| !path.exists()));
    let existing = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI;
    let open = |flags| Connection::open_with_flags(engine.uri(), flags);
    assert_eq!(open(existing).unwrap_err().sqlite_error_code(), Some(ErrorCode::CannotOpen));
    assert_eq!(engine.ledger().counts().live, 0);
    let created = open(existing | OpenFlags::SQLITE_OPEN_CREATE).unwrap();
    created.execute_batch("CREATE TABLE t (a)").unwrap();
    assert_eq!(one::<i64>(&open(existing).unwrap(), "SELECT count(*) FROM sqlite_schema"), 1);
    // Sessions create it too, as `Connection::open` does.
    sessions(&make(Engine::builder().absent()).unwrap()).open().unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
}

#[test]
fn connection_has_the_options_and_is_counted() {
    let engine = Engine::builder().pragma("user_version", 7).temp_file().unwrap();
    let line = line!() + 1;
    let connection = engine.connect().unwrap();
    assert_eq!(one::<i64>(&connection, "PRAGMA user_version"), 7);
    assert_eq!(engine.ledger().counts().live, 1);
    let report = engine.ledger().find().unwrap_err();
    assert_eq!(report.leaks()[0].position().unwrap().line(), Some(line));
    connection.close().unwrap();
    engine.ledger().verify();
}

#[test]
fn session_in_memory_stands_alone() {
    let line = line!() + 1;
    let session = Session::memory().unwrap();
    session.execute_batch("CREATE TABLE t (a)").unwrap();
    assert_eq!(session.entry().location().unwrap().line(), line);
    assert_eq!(one::<i64>(&session.factory().open().unwrap(), "SELECT count(*) FROM sqlite_schema"), 1);
    assert_eq!(one::<i64>(&Session::memory().unwrap(), "SELECT count(*) FROM sqlite_schema"), 0);
}

/// Neither those that were open before, nor those that are opened later.
#[test]
fn connections_of_a_kept_engine_are_no_leaks() {
    let engine = Engine::memory().unwrap();
    let before = engine.connect().unwrap();
    let kept: &'static Engine = engine.leak();
    let (client, session) = (Connection::open(kept.uri()).unwrap(), sessions(kept).open().unwrap());
    assert_eq!(kept.ledger().counts().live, 3);
    kept.ledger().verify();
    std::mem::forget((before, client, session));
}

/// As `Connection::open` does: nothing of the database is read.
#[test]
fn connection_opens_beside_an_exclusive_lock() {
    let engine = Engine::memory().unwrap();
    let holder = engine.connect().unwrap();
    holder.execute_batch("CREATE TABLE t (n); BEGIN EXCLUSIVE").unwrap();
    let other = engine.connect().unwrap();
    other.execute_batch("PRAGMA busy_timeout = 0").unwrap();
    assert!(other.execute_batch("SELECT * FROM t").is_err());
}
