//! SQL in seed files is limited: each excess is an error with its place, no other file is touched, and a failed load changes nothing.
//!
//! SQLite counts memory per process, so the tests that fill it run alone, in a process apart from other loads.

use common::{dump, folder};
use serial_test::{parallel, serial};
use sqlite_fixtures::{
    Seeds, Template,
    rusqlite::{Connection, ffi},
    seed::{SeedError, SeedErrorKind},
};
use std::{fs, path::Path};

const SCHEMA: &str = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text, parent REFERENCES notes)";

/// Loads files into a database that has a row, and asserts that an error leaves it as it was.
fn load(files: &[(&str, &str)]) -> Result<Connection, SeedError> {
    load_from(folder(files).path())
}

fn load_from(folder: &Path) -> Result<Connection, SeedError> {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&format!("{SCHEMA}; INSERT INTO notes VALUES (1, 'before', NULL)")).unwrap();
    let pages = |connection: &Connection| {
        connection.query_row("PRAGMA max_page_count", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    // SAFETY: the connection is open, and of this thread.
    let limit =
        |connection: &Connection| unsafe { ffi::sqlite3_limit(connection.handle(), ffi::SQLITE_LIMIT_LENGTH, -1) };
    let (before, length) = (dump(&connection), limit(&connection));
    let most = pages(&connection);
    let loaded = Seeds::from(folder).load(&mut connection);
    assert_eq!(limit(&connection), length);
    assert_eq!(pages(&connection), most);
    assert!(connection.is_autocommit());
    match loaded {
        Ok(_) => Ok(connection),
        Err(error) => {
            assert_eq!(dump(&connection), before);
            Err(error)
        }
    }
}

fn refused(files: &[(&str, &str)], why: &str) {
    let error = load(files).expect_err(why);
    assert!(error.to_string().contains(why), "{error}");
    assert!(error.position().is_some(), "{error}");
}

const ENDLESS: &str = "WITH RECURSIVE n (a) AS (VALUES (1) UNION ALL SELECT a + 1 FROM n) SELECT count(*) FROM n";

#[parallel]
#[test]
fn endless_script_is_stopped() {
    let script = format!("INSERT INTO notes (text) VALUES ('half');\n  INSERT INTO notes (text) {ENDLESS};");
    let error = load(&[("a.sql", &script)]).unwrap_err();
    assert!(error.to_string().contains("more than 250 million steps"), "{error}");
    assert_eq!(error.position().map(|at| (at.line(), at.column())), Some((Some(2), Some(3))));
}

#[cfg(feature = "json")]
#[parallel]
#[test]
fn endless_value_and_trigger_are_stopped() {
    let value = format!(r#"[{{"text": "before it"}}, {{"text": "RAW={ENDLESS}"}}]"#);
    refused(&[("notes.json", &value)], "more than 250 million steps");
    let trigger = format!("CREATE TRIGGER t AFTER INSERT ON notes BEGIN UPDATE notes SET text = ({ENDLESS}); END");
    refused(&[("a.sql", &trigger), ("notes.json", r#"[{"text": "a"}]"#)], "more than 250 million steps");
}

#[parallel]
#[test]
fn endless_schema_is_stopped() {
    let schema = format!("{SCHEMA};\nINSERT INTO notes (text) {ENDLESS};");
    let error = Template::from_folder(folder(&[("schema.sql", &schema)]).path()).memory().unwrap_err();
    let error = error.seed_error().unwrap();
    assert!(error.to_string().contains("schema.sql:2:1: the statement took more than 250 million steps"), "{error}");
}

#[serial]
#[test]
fn large_value_is_refused() {
    for value in ["zeroblob(300000000)", "hex(zeroblob(200000000))"] {
        refused(
            &[("a.sql", &format!("INSERT INTO notes (text) VALUES ({value})"))],
            "that SQL makes is larger than 16 MiB",
        );
        #[cfg(feature = "json")]
        refused(&[("notes.json", &format!(r#"[{{"text": "RAW={value}"}}]"#))], "that SQL makes is larger than 16 MiB");
    }
}

/// The scripts of one load, each of which goes through the sandbox.
#[parallel]
#[test]
fn sandbox_allows_what_stays_inside_the_database() {
    let script = "
        CREATE VIRTUAL TABLE docs USING fts5 (body);
        INSERT INTO docs VALUES ('red fox'), ('blue fox');
        INSERT INTO docs (docs) VALUES ('optimize');
        CREATE VIRTUAL TABLE places USING rtree (id, x0, x1);
        INSERT INTO places VALUES (7, 1, 2);
        CREATE VIEW foxes AS SELECT rowid FROM docs ('fox');
        CREATE TEMP TABLE seen (id);
        CREATE TRIGGER log AFTER INSERT ON notes BEGIN INSERT INTO docs VALUES (new.text); END;
        INSERT INTO notes (text) VALUES ('green fox');
        PRAGMA page_size = 8192;
        PRAGMA temp_store = FILE;
        ALTER TABLE notes ADD COLUMN extra;
        BEGIN; INSERT INTO notes (text) VALUES ('a'); ROLLBACK;
        SAVEPOINT a; RELEASE a;
        VACUUM;
        REINDEX; ANALYZE;
        EXPLAIN QUERY PLAN SELECT 1;
        WITH RECURSIVE n (a) AS (VALUES (1) UNION ALL SELECT a + 1 FROM n LIMIT 3) SELECT * FROM n;
        SELECT * FROM pragma_table_info('notes');
        PRAGMA max_page_count;
        DROP TABLE seen";
    let connection = load(&[("a.sql", script)]).unwrap();
    let one = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(one("SELECT count(*) FROM foxes"), 3);
    assert_eq!(one("SELECT count(*) FROM notes WHERE text = 'a'"), 0);
    assert_eq!(one("SELECT id FROM places WHERE x0 < 2"), 7);
}

/// `sqlite3 app.db .dump`, of a database with a full-text index.
#[parallel]
#[test]
fn writable_schema_ends_with_its_script() {
    let dump = "
        PRAGMA foreign_keys=OFF;
        BEGIN TRANSACTION;
        PRAGMA writable_schema=ON;
        INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)
            VALUES('table','docs','docs',0,'CREATE VIRTUAL TABLE docs USING fts5 (body)');
        CREATE TABLE IF NOT EXISTS 'docs_data'(id INTEGER PRIMARY KEY, block BLOB);
        INSERT INTO docs_data VALUES(1,X'');
        INSERT INTO docs_data VALUES(10,X'00000000000000');
        CREATE TABLE IF NOT EXISTS 'docs_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS 'docs_content'(id INTEGER PRIMARY KEY, c0);
        CREATE TABLE IF NOT EXISTS 'docs_docsize'(id INTEGER PRIMARY KEY, sz BLOB);
        CREATE TABLE IF NOT EXISTS 'docs_config'(k PRIMARY KEY, v) WITHOUT ROWID;
        INSERT INTO docs_config VALUES('version',4);
        PRAGMA writable_schema=OFF;
        COMMIT;";
    let connection = load(&[("a.sql", dump)]).unwrap();
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'docs%'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tables, 6);
    // A script that does not ask for it cannot, nor one after a script that did.
    let write = "DELETE FROM sqlite_schema WHERE name = 'notes'";
    let error = load(&[("a.sql", dump), ("b.sql", write)]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("b.sql:1:1: SQLite cannot prepare this statement: table sqlite_master may not be modified"),
        "{error}"
    );
    let shadow = "CREATE VIRTUAL TABLE docs USING fts5 (body); DELETE FROM docs_data";
    refused(&[("a.sql", shadow)], "table docs_data may not be modified");
}

#[parallel]
#[test]
fn attached_database_is_read_only() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(
            "ATTACH ':memory:' AS other; CREATE TABLE other.t (a); INSERT INTO other.t VALUES (1);
             CREATE TABLE other.columns (a, main, temp)",
        )
        .unwrap();
    for script in [
        "INSERT INTO other.t VALUES (2)",
        "CREATE TABLE other.more (a)",
        "DROP TABLE other.t",
        "ALTER TABLE other.t ADD COLUMN b",
        "ALTER TABLE other.columns DROP COLUMN main",
        "ALTER TABLE other.columns RENAME COLUMN temp TO b",
        "ALTER TABLE other.t RENAME TO u",
        "PRAGMA other.user_version = 1",
        "DETACH other",
    ] {
        let seeds = folder(&[("a.sql", script)]);
        let error = Seeds::from(seeds.path()).load(&mut connection).expect_err(script);
        assert!(matches!(error.kind(), SeedErrorKind::Forbidden), "{script}: {error}");
    }
    let seeds = folder(&[("a.sql", "CREATE TABLE copied AS SELECT * FROM other.t; PRAGMA other.user_version")]);
    Seeds::from(seeds.path()).load(&mut connection).unwrap();
    let held: i64 = connection
        .query_row("SELECT (SELECT count(*) FROM other.t) + (SELECT count(*) FROM copied)", [], |row| row.get(0))
        .unwrap();
    assert_eq!(held, 2);
}

#[parallel]
#[test]
fn only_a_vacuum_attaches_a_database_for_itself() {
    for script in
        ["ATTACH '' AS vacuum_x; CREATE TABLE vacuum_x.t (a)", "ATTACH '' AS other", "VACUUM; ATTACH '' AS vacuum_x"]
    {
        let error = load(&[("a.sql", script)]).expect_err(script);
        assert!(matches!(error.kind(), SeedErrorKind::Forbidden), "{script}: {error}");
    }
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("ATTACH ':memory:' AS other; CREATE TABLE other.t (a)").unwrap();
    for script in ["VACUUM other", "PRAGMA other.incremental_vacuum", "PRAGMA other.wal_checkpoint"] {
        let error = Seeds::from(folder(&[("a.sql", script)]).path()).load(&mut connection).expect_err(script);
        assert!(matches!(error.kind(), SeedErrorKind::Forbidden), "{script}: {error}");
    }
    Seeds::from(folder(&[("a.sql", "VACUUM; VACUUM main")]).path()).load(&mut connection).unwrap();
}

#[test]
fn script_cannot_switch_the_journal_off() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&format!("{SCHEMA}; BEGIN")).unwrap();
    let script =
        "PRAGMA writable_schema = ON; PRAGMA journal_mode = OFF; INSERT INTO notes (text) VALUES ('half'); bad";
    Seeds::from(folder(&[("a.sql", script)]).path()).load_in(&connection).unwrap_err();
    let rows: i64 = connection.query_row("SELECT count(*) FROM notes", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 0);
}

#[test]
fn failed_script_restores_page_size_and_journal_mode() {
    let file = folder(&[]).path().join("app.db");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    for mut connection in [Connection::open_in_memory().unwrap(), Connection::open(&file).unwrap()] {
        for prepared in ["", SCHEMA] {
            connection.execute_batch(prepared).unwrap();
            let state = |connection: &Connection| -> (String, i64) {
                let one = |sql: &str| connection.query_row(sql, [], |row| row.get(0)).unwrap();
                let mode = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
                (mode, one("SELECT count(*) FROM sqlite_schema"))
            };
            let before = state(&connection);
            let script = "PRAGMA page_size = 8192; VACUUM; PRAGMA journal_mode = WAL; CREATE TABLE t (a); bad";
            let error = Seeds::from(folder(&[("a.sql", script)]).path()).load(&mut connection).unwrap_err();
            assert!(matches!(error.kind(), SeedErrorKind::Statement { .. }), "{error:?}");
            assert_eq!(state(&connection), before);
            connection.execute_batch("PRAGMA integrity_check").unwrap();
        }
    }
    fs::remove_dir_all(file.parent().unwrap()).unwrap();
}

#[test]
fn full_database_of_the_caller_keeps_its_cause() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&format!("{SCHEMA}; PRAGMA max_page_count = 20")).unwrap();
    let seeds = folder(&[("a.sql", "INSERT INTO notes (text) VALUES (zeroblob(200000))")]);
    let error = Seeds::from(seeds.path()).load(&mut connection).unwrap_err();
    assert!(matches!(error.kind(), SeedErrorKind::Sql(_)), "{error}");
}

#[cfg(feature = "json")]
#[test]
fn value_limit_is_only_raised() {
    let rows = format!(r#"[{{"text": "{}"}}, {{"text": "{}"}}]"#, "a".repeat(30 << 20), "b".repeat(17 << 20));
    load(&[("notes.json", &rows), ("z.sql", "UPDATE notes SET parent = NULL")]).unwrap();
}

#[test]
fn sandbox_restores_the_connection() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    let seeds = folder(&[("a.sql", "PRAGMA writable_schema = ON; PRAGMA writable_schema = OFF; SELECT 1")]);
    Seeds::from(seeds.path()).load(&mut connection).unwrap();
    connection
        .execute_batch("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET name = name; ATTACH ':memory:' AS other")
        .unwrap();
    connection.execute_batch("CREATE TABLE other.t (a); DETACH other").unwrap();
}

/// Each that is named doubles what SQLite expands.
#[cfg(feature = "json")]
#[parallel]
#[test]
fn nested_views_are_not_expanded() {
    let more = |number| format!("CREATE VIEW v{} AS SELECT a.text FROM v{number} a, v{number} b;", number + 1);
    let views: String = (0..40).map(more).collect();
    let script = format!("CREATE VIEW v0 AS SELECT text FROM notes;\n{views}");
    let connection =
        load(&[("a.sql", &script), ("notes.json", r#"{"a": {"text": "one"}, "b": {"parent": "a"}}"#)]).unwrap();
    let rows: i64 = connection.query_row("SELECT count(*) FROM notes", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 3);
    let error = load(&[("a.sql", &script), ("b.sql", "SELECT * FROM v40")]).unwrap_err();
    assert!(error.to_string().contains("too many references"), "{error}");
}

#[serial]
#[test]
fn growth_is_limited() {
    let rows = "WITH RECURSIVE n (a) AS (VALUES (1) UNION ALL SELECT a + 1 FROM n) SELECT zeroblob(1000000) FROM n";
    refused(
        &[("a.sql", &format!("INSERT INTO notes (text) {rows}"))],
        "adds more than 1024 MiB to the database or to SQLite's memory",
    );
    let kept = format!("PRAGMA temp_store = MEMORY;\nCREATE TEMP TABLE t AS {rows}");
    refused(&[("a.sql", &kept)], "adds more than 1024 MiB to the database or to SQLite's memory");
    refused(&[("a.sql", "PRAGMA max_page_count = 4000000000")], "or set limits of memory and size");
    let pages = format!("PRAGMA page_size = 65536;\nVACUUM;\nINSERT INTO notes (text) {rows}");
    refused(&[("a.sql", &pages)], "adds more than 1024 MiB to the database or to SQLite's memory");
    let wide = format!("SELECT {}", ["randomblob(250000000)"; 20].join(", "));
    refused(&[("a.sql", &wide)], "that SQL makes is larger than 16 MiB");
}

/// The file system in memory holds temporary files too.
#[serial]
#[test]
fn growth_of_temporary_tables_is_limited() {
    let rows =
        "WITH RECURSIVE n (a) AS (VALUES (1) UNION ALL SELECT a + 1 FROM n) SELECT zeroblob(1000000) || x'00' FROM n";
    let script = format!("EXPLAIN PRAGMA temp_store = FILE;\nCREATE TEMP TABLE t AS {rows}");
    let seeds = folder(&[("schema.sql", SCHEMA), ("a.sql", &script)]);
    let error = Template::from_folder(seeds.path()).uncached().memory().unwrap_err();
    let error = error.seed_error().unwrap();
    assert!(error.to_string().contains("a.sql:2:1: the load adds more than 1024 MiB"), "{error}");
}

#[parallel]
#[test]
fn existing_large_row_may_be_updated() {
    let mut connection = Connection::open_in_memory().unwrap();
    let schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT CHECK (name = trim(name)), large BLOB);
        INSERT INTO t VALUES (1, 'a', zeroblob(1000000))";
    connection.execute_batch(schema).unwrap();
    let seeds = folder(&[("a.sql", "UPDATE t SET name = 'b'; SELECT * FROM t WHERE name LIKE 'b%'")]);
    Seeds::from(seeds.path()).load(&mut connection).unwrap();
}

/// What the code gives is no file's.
#[parallel]
#[test]
fn inserted_rows_may_be_large() {
    let session =
        sqlite_fixtures::SessionFactory::new(sqlite_fixtures::Engine::memory().unwrap()).unwrap().open().unwrap();
    let schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT,
        parent INTEGER AS (nullif(replace(body, 'x', ''), '')) REFERENCES t)";
    session.execute_batch(schema).unwrap();
    let row = std::collections::BTreeMap::from([("body", "x".repeat(3_000_000))]);
    session.insert("t", &row).unwrap();
    session.insert("t", &row).unwrap();
}

#[parallel]
#[test]
fn script_cannot_attach_or_load_extensions() {
    let folder = folder(&[]);
    let outside = folder.path().join("outside.db");
    for (sql, why) in [
        (format!("ATTACH '{}' AS other", outside.display()), "cannot attach or write other files"),
        (format!("VACUUM INTO '{}'", outside.display()), "cannot attach or write other files"),
        (format!("/* VACUUM */ VACUUM /* */ INTO '{}'", outside.display()), "cannot attach or write other files"),
        (
            format!("EXPLAIN QUERY PLAN SELECT 1; ATTACH '{}' AS other", outside.display()),
            "cannot attach or write other files",
        ),
        ("PRAGMA hard_heap_limit = 60000".to_owned(), "set limits of memory and size"),
        ("SELECT 1\0; ATTACH 'x' AS y".to_owned(), "a NUL hides what follows it"),
        ("SELECT 1; \u{feff}PRAGMA hard_heap_limit = 60000".to_owned(), "set limits of memory and size"),
        ("SELECT load_extension('outside')".to_owned(), "load extensions"),
        (format!("SELECT writefile('{}', 'x')", outside.display()), "no such function"),
    ] {
        let error = load(&[("a.sql", &format!("INSERT INTO notes (text) VALUES ('half');\n{sql}"))]).expect_err(&sql);
        let said = format!("{error:?}");
        assert!(said.contains(why), "{sql}\n{said}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Whether a table is a shadow table is found out by making its virtual table, of which the schema may say anything.
#[parallel]
#[test]
fn schema_written_by_hand_reaches_no_other_file() {
    let folder = tempfile::tempdir().unwrap();
    let victim = folder.path().join("victim.db");
    for behind in [format!("; ATTACH '{}' AS e; CREATE TABLE e.t (a)", victim.display()), format!("; {ENDLESS}")] {
        let made = format!("CREATE VIRTUAL TABLE x USING fts5 (a){behind}").replace('\'', "''");
        let script = format!(
            "PRAGMA writable_schema = ON;
             INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES ('table', 'x', 'x', 0, '{made}');
             INSERT INTO pragma_user_version VALUES (1);"
        );
        refused(&[("a.sql", &script)], "table pragma_user_version may not be modified");
        assert!(!victim.exists());
    }
}

#[parallel]
#[test]
fn table_with_the_name_of_a_shadow_table_is_altered_and_dropped() {
    let script = "CREATE TABLE docs_content (id INTEGER PRIMARY KEY, body);
        CREATE VIRTUAL TABLE docs USING fts5 (body, content='docs_content', content_rowid='id');
        CREATE TRIGGER added AFTER INSERT ON docs_content BEGIN INSERT INTO docs (rowid, body) VALUES (new.id, new.body); END;
        ALTER TABLE docs_content ADD COLUMN more;
        DROP TABLE docs_content;";
    load(&[("a.sql", script)]).unwrap();
    for refused_statement in ["ALTER TABLE t_data ADD COLUMN x", "DROP TABLE t_data"] {
        let script = format!("CREATE VIRTUAL TABLE t USING fts5 (body); {refused_statement}");
        refused(&[("a.sql", &script)], "table t_data may not be");
    }
    let trigger =
        "CREATE VIRTUAL TABLE t USING fts5 (body); CREATE TRIGGER g AFTER INSERT ON t_data BEGIN SELECT 1; END";
    // Older libraries allow it.
    if cfg!(feature = "bundled") {
        refused(&[("a.sql", trigger)], "cannot create triggers on shadow tables");
    }
}
