//! The code under test: it opens connections of its own, and knows nothing of the crate that watches them.

use rusqlite::Connection;
use std::{mem, path::Path, sync::Mutex};

pub fn forgets_a_connection() {
    mem::forget(Connection::open_in_memory().unwrap()); // leak of connection_of_the_code_under_test
}

pub fn forgets_a_statement() {
    let connection = Connection::open_in_memory().unwrap(); // leak of statement_of_the_code_under_test
    mem::forget(connection.prepare("SELECT 'of the code under test'").unwrap());
}

/// A pool as applications have one.
pub struct Pool(Mutex<Vec<Connection>>);

impl Pool {
    pub fn of(connections: usize, path: &Path) -> Self {
        Self(Mutex::new((0..connections).map(|_| open(path)).collect()))
    }

    pub fn with<T>(&self, work: impl FnOnce(&Connection) -> T) -> T {
        let connection = self.0.lock().unwrap().pop().unwrap();
        let done = work(&connection);
        self.0.lock().unwrap().push(connection);
        done
    }
}

fn open(path: &Path) -> Connection {
    Connection::open(path).unwrap() // leak of pool_that_is_never_dropped
}
