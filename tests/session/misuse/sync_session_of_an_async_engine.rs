//! E0599: an asynchronous engine opens no synchronous session.
use sqlite_fixtures::AsyncEngine;

fn misuse(engine: AsyncEngine) {
    engine.open().unwrap(); // error
}
