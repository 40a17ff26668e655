//! Sessions that are open when their test or process ends in other ways than well.

use rstest::{fixture, rstest};
use sqlite_fixtures::{Engine, settings::Leaks, Session, SessionFactory, fixtures::{session, sessions}};
use std::{
    cell::RefCell,
    hint::black_box,
    mem::{self, ManuallyDrop},
    process::{self, Command},
    sync::{Mutex, mpsc},
    thread,
    time::Duration,
};

fn kill(signal: &str) {
    Command::new("kill").args([signal, &process::id().to_string()]).status().unwrap();
    // Until the signal is there.
    loop {
        thread::park();
    }
}

#[rstest]
fn abort(sessions: SessionFactory) {
    let _session = sessions.open().unwrap(); // leak
    process::abort();
}

static BOTH: std::sync::Barrier = std::sync::Barrier::new(2);

#[rstest]
fn runs_while_another_aborts(sessions: SessionFactory) {
    let _session = sessions.open().unwrap();
    BOTH.wait();
    loop {
        thread::park();
    }
}

#[rstest]
fn abort_while_another_runs(sessions: SessionFactory) {
    let _session = sessions.open().unwrap();
    BOTH.wait();
    process::abort();
}

#[rstest]
fn sigkill(sessions: SessionFactory) {
    let _session = sessions.open().unwrap(); // leak
    kill("-KILL");
}

#[rstest]
fn sigabrt(sessions: SessionFactory) {
    let _session = sessions.open().unwrap(); // leak
    kill("-ABRT");
}

#[rstest]
fn sigterm(sessions: SessionFactory) {
    let _session = sessions.open().unwrap(); // leak
    kill("-TERM");
}

#[test]
fn sigkill_with_a_connection() {
    let _connection = rusqlite::Connection::open_in_memory().unwrap(); // leak
    kill("-KILL");
}

#[rstest]
fn double_panic(sessions: SessionFactory) {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("the second panic");
        }
    }
    let _session = sessions.open().unwrap(); // leak
    let _panics = Panics;
    panic!("the first panic");
}

#[rstest]
fn stack_overflow(sessions: SessionFactory) {
    fn deeper(depth: u64) -> u64 {
        let room = black_box([depth; 100]);
        room[99] + deeper(black_box(depth + 1)) + room[0]
    }
    let _session = sessions.open().unwrap(); // leak
    black_box(deeper(0));
}

#[rstest]
fn process_exit(sessions: SessionFactory) {
    let _session = sessions.open().unwrap(); // leak
    process::exit(0);
}

#[rstest]
fn process_exit_with_a_code(sessions: SessionFactory) {
    let _session = sessions.open().unwrap(); // leak
    process::exit(7);
}

#[rstest] // leak
#[timeout(Duration::from_millis(1))]
fn time_out(session: Session) {
    loop {
        black_box(&session);
        thread::park();
    }
}

#[rstest]
fn detached_thread(sessions: SessionFactory) {
    let (opened, wait) = mpsc::channel();
    let other = sessions.clone();
    thread::spawn(move || {
        let session = other.open().unwrap(); // leak
        opened.send(()).unwrap();
        loop {
            black_box(&session);
            thread::park();
        }
    });
    wait.recv().unwrap();
}

/// A thread that never comes to rest is not waited for without end.
#[test]
fn spinning_thread() {
    let (opened, wait) = mpsc::channel();
    thread::spawn(move || {
        let connection = spinning_connection();
        opened.send(()).unwrap();
        loop {
            black_box(&connection);
        }
    });
    wait.recv().unwrap();
}

fn spinning_connection() -> rusqlite::Connection {
    rusqlite::Connection::open_in_memory().unwrap() // leak of spinning_thread
}

#[rstest]
fn thread_local_and_forgotten(sessions: SessionFactory) {
    thread_local! {
        static KEPT: RefCell<Option<ManuallyDrop<Session>>> = const { RefCell::new(None) };
    }
    KEPT.set(Some(ManuallyDrop::new(sessions.open().unwrap()))); // leak
}

#[fixture]
#[once]
fn shared(sessions: SessionFactory) -> Mutex<Session> {
    Mutex::new(sessions.open().unwrap()) // leak of once
}

#[rstest]
fn once(shared: &Mutex<Session>) {
    assert!(shared.lock().unwrap().is_autocommit());
}

#[test]
fn aborted_where_the_engine_says_off() {
    let engine = Engine::builder().leaks(Leaks::Off).memory().unwrap();
    mem::forget(SessionFactory::new(&engine).unwrap().open().unwrap());
    process::abort();
}

/// What a forked child leaves open is no other's.
#[cfg(unix)]
#[test]
fn forked_child() {
    // SAFETY: the C library has these functions with these types.
    unsafe extern "C" {
        safe fn fork() -> i32;
        safe fn wait(status: Option<&mut i32>) -> i32;
        safe fn _exit(status: i32) -> !;
    }
    let own = rusqlite::Connection::open_in_memory().unwrap();
    if fork() == 0 {
        mem::forget(rusqlite::Connection::open_in_memory().unwrap()); // leak
        _exit(0);
    }
    wait(None);
    own.close().unwrap();
}

/// It prints when its connection is open, and ends on a line of input.
#[test]
fn process_that_lives() {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    println!("it is open");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    connection.close().unwrap();
}

/// A process may be killed when all is closed: nothing leaks then.
#[rstest]
fn clean_sigkill(session: Session) {
    session.close().unwrap();
    kill("-KILL");
}

#[rstest]
fn known(sessions: SessionFactory) {
    mem::forget(sessions.open().unwrap()); // leak
}
