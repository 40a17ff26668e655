//! A fresh, seeded, leak-checked SQLite database for every test.
//!
//! A test asks for a database by argument name. It gets a clone of a template that was built once from a schema and seed files. When
//! the test ends, every connection to that database must be closed, or the test fails and names the line that opened it.
//!
//! ```
//! use rstest::rstest;
//! use sqlite_fixtures::{Session, fixtures::session};
//!
//! #[rstest]
//! fn alice_has_two_posts(session: Session) {
//!     // a fresh clone of fixtures/, closed and checked afterwards
//!     let alice = session.id("users", "alice").unwrap();
//!     let posts: i64 = session
//!         .query_row("SELECT count(*) FROM posts WHERE author_id = ?1", [alice], |row| row.get(0))
//!         .unwrap();
//!     assert_eq!(posts, 2);
//! }
//! ```
//!
//! # Which type to use
//!
//! * A [fixture](mod@fixtures), when a test needs a database: `session`, `sessions`, `engine` or `async_session`.
//! * A [`Template`], when you have several databases, or when code makes the schema.
//! * An [`Engine`] and a [`SessionFactory`], when you need a database without a schema or seeds.
//! * [`Seeds`], when you want to fill a database that you have opened yourself.
//! * A [`Ledger`], when you want to ask which connections are open.
//!
//! # Modules
//!
//! | module | content |
//! | --- | --- |
//! | [`fixtures`](mod@fixtures) | the rstest fixtures |
//! | [`template`] | [`Template`]: a database image, built once and cloned for each test |
//! | [`engine`] | [`Engine`], [`AsyncEngine`]: one database, and the options of its connections |
//! | [`session`] | [`Session`], [`SessionFactory`], [`AsyncSession`]; the engine of the process |
//! | [`seed`] | [`Seeds`] and their errors |
//! | [`labels`] | [`Labels`]: the names of rows, and their keys |
//! | [`rows`] | errors of rows that are read into your types |
//! | [`snapshot`] | what a test has changed in its database |
//! | [`ledger`] | [`Ledger`]: the record of every connection of the process |
//! | [`recorder`] | what lints have found, who has a lock, the statements of some code |
//! | [`settings`] | what happens on a leak, which lints are on, and which databases are kept |
//! | [`position`] | where an error is: file, line, column |
//!
//! Guides, with examples, are in [`guide`]: fixtures and templates, seeds, coming from Rails, Django, sqlx and others, leaks,
//! concurrency, continuous integration, clients, performance, how it works.
//!
//! # Features
//!
//! * `bundled` (default): compiles SQLite. Without it, the system's library is used, 3.39 or newer.
//! * `json` (default), `csv`, `toml`, `yaml`: formats of seed files. SQL is always read.
//! * `base64`: values written as `BASE64=...`, and Django's binary columns. `yaml` includes it.
//! * `cli`: the command `sqlite-fixtures`, to be installed with `cargo install`. Leave it out of dev-dependencies.
//!
//! [`rusqlite`] is re-exported. Any version from 0.31 to 0.43 works; your own dependency decides which.
//!
//! # Resource leaking
//!
//! A connection counts as closed when SQLite has freed its handle, not when a Rust value was dropped. SQLite reports every handle that is
//! opened in the process, whoever opens it, from the moment the program is loaded. To check a suite that uses nothing of this crate,
//! link it: `use sqlite_fixtures as _;`.
//!
//! * A session that only its test can still hold fails that test, when the test ends.
//! * What another thread may still close, and every client's connection to an engine's database, is found when the process ends. The
//!   process then fails, though all tests passed.
//! * A connection to any other database is a line of warning, unless `SQLITE_FIXTURES_LEAKS=deny` asks for more.
//! * What a process that aborts or is killed left open is found by the command `sqlite-fixtures leaks`.
//!
//! The check has limits:
//!
//! * Handles of a second copy of SQLite are not seen.
//! * A thread that still runs when the process ends cannot be told from one that forgot its session: it is a leak.
//! * SQLite's [error log](https://sqlite.org/errlog.html) is set, for the errors of recorded statements, until your code sets one.
//! * SQLite is initialized before `main`. [`sqlite3_config`](https://sqlite.org/c3ref/config.html) then accepts only the options
//!   that it accepts at any time. A suite that must call it runs with `SQLITE_FIXTURES_LEAKS=off`.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "cli")]
mod dump;
pub mod engine;
pub mod fixtures;
pub mod labels;
pub mod ledger;
mod load;
pub mod position;
pub mod recorder;
mod report;
pub mod rows;
pub mod seed;
pub mod session;
pub mod settings;
pub mod snapshot;
mod sqlite;
mod storage;
pub mod template;
mod vfs;

/// The pages of `docs/`. Their code is compiled and run as documentation tests.
#[cfg(any(doc, doctest))]
pub mod guide {
    /// A page, with the links between pages as they are in the documentation: the first definition of a link counts.
    macro_rules! page {
        ($name:ident, $file:literal) => {
            /// [ci]: ci
            /// [clients]: clients
            /// [coming-from]: coming_from
            /// [concurrency]: concurrency
            /// [fixtures-and-templates]: fixtures_and_templates
            /// [how-it-works]: how_it_works
            /// [leaks]: leaks
            /// [performance]: performance
            /// [seeds]: seeds
            ///
            #[doc = include_str!($file)]
            pub mod $name {}
        };
    }

    page!(ci, "../docs/ci.md");
    page!(clients, "../docs/clients.md");
    page!(concurrency, "../docs/concurrency.md");
    page!(coming_from, "../docs/coming-from.md");
    page!(fixtures_and_templates, "../docs/fixtures-and-templates.md");
    page!(how_it_works, "../docs/how-it-works.md");
    page!(leaks, "../docs/leaks.md");
    page!(performance, "../docs/performance.md");
    page!(seeds, "../docs/seeds.md");
}

pub use rusqlite;

#[cfg(feature = "cli")]
#[doc(hidden)]
pub use cli::command_line;

pub use engine::{AnyEngine, AsyncEngine, Engine};
pub use labels::Labels;
pub use ledger::Ledger;
pub use seed::Seeds;
pub use session::{
    AsyncSession, Session, SessionFactory, configure, get_session, session_factory, unconfigure, validate_sync_engine,
    with_session,
};
pub use template::Template;
