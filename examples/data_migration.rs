//! A data migration, in one session and one transaction: `cargo run --example data_migration`.

use sqlite_fixtures::{Engine, Session, SessionFactory, rusqlite};
use std::error::Error;

/// Splits `users.name` into a first and a last name. Gives how many users were changed.
fn split_names(session: &mut Session) -> rusqlite::Result<usize> {
    let transaction = session.transaction()?;
    transaction.execute_batch("ALTER TABLE users ADD COLUMN first TEXT; ALTER TABLE users ADD COLUMN last TEXT")?;
    let changed = transaction.execute(
        "UPDATE users SET first = substr(name, 1, instr(name, ' ') - 1), last = substr(name, instr(name, ' ') + 1)
         WHERE instr(name, ' ') > 0",
        [],
    )?;
    transaction.execute_batch("UPDATE users SET first = name WHERE first IS NULL")?;
    transaction.commit()?;
    Ok(changed)
}

fn main() -> Result<(), Box<dyn Error>> {
    let sessions = SessionFactory::new(Engine::memory()?)?;
    let changed = sessions.with_session(|session| {
        session.execute_batch(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
             INSERT INTO users (name) VALUES ('Alice Moreau'), ('Bob Lindqvist'), ('Cher');",
        )?;
        Ok::<_, Box<dyn Error>>(split_names(session)?)
    })?;
    println!("{changed} users have two names");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users() -> SessionFactory {
        let sessions = SessionFactory::new(Engine::memory().unwrap()).unwrap();
        let schema = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
                      INSERT INTO users (name) VALUES ('Alice Moreau'), ('Cher')";
        sessions.open().unwrap().execute_batch(schema).unwrap();
        sessions
    }

    #[test]
    fn names_are_split_and_a_single_name_is_the_first() {
        let sessions = users();
        assert_eq!(split_names(&mut sessions.open().unwrap()).unwrap(), 1);
        let names: String = sessions
            .open()
            .unwrap()
            .query_row("SELECT group_concat(first || '/' || ifnull(last, '-')) FROM users", [], |row| row.get(0))
            .unwrap();
        assert_eq!(names, "Alice/Moreau,Cher/-");
        sessions.ledger().verify();
    }

    #[test]
    fn a_migration_that_fails_changes_nothing() {
        let sessions = users();
        sessions.open().unwrap().execute_batch("ALTER TABLE users ADD COLUMN last TEXT").unwrap();
        assert!(split_names(&mut sessions.open().unwrap()).is_err());
        let columns: i64 = sessions
            .open()
            .unwrap()
            .query_row("SELECT count(*) FROM pragma_table_info('users')", [], |row| row.get(0))
            .unwrap();
        assert_eq!(columns, 3, "the column that was added first is gone again");
        sessions.ledger().verify();
    }
}
