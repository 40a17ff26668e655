//! Python's standard library, in a process of its own that times itself.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

/// Loads a file whenever a line comes in, and says how many nanoseconds that has taken.
const LOAD: &str = "
import json, sqlite3, sys, time
schema, path = sys.argv[1:]
for _ in sys.stdin:
    connection = sqlite3.connect(':memory:')
    connection.executescript(schema)
    start = time.perf_counter_ns()
    with open(path, encoding='utf-8') as file:
        rows = json.load(file)
    with connection:
        connection.executemany(
            'INSERT INTO people (id, name, email, city, age, score, created_at) '
            'VALUES (:id, :name, :email, :city, :age, :score, :created_at)', rows)
    taken = time.perf_counter_ns() - start
    assert connection.execute('SELECT count(*) FROM people').fetchone() == (len(rows),)
    print(taken, flush=True)
    connection.close()
    rows = None
";

pub struct Python {
    child: Child,
    to: Option<ChildStdin>,
    from: Lines<BufReader<ChildStdout>>,
}

impl Python {
    /// Starts it for a JSON file.
    pub fn start(schema: &str, json: &Path) -> Self {
        let mut command = Command::new("python3");
        command.args(["-c", LOAD, schema]).arg(json).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("python3, which this bench compares with");
        let from = BufReader::new(child.stdout.take().expect("its output")).lines();
        Self { to: child.stdin.take(), child, from }
    }

    /// Has the file loaded into a new database in memory, and gives the time that it has taken.
    pub fn load(&mut self) -> Duration {
        self.to.as_mut().expect("its input").write_all(b"\n").expect("a process that listens");
        let line = self.from.next().expect("a process that answers").expect("a line");
        Duration::from_nanos(line.parse().expect("a number"))
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        drop(self.to.take());
        let status = self.child.wait().expect("a process that ends");
        assert!(status.success(), "python3 ended with {status}");
    }
}
