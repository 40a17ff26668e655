//! Code that respects a session limit: `cargo run --example session_limit`.

use sqlite_fixtures::{Engine, SessionFactory, session::SessionError};
use std::{error::Error, thread, time::Duration};

/// Sums in parallel, with as many sessions as the engine allows; the others wait for theirs.
fn sums(sessions: &SessionFactory, tasks: u32) -> Result<Vec<i64>, SessionError> {
    thread::scope(|scope| {
        let work: Vec<_> = (1..=tasks)
            .map(|task| {
                scope.spawn(move || {
                    sessions.with_session(|session| {
                        let sum = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
                                   SELECT sum(i) FROM n";
                        Ok::<_, SessionError>(session.query_row(sum, [task], |row| row.get(0)).unwrap_or(0))
                    })
                })
            })
            .collect();
        work.into_iter().map(|task| task.join().expect("a task does not panic")).collect()
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::builder().max_sessions(2).acquire_timeout(Duration::from_secs(30)).memory()?;
    let sessions = SessionFactory::new(engine)?;
    println!("sums {:?}", sums(&sessions, 8)?);
    println!("{} sessions at once at most", sessions.ledger().counts().peak);

    let impatient = SessionFactory::new(Engine::builder().max_sessions(1).memory()?)?;
    let _only = impatient.open()?;
    if let Err(error) = impatient.open() {
        println!("{error}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_sessions_are_open_than_allowed_and_all_work_is_done() {
        let engine = Engine::builder().max_sessions(2).acquire_timeout(Duration::from_secs(30)).memory().unwrap();
        let sessions = SessionFactory::new(engine).unwrap();
        assert_eq!(sums(&sessions, 6).unwrap(), [1, 3, 6, 10, 15, 21]);
        let counts = sessions.ledger().counts();
        assert!(counts.peak <= 2, "{counts:?}");
        assert_eq!((counts.opened, counts.closed), (6, 6));
    }
}
