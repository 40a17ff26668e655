//! Opens sessions without `#[track_caller]`, so their place is here, where no user looks.

use sqlite_fixtures::{Session, SessionFactory};

pub fn session_of(sessions: &SessionFactory) -> Session {
    sessions.open().unwrap()
}
