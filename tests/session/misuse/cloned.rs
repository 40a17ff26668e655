//! E0599: a session is one connection; another one comes from its factory.
use sqlite_fixtures::Session;

fn misuse(session: Session) {
    let _other: Session = session.clone(); // error
}
