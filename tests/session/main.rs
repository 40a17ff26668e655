//! The session guard: closed on every way out, and honest when it cannot be.

mod asynchronous;
mod misuse;

use rstest::rstest;
use serde::Serialize;
use sqlite_fixtures::{
    Engine, Session, SessionFactory,
    labels::label_id,
    ledger::State,
    rusqlite::{Connection, backup::Backup, ffi},
    session::CloseError,
    settings::Leaks,
};
use std::{
    error::Error,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
};

fn factory() -> SessionFactory {
    SessionFactory::new(Engine::memory().unwrap()).unwrap()
}

/// How the last session of a factory ended.
fn end(sessions: &SessionFactory) -> State {
    sessions.ledger().entries().pop().unwrap().state().clone()
}

#[test]
fn derefs_to_the_connection() {
    let mut session = factory().open().unwrap();
    session.execute_batch("CREATE TABLE t (a)").unwrap();
    let transaction = session.transaction().unwrap();
    transaction.execute("INSERT INTO t VALUES (1)", []).unwrap();
    transaction.commit().unwrap();
    session.close().unwrap();
}

#[test]
fn closes_on_every_way_out() {
    let sessions = factory();
    let early = |sessions: &SessionFactory| -> Result<(), Box<dyn Error>> {
        let session = sessions.open()?;
        session.execute_batch("not SQL")?;
        Ok(())
    };
    early(&sessions).unwrap_err();
    sessions.ledger().verify();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _session = sessions.open().unwrap();
        panic!("on purpose");
    }));
    panicked.unwrap_err();
    sessions.ledger().verify();
    assert_eq!(end(&sessions), State::Closed);
}

#[test]
fn open_transaction_is_rolled_back() {
    let sessions = factory();
    let session = sessions.open().unwrap();
    session.execute_batch("CREATE TABLE t (a); BEGIN; INSERT INTO t VALUES (1)").unwrap();
    drop(session);
    assert_eq!(end(&sessions), State::RolledBack);
    let rows: i64 = sessions.open().unwrap().query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 0);
}

#[test]
fn refused_close_names_the_statement() {
    let sessions = factory();
    let session = sessions.open().unwrap();
    mem::forget(session.prepare("SELECT 'forgotten'").unwrap());

    let refused = session.close().unwrap_err();
    assert_eq!(refused.statements(), ["SELECT 'forgotten'"]);
    assert!(!refused.is_swapped_out());
    let message = refused.to_string();
    assert!(message.contains("the unfinalized statement `SELECT 'forgotten'`; drop every statement"), "{message}");
    assert!(message.contains(&refused.entry().position().unwrap().to_string()), "{message}");
    assert!(refused.source().is_some(), "what SQLite says");
    assert_eq!(sessions.ledger().counts().live, 1);

    let session = refused.into_session();
    let one: i64 = session.query_row("SELECT 1", [], |row| row.get(0)).unwrap();
    assert_eq!(one, 1, "it is still open");
    // SAFETY: it is the one statement of this handle, and its owner was forgotten above.
    unsafe { ffi::sqlite3_finalize(ffi::sqlite3_next_stmt(session.handle(), std::ptr::null_mut())) };
    session.close().unwrap();
    sessions.ledger().verify();
}

#[test]
fn unfinished_backup_refuses_close() {
    let sessions = factory();
    let session = sessions.open().unwrap();
    let others = factory();
    let mut to = others.open().unwrap();
    mem::forget(Backup::new(&session, &mut to).unwrap());
    mem::forget(to);
    others.ledger().ignore_current();
    let refused = session.close().unwrap_err();
    assert_eq!(refused.statements(), [""; 0]);
    assert!(refused.to_string().contains("an unfinished blob or backup"), "{refused}");
    drop(refused);
    assert_eq!(sessions.ledger().counts().live, 1, "an error that is dropped leaves the entry");
    sessions.ledger().ignore_current();
}

#[test]
fn refused_drop_panics_once() {
    let sessions = factory();
    let session = sessions.open().unwrap();
    mem::forget(session.prepare("SELECT 1").unwrap());
    let panic = catch_unwind(AssertUnwindSafe(|| drop(session))).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("`SELECT 1`"));
    assert_eq!(end(&sessions), State::CloseRefused(vec!["SELECT 1".to_owned()]));

    let session = sessions.open().unwrap();
    mem::forget(session.prepare("SELECT 2").unwrap());
    let panic = catch_unwind(AssertUnwindSafe(move || {
        let _session = session;
        panic!("the first panic");
    }));
    assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"the first panic"), "a panic is never doubled");
    sessions.ledger().ignore_current();
}

#[test]
fn refused_drop_is_quiet_with_leaks_off() {
    let engine = Engine::builder().leaks(Leaks::Off).memory().unwrap();
    let sessions = SessionFactory::new(engine).unwrap();
    let session = sessions.open().unwrap();
    mem::forget(session.prepare("SELECT 1").unwrap());
    drop(session);
    assert_eq!(sessions.ledger().find().unwrap_err().leaks().len(), 1, "the question is still answered");
    sessions.ledger().ignore_current();
}

#[test]
fn swapped_connection_refuses_close() {
    let sessions = factory();
    let mut session = sessions.open().unwrap();
    let own = mem::replace(&mut *session, Connection::open_in_memory().unwrap());
    let error = session.close().unwrap_err();
    assert!(error.is_swapped_out());
    assert!(error.to_string().contains("not the one that the session opened"), "{error}");
    let mut session = error.into_session();
    drop(mem::replace(&mut *session, own));
    session.close().unwrap();
    sessions.ledger().verify();
}

#[test]
fn dropped_swapped_connection_panics() {
    let sessions = factory();
    let mut session = sessions.open().unwrap();
    let own = mem::replace(&mut *session, Connection::open_in_memory().unwrap());
    catch_unwind(AssertUnwindSafe(|| drop(session))).unwrap_err();
    assert_eq!(end(&sessions), State::SwappedOut);
    assert_eq!(sessions.ledger().counts().live, 1);
    drop(own);
    sessions.ledger().ignore_current();
}

#[test]
fn close_error_converts_to_boxed_error() {
    fn send_sync_static<T: Error + Send + Sync + 'static>() {}
    send_sync_static::<CloseError>();
    fn close(session: Session) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(session.close()?)
    }
    close(factory().open().unwrap()).unwrap();
}

#[test]
fn factory_of_a_session_opens_another() {
    let session = factory().open().unwrap();
    session.execute_batch("CREATE TABLE t (a)").unwrap();
    let other = session.factory().open().unwrap();
    other.execute("INSERT INTO t VALUES (1)", []).unwrap();
    assert_eq!(session.engine().ledger().counts().live, 2);
    assert_eq!(session.engine().name(), other.engine().name());
}

#[test]
fn session_is_send() {
    let session = factory().open().unwrap();
    std::thread::spawn(move || session.close().unwrap()).join().unwrap();
}

#[derive(Serialize)]
struct User<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    _label: Option<&'a str>,
    invited_by: Option<&'a str>,
}

fn users() -> Session {
    let session = factory().open().unwrap();
    session
        .execute_batch(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, invited_by INTEGER REFERENCES users)",
        )
        .unwrap();
    session
}

#[test]
fn inserted_rows_resolve_labels() {
    let session = users();
    let rows = [
        User { name: "Bob", _label: None, invited_by: Some("alice") },
        User { name: "Alice", _label: Some("alice"), invited_by: None },
    ];
    assert_eq!(session.insert("users", &rows).unwrap(), 2);
    assert_eq!(session.id("users", "alice").unwrap(), label_id("alice"));
    session.insert("users", &User { name: "Carol", _label: None, invited_by: Some("alice") }).unwrap();
    let invited: i64 = session
        .query_row("SELECT count(*) FROM users WHERE invited_by = ?1", [label_id("alice")], |row| row.get(0))
        .unwrap();
    assert_eq!(invited, 2);
}

#[test]
fn insert_is_atomic() {
    let session = users();
    let rows = [
        User { name: "Alice", _label: None, invited_by: None },
        User { name: "Bob", _label: None, invited_by: Some("nobody") },
    ];
    let line = line!() + 1;
    let error = session.insert("users", &rows).unwrap_err();
    assert_eq!(error.position().unwrap().line(), Some(line));
    assert_eq!((error.table(), error.column(), error.value()), (Some("users"), Some("invited_by"), Some("nobody")));
    let count: i64 = session.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 0);
}

#[test]
fn insert_joins_the_open_transaction() {
    let session = users();
    session.execute_batch("BEGIN").unwrap();
    session.insert("users", &User { name: "Alice", _label: None, invited_by: None }).unwrap();
    session.execute_batch("ROLLBACK").unwrap();
    let count: i64 = session.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 0);
}

#[rstest]
#[case::a_number(&7, "expected a row")]
#[case::a_text(&"alice", "expected a row")]
fn non_row_is_an_error<T: Serialize>(#[case] row: &T, #[case] message: &str) {
    let error = users().insert("users", row).unwrap_err();
    assert!(error.to_string().contains(message), "{error}");
}

#[test]
fn unknown_label_suggests_the_nearest() {
    let session = users();
    session.insert("users", &User { name: "Alice", _label: Some("alice"), invited_by: None }).unwrap();
    let error = session.id("users", "alcie").unwrap_err();
    assert_eq!(error.to_string(), "no row of `users` is labelled `alcie`; did you mean `alice`?");
    assert_eq!((error.table(), error.label()), ("users", "alcie"));
    assert!(session.id("user", "alice").unwrap_err().to_string().contains("did you mean the table `users`?"));
}

#[test]
fn busy_insert_is_rolled_back() {
    let sessions = SessionFactory::new(Engine::builder().pragma("busy_timeout", 0).memory().unwrap()).unwrap();
    let (reader, writer) = (sessions.open().unwrap(), sessions.open().unwrap());
    reader.execute_batch("CREATE TABLE t (name TEXT); INSERT INTO t VALUES ('a'), ('b')").unwrap();
    let mut select = reader.prepare("SELECT name FROM t").unwrap();
    let mut rows = select.query([]).unwrap();
    rows.next().unwrap();
    let row = std::collections::BTreeMap::from([("name", "c")]);
    writer.insert("t", &row).unwrap_err();
    assert!(writer.is_autocommit(), "as it was");
    drop(rows);
    writer.insert("t", &row).unwrap();
}
