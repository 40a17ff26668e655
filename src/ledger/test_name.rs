//! Which test is running, and whether it is ending.

use super::stack;
use std::{
    backtrace::Backtrace,
    collections::BTreeMap,
    env,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
};

/// The tests that run on threads which the ledger has seen, and on how many: a test with a time-out has two.
static RUNNING: Mutex<BTreeMap<Arc<str>, usize>> = Mutex::new(BTreeMap::new());

thread_local! {
    static OF_THREAD: OfThread = OfThread::new();
}

/// A thread's name, and the test that it runs for as long as it lives.
struct OfThread {
    name: Option<Arc<str>>,
    test: Option<Arc<str>>,
}

impl OfThread {
    fn new() -> Self {
        let name: Option<Arc<str>> = thread::current().name().map(Into::into);
        // Under nextest there is one test in the process, and no other name is one.
        let is_test = |name: &Arc<str>| match nextest() {
            Some(test) => *name == test,
            None => **name != *"main" && is_path(name),
        };
        let test = name.clone().filter(is_test);
        if let Some(test) = &test {
            *running_on().entry(Arc::clone(test)).or_default() += 1;
        }
        Self { name, test }
    }
}

impl Drop for OfThread {
    fn drop(&mut self) {
        let Some(test) = &self.test else { return };
        let mut running = running_on();
        if let Some(threads) = running.get_mut(test) {
            *threads -= 1;
            if *threads == 0 {
                running.remove(test);
            }
        }
    }
}

fn running_on() -> MutexGuard<'static, BTreeMap<Arc<str>, usize>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The tests that are running. Of those that the ledger has not seen, the system knows the beginning of the name, and so does
/// a thread without a name, which has that of the thread that started it.
pub(super) fn running() -> Vec<Arc<str>> {
    let mut running: Vec<Arc<str>> = running_on().keys().cloned().collect();
    // No test has started the first thread. With `--test-threads=1` it runs the tests itself, and there are no others.
    let others = if thread().as_deref() == Some("main") { Vec::new() } else { threads() };
    for beginning in others {
        let is_known = |test: &Arc<str>| test.starts_with(beginning.trim_end_matches('…'));
        if is_path(beginning.trim_end_matches(['…', ':'])) && !running.iter().any(is_known) {
            running.push(beginning.into());
        }
    }
    running
}

/// The names of the threads of this process, but for the first: where they may be longer, with a sign.
#[cfg(target_os = "linux")]
fn threads() -> Vec<String> {
    use std::fs;
    /// The longest name that the system keeps, in bytes.
    const LONGEST: usize = 15;
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let others = tasks.filter(|task| task.file_name() != *std::process::id().to_string());
    let names = others.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.map(|name| name.trim_end().to_owned() + if name.trim_end().len() == LONGEST { "…" } else { "" }).collect()
}

#[cfg(not(target_os = "linux"))]
fn threads() -> Vec<String> {
    Vec::new()
}

/// The one test of the process, if nextest runs it.
fn nextest() -> Option<Arc<str>> {
    static NEXTEST: OnceLock<Option<Arc<str>>> = OnceLock::new();
    NEXTEST.get_or_init(|| env::var("NEXTEST_TEST_NAME").ok().map(Into::into)).clone()
}

/// The test that this very thread runs: libtest names the thread after it.
pub(super) fn of_thread() -> Option<Arc<str>> {
    OF_THREAD.try_with(|own| own.test.clone()).ok().flatten()
}

/// The name of this thread.
pub(super) fn thread() -> Option<Arc<str>> {
    OF_THREAD.try_with(|own| own.name.clone()).ok().flatten()
}

/// The test that this thread works for, as the runner names it.
///
/// A thread that the test started is told by `owner`, the test that made the database; nextest names the one test of the
/// process.
pub(crate) fn current(owner: Option<&Arc<str>>) -> Option<Arc<str>> {
    of_thread().or_else(|| owner.cloned()).or_else(nextest)
}

/// Whether `name` can be a test's: identifiers joined by `::`. Names of worker threads have dashes or spaces.
fn is_path(name: &str) -> bool {
    name.split("::").all(|part| {
        !part.is_empty()
            && !part.starts_with(|first: char| first.is_ascii_digit())
            && part.chars().all(|letter| letter == '_' || letter.is_alphanumeric())
    })
}

/// Whether the body of the running test is dropping a value that was handed to it, as its last act.
///
/// A fixture's value may be dropped early for good reasons: by another fixture that took it as an argument, as part of a
/// larger value, by `drop`. Only the call stack tells those from the end of the test. rstest puts the body of the test
/// `m::name` into `m::name::name`, and those of its cases, such as `m::name::case_1`, into `m::name`; the body drops its arguments
/// itself, and it did not make them (`made` is the stack at their making). Where the stack has no names, the answer is
/// no, and the check at exit decides.
pub(crate) fn is_ending(made: &Backtrace) -> bool {
    let Some(test) = current(None) else { return false };
    let frames = functions(&Backtrace::force_capture());
    let glue = |name: &String| drops_ours(name);
    let Some(first) = frames.iter().position(glue) else { return false };
    let Some(dropping) = frames[first..].iter().position(|name| !glue(name)) else { return false };
    let [dropping, callers @ ..] = &frames[first + dropping..] else { return false };
    let body = plain(dropping);
    is_body_of(&body, &test)
        && !is_closure_of_a_caller(dropping, callers)
        && !functions(made).iter().any(|name| plain(name) == body)
}

/// Whether a function is a closure that its own function has called: that one goes on afterwards. The body of an
/// asynchronous test looks like a closure too, but its function has long returned.
fn is_closure_of_a_caller(function: &str, callers: &[String]) -> bool {
    function
        .rsplit_once("::")
        .is_some_and(|(parent, last)| last.starts_with('{') && callers.iter().any(|caller| caller == parent))
}

/// Whether a function is the compiler's drop of one of our own types, not of a larger value that holds one.
fn drops_ours(function: &str) -> bool {
    function.strip_prefix("core::ptr::drop_in_place").is_some_and(|dropped| {
        let dropped = dropped.trim_start_matches("::").trim_start_matches('<');
        let dropped = dropped.strip_prefix("core::option::Option").map_or(dropped, |option| {
            let inner = option.trim_start_matches("::").trim_start_matches('<');
            // The only optional value on the way from a session down to its check is the check itself.
            if inner.contains("LeakAssertion") { inner } else { dropped }
        });
        dropped.starts_with("sqlite_fixtures::")
    })
}

/// The names of the functions in a stack, innermost first.
fn functions(stack: &Backtrace) -> Vec<String> {
    stack::frames(stack).into_iter().map(|frame| frame.function).collect()
}

/// A function's name without the marks of closures and async bodies.
fn plain(name: &str) -> String {
    name.split("::").filter(|part| !part.starts_with('{')).collect::<Vec<_>>().join("::")
}

/// Whether `function`, a path with its crate, is the body that rstest made for `test`, a path without.
fn is_body_of(function: &str, test: &str) -> bool {
    let Some((_, path)) = function.split_once("::") else { return false };
    let name = test.rsplit_once("::").map_or(test, |(_, name)| name);
    let inside = |outer: &str, inner: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with("::"));
    // Cases and values are modules inside the body's name, as many as there are.
    inside(path, test) || path.strip_prefix(test).is_some_and(|rest| rest.strip_prefix("::") == Some(name))
}

#[cfg(test)]
mod tests {
    use super::{drops_ours, is_body_of, is_closure_of_a_caller, is_path, plain};

    #[test]
    fn a_test_is_named_by_a_path_and_a_worker_thread_is_not() {
        assert!(is_path("store::tests::case_1_empty"));
        for worker in ["tokio-runtime-worker", "r2d2-worker-0", "sqlx sqlite", "", "m::", "1"] {
            assert!(!is_path(worker), "{worker}");
        }
    }

    #[test]
    fn a_drop_of_ours_is_told_from_that_of_a_larger_value() {
        assert!(drops_ours("core::ptr::drop_in_place<sqlite_fixtures::engine::Engine>"));
        assert!(drops_ours("core::ptr::drop_in_place::<sqlite_fixtures::engine::Engine>"));
        assert!(drops_ours(
            "core::ptr::drop_in_place<core::option::Option<sqlite_fixtures::engine::database::LeakAssertion>>"
        ));
        assert!(!drops_ours("core::ptr::drop_in_place<alloc::vec::Vec<sqlite_fixtures::session::Session>>"));
        assert!(!drops_ours("core::ptr::drop_in_place<core::option::Option<sqlite_fixtures::session::Session>>"));
        assert!(!drops_ours("core::ptr::drop_in_place<app::App>"));
    }

    #[test]
    fn a_closure_in_a_body_is_told_from_an_asynchronous_body() {
        let callers = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let sync = callers(&["core::ops::function::FnOnce::call_once", "suite::top::top", "suite::top"]);
        assert!(is_closure_of_a_caller("suite::top::top::{{closure}}", &sync));
        assert!(!is_closure_of_a_caller("suite::top::top", &sync));
        let asynchronous = callers(&["suite::top::{{closure}}", "tokio::block_on", "suite::top"]);
        assert!(!is_closure_of_a_caller("suite::top::{{closure}}::top::{{closure}}", &asynchronous));
    }

    #[test]
    fn the_body_of_a_test_is_known_by_its_name() {
        assert!(is_body_of("suite::m::single::single", "m::single"));
        assert!(is_body_of("suite::m::cases", "m::cases::case_1"));
        assert!(is_body_of("suite::m::matrix", "m::matrix::a_1_x::b_1_y"));
        assert!(is_body_of("suite::top::top", "top"));
        assert!(is_body_of(&plain("suite::top::{{closure}}::top::{{closure}}"), "top"));
        assert!(!is_body_of("suite::top", "top"), "the outer function makes the arguments");
        assert!(!is_body_of("suite::repo", "consumer"), "a fixture");
        assert!(!is_body_of("main", "top"));
    }
}
