//! One connection: a session's, or a client's.

use super::stack::{self, Stack};
use super::test_name::TestName;
use crate::position::Position;
use crate::settings::{Leaks, Settings};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::{backtrace::Backtrace, panic::Location, sync::Arc};

/// What is known of one session, or of one connection that a client opened without a session factory: any code that uses
/// the same SQLite library, such as the code under test.
#[derive(Debug, Clone)]
pub struct Entry {
    pub(super) number: u64,
    pub(super) opened_at: u64,
    pub(super) ignored: bool,
    /// Whether the close under way will roll a transaction back.
    pub(super) rolls_back: bool,
    pub(super) state: State,
    pub(super) engine: Option<Arc<EngineIdentity>>,
    pub(super) test: TestName,
    pub(super) opener: Opener,
    /// The calls that led to the opening. A client's are large, and dropped when its handle is freed.
    pub(super) stack: Option<Arc<Stack>>,
}

#[derive(Debug, Clone)]
pub(super) enum Opener {
    Factory(&'static Location<'static>, Arc<LastUse>),
    Client(Arc<Client>),
}

/// The thread that used a session last.
#[derive(Debug)]
pub(crate) struct LastUse(AtomicUsize);

thread_local! {
    static THIS_THREAD: Cell<usize> = const { Cell::new(0) };
    /// The session that this thread used last, and the call.
    static LAST_CALL: Cell<Option<(u64, &'static Location<'static>)>> = const { Cell::new(None) };
}

/// Records that this thread uses the session with this number, in this call.
pub(super) fn note_call(session: u64, place: &'static Location<'static>) {
    let _ = LAST_CALL.try_with(|last| last.set(Some((session, place))));
}

/// Takes the call that used this session last, if this thread has used no other since. It runs one statement: what follows, in a
/// transaction say, is that of another call.
pub(crate) fn take_call(session: u64) -> Option<&'static Location<'static>> {
    let (number, place) = LAST_CALL.try_with(Cell::take).ok().flatten()?;
    (number == session).then_some(place)
}

/// A number of this thread that no other has; 0 while it ends.
pub(crate) fn this_thread() -> usize {
    static LAST: AtomicUsize = AtomicUsize::new(0);
    let number = THIS_THREAD.try_with(Cell::get).unwrap_or_default();
    if number != 0 {
        return number;
    }
    let number = LAST.fetch_add(1, Ordering::Relaxed) + 1;
    THIS_THREAD.try_with(|this| this.set(number)).map_or(0, |()| number)
}

impl LastUse {
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(this_thread()))
    }

    pub(crate) fn note(&self) {
        self.0.store(this_thread(), Ordering::Relaxed);
    }

    fn is_here(&self) -> bool {
        self.0.load(Ordering::Relaxed) == this_thread()
    }
}

/// What only the hook knows of an opening.
#[derive(Debug)]
pub(super) struct Client {
    /// The return addresses on the stack, if a journal is kept.
    pub addresses: Vec<usize>,
    pub database: String,
    pub thread: Option<Arc<str>>,
    /// The tests that were running, if the test is not known.
    pub running: Vec<Arc<str>>,
}

/// What the entries of one engine share.
#[derive(Debug)]
pub(crate) struct EngineIdentity {
    pub name: Arc<str>,
    /// What SQLite calls the file of its database.
    pub file: String,
    /// The test that made the database.
    pub owner: TestName,
    /// What happens on a leak, if the engine sets it.
    pub leaks: Option<Leaks>,
    /// Whether the engine and its connections may stay until the process ends.
    pub is_kept: AtomicBool,
}

/// Whether a connection is open, and if not, how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It is open.
    Open,
    /// SQLite refused to close it because of the unfinalized statements with this SQL, or of a blob or backup if the list is
    /// empty. Its handle is not freed.
    CloseRefused(Vec<String>),
    /// Its guard was dropped with another connection inside, so its own handle is somewhere else.
    SwappedOut,
    /// Its handle was freed.
    Closed,
    /// Its handle was freed, and an open transaction was rolled back. Known for sessions only.
    RolledBack,
}

impl State {
    /// Whether SQLite has freed the handle.
    #[must_use]
    pub fn is_freed(&self) -> bool {
        matches!(self, Self::Closed | Self::RolledBack)
    }
}

/// Why SQLite refuses to close a handle, given the SQL of its unfinalized statements.
pub(crate) fn close_blockers(statements: &[String]) -> String {
    match statements {
        [] => "because of an unfinished blob or backup".to_owned(),
        [statement] => format!("because of the unfinalized statement `{statement}`"),
        statements => format!("because of the unfinalized statements `{}`", statements.join("`, `")),
    }
}

impl Entry {
    /// Its number in this process, from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether a session factory opened it; else a client did.
    #[must_use]
    pub fn is_session(&self) -> bool {
        self.client().is_none()
    }

    /// The name of its engine; `None` for a client's connection to a database that is no engine's.
    #[must_use]
    pub fn engine(&self) -> Option<&str> {
        self.engine.as_ref().map(|engine| &*engine.name)
    }

    /// The file of a client's database as SQLite names it, `:memory:` if it has none; `None` for a session.
    #[must_use]
    pub fn database(&self) -> Option<&str> {
        self.client().map(|client| client.database.as_str())
    }

    /// The test that opened it, as the test runner names it; `None` if it is not known.
    #[must_use]
    pub fn test(&self) -> Option<&str> {
        self.test.get()
    }

    /// The tests that were running when a client opened it, if its test is not known.
    pub fn running(&self) -> impl Iterator<Item = &str> {
        self.client().into_iter().flat_map(|client| client.running.iter().map(|test| &**test))
    }

    /// The name of the thread that a client opened it on; `None` for a session, and for a thread without a name.
    #[must_use]
    pub fn thread(&self) -> Option<&str> {
        self.client().and_then(|client| client.thread.as_deref())
    }

    /// Where a session was opened: the caller, through every `#[track_caller]`; `None` for a client's connection.
    #[must_use]
    pub fn location(&self) -> Option<&'static Location<'static>> {
        match &self.opener {
            Opener::Factory(location, _) => Some(location),
            Opener::Client(_) => None,
        }
    }

    /// Where it was opened: a session's [location](Self::location), for a client the innermost call outside libraries.
    ///
    /// The latter is resolved from the stack on request, which takes milliseconds. `None` if no code of the user's is on the
    /// stack, as on a library's own thread, if the build has no debug information, and once the handle is freed.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        match &self.opener {
            Opener::Factory(location, _) => {
                let place = Position::from(*location);
                // The stack is captured if the place may be that of a library.
                let own = self.stack.as_ref().filter(|_| !stack::is_own(&place)).and_then(|stack| stack.position());
                Some(own.map_or(place, |own| own.clone().relative_to(stack::start_folder())))
            }
            Opener::Client(_) => Some(self.client_position()?.clone().relative_to(stack::start_folder())),
        }
    }

    /// The calls that led to its opening, with `SQLITE_FIXTURES_BACKTRACE=1`.
    #[must_use]
    pub fn backtrace(&self) -> Option<&Backtrace> {
        // A client's stack is always captured, a session's also where a library opened it.
        let is_on = || Settings::get().is_ok_and(|settings| settings.backtrace == Some(true));
        let is_asked_for = |location| !stack::may_be_of_a_library(location);
        let is_shown = self.location().is_some_and(is_asked_for) || is_on();
        self.stack.as_deref().filter(|_| is_shown).map(Stack::backtrace)
    }

    /// The event that was its opening. Every opening and every close in the process is one event, numbered from 1.
    #[must_use]
    pub fn opened_at(&self) -> u64 {
        self.opened_at
    }

    /// Whether [`Ledger::ignore_current`](crate::ledger::Ledger::ignore_current) has marked it.
    #[must_use]
    pub fn is_ignored(&self) -> bool {
        self.ignored
    }

    /// Whether it is open, and if not, how it ended.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    fn client(&self) -> Option<&Client> {
        match &self.opener {
            Opener::Factory(..) => None,
            Opener::Client(client) => Some(client),
        }
    }

    /// The position of a client's opening, with its absolute path.
    pub(super) fn client_position(&self) -> Option<&Position> {
        self.client()?;
        self.stack.as_ref()?.position()
    }

    /// Likewise, if it is known without a look at the stack.
    pub(super) fn resolved_position(&self) -> Option<&Position> {
        self.client()?;
        self.stack.as_ref()?.resolved_position()
    }

    /// What happens when it leaks, if its engine sets it.
    pub(super) fn leaks(&self) -> Option<Leaks> {
        self.engine.as_ref().and_then(|engine| engine.leaks)
    }

    /// Whether it is a client's connection to a database that is no engine's.
    pub(super) fn is_foreign(&self) -> bool {
        self.engine.is_none()
    }

    /// Whether it is a session that this thread used last.
    pub(super) fn was_last_used_here(&self) -> bool {
        matches!(&self.opener, Opener::Factory(_, last_use) if last_use.is_here())
    }
}
