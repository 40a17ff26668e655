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
fn a_session_is_fresh_and_seeded(session: Session) {
    assert_eq!(session.id("members", "alice").unwrap(), label_id("alice"));
    assert_eq!(loans(&session), 5);
    session.execute_batch("DELETE FROM loan_log; DELETE FROM loans").unwrap();
}

#[rstest]
#[case::first()]
#[case::second()]
fn each_case_has_a_database_of_its_own(session: Session) {
    session.execute("INSERT INTO publishers (name) VALUES ('only here')", []).unwrap();
    let count: i64 =
        session.query_row("SELECT count(*) FROM publishers WHERE name = 'only here'", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1);
}

#[rstest]
fn a_session_knows_its_test_and_the_line_of_its_attribute(session: Session) {
    let attribute = line!() - 2;
    let entry = session.entry();
    assert_eq!(entry.test(), Some("a_session_knows_its_test_and_the_line_of_its_attribute"));
    let location = entry.location().unwrap();
    assert_eq!((location.file(), location.line()), (file!(), attribute));
}

#[rstest]
fn code_opens_its_own_sessions(sessions: SessionFactory) {
    let (one, two) = (sessions.open().unwrap(), sessions.open().unwrap());
    one.execute("INSERT INTO publishers (name) VALUES ('seen by both')", []).unwrap();
    let publishers: i64 = two.query_row("SELECT count(*) FROM publishers", [], |row| row.get(0)).unwrap();
    assert_eq!(publishers, 4);
    assert_eq!(two.id("members", "bob").unwrap(), label_id("bob"), "the labels come with the database");
}

#[rstest]
fn an_engine_is_opened_by_uri(engine: Engine) {
    assert_eq!(loans(&Connection::open(engine.uri()).unwrap()), 5);
    let session = SessionFactory::new(&engine).unwrap().open().unwrap();
    assert_eq!(session.id("members", "bob").unwrap(), label_id("bob"));
}

#[rstest]
#[tokio::test]
async fn an_asynchronous_test_needs_no_future(async_session: AsyncSession) {
    let bob = async_session.id("members", "bob").unwrap();
    let name: String = async_session
        .call(move |session| session.query_row("SELECT name FROM members WHERE id = ?1", [bob], |row| row.get(0)))
        .await
        .unwrap();
    assert_eq!(name, "Bob Lindqvist");
}

#[rstest]
fn a_test_has_seeds_of_its_own_on_top(
    #[with("tests/more_loans")] session: Session,
    #[with(["tests/more_loans"])] sessions: SessionFactory,
) {
    assert_eq!(loans(&session), 6);
    session.id("loans", "bob_harbour").unwrap();
    assert_eq!(loans(&sessions.open().unwrap()), 6);
}

#[rstest]
fn seeds_of_one_test_are_not_in_another(session: Session) {
    assert_eq!(loans(&session), 5);
}

#[rstest]
fn seeds_come_from_code_too(mut session: Session) {
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
fn a_fixture_over_a_template_of_one_s_own_is_three_lines(jobs: Session, session: Session) {
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
fn a_fixture_returns_a_session_inside_something_else(library: Library) {
    assert_eq!(loans(&library.session), 5);
}

#[rstest]
#[should_panic(expected = "as it should")]
fn a_panic_that_is_expected_closes_the_session(session: Session) {
    assert_eq!(loans(&session), 5);
    panic!("as it should");
}

#[rstest]
fn a_result_may_close_by_hand(session: Session) -> Result<(), Box<dyn std::error::Error>> {
    Ok(session.close()?)
}
