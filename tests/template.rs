//! Templates: built once, cloned for each test, the same with the cache and without.

mod common;

use common::{dump, folder};
use sqlite_fixtures::{
    Engine, JournalMode, SessionFactory, Template, TemplateError,
    rusqlite::{Connection, functions::FunctionFlags},
};
use std::{
    error::Error,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
};

fn count(connection: &Connection) -> i64 {
    connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_template_in_a_static_is_built_once_and_each_clone_is_a_database_of_its_own() {
    static BUILT: AtomicUsize = AtomicUsize::new(0);
    static TEMPLATE: Template = Template::code(|connection| {
        BUILT.fetch_add(1, Ordering::Relaxed);
        connection.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)")?;
        Ok(())
    });
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let session = TEMPLATE.session();
                session.execute("INSERT INTO t VALUES (2)", []).unwrap();
                assert_eq!(count(&session), 2);
            });
        }
    });
    assert_eq!(count(&TEMPLATE.session()), 1);
    assert_eq!(BUILT.load(Ordering::Relaxed), 1);
}

#[test]
fn a_template_without_its_cache_is_built_each_time_and_gives_the_same_database() {
    static BUILT: AtomicUsize = AtomicUsize::new(0);
    const BUILD: sqlite_fixtures::BuildSchema = |connection| {
        BUILT.fetch_add(1, Ordering::Relaxed);
        connection.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)")?;
        Ok(())
    };
    let (cached, uncached) = (Template::code(BUILD), Template::code(BUILD).uncached());
    let _ = uncached.session();
    assert_eq!(dump(&cached.session()), dump(&uncached.session()));
    assert_eq!(BUILT.load(Ordering::Relaxed), 3);
}

#[test]
fn memory_and_temporary_file_give_the_same_database() {
    let template = Template::schema("fixtures/schema.sql").seeds("fixtures/sql");
    let of = |engine: Engine| dump(&SessionFactory::new(engine).unwrap().open().unwrap());
    assert_eq!(of(template.memory().unwrap()), of(template.temp_file().unwrap()));
}

#[test]
fn a_template_is_cloned_into_a_write_ahead_log_in_a_temporary_file() {
    let template = Template::code(|connection| Ok(connection.execute_batch("CREATE TABLE t (a)")?))
        .engine_options(|engine| engine.journal_mode(JournalMode::Wal))
        .in_temp_file();
    let sessions = template.sessions();
    let (writer, reader) = (sessions.open().unwrap(), sessions.open().unwrap());
    writer.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)").unwrap();
    assert_eq!(count(&reader), 0, "a reader is not blocked by the writer");
    writer.execute_batch("COMMIT").unwrap();
    assert_eq!(count(&reader), 1);
    assert!(sessions.engine().path().is_some());
}

#[test]
fn a_template_keeps_its_page_size() {
    let template = Template::code(|connection| {
        connection.execute_batch("PRAGMA page_size = 16384; CREATE TABLE t (a)")?;
        Ok(())
    });
    for engine in [template.memory().unwrap(), template.temp_file().unwrap()] {
        let session = SessionFactory::new(engine).unwrap().open().unwrap();
        let size: i64 = session.query_row("PRAGMA page_size", [], |row| row.get(0)).unwrap();
        assert_eq!(size, 16384);
    }
}

#[test]
fn hooks_of_the_engine_run_while_the_template_is_built() {
    let template = Template::code(|connection| {
        connection.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (answer())")?;
        Ok(())
    })
    .engine_options(|engine| {
        engine.on_open(|connection| {
            connection.create_scalar_function("answer", 0, FunctionFlags::SQLITE_UTF8, |_| Ok(42))
        })
    });
    let answer: i64 = template.session().query_row("SELECT a = answer() FROM t", [], |row| row.get(0)).unwrap();
    assert_eq!(answer, 1);
}

#[cfg(feature = "json")]
#[test]
fn seeds_beside_the_folder_s_own_may_refer_to_its_labels() {
    static TEMPLATE: Template = Template::folder("fixtures").seeds("tests/more_loans");
    let session = TEMPLATE.session();
    let more = session.id("loans", "bob_harbour").unwrap();
    let member: i64 = session.query_row("SELECT member_id FROM loans WHERE id = ?1", [more], |row| row.get(0)).unwrap();
    assert_eq!(member, session.id("members", "bob").unwrap());
}

#[test]
fn code_that_fails_is_the_cause_of_the_error() {
    let template = Template::code(|_| Err("no migrations".into()));
    let error = template.memory().unwrap_err();
    assert_eq!(error.to_string(), "the template cannot be built by its code; correct the code");
    assert_eq!(error.source().unwrap().to_string(), "no migrations");
    assert!(error.seed_error().is_none());
    assert_eq!(template.memory().unwrap_err().to_string(), error.to_string(), "again, for the same reason");
}

#[test]
fn code_may_leave_foreign_keys_to_be_checked_when_all_is_in() {
    let schema =
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p); INSERT INTO c VALUES (1);";
    let broken = Template::from_folder(folder(&[("schema.sql", schema)]).keep()).memory().unwrap_err();
    assert_eq!(broken.seed_error().unwrap().broken_references().len(), 1, "{broken}");
}

#[test]
fn a_template_that_cannot_be_built_panics_in_a_fixture_with_all_causes() {
    let panic = std::panic::catch_unwind(|| Template::from_folder(PathBuf::from("/no/such")).session()).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("the template cannot be built") && message.contains("/no/such"), "{message}");
}

#[test]
fn an_error_of_a_template_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<TemplateError>();
}
