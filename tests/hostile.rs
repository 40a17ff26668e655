//! Seed files are hostile until proven otherwise: each fault is a typed error after a bounded number of steps, nothing outside the
//! folder is touched, and nothing is applied by half.

use common::{dump, folder};
use sqlite_fixtures::{
    Seeds, Template,
    rusqlite::{Connection, limits::Limit},
    seed::{SeedError, SeedErrorKind},
    template::TemplateError,
};
use std::{fs, os::unix::fs::symlink, path::Path};

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
    let (before, length) = (dump(&connection), connection.limit(Limit::SQLITE_LIMIT_LENGTH).unwrap());
    let most = pages(&connection);
    let loaded = Seeds::from(folder).load(&mut connection);
    assert_eq!(connection.limit(Limit::SQLITE_LIMIT_LENGTH).unwrap(), length);
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

#[test]
fn a_script_without_end_is_ended() {
    let script = format!("INSERT INTO notes (text) VALUES ('half');\n  INSERT INTO notes (text) {ENDLESS};");
    let error = load(&[("a.sql", &script)]).unwrap_err();
    assert!(error.to_string().contains("more than 250 million steps"), "{error}");
    assert_eq!(error.position().map(|at| (at.line(), at.column())), Some((Some(2), Some(3))));
}

#[cfg(feature = "json")]
#[test]
fn a_value_and_a_trigger_without_end_are_ended() {
    let value = format!(r#"[{{"text": "before it"}}, {{"text": "RAW={ENDLESS}"}}]"#);
    refused(&[("notes.json", &value)], "more than 250 million steps");
    let trigger = format!("CREATE TRIGGER t AFTER INSERT ON notes BEGIN UPDATE notes SET text = ({ENDLESS}); END");
    refused(&[("a.sql", &trigger), ("notes.json", r#"[{"text": "a"}]"#)], "more than 250 million steps");
}

#[test]
fn a_schema_without_end_is_ended() {
    let schema = format!("{SCHEMA};\nINSERT INTO notes (text) {ENDLESS};");
    let error = Template::from_folder(folder(&[("schema.sql", &schema)]).path()).memory().unwrap_err();
    let error = error.seed_error().unwrap();
    assert!(error.to_string().contains("schema.sql:2:1: the statement took more than 250 million steps"), "{error}");
}

#[test]
fn a_value_that_fills_the_memory_is_refused() {
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
#[test]
fn dump_of_the_shell_may_write_the_schema_and_the_next_script_may_not() {
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

#[test]
fn script_cannot_write_to_a_database_that_the_caller_attached() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch("ATTACH ':memory:' AS other; CREATE TABLE other.t (a); INSERT INTO other.t VALUES (1)")
        .unwrap();
    for script in [
        "INSERT INTO other.t VALUES (2)",
        "CREATE TABLE other.more (a)",
        "DROP TABLE other.t",
        "ALTER TABLE other.t ADD COLUMN b",
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

#[test]
fn connection_is_as_it_was_behind_the_sandbox() {
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
#[test]
fn views_that_stand_on_each_other_are_not_expanded() {
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

#[test]
fn what_fills_the_database_or_the_memory_row_by_row_is_ended() {
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
#[test]
fn what_fills_temporary_files_of_a_database_of_ours_is_ended() {
    let rows =
        "WITH RECURSIVE n (a) AS (VALUES (1) UNION ALL SELECT a + 1 FROM n) SELECT zeroblob(1000000) || x'00' FROM n";
    let script = format!("EXPLAIN PRAGMA temp_store = FILE;\nCREATE TEMP TABLE t AS {rows}");
    let seeds = folder(&[("schema.sql", SCHEMA), ("a.sql", &script)]);
    let error = Template::from_folder(seeds.path()).uncached().memory().unwrap_err();
    let error = error.seed_error().unwrap();
    assert!(error.to_string().contains("a.sql:2:1: the load adds more than 1024 MiB"), "{error}");
}

#[test]
fn a_database_that_was_there_before_may_hold_a_larger_row_than_sql_may_make() {
    let mut connection = Connection::open_in_memory().unwrap();
    let schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT CHECK (name = trim(name)), large BLOB);
        INSERT INTO t VALUES (1, 'a', zeroblob(1000000))";
    connection.execute_batch(schema).unwrap();
    let seeds = folder(&[("a.sql", "UPDATE t SET name = 'b'; SELECT * FROM t WHERE name LIKE 'b%'")]);
    Seeds::from(seeds.path()).load(&mut connection).unwrap();
}

/// What the code gives is no file's.
#[test]
fn the_code_inserts_rows_beside_large_ones_also_where_a_column_is_computed_by_replace() {
    let session =
        sqlite_fixtures::SessionFactory::new(sqlite_fixtures::Engine::memory().unwrap()).unwrap().open().unwrap();
    let schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT,
        parent INTEGER AS (nullif(replace(body, 'x', ''), '')) REFERENCES t)";
    session.execute_batch(schema).unwrap();
    let row = std::collections::BTreeMap::from([("body", "x".repeat(3_000_000))]);
    session.insert("t", &row).unwrap();
    session.insert("t", &row).unwrap();
}

/// SQLite limits a row as a whole.
#[cfg(feature = "json")]
#[test]
fn a_file_beside_is_as_large_as_it_is_also_where_the_schema_calls_trim() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE t (name TEXT CHECK (name = trim(name)), one BLOB, two BLOB)").unwrap();
    let large = "x".repeat(1_000_000);
    let row = r#"[{"name": "n", "one": "FILE=large", "two": "FILE=large"}]"#;
    Seeds::from(folder(&[("t.json", row), ("files/large", &large)]).path()).load(&mut connection).unwrap();
    let size: i64 = connection.query_row("SELECT length(one) + length(two) FROM t", [], |row| row.get(0)).unwrap();
    assert_eq!(size, 2_000_000);
}

#[test]
fn a_file_that_fills_the_memory_is_not_read() {
    for name in ["notes.sql", "notes.json"] {
        let folder = folder(&[]);
        fs::File::create(folder.path().join(name)).unwrap().set_len((256 << 20) + 1).unwrap();
        let error = load_from(folder.path()).unwrap_err();
        let expected = if cfg!(feature = "json") || name == "notes.sql" { "larger than 256 MiB" } else { "feature" };
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[cfg(feature = "yaml")]
#[test]
fn aliases_do_not_multiply() {
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, before) in ('b'..='z').zip('a'..) {
        bomb += &format!("{name}: &{name} [{}]\n", vec![format!("*{before}"); 10].join(", "));
    }
    refused(&[("notes.yaml", &bomb)], "aliases copy at most 100,000 values");
    let mut merged = "a: &a {text: x}\n".to_owned();
    for (name, before) in ('b'..='z').zip('a'..) {
        let fields: Vec<_> = (0..10).map(|number| format!("f{number}: *{before}")).collect();
        merged += &format!("{name}: &{name} {{<<: *{before}, {}}}\n", fields.join(", "));
    }
    refused(&[("notes.yaml", &merged)], "aliases copy at most 100,000 values");
    refused(&[("notes.yaml", "a: &a {text: *a}\n")], "alias");
}

/// Nested a hundred thousand times, in each way that a format has.
#[cfg(all(feature = "json", feature = "toml", feature = "yaml"))]
#[test]
fn nesting_has_an_end_in_every_format() {
    const TIMES: usize = 100_000;
    let lists = "[".repeat(TIMES) + &"]".repeat(TIMES);
    let maps = r#"{"a":"#.repeat(TIMES) + "1" + &"}".repeat(TIMES);
    let in_a_row = format!(r#"[{{"text": {lists}}}]"#);
    for text in [&lists, &maps, &in_a_row, &"[".repeat(TIMES), &"{\"a\":[".repeat(TIMES)] {
        for name in ["notes.json", "notes.jsonl", "notes.yaml"] {
            load(&[(name, text)]).expect_err(name);
        }
    }
    let deeper: String = (0..300).map(|depth| " ".repeat(depth) + "a:\n").collect();
    let (dashes, questions) = ("- ".repeat(TIMES), "? ".repeat(TIMES));
    for text in [&deeper, &dashes, &questions, &"&a ".repeat(TIMES), &"!a ".repeat(TIMES)] {
        load(&[("notes.yaml", text)]).expect_err("YAML");
    }
    let dotted = format!("[[notes]]\ntext{} = 1", ".a".repeat(TIMES));
    let headers = format!("[notes{}]", ".a".repeat(TIMES));
    for text in [&format!("notes = {lists}"), &format!("notes = {}", "{a=".repeat(TIMES)), &dotted, &headers] {
        load(&[("notes.toml", text)]).expect_err("TOML");
    }
}

#[test]
fn a_script_writes_no_file_and_loads_no_library() {
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

#[test]
fn a_symbolic_link_is_followed_inside_the_folder_only() {
    let outside = folder(&[("secret.sql", "INSERT INTO notes (text) VALUES ('secret')"), ("schema.sql", SCHEMA)]);
    let leads_out = |error: &SeedError| error.to_string().contains("symbolic link leads out of the folder");
    let seeds = folder(&[]);
    symlink(outside.path().join("secret.sql"), seeds.path().join("notes.sql")).unwrap();
    let error = load_from(seeds.path()).unwrap_err();
    assert!(leads_out(&error), "{error}");

    let beside = folder(&[("secret.sql", "INSERT INTO notes (text) VALUES ('secret')"), ("seeds/README.md", "")]);
    symlink("../secret.sql", beside.path().join("seeds/notes.sql")).unwrap();
    let error = load_from(&beside.path().join("seeds")).unwrap_err();
    assert!(leads_out(&error), "{error}");

    let seeds = folder(&[("others/notes.sql", "INSERT INTO notes (text) VALUES ('inside')")]);
    symlink("others/notes.sql", seeds.path().join("notes.sql")).unwrap();
    let loaded = load_from(seeds.path()).unwrap();
    assert!(dump(&loaded).contains("'inside'"));

    let template = |folder: &Path| Template::from_folder(folder).memory();
    let is_refused = |built: Result<_, TemplateError>| built.is_err_and(|error| leads_out(error.seed_error().unwrap()));
    let linked = folder(&[]);
    symlink(outside.path().join("schema.sql"), linked.path().join("schema.sql")).unwrap();
    assert!(is_refused(template(linked.path())));
    let linked = folder(&[]);
    symlink(outside.path(), linked.path().join("migrations")).unwrap();
    assert!(is_refused(template(linked.path())));
    // A link that its author names is what is meant.
    let named = folder(&[]);
    symlink(outside.path(), named.path().join("fixtures")).unwrap();
    assert!(template(&named.path().join("fixtures")).is_ok());
}

#[cfg(feature = "json")]
#[test]
fn a_file_beside_is_inside_its_folder() {
    let outside = folder(&[("secret", "secret")]);
    let seeds = folder(&[("files/photo", "photo"), ("files/more/photo", "photo"), ("secret", "secret")]);
    fs::remove_file(seeds.path().join("secret")).unwrap();
    fs::create_dir(seeds.path().join("secrets")).unwrap();
    fs::write(seeds.path().join("secrets/secret"), "secret").unwrap();
    symlink(outside.path().join("secret"), seeds.path().join("files/link")).unwrap();
    symlink(outside.path(), seeds.path().join("files/links")).unwrap();
    symlink("../secrets", seeds.path().join("files/beside")).unwrap();
    symlink("/dev/zero", seeds.path().join("files/zero")).unwrap();
    let absolute = outside.path().join("secret").display().to_string();
    for (name, why) in [
        ("../secrets/secret", "without `..`"),
        ("more/../../secrets/secret", "without `..`"),
        (absolute.as_str(), "without `..`"),
        ("", "without `..`"),
        (".", "without `..`"),
        ("link", "leads out of the folder"),
        ("links/secret", "leads out of the folder"),
        ("beside/secret", "leads out of the folder"),
        ("zero", "leads out of the folder"),
        ("more", "no such file"),
        ("nothing", "no such file"),
        ("a\0b", "no such file"),
    ] {
        let json = serde_json::json!([{ "text": format!("FILE={name}") }]).to_string();
        fs::write(seeds.path().join("notes.json"), json).unwrap();
        let error = load_from(seeds.path()).expect_err(name);
        assert!(error.to_string().contains(why), "{name}: {error}");
        assert!(error.to_string().contains("notes.json:1:"), "{error}");
    }
    fs::write(seeds.path().join("notes.json"), r#"[{"text": "FILE=more/photo"}]"#).unwrap();
    assert!(dump(&load_from(seeds.path()).unwrap()).contains("x'70686f746f'"));
    // A template looks at all of them, to see when one changes.
    fs::write(seeds.path().join("schema.sql"), SCHEMA).unwrap();
    let error = Template::from_folder(seeds.path()).memory().unwrap_err();
    assert!(error.seed_error().unwrap().to_string().contains("leads out of the folder"), "{error}");
}

#[cfg(feature = "json")]
mod names {
    use super::*;

    /// Names that somebody might hope are not looked at.
    const NAMES: [&str; 60] = [
        "..",
        "../outside",
        "..\\outside",
        "/etc/passwd",
        "C:\\outside",
        "~/outside",
        "$HOME",
        "${HOME}",
        "%TEMP%",
        "`id`",
        "$(id)",
        "a;b",
        "a; DROP TABLE notes; --",
        "a'); DROP TABLE notes; --",
        "a\"); DROP TABLE notes; --",
        "\"",
        "\"\"",
        "'",
        "''",
        "`",
        "[",
        "]",
        "[a]",
        "a]b",
        "a\"b",
        "a'b",
        "a`b",
        "--",
        "-- a",
        "/*",
        "/* a */",
        "*",
        "?",
        "?1",
        ":a",
        "@a",
        "$a",
        "#",
        "a b",
        " a",
        "a ",
        "\t",
        "\n",
        "a\nb",
        "a\r\nb",
        "\u{1}",
        "\u{1b}[31m",
        "\u{202e}txt",
        "\u{200b}",
        "\u{feff}",
        "é",
        "e\u{301}",
        "灯台",
        "😀",
        "select",
        "table",
        "rowid",
        "main",
        "NULL",
        "{{ . }}",
    ];

    fn quoted(name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    /// A table, its column, a label and a value that all have one name: the row is in it, and nothing else has changed.
    fn name_is_only_a_name(connection: &mut Connection, seeds: &Path, name: &str) {
        let table = quoted(name);
        let schema = format!("CREATE TABLE {table} ({table} TEXT, \"the key\" TEXT PRIMARY KEY)");
        connection.execute_batch(&schema).unwrap();
        let before: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
        fs::write(seeds, serde_json::json!({ name: [{ name: name, "_label": name }] }).to_string()).unwrap();
        let labels = Seeds::from(seeds).load(connection).unwrap_or_else(|error| panic!("{name:?}: {error}"));
        assert_eq!(labels.key::<String>(name, name).unwrap(), name);
        let held: (String, String, i64) = connection
            .query_row(
                &format!("SELECT {table}, \"the key\", (SELECT count(*) FROM sqlite_schema) FROM {table}"),
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .unwrap();
        assert_eq!(held, (name.to_owned(), name.to_owned(), before));
        connection.execute_batch(&format!("DROP TABLE {table}")).unwrap();
    }

    #[test]
    fn hostile_names_are_only_names() {
        let folder = folder(&[("seeds/seeds.json", "")]);
        let seeds = folder.path().join("seeds/seeds.json");
        let mut connection = Connection::open_in_memory().unwrap();
        for name in NAMES {
            name_is_only_a_name(&mut connection, &seeds, name);
        }
        assert_eq!(dump(&connection), "");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn ten_thousand_random_identifiers_are_only_names() {
        use proptest::{strategy::Strategy, strategy::ValueTree, test_runner::TestRunner};
        let folder = folder(&[("seeds/seeds.json", "")]);
        let seeds = folder.path().join("seeds/seeds.json");
        let mut connection = Connection::open_in_memory().unwrap();
        let mut runner = TestRunner::deterministic();
        // Anything but NUL, which no SQL can have, and half of it out of what SQL and paths are made of.
        let letters = proptest::string::string_regex("([^\0]|[-;'\"`\\[\\]./\\\\ \n*()a-c]){1,24}").unwrap();
        for _ in 0..10_000 {
            let name = letters.new_tree(&mut runner).unwrap().current();
            // Names of SQLite's own; the other column; and what a value may begin with.
            let lower = name.to_ascii_lowercase();
            if !lower.starts_with("sqlite_") && lower != "the key" && !name.starts_with("RAW=") {
                name_is_only_a_name(&mut connection, &seeds, &name);
            }
        }
        assert_eq!(dump(&connection), "");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    /// What `dump` writes of tables with such names, in each format, is inside its folder, and seeds the same database again.
    #[cfg(feature = "cli")]
    #[test]
    fn a_dump_of_hostile_names_stays_in_its_folder() {
        use common::package::Run;
        use std::process::Command;
        let command = |arguments: &[&str], folder: &Path| {
            let run = Run::of(Command::new(env!("CARGO_BIN_EXE_sqlite-fixtures")).args(arguments).current_dir(folder));
            assert_eq!(run.code, Some(0), "{}", run.text);
        };
        for format in ["yaml", "json", "csv", "sql"] {
            let folder = folder(&[]);
            let connection = Connection::open(folder.path().join("test.db")).unwrap();
            for name in NAMES {
                let table = quoted(name);
                connection
                    .execute_batch(&format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, {table} TEXT)"))
                    .unwrap();
                connection.execute(&format!("INSERT INTO {table} VALUES (7, ?1)"), [name]).unwrap();
            }
            command(&["dump", "test.db", "--out", "out", "--format", format], folder.path());
            command(&["seed", "out", "--into", "again.db"], folder.path());
            assert_eq!(dump(&Connection::open(folder.path().join("again.db")).unwrap()), dump(&connection), "{format}");
            let mut names: Vec<_> =
                fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            assert_eq!(names, ["again.db", "out", "test.db"], "{format}");
            assert!(fs::read_dir(folder.path().join("out")).unwrap().all(|entry| entry.unwrap().path().is_file()));
        }
    }
}
