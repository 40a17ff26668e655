//! E0382: a session that was closed is gone.
use sqlite_fixtures::Session;

fn misuse(session: Session) {
    session.close().unwrap();
    session.execute("DELETE FROM users", []).unwrap(); // error
}
