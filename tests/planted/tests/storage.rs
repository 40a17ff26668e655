//! Databases in temporary files, for processes that are killed. Each line that is printed is a moment to be killed at.

use rstest::rstest;
use sqlite_fixtures::{Engine, engine::JournalMode, Session, SessionFactory};
use std::io::{BufRead, Write};

fn session(mode: JournalMode) -> Session {
    let engine = Engine::builder().journal_mode(mode).temp_file().unwrap();
    let session = SessionFactory::new(&engine).unwrap().open().unwrap();
    session.execute_batch("CREATE TABLE t (a); BEGIN; INSERT INTO t VALUES (zeroblob(100000))").unwrap();
    session
}

fn say(line: &str) {
    println!("{line}");
    std::io::stdout().flush().unwrap();
}

#[rstest]
fn databases_until_the_end() {
    let mut open = Vec::new();
    loop {
        for mode in [JournalMode::Wal, JournalMode::Delete, JournalMode::Persist] {
            open.push(session(mode));
            say("made");
        }
        open.truncate(5);
        say("dropped");
    }
}

/// It lives through what happens to the others, and writes at each line that it is given.
#[rstest]
fn database_that_lives() {
    let session = session(JournalMode::Wal);
    let path = session.engine().path().unwrap().to_owned();
    say(&format!("lives {}", path.display()));
    for _ in std::io::stdin().lock().lines() {
        session.execute_batch("INSERT INTO t VALUES (zeroblob(100000)); COMMIT; BEGIN").unwrap();
        assert!(path.exists() && path.with_extension("sqlite3-wal").exists());
        say("wrote");
    }
}

#[rstest]
fn database_that_goes() {
    drop(session(JournalMode::Wal));
}
