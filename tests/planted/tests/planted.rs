//! One planted fault a test. `// leak` marks the line that a report must name.

use rstest::{fixture, rstest};
use sqlite_fixtures::{AsyncSession, Engine, Ledger, Seeds, Session, SessionFactory, Template, fixtures::{async_session, engine, session, sessions}, rusqlite::Connection};
use std::{cell::RefCell, error::Error, mem, rc::Rc, sync::Mutex};

static USERS: Template = Template::folder("fixtures");

fn count(session: &Connection) -> i64 {
    session.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap()
}

/// Clean tests, in every shape that a fixture's value can be held.
mod clean {
    use super::*;

    struct Repo {
        session: Session,
    }

    #[fixture]
    fn repo_of_sessions(sessions: SessionFactory) -> Repo {
        Repo { session: sessions.open().unwrap() }
    }

    #[fixture]
    fn repo_of_engine(engine: Engine) -> Repo {
        Repo { session: SessionFactory::new(engine).unwrap().open().unwrap() }
    }

    #[fixture]
    fn repo_of_session(session: Session) -> Repo {
        Repo { session: session.factory().open().unwrap() }
    }

    #[fixture]
    fn users() -> SessionFactory {
        USERS.sessions()
    }

    #[fixture]
    fn repo_of_users(users: SessionFactory) -> Repo {
        Repo { session: users.open().unwrap() }
    }

    #[rstest]
    fn fixture_wraps_sessions(repo_of_sessions: Repo) {
        assert_eq!(count(&repo_of_sessions.session), 1);
    }

    #[rstest]
    fn fixture_wraps_engine(repo_of_engine: Repo) {
        assert_eq!(count(&repo_of_engine.session), 1);
    }

    #[rstest]
    fn fixture_wraps_session(repo_of_session: Repo) {
        assert_eq!(count(&repo_of_session.session), 1);
    }

    #[rstest]
    fn fixture_wraps_a_custom_template(repo_of_users: Repo) {
        assert_eq!(count(&repo_of_users.session), 1);
    }

    struct App {
        sessions: SessionFactory,
        open: RefCell<Option<Session>>,
    }

    /// The factory is dropped first, while the session is still open.
    #[rstest]
    fn value_drops_its_factory_first(sessions: SessionFactory) {
        let app = App { sessions, open: RefCell::default() };
        *app.open.borrow_mut() = Some(app.sessions.open().unwrap());
        assert_eq!(count(app.open.borrow().as_ref().unwrap()), 1);
    }

    #[rstest]
    fn factory_is_dropped_first(sessions: SessionFactory) {
        let session = sessions.open().unwrap();
        drop(sessions);
        assert_eq!(count(&session), 1);
    }

    #[rstest]
    fn temporary_factory(#[values(1)] rows: i64) {
        let session = USERS.sessions().open().unwrap();
        assert_eq!(count(&session), rows);
    }

    #[test]
    fn temporary_factory_without_rstest() {
        let session = USERS.sessions().open().unwrap();
        assert_eq!(count(&session), 1);
    }

    #[rstest]
    fn helper_consumes_the_factory(sessions: SessionFactory) {
        fn helper(sessions: SessionFactory) -> Session {
            sessions.open().unwrap()
        }
        assert_eq!(count(&helper(sessions)), 1);
    }

    #[rstest]
    fn closure_consumes_the_factory(sessions: SessionFactory) {
        let open = move || {
            let sessions = sessions;
            sessions.open().unwrap()
        };
        assert_eq!(count(&open()), 1);
    }

    #[rstest]
    #[tokio::test]
    async fn async_block_consumes_the_engine(engine: Engine) {
        let open = async move {
            let engine = engine;
            SessionFactory::new(&engine).unwrap().open().unwrap()
        };
        let session: Session = open.await;
        assert_eq!(count(&session), 1);
    }

    #[rstest]
    fn factory_of_the_engine_is_dropped_first(engine: Engine) {
        let mut open = Vec::new();
        let sessions = SessionFactory::new(engine).unwrap();
        open.push(sessions.open().unwrap());
        assert_eq!(count(&open[0]), 1);
    }

    #[rstest]
    fn session_closes_on_another_thread(sessions: SessionFactory) {
        let other = sessions.clone();
        std::thread::spawn(move || count(&other.open().unwrap())).join().unwrap();
        drop(sessions.open().unwrap());
    }

    #[rstest]
    #[case::first(1)]
    #[case::second(1)]
    fn cases(session: Session, #[case] rows: i64) {
        assert_eq!(count(&session), rows);
    }

    #[rstest]
    #[should_panic(expected = "as it should")]
    fn expected_panic_with_an_open_session(session: Session) {
        assert_eq!(count(&session), 1);
        panic!("as it should");
    }

    #[rstest]
    fn a_result(session: Session) -> Result<(), Box<dyn Error>> {
        assert_eq!(count(&session), 1);
        Ok(session.close()?)
    }

    #[rstest]
    #[tokio::test]
    async fn an_async_test(async_session: AsyncSession) {
        assert_eq!(async_session.call(|session| count(session)).await, 1);
    }
}

#[rstest]
fn forgotten_session_of_the_factory(sessions: SessionFactory) {
    mem::forget(sessions.open().unwrap()); // leak
}

#[rstest]
fn forgotten_session_of_a_library(sessions: SessionFactory) {
    mem::forget(helper::session_of(&sessions)); // leak
}

#[rstest]
fn forgotten_session_beside_the_tests_own(session: Session) {
    mem::forget(session.factory().open().unwrap()); // leak
}

#[rstest]
fn forgotten_session_of_the_engine(engine: Engine) {
    let sessions = SessionFactory::new(&engine).unwrap();
    Box::leak(Box::new(sessions.open().unwrap())); // leak
}

#[fixture]
fn users() -> SessionFactory {
    USERS.sessions()
}

#[rstest]
fn forgotten_session_of_a_template(users: SessionFactory) {
    mem::forget(users.open().unwrap()); // leak
}

#[rstest]
#[case::one()]
#[case::two()]
fn forgotten_in_a_case(sessions: SessionFactory) {
    mem::forget(sessions.open().unwrap()); // leak
}

#[rstest]
fn forgotten_in_a_matrix(sessions: SessionFactory, #[values(1)] _a: i32, #[values(2)] _b: i32) {
    mem::forget(sessions.open().unwrap()); // leak
}

#[rstest]
fn forgotten_inside_a_larger_value(sessions: SessionFactory) {
    let app = (sessions, 1);
    mem::forget(app.0.open().unwrap()); // leak
}

#[test]
fn forgotten_where_the_engine_says_off() {
    let engine = Engine::builder().leaks(sqlite_fixtures::settings::Leaks::Off).memory().unwrap();
    mem::forget(SessionFactory::new(&engine).unwrap().open().unwrap());
}

#[test]
fn forgotten_where_the_engine_says_warn() {
    let engine = Engine::builder().leaks(sqlite_fixtures::settings::Leaks::Warn).memory().unwrap();
    mem::forget(SessionFactory::new(&engine).unwrap().open().unwrap()); // leak
}

#[rstest]
fn cyclic_session(sessions: SessionFactory) {
    struct Node {
        _session: Session,
        me: RefCell<Option<Rc<Node>>>,
    }
    let node = Rc::new(Node { _session: sessions.open().unwrap(), me: RefCell::default() }); // leak
    *node.me.borrow_mut() = Some(Rc::clone(&node));
}

static KEPT: Mutex<Option<Session>> = Mutex::new(None);

#[rstest]
fn session_in_a_static(sessions: SessionFactory) {
    *KEPT.lock().unwrap() = Some(sessions.open().unwrap()); // leak
}

#[rstest]
fn forgotten_on_a_thread_of_the_test(sessions: SessionFactory) {
    let other = sessions.clone();
    let thread = std::thread::spawn(move || {
        mem::forget(other.open().unwrap()); // leak
    });
    thread.join().unwrap();
}

#[rstest]
#[tokio::test]
async fn forgotten_async_session(engine: Engine) {
    let asynchronous = sqlite_fixtures::AsyncEngine::from(engine.clone());
    mem::forget(asynchronous.session().await.unwrap()); // leak
}

#[rstest]
fn forgotten_statement(sessions: SessionFactory) {
    let session = sessions.open().unwrap(); // leak
    mem::forget(session.prepare("SELECT 'blocks'").unwrap());
}

#[rstest]
fn swapped_connection(sessions: SessionFactory) {
    let mut session = sessions.open().unwrap(); // leak
    let own = mem::replace(&mut *session, Connection::open_in_memory().unwrap());
    mem::forget(own);
}

#[rstest]
#[should_panic]
fn leak_instead_of_any_panic(sessions: SessionFactory) {
    mem::forget(sessions.open().unwrap()); // leak
}

#[rstest]
#[should_panic(expected = "another panic")]
fn leak_instead_of_the_expected_panic(sessions: SessionFactory) {
    mem::forget(sessions.open().unwrap()); // leak
}

#[rstest]
#[should_panic(expected = "as it should")]
fn leak_beside_the_expected_panic(sessions: SessionFactory) {
    mem::forget(sessions.open().unwrap()); // leak
    panic!("as it should");
}

#[rstest]
fn leak_beside_a_failure(sessions: SessionFactory) {
    mem::forget(sessions.open().unwrap()); // leak
    panic!("the test's own failure");
}

#[rstest]
fn leak_beside_an_error(sessions: SessionFactory) -> Result<(), String> {
    mem::forget(sessions.open().unwrap()); // leak
    Err("the test's own error".to_owned())
}

#[rstest] // leak
fn the_tests_own_session_forgotten(session: Session) {
    mem::forget(session);
}

#[test]
fn forgotten_without_rstest() {
    let sessions = USERS.sessions();
    mem::forget(sessions.open().unwrap()); // leak
}

#[test]
fn exit_in_a_test() {
    let sessions = USERS.sessions();
    let _session = sessions.open().unwrap(); // leak
    std::process::exit(0);
}

#[rstest]
fn known_leak_is_ignored(sessions: SessionFactory) {
    mem::forget(sessions.open().unwrap());
    sessions.ledger().ignore_current();
    assert!(sessions.ledger().find().is_ok());
    assert_eq!(Ledger::process().counts().live, 1);
}

/// In a process of its own, since it counts all that is opened in it.
#[rstest]
fn helpers_are_not_counted(#[with("more/users.json")] session: Session) {
    let folder = std::env::temp_dir().join(format!("planted-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let (saved, seeded) = (folder.join("saved"), folder.join("seeded"));
    session.engine().save_to(saved).unwrap();
    Seeds::from(["fixtures/schema.sql", "more/users.json"]).load_into_file(seeded).unwrap();
    drop(USERS.temp_file().unwrap());
    std::fs::remove_dir_all(folder).unwrap();
    let counts = Ledger::process().counts();
    assert_eq!((counts.opened, counts.live), (1, 1), "the test's own session");
    let own = Connection::open_in_memory().unwrap();
    assert_eq!(Ledger::process().counts().opened, 2, "and what the test opens itself");
    drop(own);
}

/// For databases that are kept: a failure with rows in the database.
#[rstest]
fn failure_with_rows(session: Session) {
    session.execute("INSERT INTO users (name) VALUES ('seen')", []).unwrap();
    session.execute_batch("BEGIN; INSERT INTO users (name) VALUES ('unseen')").unwrap();
    panic!("the database is wanted");
}

#[test]
fn failure_with_a_temporary_file() {
    let engine = USERS.temp_file().unwrap();
    let session = SessionFactory::new(&engine).unwrap().open().unwrap();
    session.execute("INSERT INTO users (name) VALUES ('seen')", []).unwrap();
    panic!("the database is wanted");
}

#[rstest]
fn error_with_rows(session: Session) -> Result<(), String> {
    session.execute("INSERT INTO users (name) VALUES ('seen')", []).unwrap();
    Err("the database is wanted".to_owned())
}

#[rstest]
fn leak_with_rows(session: Session) {
    session.execute("INSERT INTO users (name) VALUES ('seen')", []).unwrap();
    mem::forget(session.factory().open().unwrap());
}

#[rstest]
fn passes_with_rows(session: Session) {
    session.execute("INSERT INTO users (name) VALUES ('seen')", []).unwrap();
}

/// Engines in statics: their folders go at exit.
#[test]
fn temporary_file_in_a_static() {
    static ENGINE: Mutex<Option<Engine>> = Mutex::new(None);
    let engine = Engine::temp_file().unwrap();
    println!("folder {}", engine.path().unwrap().parent().unwrap().display());
    SessionFactory::new(&engine)
        .unwrap()
        .open()
        .unwrap()
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a)")
        .unwrap();
    *ENGINE.lock().unwrap() = Some(engine);
}

#[test]
fn temporary_file_of_the_process() {
    let engine = Engine::temp_file().unwrap();
    println!("folder {}", engine.path().unwrap().parent().unwrap().display());
    sqlite_fixtures::configure(engine);
    sqlite_fixtures::get_session().unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
}

#[rstest]
fn template_is_built_or_not(session: Session) {
    assert_eq!(count(&session), 1);
}

#[rstest]
fn rows_in_reverse(session: Session) {
    session.execute_batch("INSERT INTO users (id, name) VALUES (1, 'a'), (2, 'b')").unwrap();
    let first: i64 = session.query_row("SELECT id FROM users WHERE id < 9", [], |row| row.get(0)).unwrap();
    println!("first {first}");
}
