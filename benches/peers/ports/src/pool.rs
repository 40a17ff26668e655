//! A pool of connections whose threads may outlive its handle for a moment.

use rusqlite::{Connection, Result};
use std::{
    ops::Deref,
    path::Path,
    sync::{Arc, Condvar, Mutex},
};

#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    idle: Mutex<Vec<Connection>>,
    returned: Condvar,
}

/// A connection that goes back when it is dropped.
pub struct Pooled {
    connection: Option<Connection>,
    pool: Pool,
}

impl Pool {
    pub fn open(path: impl AsRef<Path>, size: usize) -> Result<Self> {
        let idle = (0..size).map(|_| Connection::open(path.as_ref())).collect::<Result<_>>()?;
        Ok(Self(Arc::new(Shared { idle: Mutex::new(idle), returned: Condvar::new() })))
    }

    pub fn get(&self) -> Pooled {
        let mut idle = self.0.idle.lock().expect("the pool");
        loop {
            if let Some(connection) = idle.pop() {
                return Pooled { connection: Some(connection), pool: self.clone() };
            }
            idle = self.0.returned.wait(idle).expect("the pool");
        }
    }
}

impl Deref for Pooled {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("a connection until the drop")
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        self.pool.0.idle.lock().expect("the pool").extend(self.connection.take());
        self.pool.0.returned.notify_one();
    }
}
