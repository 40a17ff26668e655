//! Helpers of a test suite that create users and clean them up: `cargo run --example user_helpers`.

use sqlite_fixtures::{Engine, Session, SessionFactory, rusqlite};
use std::error::Error;

const SCHEMA: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)";

/// A user who is there for as long as this value lives.
struct TestUser {
    id: i64,
    session: Session,
}

impl TestUser {
    fn create(sessions: &SessionFactory, name: &str) -> Result<Self, Box<dyn Error>> {
        let session = sessions.open()?;
        session.execute("INSERT INTO users (name) VALUES (?1)", [name])?;
        Ok(Self { id: session.last_insert_rowid(), session })
    }
}

impl Drop for TestUser {
    fn drop(&mut self) {
        if let Err(error) = self.session.execute("DELETE FROM users WHERE id = ?1", [self.id]) {
            eprintln!("user {} could not be cleaned up: {error}", self.id);
        }
    }
}

fn count(sessions: &SessionFactory) -> Result<i64, Box<dyn Error>> {
    sessions.with_session(|session| {
        let count: rusqlite::Result<i64> = session.query_row("SELECT count(*) FROM users", [], |row| row.get(0));
        Ok(count?)
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let sessions = SessionFactory::new(Engine::memory()?)?;
    sessions.open()?.execute_batch(SCHEMA)?;
    let alice = TestUser::create(&sessions, "alice")?;
    println!("alice is user {}, one of {}", alice.id, count(&sessions)?);
    drop(alice);
    println!("afterwards there are {} users", count(&sessions)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_cleaned_up_and_its_session_closed_also_when_the_test_panics() {
        let sessions = SessionFactory::new(Engine::memory().unwrap()).unwrap();
        sessions.open().unwrap().execute_batch(SCHEMA).unwrap();
        let other = sessions.clone();
        let panicked = std::thread::spawn(move || {
            let _alice = TestUser::create(&other, "alice").unwrap();
            assert_eq!(count(&other).unwrap(), 1);
            panic!("the test failed");
        });
        assert!(panicked.join().is_err());
        assert_eq!(count(&sessions).unwrap(), 0);
        sessions.ledger().verify();
    }
}
