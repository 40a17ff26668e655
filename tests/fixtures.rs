//! The rstest fixtures, on the sample in `fixtures/`.
#![cfg(feature = "json")]

use rstest::{fixture, rstest};
use sqlite_fixtures::{
    AsyncSession, Engine, Session, SessionFactory, Template,
    fixtures::{async_session, engine, session, sessions},
    labels::label_id,
    rusqlite::Connection,
};
use std::sync::LazyLock;

fn loans(connection: &Connection) -> i64 {
    connection.query_row("SELECT count(*) FROM loans", [], |row| row.get(0)).unwrap()
}

#[rstest]
fn session_is_fresh_and_seeded(session: Session) {
    assert_eq!(session.id("members", "alice").unwrap(), label_id("alice"));
    assert_eq!(loans(&session), 5);
    session.execute_batch("DELETE FROM loan_log; DELETE FROM loans").unwrap();
}

#[rstest]
#[case::first()]
#[case::second()]
fn cases_are_isolated(session: Session) {
    session.execute("INSERT INTO publishers (name) VALUES ('only here')", []).unwrap();
    let count: i64 =
        session.query_row("SELECT count(*) FROM publishers WHERE name = 'only here'", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1);
}

#[rstest]
fn session_records_its_test(session: Session) {
    let attribute = line!() - 2;
    let entry = session.entry();
    assert_eq!(entry.test(), Some("session_records_its_test"));
    let location = entry.location().unwrap();
    assert_eq!((location.file(), location.line()), (file!(), attribute));
}

#[rstest]
fn factory_opens_sessions(sessions: SessionFactory) {
    let (one, two) = (sessions.open().unwrap(), sessions.open().unwrap());
    one.execute("INSERT INTO publishers (name) VALUES ('seen by both')", []).unwrap();
    let publishers: i64 = two.query_row("SELECT count(*) FROM publishers", [], |row| row.get(0)).unwrap();
    assert_eq!(publishers, 4);
    assert_eq!(two.id("members", "bob").unwrap(), label_id("bob"), "the labels come with the database");
}

#[rstest]
fn engine_is_opened_by_uri(engine: Engine) {
    assert_eq!(loans(&Connection::open(engine.uri()).unwrap()), 5);
    let session = SessionFactory::new(&engine).unwrap().open().unwrap();
    assert_eq!(session.id("members", "bob").unwrap(), label_id("bob"));
}

#[rstest]
#[tokio::test]
async fn async_session_is_ready(async_session: AsyncSession) {
    let bob = async_session.id("members", "bob").unwrap();
    let name: String = async_session
        .call(move |session| session.query_row("SELECT name FROM members WHERE id = ?1", [bob], |row| row.get(0)))
        .await
        .unwrap();
    assert_eq!(name, "Bob Lindqvist");
}

#[rstest]
fn with_adds_seeds(
    #[with("tests/more_loans")] session: Session,
    #[with(["tests/more_loans"])] sessions: SessionFactory,
) {
    assert_eq!(loans(&session), 6);
    session.id("loans", "bob_harbour").unwrap();
    assert_eq!(loans(&sessions.open().unwrap()), 6);
}

#[rstest]
fn added_seeds_stay_in_their_test(session: Session) {
    assert_eq!(loans(&session), 5);
}

#[rstest]
fn session_loads_more_seeds(mut session: Session) {
    session.seed("tests/more_loans").unwrap();
    assert_eq!(loans(&session), 6);
}

static JOBS: LazyLock<Template> = LazyLock::new(|| {
    Template::from_fn(|connection| {
        connection.execute_batch("CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT NOT NULL)")?;
        Ok(())
    })
});

#[fixture]
fn jobs() -> Session {
    JOBS.session()
}

#[rstest]
fn fixture_of_a_custom_template(jobs: Session, session: Session) {
    jobs.execute("INSERT INTO jobs (state) VALUES ('new')", []).unwrap();
    assert_eq!(loans(&session), 5, "beside another database");
}

struct Library {
    session: Session,
}

#[fixture]
fn library(sessions: SessionFactory) -> Library {
    Library { session: sessions.open().unwrap() }
}

#[rstest]
fn fixture_returns_a_wrapped_session(library: Library) {
    assert_eq!(loans(&library.session), 5);
}

#[rstest]
#[should_panic(expected = "as it should")]
fn expected_panic_closes_the_session(session: Session) {
    assert_eq!(loans(&session), 5);
    panic!("as it should");
}

#[rstest]
fn test_closes_its_session(session: Session) -> Result<(), Box<dyn std::error::Error>> {
    Ok(session.close()?)
}

/// Fixtures over templates of the test's own.
mod own {
    use super::*;
    use sqlite_fixtures::rusqlite;

    static LIBRARY: Template = Template::folder("fixtures");
    static NOTES: LazyLock<Template> = LazyLock::new(|| {
        Template::from_uri_async(async |uri: String| {
            Connection::open(uri)?.execute_batch("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)")?;
            Ok::<_, rusqlite::Error>(())
        })
    });
    sqlite_fixtures::fixtures!(mod shelves: LIBRARY);
    sqlite_fixtures::fixtures!(
        /// Built by asynchronous code.
        pub(crate) mod notes: NOTES
    );

    use notes::async_engine;
    use shelves::session as shelf;
    use shelves::{async_session, engine, session, sessions};

    #[rstest]
    fn each_form_has_the_template(session: Session, sessions: SessionFactory, engine: Engine) {
        assert_eq!(loans(&session), 5);
        assert_eq!(loans(&sessions.open().unwrap()), 5);
        assert_eq!(loans(&engine.connect().unwrap()), 5);
    }

    #[rstest]
    fn each_form_takes_seeds(
        #[with("tests/more_loans")] session: Session,
        #[with("tests/more_loans")] sessions: SessionFactory,
        #[with(["tests/more_loans"])] engine: Engine,
    ) {
        let here = line!() - 6;
        assert_eq!(session.entry().location().unwrap().line(), here);
        assert_eq!(session.entry().test(), Some("own::each_form_takes_seeds"));
        for more in [&*session, &*sessions.open().unwrap(), &engine.connect().unwrap()] {
            assert_eq!(loans(more), 6);
        }
    }

    #[rstest]
    #[tokio::test]
    async fn session_is_asynchronous(#[with("tests/more_loans")] async_session: AsyncSession) {
        assert_eq!(async_session.call(|session| loans(session)).await, 6);
    }

    #[rstest]
    #[tokio::test]
    async fn engine_is_built_by_asynchronous_code(#[future(awt)] async_engine: Engine) {
        let notes: i64 =
            async_engine.connect().unwrap().query_row("SELECT count(*) FROM notes", [], |row| row.get(0)).unwrap();
        assert_eq!(notes, 0);
    }

    #[rstest]
    fn arguments_have_names_of_their_own(
        #[from(shelf)] lent: Session,
        #[from(shelf)]
        #[with("tests/more_loans")]
        more: Session,
    ) {
        assert_eq!((loans(&lent), loans(&more)), (5, 6));
    }
}
