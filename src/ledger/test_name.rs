//! Which test is running, and whether its body is ending.

#[cfg(unix)]
use super::abort;
use super::stack::addresses::{NEAR, addresses};
use super::stack::{self, symbols};
use std::backtrace::Backtrace;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::{env, thread};

/// The tests whose threads the ledger knows, with the number of these: a test with a time-out has two.
static RUNNING: Mutex<Vec<(Arc<str>, usize)>> = Mutex::new(Vec::new());

thread_local! {
    static THIS_THREAD: ThreadNames = ThreadNames::new();
}

/// The name of a thread, and that of a test if it can be one.
struct ThreadNames {
    name: Option<Arc<str>>,
    test: Option<Arc<Candidate>>,
}

/// The name of a thread that may be that of the test which it runs.
#[derive(Debug)]
struct Candidate {
    name: Arc<str>,
    /// The return addresses on its stack.
    addresses: Vec<usize>,
    is_test: OnceLock<bool>,
}

impl Candidate {
    /// Whether the test runner has given the thread its name. Looked up when it is asked for, since it takes milliseconds.
    fn is_test(&self) -> bool {
        *self.is_test.get_or_init(|| match symbols::is_test_on(&self.addresses) {
            Some(is_test) => is_test || symbols::is_test_function(&self.name),
            None => true,
        })
    }
}

/// The test that a connection or an engine belongs to, as far as it is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct TestName {
    thread: Option<Arc<Candidate>>,
    /// The thread that made the engine.
    owner: Option<Arc<Candidate>>,
}

impl TestName {
    /// The name of the test: the one that the thread runs, else the one that made the engine, else the one that nextest runs.
    pub(crate) fn get(&self) -> Option<&str> {
        let mut candidates = [&self.thread, &self.owner].into_iter().flatten();
        candidates.find(|candidate| candidate.is_test()).map(|test| &*test.name).or(nextest())
    }

    /// Likewise, but it may be the name of a thread that runs no test.
    pub(crate) fn guess(&self) -> Option<&str> {
        let mut candidates = [&self.thread, &self.owner].into_iter().flatten();
        candidates.next().map(|candidate| &*candidate.name).or(nextest())
    }
}

impl ThreadNames {
    fn new() -> Self {
        let name: Option<Arc<str>> = thread::current().name().map(Into::into);
        // Under nextest the process runs one test.
        let is_test = |name: &Arc<str>| match nextest() {
            Some(test) => **name == *test,
            None => **name != *"main" && is_path(name),
        };
        let test = name.clone().filter(is_test);
        if let Some(test) = &test {
            let mut running = running_threads();
            match running.iter_mut().find(|(name, _)| name == test) {
                Some((_, threads)) => *threads += 1,
                None => running.push((Arc::clone(test), 1)),
            }
        }
        let candidate = |name: Arc<str>| {
            let is_test = OnceLock::new();
            if nextest().is_some() {
                let _ = is_test.set(true);
            }
            /// The runner's own calls are the outermost.
            const ALL: usize = 1024;
            let addresses = if nextest().is_some() { Vec::new() } else { addresses(ALL) };
            #[cfg(unix)]
            if abort::is_watched() {
                abort::set_test(&name);
            }
            Arc::new(Candidate { name, addresses, is_test })
        };
        Self { name, test: test.map(candidate) }
    }
}

impl Drop for ThreadNames {
    fn drop(&mut self) {
        let Some(test) = &self.test else { return };
        let mut running = running_threads();
        if let Some(at) = running.iter().position(|(name, _)| *name == test.name) {
            running[at].1 -= 1;
            if running[at].1 == 0 {
                running.remove(at);
            }
        }
    }
}

fn running_threads() -> MutexGuard<'static, Vec<(Arc<str>, usize)>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The tests that are running. For threads that the ledger does not know, the system has the beginning of the name; a thread
/// without a name has that of the thread that started it.
pub(crate) fn running() -> Vec<Arc<str>> {
    let mut running: Vec<Arc<str>> = running_threads().iter().map(|(name, _)| Arc::clone(name)).collect();
    // With `--test-threads=1` the main thread runs the tests, and there are no other threads.
    let others = if thread().as_deref() == Some("main") { Vec::new() } else { threads() };
    for name in others {
        let is_known = |test: &Arc<str>| test.starts_with(name.trim_end_matches('…'));
        if is_path(name.trim_end_matches(['…', ':'])) && !running.iter().any(is_known) {
            running.push(name.into());
        }
    }
    running
}

/// The names of the threads of this process without the main one, with an ellipsis if they may be cut off.
#[cfg(target_os = "linux")]
fn threads() -> Vec<String> {
    use std::fs;
    /// In bytes.
    const MAX_NAME: usize = 15;
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let others = tasks.filter(|task| task.file_name() != *std::process::id().to_string());
    let names = others.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.map(|name| name.trim_end().to_owned() + if name.trim_end().len() == MAX_NAME { "…" } else { "" }).collect()
}

#[cfg(not(target_os = "linux"))]
fn threads() -> Vec<String> {
    Vec::new()
}

/// The test of the process, if nextest runs it.
fn nextest() -> Option<&'static str> {
    static NEXTEST: OnceLock<Option<String>> = OnceLock::new();
    NEXTEST.get_or_init(|| env::var("NEXTEST_TEST_NAME").ok()).as_deref()
}

/// The name of this thread.
pub(super) fn thread() -> Option<Arc<str>> {
    THIS_THREAD.try_with(|own| own.name.clone()).ok().flatten()
}

/// The test that this thread works for; `owner` is that of the database.
pub(crate) fn current(owner: Option<&TestName>) -> TestName {
    let thread = THIS_THREAD.try_with(|own| own.test.clone()).ok().flatten();
    TestName { thread, owner: owner.and_then(|owner| owner.thread.clone().or_else(|| owner.owner.clone())) }
}

/// Whether `name` can be a test's: identifiers joined by `::`. Names of worker threads have dashes or spaces.
fn is_path(name: &str) -> bool {
    name.split("::").all(|part| {
        !part.is_empty()
            && !part.starts_with(|first: char| first.is_ascii_digit())
            && part.chars().all(|letter| letter == '_' || letter.is_alphanumeric())
    })
}

/// Whether the body of the running test is dropping one of its arguments, as it ends.
///
/// A fixture's value may be dropped early for good reasons: by another fixture that took it as an argument, as part of a
/// larger value, by `drop`. Only the call stack distinguishes those from the end of the test. rstest puts the body of the test
/// `m::name` into `m::name::name`, and those of its cases, such as `m::name::case_1`, into `m::name`; the body itself drops its
/// arguments, but it did not make them (`made` is the stack at that time). The body of an asynchronous test is a closure: what its
/// tasks hold is dropped after it. If the stack has no names, this returns false, and the check at exit decides.
pub(crate) fn is_ending(made: &Backtrace) -> bool {
    /// What was found, by the return addresses: names take a tenth of a second, and a large part of the executable.
    static FOUND: Mutex<Vec<(Vec<usize>, bool)>> = Mutex::new(Vec::new());
    let addresses = addresses(NEAR);
    let known = || FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, found)) = known().iter().find(|(other, _)| !addresses.is_empty() && *other == addresses) {
        return *found;
    }
    let found = current(None).get().is_some_and(|test| is_dropped_by_body(test, made));
    known().push((addresses, found));
    found
}

fn is_dropped_by_body(test: &str, made: &Backtrace) -> bool {
    let frames = functions(&Backtrace::force_capture());
    // Our own destructors, innermost first, then the function that called them.
    let mut callers = frames.iter().skip_while(|name| !drops_ours(name)).skip_while(|name| drops_ours(name));
    let (dropping, caller) = (callers.next(), callers.next());
    dropping.is_some_and(|dropping| {
        let caller = caller.map_or("", String::as_str);
        is_body_of(dropping, caller, test) && !functions(made).iter().any(|name| plain(name) == *dropping)
    })
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

/// A function's name without `{{closure}}` parts.
fn plain(name: &str) -> String {
    name.split("::").filter(|part| !part.starts_with('{')).collect::<Vec<_>>().join("::")
}

/// Whether `function`, a path with its crate, is the body that rstest made for `test`, a path without.
///
/// Where it was inlined into its `caller`, and the debugging information is that of lines only, it has just its last name.
fn is_body_of(function: &str, caller: &str, test: &str) -> bool {
    let Some((_, path)) = function.split_once("::").filter(|_| !function.contains('{')) else {
        let is_test = caller.split_once("::").is_some_and(|(_, path)| path == test);
        return is_test && test.split("::").any(|part| part == function);
    };
    let name = test.rsplit_once("::").map_or(test, |(_, name)| name);
    let inside = |outer: &str, inner: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with("::"));
    // Cases and values are modules inside the body's name, as many as there are.
    inside(path, test) || path.strip_prefix(test).is_some_and(|rest| rest.strip_prefix("::") == Some(name))
}

#[cfg(test)]
#[path = "../../tests/unit/ledger_test_name.rs"]
mod tests;
