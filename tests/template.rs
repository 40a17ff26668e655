//! Templates: built once, cloned for each test, the same with the cache and without.

use common::{dump, folder, package::planted};
use sqlite_fixtures::{
    Engine, Seeds, SessionFactory, Template,
    engine::{EngineBuilder, JournalMode},
    rusqlite::{Connection, functions::FunctionFlags},
    seed::SeedErrorKind,
    template::TemplateError,
};
use std::{
    error::Error,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::SystemTime,
};

fn count(connection: &Connection) -> i64 {
    connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
}

#[test]
fn static_is_built_once() {
    static BUILT: AtomicUsize = AtomicUsize::new(0);
    static TEMPLATE: LazyLock<Template> = LazyLock::new(|| {
        Template::from_fn(|connection| {
            BUILT.fetch_add(1, Ordering::Relaxed);
            connection.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1)")?;
            Ok(())
        })
    });
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let session = TEMPLATE.session();
                session.execute("INSERT INTO t VALUES (2)", []).unwrap();
                assert_eq!(count(&session), 2);
            });
        }
    });
    assert_eq!(count(&TEMPLATE.session()), 1);
    assert!(BUILT.load(Ordering::Relaxed) <= 1, "not at all where an earlier run has built it");
}

#[test]
fn uncached_is_built_each_time() {
    static BUILT: AtomicUsize = AtomicUsize::new(0);
    fn build(connection: &mut Connection) -> Result<(), Box<dyn Error + Send + Sync>> {
        BUILT.fetch_add(1, Ordering::Relaxed);
        connection.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)")?;
        Ok(())
    }
    let (cached, uncached) = (Template::from_fn(build), Template::from_fn(build).uncached());
    let _ = uncached.session();
    let scratch = dump(&uncached.session());
    assert_eq!(BUILT.load(Ordering::Relaxed), 2);
    assert_eq!(dump(&cached.session()), scratch);
}

#[test]
fn captured_values_shape_the_database() {
    let template = |rows: i64| {
        Template::from_fn(move |connection| {
            connection.execute_batch("CREATE TABLE t (a)")?;
            for row in 0..rows {
                connection.execute("INSERT INTO t VALUES (?1)", [row])?;
            }
            Ok(())
        })
    };
    for rows in [1, 3] {
        let template = template(rows);
        assert_eq!((count(&template.session()), count(&template.session())), (rows, rows));
    }
}

#[test]
fn seeds_added_at_run_time_have_no_limit() {
    let names: Vec<String> = (0..20).map(|number| format!("{number:02}.sql")).collect();
    let scripts: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "INSERT INTO t VALUES (1);")).collect();
    let files = folder(&[&[("schema/schema.sql", "CREATE TABLE t (a)")][..], &scripts].concat());
    let paths = names.iter().map(|name| files.path().join(name));
    let template = Template::from_folder(files.path().join("schema")).with_seeds(paths.collect::<Seeds>());
    assert_eq!(count(&template.with_seeds(files.path().join("00.sql")).session()), 21);
}

#[test]
fn memory_and_temp_file_agree() {
    let template = Template::schema("fixtures/schema.sql").seeds("fixtures/sql");
    let of = |engine: Engine| dump(&SessionFactory::new(engine).unwrap().open().unwrap());
    assert_eq!(of(template.memory().unwrap()), of(template.temp_file().unwrap()));
}

#[test]
fn clones_into_a_wal_temp_file() {
    let template = Template::from_fn(|connection| Ok(connection.execute_batch("CREATE TABLE t (a)")?))
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
fn page_size_is_kept() {
    let template = Template::from_fn(|connection| {
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
fn hooks_tell_images_apart() {
    let files = folder(&[("schema.sql", "CREATE TABLE t AS SELECT answer() AS a")]);
    let template = |options| Template::from_folder(files.path()).engine_options(options).session();
    let of = |session: &Connection| session.query_row("SELECT a FROM t", [], |row| row.get::<_, i64>(0)).unwrap();
    let one = template(|engine| {
        engine.on_open(|connection| {
            connection.create_scalar_function("answer", 0, FunctionFlags::SQLITE_UTF8, |_| Ok(1_i64))
        })
    });
    let two = template(|engine| {
        engine.on_open(|connection| {
            connection.create_scalar_function("answer", 0, FunctionFlags::SQLITE_UTF8, |_| Ok(2_i64))
        })
    });
    assert_eq!((of(&one), of(&two)), (1, 2));
}

#[test]
fn engine_hooks_run_during_the_build() {
    let template = Template::from_fn(|connection| {
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
fn added_seeds_resolve_labels_of_the_folder() {
    static TEMPLATE: Template = Template::folder("fixtures").seeds("tests/more_loans");
    let session = TEMPLATE.session();
    let more = session.id("loans", "bob_harbour").unwrap();
    let member: i64 = session.query_row("SELECT member_id FROM loans WHERE id = ?1", [more], |row| row.get(0)).unwrap();
    assert_eq!(member, session.id("members", "bob").unwrap());
}

#[test]
fn failed_code_is_the_source() {
    let template = Template::from_fn(|_| Err("no migrations".into()));
    let error = template.memory().unwrap_err();
    assert_eq!(error.to_string(), "the function of the template failed; see the cause");
    assert_eq!(error.source().unwrap().to_string(), "no migrations");
    assert!(error.seed_error().is_none());
    assert_eq!(template.memory().unwrap_err().to_string(), error.to_string(), "again, for the same reason");
}

#[test]
fn schema_may_break_references_that_seeds_may_not() {
    let schema =
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p); INSERT INTO c VALUES (1);";
    Template::from_folder(folder(&[("schema.sql", schema)]).path()).memory().unwrap();
    let files = [("schema.sql", schema), ("c.sql", "INSERT INTO c VALUES (2)")];
    let broken = Template::from_folder(folder(&files).path()).memory().unwrap_err();
    let kind = broken.seed_error().unwrap().kind();
    assert!(matches!(kind, SeedErrorKind::BrokenReferences { references, .. } if references.len() == 1), "{broken}");
}

#[test]
fn schema_runs_with_the_foreign_keys_of_the_library() {
    let tables = "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p ON DELETE CASCADE);";
    let script =
        format!("{tables} INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (1), (2); DELETE FROM p WHERE id = 1;");
    let children =
        |connection: &Connection| connection.query_row("SELECT sum(p) FROM c", [], |row| row.get::<_, i64>(0));
    let plain = Connection::open_in_memory().unwrap();
    plain.execute_batch(&script).unwrap();
    let expected = children(&plain).unwrap();
    let from_fn = script.clone();
    let by_code = Template::from_fn(move |connection| Ok(connection.execute_batch(&from_fn)?));
    assert_eq!(children(&by_code.session()).unwrap(), expected);
    for (enforce, kept) in [(true, 2), (false, 3)] {
        let options = if enforce {
            |engine: EngineBuilder| engine.foreign_keys(true)
        } else {
            |engine: EngineBuilder| engine.foreign_keys(false)
        };
        let files = folder(&[("schema.sql", &script)]);
        let by_file = Template::from_folder(files.path()).engine_options(options);
        assert_eq!(children(&by_file.session()).unwrap(), kept);
    }
    let files = folder(&[("schema.sql", &script)]);
    let by_file = Template::from_folder(files.path());
    assert_eq!(children(&by_file.session()).unwrap(), expected);
    // As a dump has it, which is made for connections that do not enforce them.
    let any_order = format!("{tables} INSERT INTO c VALUES (1); INSERT INTO p VALUES (1);");
    let files = folder(&[("schema.sql", &any_order)]);
    let by_file = Template::from_folder(files.path());
    assert_eq!(children(&by_file.session()).unwrap(), 1);
}

#[test]
fn failed_build_panics_with_all_causes() {
    let panic = std::panic::catch_unwind(|| Template::from_folder(PathBuf::from("/no/such")).session()).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("the template cannot be built") && message.contains("/no/such"), "{message}");
}

#[test]
fn error_is_send_and_sync() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<TemplateError>();
}

/// A process of its own, with a template that no other test's processes share.
fn process(folder: &Path, settings: &[(&str, &str)]) -> Command {
    let key = folder.join("key");
    if !key.exists() {
        fs::write(&key, folder.as_os_str().as_encoded_bytes()).unwrap();
        File::options().write(true).open(&key).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    }
    let mut all = vec![("PLANTED_FOLDER", folder.to_str().unwrap())];
    all.extend(settings);
    let mut command = planted().command("template", &["rows_are_served"], &all);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// How often the template of that folder was built.
fn built(folder: &Path) -> usize {
    fs::read_to_string(folder.join("built")).map_or(0, |text| text.lines().count())
}

fn assert_served(child: Child) {
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn concurrent_processes_build_one_image() {
    let folder = tempfile::tempdir().unwrap();
    let children: Vec<Child> = (0..200).map(|_| process(folder.path(), &[]).spawn().unwrap()).collect();
    for child in children {
        assert_served(child);
    }
    assert_eq!(built(folder.path()), 1);
    assert_served(process(folder.path(), &[("SQLITE_FIXTURES_TEMPLATE", "off")]).spawn().unwrap());
    assert_eq!(built(folder.path()), 3, "one in memory and one in a file, from scratch");
}

#[test]
fn killed_builder_leaves_no_bad_image() {
    let images = images();
    // Which files are there when the builder is killed: none yet, its folder, the database, all, all in their place.
    for moment in ["hang", ".building", "database.sqlite3", "about", ""] {
        let folder = tempfile::tempdir().unwrap();
        let before = names(&images);
        let settings: &[_] = if moment == "hang" { &[("PLANTED_HANG", "1")] } else { &[] };
        let mut child = process(folder.path(), settings).spawn().unwrap();
        let reached = || {
            let new = names(&images).into_iter().filter(|name| !before.contains(name));
            let new: Vec<PathBuf> = new.map(|name| images.join(name)).collect();
            let building = new.iter().find(|path| path.extension().is_some_and(|extension| extension == "building"));
            match moment {
                "hang" => built(folder.path()) > 0,
                ".building" => building.is_some(),
                "" => new.iter().any(|path| path.extension().is_none()),
                file => building.is_some_and(|path| path.join(file).exists()),
            }
        };
        while child.try_wait().unwrap().is_none() && !reached() {
            thread::yield_now();
        }
        let _ = child.kill();
        child.wait().unwrap();
        assert_served(process(folder.path(), &[]).spawn().unwrap());
        let sound = built(folder.path());
        assert!((1..=2).contains(&sound), "{sound}");
        assert_served(process(folder.path(), &[]).spawn().unwrap());
        assert_eq!(built(folder.path()), sound, "after `{moment}`");
    }
}

/// The folder that the images of this target folder are in.
fn images() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    target.join("sqlite-fixtures/templates")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

#[test]
fn clones_never_change_the_image() {
    let schema = format!("-- {:?}\nCREATE TABLE t (a); INSERT INTO t VALUES (1), (2);", SystemTime::now());
    let files = folder(&[("schema.sql", &schema)]);
    let template = Template::from_folder(files.path());
    let open = |engine: Engine| SessionFactory::new(engine).unwrap().open().unwrap();
    let bytes = |engine: Engine| {
        let saved = files.path().join("saved.md");
        engine.save_to(&saved).unwrap();
        let bytes = fs::read(&saved).unwrap();
        fs::remove_file(saved).unwrap();
        bytes
    };
    let fresh = bytes(template.memory().unwrap());
    for mode in ["delete", "wal", "off"] {
        for engine in [template.memory().unwrap(), template.temp_file().unwrap()] {
            let session = open(engine);
            session
                .execute_batch(&format!("PRAGMA journal_mode = {mode}; UPDATE t SET a = 7; CREATE TABLE u (b)"))
                .unwrap();
            session.execute_batch("DELETE FROM t; VACUUM; DROP TABLE t").unwrap();
        }
    }
    assert!(bytes(template.memory().unwrap()) == fresh);
    assert!(bytes(Template::from_folder(files.path()).temp_file().unwrap()) == fresh, "also on the disk");
    assert!(bytes(Template::from_folder(files.path()).uncached().memory().unwrap()) == fresh, "and from scratch");
}

#[test]
fn wal_template_clones_into_memory() {
    let template = Template::from_fn(|connection| Ok(connection.execute_batch("CREATE TABLE t (a)")?))
        .engine_options(|engine| engine.journal_mode(JournalMode::Wal).pragma("busy_timeout", 0));
    let sessions = template.sessions();
    let (writer, reader) = (sessions.open().unwrap(), sessions.open().unwrap());
    reader.execute_batch("BEGIN; SELECT * FROM t").unwrap();
    writer.execute_batch("INSERT INTO t VALUES (1)").unwrap();
    assert_eq!((count(&reader), count(&writer)), (0, 1));
}

#[test]
fn open_transaction_of_code_is_an_error() {
    let error = Template::from_fn(|connection| Ok(connection.execute_batch("BEGIN; CREATE TABLE t (a)")?)).memory();
    assert!(error.unwrap_err().source().unwrap().to_string().contains("commit it"));
}

#[cfg(feature = "json")]
#[test]
fn cached_image_keeps_labels() {
    let files = folder(&[
        ("schema.sql", "CREATE TABLE t (id INTEGER PRIMARY KEY, a)"),
        ("t.json", r#"{"one": {"a": 1}, "two": {"id": 7}}"#),
    ]);
    for _ in 0..2 {
        let session = Template::from_folder(files.path()).session();
        assert_eq!(session.id("t", "two").unwrap(), 7);
        assert_eq!(session.id("t", "one").unwrap(), sqlite_fixtures::labels::label_id("one"));
    }
}

#[cfg(unix)]
#[test]
fn unreadable_watched_file_is_named() {
    let folder = folder(&[("schema.sql", "CREATE TABLE t (a)"), ("watched/a.rs", "")]);
    std::os::unix::fs::symlink("/nowhere", folder.path().join("watched/b.rs")).unwrap();
    let watched = folder.path().join("watched").into_os_string().into_string().unwrap().leak();
    let template = Template::from_folder(folder.path().to_owned()).rebuild_if_changed(watched);
    let error = format!("{:?}", template.memory().unwrap_err());
    assert!(error.contains("watched/b.rs: the file cannot be read") && !error.contains("cached in"), "{error}");
}

/// Where the folder for images cannot be made, as in a read-only target folder, the image is built in the process.
#[cfg(unix)]
#[test]
fn cache_that_cannot_be_written_is_done_without() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("template");
    let command = process(folder.path(), &[]);
    fs::copy(command.get_program(), &copy).unwrap();
    // The executable is in no target folder, so images are below the temporary folder, by the number of the user.
    let user = fs::metadata(folder.path()).unwrap().uid();
    fs::write(folder.path().join(format!("sqlite-fixtures.user{user}")), "a file").unwrap();
    let mut again = Command::new(&copy);
    again.args(["--exact", "rows_are_served", "--nocapture"]).env("TMPDIR", folder.path());
    again.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    again.current_dir(command.get_current_dir().unwrap());
    // A process that another test starts meanwhile has the copy open until it runs.
    let output = loop {
        match again.output() {
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => thread::yield_now(),
            output => break output.unwrap(),
        }
    };
    let text = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert_eq!(text.matches("it is built in this process, which takes longer").count(), 1, "{text}");
}

/// As sqlx finds them.
#[test]
fn migrations_of_the_crate_are_found() {
    let run = |crate_folder: &Path, users: &str| {
        let settings = [("CARGO_MANIFEST_DIR", crate_folder.to_str().unwrap()), ("PLANTED_USERS", users)];
        planted().run("template", &["migrations_of_the_crate_are_the_schema"], &settings)
    };
    let migrations =
        ("migrations/20260101000000_users.up.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)");
    let down = ("migrations/20260101000000_users.down.sql", "DROP TABLE users");
    let none = run(folder(&[migrations, down]).path(), "0");
    assert_eq!(none.code, Some(0), "{}", none.text);
    let seeds = ("fixtures/users.json", r#"[{"name": "Bob"}]"#);
    let seeded = run(folder(&[migrations, down, seeds]).path(), "1");
    assert_eq!(seeded.code, Some(0), "{}", seeded.text);
    let own = ("fixtures/schema.sql", "CREATE TABLE users (name); INSERT INTO users VALUES ('Eve')");
    let own = run(folder(&[migrations, seeds, own]).path(), "2");
    assert_eq!(own.code, Some(0), "{}", own.text);
    let neither = run(folder(&[]).path(), "0");
    assert!(neither.text.contains("fixtures") && !neither.text.contains("migrations:"), "{}", neither.text);
}

#[test]
fn folder_has_the_migrations_beside_it() {
    let app = folder(&[("migrations/1_t.sql", "CREATE TABLE t (a)"), ("fixtures/t.sql", "INSERT INTO t VALUES (1)")]);
    assert_eq!(count(&Template::from_folder(app.path().join("fixtures")).session()), 1);
    // Not those of a folder that is no part of the crate.
    let deep =
        folder(&[("migrations/1_t.sql", "CREATE TABLE t (a)"), ("a/fixtures/t.sql", "INSERT INTO t VALUES (1)")]);
    let error = Template::from_folder(deep.path().join("a/fixtures")).memory().unwrap_err();
    assert!(matches!(error.seed_error().unwrap().kind(), SeedErrorKind::NoSchema), "{error:?}");
}
