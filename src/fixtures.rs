//! The fixtures: what a test asks for by argument name.
//!
//! Each gives a fresh database, cloned from the folder `fixtures/` of the crate under test, which is found at run time:
//!
//! | argument | type | for |
//! | --- | --- | --- |
//! | [`session`] | [`Session`] | a test that needs one session |
//! | [`sessions`] | [`SessionFactory`] | code that opens its own, with `sessions.open()` |
//! | [`engine`] | [`Engine`] | code that takes an engine, a path or a URI |
//! | [`async_session`] | [`AsyncSession`] | asynchronous tests, on any runtime; needs no `#[future]` |
//!
//! ```
//! use rstest::rstest;
//! use sqlite_fixtures::{Session, fixtures::session};
//!
//! #[rstest]
//! fn alice_has_two_posts(session: Session) {
//!     let alice = session.id("users", "alice").unwrap();
//!     let posts: i64 = session
//!         .query_row("SELECT count(*) FROM posts WHERE author_id = ?1", [alice], |row| row.get(0))
//!         .unwrap();
//!     assert_eq!(posts, 2);
//! }
//! ```
//!
//! Each takes seeds on top, by path: `#[with("fixtures/crowded")] session: Session`.
//!
//! They are written in the form that rstest gives to its own fixtures (0.18 to 0.28), so that they work with the rstest of
//! the crate under test, and so that a session knows the test it was asked for in.
//!
//! # What is asserted, and when
//!
//! When the body of the test drops the value, every session on its database must be closed, or the test fails and the
//! report names where each was opened.
//!
//! * A fixture of your own may take `sessions` or `engine`, open a session, and return it inside something else. What it
//!   took is dropped before the test begins, so nothing is asserted then.
//! * A value that holds both a factory and sessions may drop them in any order, and `drop(sessions)` may come early. What is
//!   then still open at the end of the process fails the process.
//! * Arguments are dropped in reverse order. What is declared before a fixture and takes a session or a connection of it into
//!   itself outlives it, and looks like a leak: declare it after.
//! * Another clean shape that is taken for a leak is a test's body that moves its argument to a name of its own, which is
//!   dropped before a session: `let session = { let moved = sessions; moved.open() };`. Keep `sessions` instead.
//! * A test that has already failed is not made worse: while it unwinds, a leak is printed, not panicked.
//! * A test that returns `Err` looks like any other when its arguments drop: its leak is what is shown.
//! * What `Drop` cannot see is caught when the process ends, which then fails with the report: a forgotten `session`, a
//!   session in a static or in an `Rc` cycle, and a leak that satisfied `#[should_panic]`.
//! * Where the stack has no names (a stripped or optimized build) and in a `#[test]` without rstest, all is left to that
//!   last check.

#![expect(non_camel_case_types, reason = "rstest finds a fixture by the name of the argument")]

use crate::{
    engine::Engine,
    position::chain,
    seed::Seeds,
    session::{AsyncSession, Session, SessionError, SessionFactory},
    sqlite::untracked,
    template::Template,
};
use std::{error::Error, panic::Location};

static FIXTURES: Template = Template::folder("fixtures");

/// A session on a fresh database.
///
/// # Panics
/// When the folder `fixtures/` or a seed in it is wrong, with all causes.
#[derive(Debug)]
pub struct session {}

/// A factory on a fresh database.
///
/// # Panics
/// As [`session`].
#[derive(Debug)]
pub struct sessions {}

/// An engine on a fresh database.
///
/// # Panics
/// As [`session`].
#[derive(Debug)]
pub struct engine {}

/// An asynchronous session on a fresh database.
///
/// # Panics
/// As [`session`].
#[derive(Debug)]
pub struct async_session {}

/// A fresh database of the crate under test, with seeds on top.
#[track_caller]
fn fresh(seeds: &Seeds) -> Engine {
    let engine = or_panic(FIXTURES.engine());
    if !seeds.is_empty() {
        let mut connection = or_panic(untracked(|| engine.connect()));
        engine.add_labels(or_panic(seeds.load_with_labels(&mut connection, &engine.labels())));
        or_panic(connection.close().map_err(|(_, error)| error));
    }
    engine
}

#[track_caller]
fn or_panic<T, E: Error + 'static>(made: Result<T, E>) -> T {
    // Not in a closure, which would lose the caller.
    match made {
        Ok(made) => made,
        Err(error) => panic!("{}", chain(&error)),
    }
}

/// Gives a fixture its three forms: without arguments, with all of them, with the first.
macro_rules! forms {
    ($name:ident -> $type:ty, $make:expr) => {
        impl $name {
            #[doc(hidden)]
            #[track_caller]
            #[allow(clippy::should_implement_trait, reason = "the name that rstest calls")]
            #[must_use]
            pub fn default() -> $type {
                Self::get(Seeds::none())
            }

            #[doc(hidden)]
            #[track_caller]
            #[must_use]
            pub fn get(seeds: impl Into<Seeds>) -> $type {
                let make: fn(Engine, &'static Location<'static>) -> Result<$type, SessionError> = $make;
                or_panic(make(fresh(&seeds.into()), Location::caller()))
            }

            #[doc(hidden)]
            #[track_caller]
            #[must_use]
            pub fn partial_1(seeds: impl Into<Seeds>) -> $type {
                Self::get(seeds)
            }
        }
    };
}

forms!(session -> Session, |engine, location| SessionFactory::of(engine).into_session_at(location));
forms!(sessions -> SessionFactory, |engine, _| Ok(SessionFactory::of(engine)));
forms!(engine -> Engine, |engine, _| Ok(engine));
forms!(async_session -> AsyncSession, |engine, location| AsyncSession::open(engine, location));
