//! The rstest fixtures, which a test requests by argument name.
//!
//! Each has a fresh database, cloned from the folder `fixtures/` of the crate under test, which is found at run time:
//!
//! | argument | type | use |
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
//! Each takes more seeds, by path: `#[with("fixtures/crowded")] session: Session`.
//!
//! They have the form that rstest generates for its own fixtures (0.18 to 0.28), so they work with the rstest version of the
//! crate under test, and a session knows the test that requested it.
//!
//! # What is asserted, and when
//!
//! When the body of the test drops the value, every session on its database must be closed which this thread used last. Otherwise the
//! test fails, and the report says where each session was opened. Other connections may still be closed by their threads: they are
//! checked when the process ends; see [the table](crate::guide::leaks#what-is-red-and-when).
//!
//! * Your own fixture can take `sessions` or `engine`, open connections, and return them inside another value. Its arguments are
//!   dropped before the test begins, so nothing is asserted then.
//! * A value that contains both a factory and sessions can drop them in any order, and `drop(sessions)` can come early.
//! * Arguments are dropped in reverse order. A value that is declared before a fixture and stores one of its sessions outlives
//!   it, which looks like a leak: declare the value after the fixture.
//! * A test that moves its argument to a local variable, which is dropped before a session, also looks like a leak:
//!   `let session = { let moved = sessions; moved.open() };`. Do not move the argument.
//! * The body of an `async` test, which may have tasks that end after it, asserts nothing, nor does a test whose threads still run.
//! * If the test is already panicking, a leak is printed.
//! * If the test returns `Err` and leaks, only the leak is shown.
//! * In a build without function names (stripped or optimized), and in a `#[test]` without rstest, only the check at the end of
//!   the process applies.

#![expect(non_camel_case_types, reason = "rstest finds a fixture by the name of the argument")]

use crate::engine::Engine;
use crate::position::chain;
use crate::seed::Seeds;
use crate::session::{AsyncSession, Session, SessionError, SessionFactory};
use crate::sqlite::untracked;
use crate::template::Template;
use std::{error::Error, panic::Location};

static FIXTURES: Template = Template::folder("fixtures");

/// A session on a fresh database.
///
/// # Panics
/// If the folder `fixtures/` or a seed in it is invalid, with all causes.
#[derive(Debug)]
pub struct session {}

/// A factory on a fresh database.
///
/// # Panics
/// See [`session`].
#[derive(Debug)]
pub struct sessions {}

/// An engine on a fresh database.
///
/// # Panics
/// See [`session`].
#[derive(Debug)]
pub struct engine {}

/// An asynchronous session on a fresh database.
///
/// # Panics
/// See [`session`].
#[derive(Debug)]
pub struct async_session {}

/// A fresh database of the crate under test, with more seeds.
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
fn or_panic<T, E: Error + 'static>(result: Result<T, E>) -> T {
    // Not `unwrap_or_else`: a closure has no `track_caller`.
    match result {
        Ok(value) => value,
        Err(error) => panic!("{}", chain(&error)),
    }
}

/// The functions that rstest calls: without arguments, with all arguments, with the first one.
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

forms!(session -> Session, |engine, location| SessionFactory::from_engine(engine).into_session_at(location));
forms!(sessions -> SessionFactory, |engine, _| Ok(SessionFactory::from_engine(engine)));
forms!(engine -> Engine, |engine, _| Ok(engine));
forms!(async_session -> AsyncSession, |engine, location| AsyncSession::open_blocking(engine, location));
