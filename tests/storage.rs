//! What killed processes leave is removed by the next one, and no live one loses a file.

#![cfg(unix)]

use common::package::{Run, planted};
use std::{
    collections::BTreeSet,
    fs, hint,
    io::{BufRead, BufReader, Lines, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// A planted process, with a folder of its own for temporary files.
fn planted_in(folder: &Path, test: &str) -> Command {
    planted().command("storage", &["--exact", "--nocapture", test], &[("TMPDIR", folder.to_str().unwrap())])
}

struct Talking {
    child: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
}

impl Talking {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, to, from: BufReader::new(from).lines() }
    }

    /// Waits for a line that begins like this; libtest prints others.
    fn hear(&mut self, beginning: &str) -> String {
        let found = self.from.by_ref().map(Result::unwrap).find(|line| line.contains(beginning));
        found.unwrap_or_else(|| panic!("the process ended before it said `{beginning}`"))
    }
}

/// Pseudo-random numbers, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[test]
fn killed_processes_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut live = Talking::start(&mut planted_in(folder.path(), "database_that_lives"));
    assert!(live.hear("lives ").contains(folder.path().to_str().unwrap()));
    let its_own = names(folder.path());
    assert_eq!(its_own.len(), 2, "its lock and its folder: {its_own:?}");
    let (mut random, mut with_remains) = (Random(2026), 0);
    for _ in 0..300 {
        let mut victim = Talking::start(&mut planted_in(folder.path(), "databases_until_the_end"));
        for _ in 0..random.below(6) {
            victim.hear("");
        }
        for _ in 0..random.below(200_000) {
            hint::spin_loop();
        }
        victim.child.kill().unwrap();
        victim.child.wait().unwrap();
        with_remains += usize::from(names(folder.path()) != its_own);
        live.to.write_all(b"write\n").unwrap();
        live.hear("wrote");
    }
    assert!(with_remains > 100, "hardly a kill left anything: {with_remains}");
    // The next run.
    let run = Run::of(&mut planted_in(folder.path(), "database_that_goes"));
    assert_eq!(run.code, Some(0), "{}", run.text);
    assert_eq!(names(folder.path()), its_own);
    live.to.write_all(b"write\n").unwrap();
    live.hear("wrote");
    drop(live.to);
    assert!(live.child.wait().unwrap().success());
    assert_eq!(names(folder.path()).len(), 0);
}
