use rstest::rstest;
use sqlite_fixtures::{Session, fixtures::session};

#[rstest]
fn users_are_counted(session: Session) {
    assert_eq!(with::count(&session).unwrap(), 2);
}
