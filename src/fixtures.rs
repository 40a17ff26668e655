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
//! Each takes more seeds, by path: `#[with("fixtures/crowded")] session: Session`. The same over a template of your own is the macro
//! [`fixtures!`](crate::fixtures!).
//!
//! A folder `fixtures/` without `schema.sql` or `migrations/` has the schema of the crate's own `migrations/`, and a crate with
//! `migrations/` needs no `fixtures/`.
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
use crate::session::{AsyncSession, Session, SessionFactory};
use crate::template::Template;

static FIXTURES: Template = Template::of_the_crate();

crate::fixture! {
    /// A session on a fresh database.
    ///
    /// # Panics
    /// If the folder `fixtures/` or a seed in it is invalid, with all causes.
    session -> Session, make::session, FIXTURES
}
crate::fixture! {
    /// A factory on a fresh database.
    ///
    /// # Panics
    /// See [`session`].
    sessions -> SessionFactory, make::sessions, FIXTURES
}
crate::fixture! {
    /// An engine on a fresh database.
    ///
    /// # Panics
    /// See [`session`].
    engine -> Engine, make::engine, FIXTURES
}
crate::fixture! {
    /// An asynchronous session on a fresh database.
    ///
    /// # Panics
    /// See [`session`].
    async_session -> AsyncSession, make::async_session, FIXTURES
}

/// Fixtures over a template of your own: a module with all that the [module `fixtures`](mod@crate::fixtures) has, each with
/// `#[with(...)]`.
///
/// ```
/// # mod tests {
/// use rstest::rstest;
/// use sqlite_fixtures::{Session, Template};
///
/// static SHOP: Template = Template::folder("fixtures/shop");
/// sqlite_fixtures::fixtures!(mod shop: SHOP);
/// use shop::session;
///
/// #[rstest]
/// fn shop_has_orders(#[with("fixtures/more")] session: Session) {
///     session.id("orders", "first").unwrap();
/// }
/// # }
/// # fn main() {}
/// ```
///
/// The module also has `async_engine`, for a template of [`from_uri_async`](crate::Template::from_uri_async):
/// `#[future(awt)] async_engine: Engine`. Where two modules are in use, name the argument and its fixture:
/// `use shop::session as shop_session;`, then `#[from(shop_session)] orders: Session`.
///
/// The template is a static beside the module, of type [`Template`](crate::Template) or
/// [`LazyLock<Template>`](std::sync::LazyLock).
#[macro_export]
macro_rules! fixtures {
    ($(#[$attribute:meta])* $visibility:vis mod $name:ident: $template:ident) => {
        $(#[$attribute])*
        /// Fixtures that rstest finds by the name of the argument.
        #[allow(non_camel_case_types, dead_code)]
        $visibility mod $name {
            $crate::fixture! {
                /// A session on a fresh database.
                session -> $crate::session::Session, $crate::fixtures::make::session, super::$template
            }
            $crate::fixture! {
                /// A factory on a fresh database.
                sessions -> $crate::session::SessionFactory, $crate::fixtures::make::sessions, super::$template
            }
            $crate::fixture! {
                /// An engine on a fresh database.
                engine -> $crate::engine::Engine, $crate::fixtures::make::engine, super::$template
            }
            $crate::fixture! {
                /// An asynchronous session on a fresh database.
                async_session -> $crate::session::AsyncSession, $crate::fixtures::make::async_session, super::$template
            }
            $crate::fixture! {
                /// An engine on a fresh database, in the future.
                async_engine -> impl ::core::future::Future<Output = $crate::engine::Engine> + ::core::marker::Send,
                $crate::fixtures::make::async_engine, super::$template
            }
        }
    };
}

/// A fixture, with the functions that rstest calls: without arguments, with all arguments, with the first one.
#[doc(hidden)]
#[macro_export]
macro_rules! fixture {
    ($(#[$attribute:meta])* $name:ident -> $type:ty, $make:path, $template:path) => {
        $(#[$attribute])*
        #[derive(Debug)]
        pub struct $name {}

        impl $name {
            #[doc(hidden)]
            #[track_caller]
            #[allow(clippy::should_implement_trait)]
            #[must_use]
            pub fn default() -> $type {
                Self::get($crate::seed::Seeds::none())
            }

            #[doc(hidden)]
            #[track_caller]
            #[must_use]
            pub fn get<S: ::core::convert::Into<$crate::seed::Seeds>>(seeds: S) -> $type {
                $make(&$template, seeds.into())
            }

            #[doc(hidden)]
            #[track_caller]
            #[must_use]
            pub fn partial_1<S: ::core::convert::Into<$crate::seed::Seeds>>(seeds: S) -> $type {
                Self::get(seeds)
            }
        }
    };
}

/// What the fixtures of a template return.
#[doc(hidden)]
#[allow(missing_docs, clippy::missing_panics_doc, clippy::needless_pass_by_value, reason = "for the macro alone")]
pub mod make {
    use crate::engine::Engine;
    use crate::position::chain;
    use crate::seed::Seeds;
    use crate::session::{AsyncSession, Session, SessionFactory};
    use crate::sqlite::untracked;
    use crate::template::Template;
    use std::error::Error;
    use std::panic::Location;

    #[track_caller]
    pub fn session(template: &Template, seeds: Seeds) -> Session {
        or_panic(SessionFactory::from_engine(engine(template, seeds)).into_session_at(Location::caller()))
    }

    #[track_caller]
    pub fn sessions(template: &Template, seeds: Seeds) -> SessionFactory {
        SessionFactory::from_engine(engine(template, seeds))
    }

    #[track_caller]
    pub fn engine(template: &Template, seeds: Seeds) -> Engine {
        seeded(or_panic(template.engine()), &seeds)
    }

    #[track_caller]
    pub fn async_session(template: &Template, seeds: Seeds) -> AsyncSession {
        or_panic(AsyncSession::open_blocking(engine(template, seeds), Location::caller()))
    }

    pub async fn async_engine(template: &'static Template, seeds: Seeds) -> Engine {
        seeded(or_panic(template.engine_async().await), &seeds)
    }

    #[track_caller]
    fn seeded(engine: Engine, seeds: &Seeds) -> Engine {
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
}
