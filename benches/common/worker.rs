//! Rivals that cannot be in one process, because a setting of the process is what makes the difference: each is a process of
//! its own, which times its work when it is asked to.

use std::{
    env,
    io::{BufRead, BufReader, Lines, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

const WORK: &str = "BENCH_WORK";

/// How often a rival does its work each time that it is asked, so that asking costs nothing.
const TIMES: u32 = 20;

pub struct Worker {
    child: Child,
    to: Option<ChildStdin>,
    from: Lines<BufReader<ChildStdout>>,
}

impl Worker {
    /// Starts this very program for some work, with settings.
    pub fn start(work: &str, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env::current_exe().expect("an executable"));
        command.env(WORK, work).envs(settings.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a process");
        let from = BufReader::new(child.stdout.take().expect("its output")).lines();
        Self { to: child.stdin.take(), child, from }
    }

    /// Has the work done, and gives the time for all of it.
    pub fn time(&mut self) -> Duration {
        let to = self.to.as_mut().expect("its input");
        to.write_all(b"go\n").expect("a worker that listens");
        let line = self.from.next().expect("a worker that answers").expect("a line");
        Duration::from_nanos(line.parse().expect("a number"))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.to.take());
        let status = self.child.wait().expect("a worker that ends");
        assert!(status.success(), "a worker ended with {status}");
    }
}

/// In a worker, which work is asked of it.
pub fn asked() -> Option<String> {
    env::var(WORK).ok()
}

/// Does the work whenever the parent asks.
pub fn work(mut act: impl FnMut()) {
    for _ in std::io::stdin().lock().lines() {
        let start = Instant::now();
        for _ in 0..TIMES {
            act();
        }
        println!("{}", start.elapsed().as_nanos());
    }
}
