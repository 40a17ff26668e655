//! Whether the other threads of the process have come to rest.
//!
//! A pool closes its connections on threads of its own, some time after it was dropped, and the process may end before. What
//! such a thread has open is a leak once it has nothing more to do, and no earlier. The system is asked which threads run, and
//! no clock is: those that run are let run on, as far as a bound on how often is looked.

/// How many looks at a thread are enough: with those that run for ever, or that wake up all the time, it ends here.
#[cfg(target_os = "linux")]
const MOST: usize = 20_000;

/// In so many looks, one after the other, no thread may run. One is not enough: while it is taken, a thread that was seen
/// asleep may be woken by one that then sleeps.
#[cfg(target_os = "linux")]
const IN_A_ROW: usize = 3;

/// Lets the other threads run until `is_wanted` is false, or until they are at rest.
#[cfg(target_os = "linux")]
pub(super) fn wait_while(is_wanted: impl Fn() -> bool) {
    let (mut looks, mut quiet) = (0, 0);
    while quiet < IN_A_ROW && looks < MOST && is_wanted() {
        std::thread::yield_now();
        let (threads, running) = linux::threads();
        looks += threads.max(1);
        quiet = if running == 0 { quiet + 1 } else { 0 };
    }
}

/// The system does not tell.
#[cfg(not(target_os = "linux"))]
pub(super) fn wait_while(_: impl Fn() -> bool) {}

#[cfg(target_os = "linux")]
mod linux {
    use std::{fs, path::Path};

    /// How many threads this process has but for the one that asks, and how many of them run, or are busy with a disk.
    ///
    /// By [`/proc/PID/task/TID/stat`](https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html).
    pub(super) fn threads() -> (usize, usize) {
        let own = fs::read_link("/proc/thread-self").ok();
        let own = own.as_deref().and_then(Path::file_name);
        let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let others = tasks.filter(|task| Some(task.file_name().as_os_str()) != own);
        // A thread that has gone meanwhile counts as none.
        let states: Vec<bool> = others.filter_map(|task| is_running(&task.path())).collect();
        (states.len(), states.iter().filter(|is_running| **is_running).count())
    }

    fn is_running(task: &Path) -> Option<bool> {
        let stat = fs::read_to_string(task.join("stat")).ok()?;
        // The name in the second field may have anything in it.
        Some(stat.rsplit_once(')')?.1.trim_start().starts_with(['R', 'D']))
    }

    #[cfg(test)]
    mod tests {
        use super::is_running;
        use std::{
            fs,
            path::PathBuf,
            sync::{
                atomic::{AtomicBool, Ordering},
                mpsc,
            },
            thread,
        };

        fn task() -> PathBuf {
            PathBuf::from("/proc").join(fs::read_link("/proc/thread-self").unwrap())
        }

        #[test]
        fn a_thread_that_runs_is_told_from_one_that_waits() {
            let (tell, listen) = mpsc::channel();
            let stop = AtomicBool::new(false);
            thread::scope(|scope| {
                let (waits, wait) = mpsc::channel::<()>();
                let sleeper = tell.clone();
                scope.spawn(move || {
                    sleeper.send(task()).unwrap();
                    let _ = wait.recv();
                });
                let asleep = listen.recv().unwrap();
                while is_running(&asleep) != Some(false) {
                    thread::yield_now();
                }
                scope.spawn(|| {
                    tell.send(task()).unwrap();
                    while !stop.load(Ordering::Relaxed) {
                        std::hint::spin_loop();
                    }
                });
                let spinning = listen.recv().unwrap();
                while is_running(&spinning) != Some(true) {
                    thread::yield_now();
                }
                assert_eq!(is_running(&asleep), Some(false));
                stop.store(true, Ordering::Relaxed);
                drop(waits);
            });
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{MOST, wait_while};
    use std::{
        cell::Cell,
        sync::atomic::{AtomicBool, Ordering},
        thread,
    };

    #[test]
    fn what_is_no_longer_wanted_is_not_waited_for_and_a_thread_that_only_runs_not_without_end() {
        let looks = Cell::new(0);
        wait_while(|| {
            looks.set(looks.get() + 1);
            looks.get() < 2
        });
        assert!(looks.get() <= 2);
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
            looks.set(0);
            wait_while(|| {
                looks.set(looks.get() + 1);
                true
            });
            assert!(looks.get() <= MOST);
            stop.store(true, Ordering::Relaxed);
        });
    }
}
