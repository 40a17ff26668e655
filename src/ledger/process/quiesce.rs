//! Waits until the other threads of the process are idle.
//!
//! A pool closes its connections on threads of its own, some time after it was dropped, and the process may end before that. What
//! such a thread has open is a leak only once the thread is idle. Whether it is, the system says, not a clock.

/// At most so many looks at a thread, in case one never becomes idle.
#[cfg(target_os = "linux")]
const MAX_LOOKS: usize = 20_000;

/// In so many successive looks all threads must be idle. One is not enough: during it, a thread that was seen idle may be woken
/// by one that then sleeps.
#[cfg(target_os = "linux")]
const IDLE_LOOKS: usize = 3;

/// Lets the other threads run until `condition` is false or they are idle.
#[cfg(target_os = "linux")]
pub(in crate::ledger) fn wait_while(condition: impl Fn() -> bool) {
    let (mut looks, mut idle) = (0, 0);
    while idle < IDLE_LOOKS && looks < MAX_LOOKS && condition() {
        std::thread::yield_now();
        let (threads, busy) = linux::threads();
        looks += threads.max(1);
        idle = if busy == 0 { idle + 1 } else { 0 };
    }
}

/// Only Linux says which threads are idle.
#[cfg(not(target_os = "linux"))]
pub(in crate::ledger) fn wait_while(_: impl Fn() -> bool) {}

/// Whether this thread has started threads that live: until it gets a name, a thread has that of the one that started it. Only Linux
/// tells.
#[cfg(target_os = "linux")]
pub(in crate::ledger) fn has_children() -> bool {
    linux::has_namesake()
}

#[cfg(not(target_os = "linux"))]
pub(in crate::ledger) fn has_children() -> bool {
    false
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{fs, path::Path};

    pub(super) fn has_namesake() -> bool {
        let name = |task: &Path| fs::read(task.join("comm")).ok();
        let Ok(own) = fs::read_link("/proc/thread-self") else { return false };
        let Some(own_name) = name(&Path::new("/proc").join(&own)) else { return false };
        let others = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let mut others = others.filter(|task| Some(task.file_name().as_os_str()) != own.file_name());
        others.any(|task| name(&task.path()).is_some_and(|name| name == own_name))
    }

    /// How many other threads this process has, and how many of them run or wait for a disk, by
    /// [`/proc/PID/task/TID/stat`](https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html).
    pub(super) fn threads() -> (usize, usize) {
        let own = fs::read_link("/proc/thread-self").ok();
        let own = own.as_deref().and_then(Path::file_name);
        let (mut threads, mut busy) = (0, 0);
        for task in fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
            // A thread that has just ended has no state.
            if Some(task.file_name().as_os_str()) != own
                && let Some(is_busy) = is_busy(&task.path())
            {
                threads += 1;
                busy += usize::from(is_busy);
            }
        }
        (threads, busy)
    }

    pub(super) fn is_busy(task: &Path) -> Option<bool> {
        let stat = fs::read_to_string(task.join("stat")).ok()?;
        // The name in the second field may contain anything.
        Some(stat.rsplit_once(')')?.1.trim_start().starts_with(['R', 'D']))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{MAX_LOOKS, linux::is_busy, wait_while};
    use std::{
        cell::Cell,
        fs, hint,
        path::PathBuf,
        sync::{
            atomic::{AtomicBool, Ordering},
            mpsc,
        },
        thread,
    };

    fn own_task() -> PathBuf {
        PathBuf::from("/proc").join(fs::read_link("/proc/thread-self").unwrap())
    }

    #[test]
    fn only_a_running_thread_is_busy() {
        let (send, tasks) = mpsc::channel();
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            let (keep, wait) = mpsc::channel::<()>();
            let sender = send.clone();
            scope.spawn(move || {
                sender.send(own_task()).unwrap();
                let _ = wait.recv();
            });
            let waiting = tasks.recv().unwrap();
            while is_busy(&waiting) != Some(false) {
                thread::yield_now();
            }
            scope.spawn(|| {
                send.send(own_task()).unwrap();
                while !stop.load(Ordering::Relaxed) {
                    hint::spin_loop();
                }
            });
            let spinning = tasks.recv().unwrap();
            while is_busy(&spinning) != Some(true) {
                thread::yield_now();
            }
            assert_eq!(is_busy(&waiting), Some(false));

            let looks = Cell::new(0);
            let look = |most| {
                looks.set(looks.get() + 1);
                looks.get() < most
            };
            wait_while(|| look(2));
            assert!(looks.get() <= 2, "the condition is false");
            looks.set(0);
            wait_while(|| look(usize::MAX));
            assert!(looks.get() <= MAX_LOOKS, "a thread spins");
            stop.store(true, Ordering::Relaxed);
            drop(keep);
        });
    }
}
