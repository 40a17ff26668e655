//! E0277: a session is `!Sync`, because a SQLite connection is for one thread at a time.
use sqlite_fixtures::Session;

fn misuse(session: Session) {
    std::thread::scope(|scope| {
        scope.spawn(|| session.execute("DELETE FROM users", [])); // error
    });
}
