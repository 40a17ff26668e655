//! Many rows in one session, one transaction and one statement: `cargo run --example bulk_insert`.

use serde::Serialize;
use sqlite_fixtures::{Engine, Session, SessionFactory};
use std::error::Error;

#[derive(Serialize)]
struct Reading {
    sensor: String,
    celsius: f64,
}

fn readings(count: u32) -> Vec<Reading> {
    (0..count)
        .map(|number| Reading { sensor: format!("sensor {}", number % 8), celsius: f64::from(number % 40) })
        .collect()
}

fn record(session: &Session, readings: &[Reading]) -> Result<usize, Box<dyn Error>> {
    Ok(session.insert("readings", readings)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let sessions = SessionFactory::new(Engine::memory()?)?;
    let session = sessions.open()?;
    session.execute_batch("CREATE TABLE readings (sensor TEXT NOT NULL, celsius REAL NOT NULL)")?;
    println!("{} rows in one session", record(&session, &readings(10_000))?);
    Ok(session.close()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rows_go_in_or_none() {
        let sessions = SessionFactory::new(Engine::memory().unwrap()).unwrap();
        let session = sessions.open().unwrap();
        let schema = "CREATE TABLE readings (sensor TEXT NOT NULL, celsius REAL NOT NULL CHECK (celsius < 100))";
        session.execute_batch(schema).unwrap();
        let count = || session.query_row("SELECT count(*) FROM readings", [], |row| row.get::<_, i64>(0)).unwrap();

        assert_eq!(record(&session, &readings(1_000)).unwrap(), 1_000);
        let mut hot = readings(10);
        hot.push(Reading { sensor: "sensor 9".to_owned(), celsius: 451.0 });
        assert!(record(&session, &hot).is_err());
        assert_eq!(count(), 1_000);
        assert_eq!(sessions.ledger().counts().opened, 1, "in one session");
    }
}
