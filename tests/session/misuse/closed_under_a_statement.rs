//! E0505: a session cannot be closed while a statement of it is in use.
use sqlite_fixtures::Session;

fn misuse(session: Session) {
    let mut statement = session.prepare("SELECT 1").unwrap();
    session.close().unwrap(); // error
    statement.exists([]).unwrap();
}
