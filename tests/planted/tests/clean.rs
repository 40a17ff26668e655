//! A hundred tests that leave nothing open, in every shape that could look like a leak.

use planted::Pool;
use rstest::rstest;
use rusqlite::Connection;
use sqlite_fixtures::{AsyncSession, Engine, Session, SessionFactory, Template, fixtures::{async_session, engine, session, sessions}};
use std::{
    error::Error,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
};

fn count(session: &Connection) -> i64 {
    session.prepare("SELECT count(*) FROM users").unwrap().query_row([], |row| row.get(0)).unwrap()
}

#[rstest]
fn full_text_search(session: Session, #[values(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)] number: i64) {
    session.execute_batch("CREATE VIRTUAL TABLE docs USING fts5 (body)").unwrap();
    session.execute("INSERT INTO docs VALUES ('tide and moss')", []).unwrap();
    let found = "SELECT count(*) FROM docs WHERE docs MATCH 'moss'";
    assert_eq!(session.query_row(found, [], |row| row.get(0)), Ok(1), "{number}");
}

#[rstest]
fn full_text_search_of_a_client(engine: Engine, #[values(1, 2, 3, 4, 5)] number: i64) {
    let client = Connection::open(engine.uri()).unwrap();
    client.execute_batch("CREATE VIRTUAL TABLE docs USING fts5 (body); BEGIN /* sqlite-fixtures: allow(open) */").unwrap();
    client.prepare("INSERT INTO docs VALUES (?1)").unwrap().execute([number]).unwrap();
    // With its transaction open.
}

#[rstest]
fn r_tree(session: Session, #[values(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)] number: i64) {
    session.execute_batch("CREATE VIRTUAL TABLE places USING rtree (id, west, east)").unwrap();
    session.execute("INSERT INTO places VALUES (?1, 0, 1)", [number]).unwrap();
    assert_eq!(session.query_row("SELECT id FROM places WHERE east > 0.5", [], |row| row.get(0)), Ok(number));
}

#[rstest]
fn statements(session: Session, #[values(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)] number: i64) {
    for _ in 0..number {
        assert_eq!(count(&session), 1);
    }
}

#[rstest]
#[should_panic(expected = "as it should")]
fn expected_panics(session: Session, #[values(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)] number: i64) {
    assert_eq!(count(&session), 1);
    let _client = Connection::open_in_memory().unwrap();
    panic!("as it should, {number}");
}

#[rstest]
fn caught_panics(sessions: SessionFactory, #[values(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)] number: i64) {
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let session = sessions.open().unwrap();
        let _statement = session.prepare("SELECT 1").unwrap();
        panic!("{number}");
    }));
    assert!(caught.is_err());
}

#[rstest]
fn early_returns(session: Session, #[values(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)] number: i64) -> Result<(), Box<dyn Error>> {
    let other = session.factory().open()?;
    if count(&other) == 1 {
        return Ok(());
    }
    Err(number.to_string().into())
}

#[rstest]
fn nested_sessions(sessions: SessionFactory, session: Session, #[values(1, 2, 3, 4, 5)] number: i64) {
    sessions
        .with_session(|outer| {
            sessions.with_session(|inner| {
                assert_eq!((count(outer), count(inner), count(&session)), (1, 1, 1), "{number}");
                Ok::<_, Box<dyn Error>>(())
            })
        })
        .unwrap();
}

#[rstest]
fn pools(engine: Engine, #[values(1, 2, 3, 4, 5)] number: usize) {
    let pool = Pool::of(number, engine.uri().as_ref());
    thread::scope(|scope| {
        for _ in 0..number {
            scope.spawn(|| pool.with(count));
        }
    });
}

#[rstest]
#[tokio::test]
async fn async_sessions(async_session: AsyncSession, #[values(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)] number: i64) {
    assert_eq!(async_session.call(move |session| count(session) * number).await, number);
}

#[rstest]
fn threads(sessions: SessionFactory, #[values(1, 2)] number: i64) {
    let threads: Vec<_> = (0..number)
        .map(|_| {
            let sessions = sessions.clone();
            thread::spawn(move || count(&sessions.open().unwrap()))
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), 1);
    }
}

#[rstest]
fn temporary_files(#[values(1, 2, 3, 4, 5)] number: i64) {
    static USERS: Template = Template::folder("fixtures").in_temp_file();
    let sessions = USERS.sessions();
    let path = sessions.engine().path().unwrap().to_owned();
    let (session, client) = (sessions.open().unwrap(), Connection::open(path).unwrap());
    session.execute("UPDATE users SET id = ?1", [number]).unwrap();
    assert_eq!(count(&client), 1);
}

/// As a pool does whose threads close what they have when it is dropped.
#[rstest]
fn closed_by_another_thread_later(engine: Engine, #[values(1, 2, 3)] number: usize) {
    for _ in 0..number {
        let (uri, (opened, wait), (end, ended)) = (engine.uri(), mpsc::channel(), mpsc::channel::<()>());
        thread::spawn(move || {
            let connection = Connection::open(uri).unwrap();
            opened.send(()).unwrap();
            let _ = ended.recv();
            assert_eq!(count(&connection), 1);
        });
        wait.recv().unwrap();
        drop(end);
    }
}

#[test]
fn without_rstest() {
    let engine = Engine::memory().unwrap();
    let session = SessionFactory::new(&engine).unwrap().open().unwrap();
    session.execute_batch("CREATE TABLE users (name); INSERT INTO users VALUES ('alice')").unwrap();
    assert_eq!(count(&session), 1);
}

#[test]
fn opens_that_fail() {
    assert!(Connection::open("/no/such/folder/database").is_err());
    assert!(Connection::open("file:/sqlite-fixtures/0?vfs=nowhere").is_err());
}

#[rstest]
fn savepoints(session: Session, #[values(1, 2, 3)] number: i64) {
    session.execute_batch("SAVEPOINT a; DELETE FROM users; ROLLBACK TO a; RELEASE a; BEGIN /* sqlite-fixtures: allow(open) */").unwrap();
    assert_eq!(count(&session), 1, "{number}");
}
