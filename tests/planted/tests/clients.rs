//! Connections that others open, and what keeps SQLite from closing one. `// leak` marks the line that a report must name.

use planted::{Pool, forgets_a_connection, forgets_a_statement};
use rstest::rstest;
use rusqlite::{Connection, backup::Backup, ffi};
use sqlite_fixtures::{Engine, Session, SessionFactory, Template, fixtures::{engine, session, sessions}};
use std::{ffi::CStr, mem, ptr, sync::OnceLock, thread};

#[test]
fn connection_of_the_code_under_test() {
    forgets_a_connection();
}

#[test]
fn statement_of_the_code_under_test() {
    forgets_a_statement();
}

#[test]
fn pool_that_is_never_dropped() {
    static POOL: OnceLock<Pool> = OnceLock::new();
    let pool = POOL.get_or_init(|| Pool::of(1, ":memory:".as_ref()));
    assert_eq!(pool.with(|connection| connection.query_row("SELECT 1", [], |row| row.get(0))), Ok(1));
}

/// To a database of an engine.
#[rstest]
fn connection_to_the_engine_of_a_test(engine: Engine) {
    mem::forget(Connection::open(engine.uri()).unwrap()); // leak
}

/// While a template is built.
#[test]
fn connection_of_the_code_of_a_template() {
    let template = Template::from_uri(|uri| {
        mem::forget(Connection::open(uri)?); // leak
        Ok::<_, rusqlite::Error>(())
    });
    template.uncached().engine().unwrap();
}

/// The thread has no name, but the database is that of a test.
#[rstest]
fn connection_of_a_thread_to_the_engine_of_a_test(engine: Engine) {
    let uri = engine.uri();
    thread::spawn(move || mem::forget(Connection::open(uri).unwrap())).join().unwrap(); // leak
}

#[test]
fn connection_of_a_bare_thread() {
    thread::spawn(forgets_on_a_bare_thread).join().unwrap();
}

fn forgets_on_a_bare_thread() {
    mem::forget(Connection::open_in_memory().unwrap()); // leak of connection_of_a_bare_thread
}

#[rstest]
fn unfinished_blob(sessions: SessionFactory) {
    let session = sessions.open().unwrap(); // leak
    session.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(10))").unwrap();
    // By SQLite's function: rusqlite's takes the name of the database in another way before 0.37.
    let (mut blob, names) = (ptr::null_mut(), [c"main", c"t", c"a"].map(CStr::as_ptr));
    let code = unsafe { ffi::sqlite3_blob_open(session.handle(), names[0], names[1], names[2], 1, 0, &mut blob) };
    assert_eq!(code, ffi::SQLITE_OK);
}

#[rstest]
fn unfinished_backup(sessions: SessionFactory, session: Session) {
    let mut to = session.factory().open().unwrap();
    let from = sessions.open().unwrap(); // leak
    mem::forget(Backup::new(&from, &mut to).unwrap());
    drop(from);
}

#[test]
fn statement_that_looks_like_one_of_a_virtual_table() {
    let connection = Connection::open_in_memory().unwrap(); // leak
    connection.execute_batch("CREATE TABLE users (a)").unwrap();
    mem::forget(connection.prepare("SELECT \"a\" FROM \"main\".\"users\"").unwrap());
}

/// Its name could be a test's.
#[rstest]
fn connection_of_a_thread_with_a_name(engine: Engine) {
    let uri = engine.uri();
    let worker = thread::Builder::new().name("writer".to_owned());
    worker.spawn(move || mem::forget(Connection::open(uri).unwrap())).unwrap().join().unwrap(); // leak
}

/// A close that was refused and then done is none.
#[test]
fn clean_after_a_refused_close() {
    let connection = Connection::open_in_memory().unwrap();
    // SAFETY: the statement is made, and finalized, on the handle of the connection; the text ends with a zero.
    unsafe {
        let mut statement = std::ptr::null_mut();
        let sql = c"SELECT 1".as_ptr();
        rusqlite::ffi::sqlite3_prepare_v2(connection.handle(), sql, -1, &raw mut statement, std::ptr::null_mut());
        let (connection, _) = connection.close().unwrap_err();
        rusqlite::ffi::sqlite3_finalize(statement);
        connection.close().unwrap();
    }
}

/// Files outside the folders of tests, which `PLANTED_FILE` names.
mod outside {
    use super::*;
    use rusqlite::OpenFlags;
    use std::env;

    fn file() -> String {
        env::var("PLANTED_FILE").unwrap()
    }

    #[test]
    fn opened() {
        let connection = Connection::open(file()).unwrap(); // here
        connection.execute_batch("CREATE TABLE t (a)").unwrap();
    }

    #[test]
    fn opened_without_a_look_at_the_error() {
        drop(Connection::open(file())); // here
    }

    /// The engine's drop fails this very test.
    #[rstest]
    fn opened_beside_an_engine(engine: Engine) {
        drop(Connection::open(file())); // here
        drop(engine);
    }

    /// The engine's drop satisfies the test, but not the process.
    #[rstest]
    #[should_panic]
    fn opened_where_a_panic_is_expected(engine: Engine) {
        drop(Connection::open(file())); // here
        drop(engine);
    }

    #[test]
    fn opened_on_a_thread() {
        drop(thread::spawn(|| Connection::open(file()).is_err()).join()); // here
    }

    #[rstest]
    fn attached(engine: Engine) {
        let connection = Connection::open(engine.uri()).unwrap(); // here
        connection.execute("ATTACH ?1 AS other", [file()]).unwrap();
    }

    #[rstest]
    fn attached_to_a_session(sessions: SessionFactory) {
        let session = sessions.open().unwrap(); // here
        session.execute("ATTACH ?1 AS other", [file()]).unwrap();
    }

    #[test]
    fn opened_to_read() {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        drop(Connection::open_with_flags(file(), flags)); // here
    }

    #[rstest]
    fn clean(engine: Engine, session: Session, #[values(1, 2, 3, 4, 5, 6, 7, 8)] number: i32) {
        let own = [env::temp_dir(), env::current_exe().unwrap().with_file_name("")];
        for folder in own {
            let path = folder.join(format!("clean-{}-{number}.db", std::process::id()));
            Connection::open(&path).unwrap().execute_batch("CREATE TABLE IF NOT EXISTS t (a)").unwrap();
            session.execute("ATTACH ?1 AS other", [path.to_str().unwrap()]).unwrap();
            session.execute_batch("DETACH other").unwrap();
            std::fs::remove_file(path).unwrap();
        }
        for uri in [engine.uri(), "file:/x?vfs=memdb".to_owned(), ":memory:".to_owned(), String::new()] {
            drop(Connection::open(uri).unwrap());
        }
    }
}
