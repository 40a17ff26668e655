//! A fresh, seeded, leak-checked SQLite database for every test.
//!
//! Use [`fixtures`] when a test should get a database by argument name; a [`Template`] when there are several databases, or
//! the schema is made by code; [`Seeds`] when only rows are to go into a database; [`Engine`] and [`SessionFactory`] when
//! sessions are wanted without any of that.
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
//! # The house
//!
//! Data has one way through: files -> rows -> template -> engine -> session -> ledger -> report. These are the rooms, each
//! with those that it may look into; `tests/architecture.rs` holds the code to this list.
//!
//! ```text
//! error        where a mistake stands, what its author meant      <- nothing
//! folders      where the crate leaves things                      <- nothing
//! sqlite       what only SQLite's C interface can do              <- nothing
//! affinity     what a column makes of a value                     <- nothing
//! quote        names and values as SQL writes them                <- nothing
//! settings     the knobs of one run, from the environment         <- error
//! labels       the names of rows, and the keys they stand for     <- error
//! vfs          the file system in memory, under the memory engine  <- nothing
//! ledger       the record of every session                        <- settings, sqlite, error
//! state        what a database holds, what a test has changed     <- quote
//! typed        rows of a database as values of the code           <- labels, quote, error
//! engine       where a database lives, how it is opened           <- vfs, ledger, labels, settings, folders, state, sqlite, error
//! validate     which engine may give synchronous sessions         <- engine
//! seed         files -> rows -> inserts; one file a format        <- vfs, labels, affinity, quote, sqlite, error
//! template     schema + seeds -> image, cloned for each test      <- seed, engine, vfs, labels, settings, folders, sqlite, error
//! session      the guard and what opens it                        <- template, typed, state, seed, validate, engine, labels, ledger, settings, sqlite, error
//! report       what leaked, for people, CI servers and programs   <- ledger, error
//! fixtures     what a test asks for by argument name              <- session, template, seed, engine, sqlite, error
//! dump         a database -> files, for the command line          <- affinity, quote, error
//! cli          the command line, a feature of its own             <- dump, session, template, seed, report, ledger, settings, folders, quote, error
//! bin          what starts it                                     <- cli
//! ```
//!
//! # Resource leaking
//!
//! A session counts as closed when SQLite has freed its handle. SQLite itself reports every handle that is opened in the
//! process, from the moment the program is loaded: linking this crate is enough, with `use sqlite_fixtures as _;` where nothing
//! of it is used. What `Drop` sees fails its test; what it cannot see is caught by a last look at exit, which turns success into
//! failure. What a process that aborts or is killed left open is told by the command `sqlite-fixtures leaks`, from the journal
//! that such a process has kept.
//!
//! For that, SQLite is initialized before `main`: [`sqlite3_config`](https://sqlite.org/c3ref/config.html) then takes only what it
//! takes at any time. A suite that must configure SQLite runs with `SQLITE_FIXTURES_LEAKS=off`.
//!
//! Not seen are handles of a second copy of SQLite. A thread that still runs when the process ends cannot be told from one
//! that has forgotten its session: it is a leak.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "cli")]
mod dump;
pub mod engine;
pub mod fixtures;
pub mod labels;
pub mod ledger;
pub mod position;
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
