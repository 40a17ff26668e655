//! Whether the other threads of the process have come to rest.
//!
//! A pool closes its connections on threads of its own, some time after it was dropped, and the process may end before. What
//! such a thread has open is a leak once it has nothing more to do, and no earlier. That is asked of the system, which knows
//! which threads run, and no clock is: a thread that runs is let run on, as far as a bound on its own processor time.

use std::collections::BTreeMap;

/// A thread that has used this much processor time since the first look will not end by itself: half a second, in the unit of
/// [`/proc/PID/stat`](https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html), which is a hundredth.
#[cfg(target_os = "linux")]
const MOST: u64 = 50;

/// What a thread has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Done {
    is_running: bool,
    /// How often it was put aside.
    switches: u64,
    processor: u64,
}

type Threads = BTreeMap<u64, Done>;

/// Lets the other threads run until `is_wanted` is false, or until they are at rest.
#[cfg(target_os = "linux")]
pub(super) fn wait_while(is_wanted: impl Fn() -> bool) {
    let first = linux::threads();
    let mut before = first.clone();
    while is_wanted() {
        std::thread::yield_now();
        let now = linux::threads();
        if are_at_rest(&before, &now) || are_endless(&first, &now) {
            return;
        }
        before = now;
    }
}

/// The system does not tell.
#[cfg(not(target_os = "linux"))]
pub(super) fn wait_while(_: impl Fn() -> bool) {}

/// Whether none runs, and none has run between the two looks.
fn are_at_rest(before: &Threads, now: &Threads) -> bool {
    before == now && now.values().all(|thread| !thread.is_running)
}

/// Whether those that run have all used up what they are let.
#[cfg(target_os = "linux")]
fn are_endless(first: &Threads, now: &Threads) -> bool {
    now.iter().filter(|(_, done)| done.is_running).all(|(thread, done)| {
        let before = first.get(thread).map_or(0, |before| before.processor);
        done.processor.saturating_sub(before) > MOST
    }) && now.values().any(|done| done.is_running)
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{Done, Threads};
    use std::{fs, path::Path};

    /// The threads of this process, but for the one that asks.
    pub(super) fn threads() -> Threads {
        let own = fs::read_link("/proc/thread-self").ok();
        let own = own.as_deref().and_then(Path::file_name);
        let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let others = tasks.filter(|task| Some(task.file_name().as_os_str()) != own);
        others.filter_map(|task| Some((task.file_name().to_str()?.parse().ok()?, done(&task.path())?))).collect()
    }

    /// `None` for a thread that has gone meanwhile.
    fn done(task: &Path) -> Option<Done> {
        let stat = fs::read_to_string(task.join("stat")).ok()?;
        // The name in the second field may have anything in it.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |field: usize| fields.get(field)?.parse::<u64>().ok();
        let status = fs::read_to_string(task.join("status")).ok()?;
        let switches = status.lines().filter_map(|line| line.split_once("voluntary_ctxt_switches:"));
        Some(Done {
            is_running: matches!(*fields.first()?, "R" | "D"),
            switches: switches.filter_map(|(_, count)| count.trim().parse::<u64>().ok()).sum(),
            processor: number(11)? + number(12)?,
        })
    }

    #[cfg(test)]
    mod tests {
        use super::threads;
        use std::{sync::mpsc, thread};

        #[test]
        fn a_thread_is_seen_while_it_lives_and_the_own_one_is_not() {
            let (tell, listen) = mpsc::channel::<()>();
            let count = |name: &str| {
                let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
                let named = tasks.filter(|task| {
                    std::fs::read_to_string(task.path().join("comm")).is_ok_and(|found| found.trim() == name)
                });
                named
                    .filter(|task| threads().contains_key(&task.file_name().to_str().unwrap().parse().unwrap()))
                    .count()
            };
            let own = thread::Builder::new().name("asks".into());
            own.spawn(move || {
                let other = thread::Builder::new().name("is seen".into()).spawn(move || listen.recv()).unwrap();
                while count("is seen") == 0 {
                    thread::yield_now();
                }
                assert_eq!(count("asks"), 0);
                drop(tell);
                let _ = other.join().unwrap();
            })
            .unwrap()
            .join()
            .unwrap();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Done, Threads, are_at_rest};

    fn threads(done: &[(bool, u64, u64)]) -> Threads {
        let done = done.iter().map(|&(is_running, switches, processor)| Done { is_running, switches, processor });
        (1..).zip(done).collect()
    }

    #[test]
    fn threads_that_have_not_run_between_two_looks_are_at_rest() {
        let asleep = threads(&[(false, 7, 1), (false, 3, 0)]);
        assert!(are_at_rest(&asleep, &asleep));
        assert!(!are_at_rest(&asleep, &threads(&[(false, 7, 1), (true, 3, 0)])), "one runs");
        assert!(!are_at_rest(&asleep, &threads(&[(false, 8, 1), (false, 3, 0)])), "one has run");
        assert!(!are_at_rest(&asleep, &threads(&[(false, 7, 1)])), "one has ended");
        assert!(are_at_rest(&Threads::new(), &Threads::new()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_thread_that_only_runs_is_not_waited_for_without_end() {
        use super::{MOST, are_endless};
        let first = threads(&[(true, 0, 10), (false, 0, 0)]);
        assert!(!are_endless(&first, &threads(&[(true, 0, 10 + MOST), (false, 0, 0)])));
        assert!(are_endless(&first, &threads(&[(true, 0, 11 + MOST), (false, 0, 0)])));
        assert!(!are_endless(&first, &threads(&[(true, 0, 11 + MOST), (true, 1, 0)])), "another may still end");
        assert!(!are_endless(&first, &threads(&[(false, 0, 10)])));
    }
}
