//! The ledger: it knows every session, blames the right test, and never counts itself.

use sqlite_fixtures::{Engine, Ledger, SessionFactory, ledger::State, session::SessionError, settings::Leaks};
use std::{
    fs, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

fn factory(name: &str) -> SessionFactory {
    SessionFactory::new(Engine::builder().name(name).memory().unwrap()).unwrap()
}

#[test]
fn counts_open_and_closed_sessions() {
    let sessions = factory("counted");
    let (first, second) = (sessions.open().unwrap(), sessions.open().unwrap());
    drop(first);
    let third = sessions.open().unwrap();
    let counts = sessions.ledger().counts();
    assert_eq!((counts.opened, counts.closed, counts.live, counts.peak), (3, 1, 2, 2));
    drop((second, third));
    let counts = sessions.ledger().counts();
    assert_eq!((counts.opened, counts.closed, counts.live, counts.peak), (3, 3, 0, 2));
}

#[test]
fn entry_records_engine_test_and_place() {
    let sessions = factory("shop");
    let line = line!() + 1;
    let session = sessions.open().unwrap();
    let entry = session.entry();
    assert_eq!(entry.engine(), Some("shop"));
    assert_eq!(entry.test(), Some("entry_records_engine_test_and_place"));
    let location = entry.location().unwrap();
    assert_eq!((location.file(), location.line()), (file!(), line));
    assert_eq!(entry.position().unwrap().to_string(), format!("{}:{line}:28", file!()));
    assert_eq!(*entry.state(), State::Open);
    assert!(session.factory().open().unwrap().entry().number() > entry.number());
}

#[test]
fn entry_names_the_caller() {
    let sessions = factory("callers");
    let line = line!() + 1;
    let inside = sessions.with_session(|session| Ok::<_, SessionError>(session.entry())).unwrap();
    let location = inside.location().unwrap();
    assert_eq!((location.file(), location.line()), (file!(), line));
}

#[test]
fn bare_thread_inherits_the_test_of_its_engine() {
    let sessions = factory("threads");
    let test = thread::spawn(move || sessions.open().unwrap().entry().test().map(str::to_owned)).join().unwrap();
    assert_eq!(test.as_deref(), Some("bare_thread_inherits_the_test_of_its_engine"));
}

#[test]
fn find_returns_and_verify_panics() {
    let sessions = factory("asked");
    assert!(sessions.ledger().find().is_ok());
    let session = sessions.open().unwrap();
    let report = sessions.ledger().find().unwrap_err();
    assert_eq!(report.engine(), Some("asked"));
    assert_eq!(report.leaks().len(), 1);
    let panic = catch_unwind(AssertUnwindSafe(|| sessions.ledger().verify())).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().starts_with("1 session is still open on `asked`"));
    drop(session);
    sessions.ledger().verify();
}

#[test]
fn report_names_test_place_age_and_remedy() {
    let sessions = factory("aged");
    let session = sessions.open().unwrap();
    let report = sessions.ledger().find().unwrap_err();
    let young = report.age(&report.leaks()[0]);
    for _ in 0..5 {
        sessions.open().unwrap().close().unwrap();
    }
    let report = sessions.ledger().find().unwrap_err();
    assert!(report.age(&report.leaks()[0]) >= young + 10, "five openings and five ends");
    let text = report.to_string();
    let place = session.entry().position().unwrap();
    for part in [
        "1 session is still open on `aged`:",
        &format!("opened at {place} by test `report_names_test_place_age_and_remedy`, "),
        " events ago",
        "drop or close each session before the test ends",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("seconds"));
}

#[test]
fn verify_does_not_panic_twice() {
    struct Verify(SessionFactory);
    impl Drop for Verify {
        fn drop(&mut self) {
            self.0.ledger().verify();
        }
    }
    let sessions = factory("unwinding");
    let session = sessions.open().unwrap();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let _verify = Verify(sessions.clone());
        panic!("the first panic");
    }));
    assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"the first panic"));
    drop(session);
}

#[test]
fn verify_obeys_its_policy() {
    for leaks in [Leaks::Warn, Leaks::Off] {
        let sessions = SessionFactory::new(Engine::builder().leaks(leaks).memory().unwrap()).unwrap();
        let _session = sessions.open().unwrap();
        sessions.ledger().verify();
    }
}

#[test]
fn baseline_ignores_only_earlier_sessions() {
    let sessions = factory("adopted");
    mem::forget(sessions.open().unwrap());
    sessions.ledger().ignore_current();
    sessions.ledger().verify();
    assert_eq!(sessions.ledger().counts().live, 1, "the figures stay true");
    let _new = sessions.open().unwrap();
    let report = sessions.ledger().find().unwrap_err();
    assert_eq!(report.leaks().len(), 1);
}

#[test]
fn ledger_of_an_engine_is_a_part_of_the_process() {
    let (one, two) = (factory("one"), factory("two"));
    let (a, b) = (one.open().unwrap(), two.open().unwrap());
    let numbers =
        |ledger: &Ledger| ledger.entries().iter().map(sqlite_fixtures::ledger::Entry::number).collect::<Vec<_>>();
    let all = numbers(&Ledger::process());
    assert!(all.contains(&a.entry().number()) && all.contains(&b.entry().number()));
    assert_eq!(numbers(&one.ledger()), [a.entry().number()]);
    assert!(Ledger::process().counts().opened >= 2);
}

#[test]
fn ended_entries_are_bounded() {
    let sessions = factory("bounded");
    for _ in 0..300 {
        drop(sessions.open().unwrap());
    }
    assert_eq!(sessions.ledger().entries().len(), 256);
    assert_eq!(sessions.ledger().counts().opened, 300);
}

/// A thousand sessions on each of several threads: all are counted and nobody is blamed for another's.
#[test]
fn counts_are_exact_across_threads() {
    thread::scope(|scope| {
        for number in 0..8 {
            scope.spawn(move || {
                let sessions = factory(&format!("thread {number}"));
                for _ in 0..200 {
                    let session = sessions.open().unwrap();
                    assert_eq!(sessions.ledger().find().unwrap_err().leaks().len(), 1);
                    drop(session);
                }
                let counts = sessions.ledger().counts();
                assert_eq!((counts.opened, counts.closed, counts.peak), (200, 200, 1));
            });
        }
    });
}

#[test]
fn a_failed_opening_leaves_no_entry() {
    let missing = Engine::temp_file().unwrap();
    fs::remove_file(missing.path().unwrap()).unwrap();
    let missing = SessionFactory::new(missing).unwrap();
    missing.open().unwrap_err();
    let panics = Engine::builder().on_open(|_| panic!("in the hook")).memory().unwrap();
    let panics = SessionFactory::new(panics).unwrap();
    catch_unwind(AssertUnwindSafe(|| panics.open())).unwrap_err();
    for sessions in [missing, panics] {
        sessions.ledger().verify();
        assert_eq!(sessions.ledger().counts().live, 0);
    }
}
