//! This crate: a session by argument name.

use rstest::rstest;
use sqlite_fixtures::{Session, fixtures::session};
use suites::insert_and_count;

suites::hundred_tests! {
    use crate::*;

    #[rstest]
    fn test(session: Session) {
        insert_and_count(&session);
    }
}
