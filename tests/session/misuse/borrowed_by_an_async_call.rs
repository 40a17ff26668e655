//! E0521: work for an asynchronous session runs on its thread, so it owns what it uses.
use sqlite_fixtures::AsyncSession;

fn misuse(session: &AsyncSession, name: &str) {
    drop(session.call(move |session| session.execute("DELETE FROM users WHERE name = ?1", [name]))); // error
}
