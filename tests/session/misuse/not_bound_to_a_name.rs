//! unused_must_use: a session that is not bound to a name is closed at once.
#![deny(unused_must_use)]
use sqlite_fixtures::SessionFactory;

fn misuse(sessions: SessionFactory) {
    sessions.open().unwrap(); // error
}
