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

/// How often a process is asked before another takes its place. Where its memory happens to lie makes a process some percent slower or
/// faster for all its life; the median is over many processes.
const TURNS: u32 = 3;

/// glibc gives the end of its heap back to the system when more than 128 KiB there are free, and SQLite's connections need about that
/// much: without this setting, where the heap of a process happens to end decides whether each connection costs three system calls more.
const HEAP: (&str, &str) = ("MALLOC_TRIM_THRESHOLD_", "67108864");

/// A rival: this very program, started for some work, with settings.
pub struct Worker {
    command: Command,
    process: Option<Process>,
    turns: u32,
}

struct Process {
    child: Child,
    to: Option<ChildStdin>,
    from: Lines<BufReader<ChildStdout>>,
}

impl Worker {
    pub fn new(work: &str, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env::current_exe().expect("an executable"));
        command.env(WORK, work).env(HEAP.0, HEAP.1).envs(settings.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Self { command, process: None, turns: 0 }
    }

    /// Has the work done, and gives the time for all of it.
    pub fn time(&mut self) -> Duration {
        if self.turns.is_multiple_of(TURNS) {
            // End the previous process first.
            self.process = None;
            self.process = Some(Process::start(&mut self.command));
        }
        self.turns += 1;
        self.process.as_mut().expect("a process").time()
    }
}

impl Process {
    fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("a process");
        let from = BufReader::new(child.stdout.take().expect("its output")).lines();
        Self { to: child.stdin.take(), child, from }
    }

    fn time(&mut self) -> Duration {
        let to = self.to.as_mut().expect("its input");
        to.write_all(b"go\n").expect("a worker that listens");
        let line = self.from.next().expect("a worker that answers").expect("a line");
        Duration::from_nanos(line.parse().expect("a number"))
    }
}

impl Drop for Process {
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

/// Does the work whenever the parent asks, and if it is to be warm, before that.
pub fn work(is_warm: bool, mut act: impl FnMut()) {
    if is_warm {
        (0..TIMES).for_each(|_| act());
    }
    for _ in std::io::stdin().lock().lines() {
        let start = Instant::now();
        for _ in 0..TIMES {
            act();
        }
        println!("{}", start.elapsed().as_nanos());
    }
}
