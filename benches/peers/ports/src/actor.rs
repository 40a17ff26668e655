//! An actor on a task of tokio's: it has the connection, and is never told to stop.

use rusqlite::{Connection, Result};
use tokio::sync::{mpsc, oneshot};

enum Message {
    Add(String, oneshot::Sender<Result<usize>>),
    Count(oneshot::Sender<Result<i64>>),
}

#[derive(Clone)]
pub struct Actor(mpsc::Sender<Message>);

impl Actor {
    /// Spawns the task. It keeps a sender of its own, as servers do that post messages to themselves.
    pub fn spawn(uri: &str) -> Result<Self> {
        let connection = Connection::open(uri)?;
        connection.execute_batch("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL)")?;
        let (sender, mut messages) = mpsc::channel(8);
        let kept = sender.clone();
        tokio::spawn(async move {
            let _kept = kept;
            while let Some(message) = messages.recv().await {
                match message {
                    Message::Add(body, answer) => {
                        let _ = answer.send(connection.execute("INSERT INTO notes (body) VALUES (?1)", [body]));
                    }
                    Message::Count(answer) => {
                        let count = connection.query_row("SELECT count(*) FROM notes", [], |row| row.get(0));
                        let _ = answer.send(count);
                    }
                }
            }
        });
        Ok(Self(sender))
    }

    async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> T {
        let (sender, answer) = oneshot::channel();
        assert!(self.0.send(message(sender)).await.is_ok(), "the actor has ended");
        answer.await.expect("an answer of the actor")
    }

    pub async fn add(&self, body: &str) -> Result<usize> {
        let body = body.to_owned();
        self.ask(|answer| Message::Add(body, answer)).await
    }

    pub async fn count(&self) -> Result<i64> {
        self.ask(Message::Count).await
    }
}
