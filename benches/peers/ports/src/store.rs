//! A store that opens and migrates its database by path, and owns the connection on a thread of its own.

use rusqlite::{Connection, Result, params};
use rusqlite_migration::{M, Migrations};
use std::{path::Path, sync::mpsc, thread};

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The thread ends when the store is dropped.
pub struct Store(mpsc::Sender<Job>);

impl Store {
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let mut connection = Connection::open(path)?;
        Migrations::new(vec![
            M::up("CREATE TABLE tasks (id INTEGER PRIMARY KEY, title TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0)"),
            M::up("CREATE INDEX tasks_by_state ON tasks (done)"),
        ])
        .to_latest(&mut connection)?;
        let (sender, jobs) = mpsc::channel::<Job>();
        thread::spawn(move || jobs.into_iter().for_each(|job| job(&mut connection)));
        Ok(Self(sender))
    }

    fn run<T: Send + 'static>(&self, work: impl FnOnce(&mut Connection) -> T + Send + 'static) -> T {
        let (sender, done) = mpsc::channel();
        self.0.send(Box::new(move |connection| drop(sender.send(work(connection))))).expect("the thread of the store");
        done.recv().expect("an answer of the store")
    }

    pub fn add(&self, title: &str) -> Result<i64> {
        let title = title.to_owned();
        self.run(move |connection| {
            connection.execute("INSERT INTO tasks (title) VALUES (?1)", [title])?;
            Ok(connection.last_insert_rowid())
        })
    }

    pub fn finish(&self, id: i64) -> Result<bool> {
        self.run(move |connection| {
            let transaction = connection.transaction()?;
            let changed = transaction.execute("UPDATE tasks SET done = 1 WHERE id = ?1 AND done = 0", params![id])?;
            transaction.commit()?;
            Ok(changed == 1)
        })
    }

    pub fn open_tasks(&self) -> Result<Vec<String>> {
        self.run(|connection| {
            let mut select = connection.prepare("SELECT title FROM tasks WHERE done = 0 ORDER BY id")?;
            select.query_map([], |row| row.get(0))?.collect()
        })
    }
}
