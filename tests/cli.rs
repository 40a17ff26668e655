//! The commands `sqlite-fixtures check`, `seed`, `dump` and `schema`: what they print, and their exit codes.
//!
//! `INSTA_UPDATE=always cargo test --features cli --test cli` writes what is printed to `tests/cli`.

use common::{dump, folder, package::Run};
use sqlite_fixtures::{
    Template,
    rusqlite::{self, Connection, types::ValueRef},
};
use std::{fs, path::Path, process::Command};

/// Runs the command in a folder, which is `FOLDER` in what it prints.
fn run(arguments: &[&str], folder: &Path) -> Run {
    let mut run = Run::of(Command::new(env!("CARGO_BIN_EXE_sqlite-fixtures")).args(arguments).current_dir(folder));
    run.text = run.text.replace(&*folder.to_string_lossy(), "FOLDER");
    run
}

/// Compares the exit code and what is printed with `tests/cli/NAME.snap`.
fn assert_snapshot(name: &str, runs: &[Run]) {
    let text: String = runs.iter().map(|run| format!("exit code {}\n{}\n", run.code.unwrap(), run.text)).collect();
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path("cli");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

const SCHEMA: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES users, title TEXT);
    CREATE TABLE tags (name TEXT);";

/// A misspelt column, a dangling label, and a line that is no YAML.
fn three_mistakes() -> tempfile::TempDir {
    folder(&[
        ("schema.sql", SCHEMA),
        ("users.json", r#"{"alice": {"nmae": "Alice"}, "bob": {"name": "Bob"}}"#),
        ("posts.csv", "author_id,title\nbob,On salt\nalcie,On moss\n"),
        ("tags.yaml", "- name: sea\n- name: \"sal\n"),
    ])
}

#[test]
fn check_reports_every_error() {
    let run = run(&["check", "."], three_mistakes().path());
    assert!(!run.text.contains('\u{1b}'), "colours only on a terminal: {}", run.text);
    assert_snapshot("check_errors", &[run]);
}

#[test]
fn check_counts_tables_and_rows() {
    let run = run(&["check", "fixtures"], Path::new(env!("CARGO_MANIFEST_DIR")));
    assert_eq!((run.code, run.text.as_str()), (Some(0), "fixtures: no errors in 10 tables, 52 rows\n"));
}

#[test]
fn seed_creates_the_database_of_a_template() {
    let made = tempfile::tempdir().unwrap();
    let (database, seeds) = (made.path().join("new.db"), Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"));
    let run = run(&["seed", seeds.to_str().unwrap(), "--into", "new.db"], made.path());
    assert_eq!(run.code, Some(0), "{}", run.text);
    assert!(run.text.starts_with("rows authors 5\nrows book_authors 8\n"), "{}", run.text);
    assert_eq!(run.text.lines().count(), 10, "{}", run.text);
    assert_eq!(dump(&Connection::open(database).unwrap()), dump(&Template::from_folder(seeds).session()));
    assert_eq!(fs::read_dir(made.path()).unwrap().count(), 1);
}

#[test]
fn failed_seed_changes_nothing() {
    let seeds = three_mistakes();
    fs::create_dir(seeds.path().join("data")).unwrap();
    let new = run(&["seed", ".", "--into", "data/new.db"], seeds.path());
    assert!(!seeds.path().join("data/new.db").exists());
    let existing = seeds.path().join("data/test.db");
    Connection::open(&existing).unwrap().execute_batch(SCHEMA).unwrap();
    let before = fs::read(&existing).unwrap();
    let filled = run(&["seed", ".", "--into", "data/test.db"], seeds.path());
    assert!(fs::read(&existing).unwrap() == before);
    assert_snapshot("seed_errors", &[new, filled]);
}

#[test]
fn seed_fills_an_existing_database_only_on_request() {
    let seeds = folder(&[("users.json", r#"[{"id": 1, "name": "Alice"}]"#), ("data/readme.md", "")]);
    let app = seeds.path().join("data/app.db");
    Connection::open(&app).unwrap().execute_batch(SCHEMA).unwrap();
    let before = fs::read(&app).unwrap();
    let refused = run(&["seed", ".", "--into", "data/app.db"], seeds.path());
    assert!(fs::read(&app).unwrap() == before);
    let allowed = run(&["seed", ".", "--into", "data/app.db", "--allow-existing"], seeds.path());
    let named = seeds.path().join("data/app_test.db");
    fs::copy(&app, named).unwrap();
    let named = run(&["seed", ".", "--into", "data/app_test.db"], seeds.path());
    fs::write(&app, "no database").unwrap();
    let garbage = run(&["seed", ".", "--into", "data/app.db", "--allow-existing"], seeds.path());
    assert_eq!(fs::read(&app).unwrap(), b"no database");
    // The name of the third is that of a test database, so it is not refused, but the row is there already.
    assert_snapshot("seed_existing", &[refused, allowed, named, garbage]);
}

#[test]
fn prints_help() {
    for command in ["check", "seed", "dump", "schema", "leaks"] {
        assert_snapshot(
            &format!("help_of_{command}"),
            &[run(&[command, "--help"], tempfile::tempdir().unwrap().path())],
        );
    }
}

/// A schema and rows with all that a format might lose.
const ODD: &str = r#"
    PRAGMA user_version = 7;
    CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, boss REFERENCES people,
        shout TEXT GENERATED ALWAYS AS (upper(name)) STORED);
    CREATE TABLE "an ""odd"" name" ("a column" TEXT);
    CREATE TABLE "values" (n, number NUMERIC, text TEXT, bytes BLOB);
    CREATE TABLE strictly (anything ANY, whole INTEGER) STRICT;
    CREATE TABLE unprinted (a TEXT);
    INSERT INTO unprinted VALUES (char(65279) || 'mark'), (char(127, 133, 8232, 65535, 128512, 13, 9)), (char(13, 10)), ('\n'), ('#');
    CREATE TABLE pairs (a TEXT, b INTEGER, c TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
    CREATE VIRTUAL TABLE notes USING fts5(body);
    CREATE TABLE log (what TEXT);
    CREATE TABLE only (a TEXT);
    INSERT INTO only VALUES ('x'), (NULL), ('{{{.Name}}}'), ('');
    CREATE TABLE hidden (rowid TEXT, a);
    INSERT INTO hidden (_rowid_, rowid, a) VALUES (1, 'z', 1), (2, 'y', 2);
    CREATE TABLE con (a);
    INSERT INTO con VALUES (1);
    CREATE TABLE keys (id UUID PRIMARY KEY, code UNIQUE);
    CREATE TABLE points (id UUID REFERENCES keys, code REFERENCES keys (code));
    INSERT INTO keys VALUES ('f47ac10b-58cc', 'a'), (7, 'b');
    INSERT INTO points VALUES ('f47ac10b-58cc', 'b'), (7, NULL);
    CREATE VIRTUAL TABLE words USING fts5vocab(notes, row);
    CREATE VIEW remarked AS SELECT a FROM only -- what it holds
;
    CREATE TABLE broken (n, bytes BLOB);
    CREATE TABLE empty (a);
    CREATE TRIGGER logged AFTER INSERT ON people BEGIN INSERT INTO log VALUES ('came: ' || new.name); END;
    CREATE VIEW names AS SELECT name FROM people;
    INSERT INTO people (id, name, boss) VALUES (1, 'Ann', NULL), (2, 'Bob <%= 1 %> {{ x }}', 1), (9, 'gone', 2);
    DELETE FROM people WHERE id = 9;
    INSERT INTO "an ""odd"" name" VALUES (' padded '), (''), (NULL), ('[null]'), (char(9) || 'tab'), ('two' || char(10) || 'lines'),
        (char(127, 133, 8232, 65279, 65535, 128512, 13));
    INSERT INTO "values" VALUES (7, 9007199254740993, '7', '7'), ('7', 1e300, 'RAW=7', 'RAW=7'), (0.1, -9e999, 'null', x'00ff'),
        (x'', 9e999, '0xff', '0xff'), (NULL, 'abc', 'x''00''', 'x''00'''), (-0.5, 9223372036854775807, '1' || char(0) || '2', 5),
        ('a''b', 1.0, x'61', 0.5), ('true', x'31', '~', ''), ('2020-01-01', NULL, NULL, NULL);
    INSERT INTO broken VALUES (CAST(x'ff41' AS TEXT), CAST(x'ff' AS TEXT));
    INSERT INTO strictly VALUES ('1', 1), (1, 2), (1.0, NULL), (x'01', 4);
    INSERT INTO pairs VALUES ('x', 2, 'é'), ('x', 1, '"quoted", and more');
    INSERT INTO notes (rowid, body) VALUES (5, 'the sea'), (9, 'the moss');
"#;

fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(text) => format!("\"{}\"", text.escape_ascii()),
        other => format!("{other:?}"),
    }
}

/// All that a database holds, texts by their bytes.
fn held(file: &Path) -> Vec<String> {
    let database = Connection::open(file).unwrap();
    let mut all = Vec::new();
    for (sql, columns) in [
        ("SELECT type, name, sql FROM sqlite_schema WHERE tbl_name NOT LIKE 'notes\\_%' ESCAPE '\\' ORDER BY name", 3),
        ("SELECT id, name, boss, shout FROM people ORDER BY 1", 4),
        ("SELECT \"a column\" FROM \"an \"\"odd\"\" name\" ORDER BY rowid", 1),
        ("SELECT n, number, text, bytes FROM \"values\" ORDER BY rowid", 4),
        ("SELECT a FROM only ORDER BY rowid", 1),
        ("SELECT _rowid_, rowid, a FROM hidden ORDER BY _rowid_", 3),
        ("SELECT id, code FROM keys ORDER BY _rowid_", 2),
        ("SELECT id, code FROM points ORDER BY rowid", 2),
        ("SELECT a FROM con", 1),
        ("SELECT term FROM words", 1),
        ("SELECT a FROM remarked ORDER BY a", 1),
        ("SELECT encoding FROM pragma_encoding", 1),
        ("SELECT n, bytes FROM broken", 2),
        ("SELECT a FROM unprinted ORDER BY rowid", 1),
        ("SELECT anything, whole FROM strictly ORDER BY rowid", 2),
        ("SELECT a, b, c FROM pairs ORDER BY a, b", 3),
        ("SELECT rowid, body FROM notes WHERE notes MATCH 'the' ORDER BY rowid", 2),
        ("SELECT what FROM log ORDER BY rowid", 1),
        ("SELECT name, seq FROM sqlite_sequence", 2),
        ("SELECT name FROM names ORDER BY name", 1),
        ("SELECT user_version FROM pragma_user_version", 1),
    ] {
        let mut select = database.prepare(sql).unwrap();
        let rows = select.query_map([], |row| {
            let values: Result<Vec<_>, rusqlite::Error> = (0..columns).map(|at| Ok(shown(row.get_ref(at)?))).collect();
            Ok(values?.join(" "))
        });
        all.extend(rows.unwrap().map(|row| format!("{sql}: {}", row.unwrap())));
    }
    all
}

#[rstest::rstest]
fn dump_round_trips(
    #[values("yaml", "json", "csv", "sql")] format: &str,
    #[values("UTF-8", "UTF-16le")] encoding: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    let (app, again) = (folder.path().join("app.db"), folder.path().join("again.db"));
    let odd = format!("PRAGMA encoding = '{encoding}'; {ODD}");
    Connection::open(&app).unwrap().execute_batch(&odd).unwrap();
    let before = fs::read(&app).unwrap();
    let dumped = run(&["dump", "app.db", "--out", "fixtures", "--format", format], folder.path());
    assert_eq!(dumped.code, Some(0), "{}", dumped.text);
    assert!(dumped.text.contains("rows people 2\n") && dumped.text.contains("rows empty 0\n"), "{}", dumped.text);
    assert!(fs::read(&app).unwrap() == before, "only read");
    let checked = run(&["check", "fixtures"], folder.path());
    assert_eq!(checked.code, Some(0), "{}", checked.text);
    let seeded = run(&["seed", "fixtures", "--into", "again.db"], folder.path());
    assert_eq!(seeded.code, Some(0), "{}", seeded.text);
    for (again, app) in held(&again).iter().zip(&held(&app)) {
        assert_eq!(again, app);
    }
    assert_eq!(held(&again).len(), held(&app).len());
    assert_eq!(folder.path().join("fixtures/pairs").with_extension(format).exists(), format != "sql");
    let twice = run(&["dump", "again.db", "--out", "fixtures2", "--format", format], folder.path());
    assert_eq!(twice.code, Some(0), "{}", twice.text);
    for file in fs::read_dir(folder.path().join("fixtures")).unwrap() {
        let file = file.unwrap();
        let other = folder.path().join("fixtures2").join(file.file_name());
        assert_eq!(fs::read_to_string(file.path()).unwrap(), fs::read_to_string(other).unwrap(), "{:?}", file.path());
    }
}

#[test]
fn dump_of_some_rows_includes_referenced_rows() {
    let folder = tempfile::tempdir().unwrap();
    Connection::open(folder.path().join("app.db"))
        .unwrap()
        .execute_batch(
            "CREATE TABLE cities (country TEXT, name TEXT, PRIMARY KEY (country, name)) WITHOUT ROWID;
             CREATE TABLE users (id INTEGER PRIMARY KEY, boss REFERENCES users, country, city,
                FOREIGN KEY (country, city) REFERENCES cities);
             CREATE TABLE orders (id INTEGER PRIMARY KEY, user REFERENCES users (id));
             CREATE TABLE log (what TEXT);
             INSERT INTO cities VALUES ('no', 'Bergen'), ('dk', 'Odense'), ('se', 'Lund');
             INSERT INTO users VALUES (1, NULL, 'se', 'Lund'), (2, 1, 'no', 'Bergen'), (3, 2, NULL, 'Odense'), (4, NULL, 'dk', 'Odense');
             INSERT INTO orders VALUES (10, 3), (11, 4), (12, 2);
             INSERT INTO log VALUES ('a'), ('b');",
        )
        .unwrap();
    let some = run(&["dump", "app.db", "--out", "some", "--table", "orders", "--rows", "1"], folder.path());
    assert_eq!((some.code, some.text.as_str()), (Some(0), "rows cities 2\nrows log 0\nrows orders 1\nrows users 3\n"));
    let seeded = run(&["seed", "some", "--into", "some.db"], folder.path());
    assert_eq!(seeded.code, Some(0), "no foreign key dangles: {}", seeded.text);
    let every = run(&["dump", "app.db", "--out", "every", "--rows", "1"], folder.path());
    assert_eq!(
        (every.code, every.text.as_str()),
        (Some(0), "rows cities 3\nrows log 1\nrows orders 1\nrows users 3\n")
    );
}

/// Databases in which something knows rows by their rowids, or a module keeps more than columns show, and what to look at.
#[rstest::rstest]
#[case::external_content(
    "CREATE TABLE page (slug TEXT PRIMARY KEY, body TEXT);
     CREATE VIRTUAL TABLE page_fts USING fts5 (slug, body, content='page');
     CREATE TABLE mark (page_rowid INTEGER, note TEXT);
     INSERT INTO page VALUES ('a', 'one'), ('b', 'two'), ('c', 'three');
     INSERT INTO page_fts (page_fts) VALUES ('rebuild');
     INSERT INTO page_fts (page_fts, rowid, slug, body) VALUES ('delete', 2, 'b', 'two');
     DELETE FROM page WHERE slug = 'b';
     INSERT INTO mark VALUES (3, 'on c');
     INSERT INTO page VALUES ('unindexed', 'three');",
    "SELECT rowid, slug FROM page_fts('three') UNION ALL SELECT note, slug FROM mark JOIN page ON page_rowid = page.rowid"
)]
#[case::content_in_a_table_with_the_name_of_a_shadow_table(
    "CREATE TABLE docs_content (id INTEGER PRIMARY KEY, title TEXT, body TEXT);
     CREATE VIRTUAL TABLE docs USING fts5 (title, body, content='docs_content', content_rowid='id');
     INSERT INTO docs_content VALUES (4, 'moss', 'green and low');
     INSERT INTO docs (docs) VALUES ('rebuild');",
    "SELECT rowid, title FROM docs('green') UNION ALL SELECT id, body FROM docs_content"
)]
#[case::content_that_a_trigger_indexes(
    "CREATE TABLE docs_content (id INTEGER PRIMARY KEY, body TEXT);
     CREATE VIRTUAL TABLE docs USING fts5 (body, content='docs_content', content_rowid='id');
     CREATE TRIGGER docs_added AFTER INSERT ON docs_content BEGIN INSERT INTO docs (rowid, body) VALUES (new.id, new.body); END;
     INSERT INTO docs_content VALUES (4, 'moss');",
    "SELECT rowid, body FROM docs('moss')"
)]
#[case::words_of_sql_in_comments_and_texts(
    "CREATE TABLE doc (id INTEGER PRIMARY KEY /* no AUTOINCREMENT */, body TEXT DEFAULT 'a
-- migrate:up
-- migrate:down
');
     INSERT INTO doc VALUES (1, 'one'), (2, '
-- +goose Up
-- +goose Down
'), (3, 'three'); INSERT INTO doc (id) VALUES (4);",
    "SELECT id, body FROM doc"
)]
#[case::contentless(
    "CREATE VIRTUAL TABLE words USING fts5 (content, content= '', tokenize='trigram');
     INSERT INTO words (rowid, content) VALUES (5, 'red fox'), (9, 'blue fox');",
    "SELECT rowid, content FROM words('fox')"
)]
#[case::columns_of_another_table(
    "CREATE TABLE page (title TEXT, body TEXT); CREATE VIRTUAL TABLE docs USING fts4 (content=\"page\");
     INSERT INTO page VALUES ('tide', 'moss'); INSERT INTO docs (docs) VALUES ('rebuild');",
    "SELECT docid, title FROM docs WHERE docs MATCH 'moss'"
)]
#[case::statistics_and_journal_mode(
    "PRAGMA journal_mode = WAL; CREATE TABLE a (b); CREATE INDEX i ON a (b); INSERT INTO a VALUES (1), (1); ANALYZE;
     INSERT INTO sqlite_stat1 VALUES ('a', 'own', '7 7');",
    "SELECT idx, stat FROM sqlite_stat1 UNION ALL SELECT journal_mode, 1 FROM pragma_journal_mode"
)]
#[case::settings(
    "CREATE VIRTUAL TABLE docs USING fts5 (title, body);
     INSERT INTO docs VALUES ('tide', 'moss'), ('moss', 'tide and tide');
     INSERT INTO docs (docs, rank) VALUES ('rank', 'bm25(10.0, 1.0)');
     INSERT INTO docs (docs, rank) VALUES ('pgsz', 64);",
    "SELECT rowid, round(rank, 6) FROM docs('tide') ORDER BY rank"
)]
#[case::languages(
    "CREATE VIRTUAL TABLE docs USING fts4 (body, languageid='language');
     INSERT INTO docs (docid, body, language) VALUES (3, 'moss', 1), (7, 'moss', 2);",
    "SELECT docid, language FROM docs WHERE docs MATCH 'moss' AND language = 2"
)]
#[case::other_modules(
    "CREATE VIRTUAL TABLE places USING rtree (id, west, east, +name TEXT);
     INSERT INTO places VALUES (7, 1, 2, 'pier'), (9, 1.5, 4, 'quay');
     CREATE VIRTUAL TABLE docs USING fts5(body); INSERT INTO docs VALUES ('red fox');
     CREATE VIRTUAL TABLE terms
       USING
       fts5vocab(docs, 'row');",
    "SELECT id, name FROM places WHERE east > 2.5 UNION ALL SELECT term, doc FROM terms"
)]
#[case::rowids_with_gaps(
    "CREATE TABLE plain (a TEXT); INSERT INTO plain (rowid, a) VALUES (-3, 'x'), (7, 'y');
     CREATE TABLE keyed (code TEXT PRIMARY KEY, rowid); INSERT INTO keyed (_rowid_, code, rowid) VALUES (5, 'k', 'own');
     CREATE TABLE descending (id INTEGER PRIMARY KEY DESC, a); INSERT INTO descending (rowid, id, a) VALUES (8, 1, 'd');",
    "SELECT rowid, a FROM plain UNION ALL SELECT _rowid_, code FROM keyed UNION ALL SELECT rowid, a FROM descending"
)]
#[case::text_in_double_quotes(
    "CREATE TABLE t (state TEXT DEFAULT \"new\" CHECK (state IN (\"new\", \"old\"))); INSERT INTO t DEFAULT VALUES;
     CREATE VIEW v AS SELECT \"T-\" || state AS name FROM t;
     CREATE TRIGGER g AFTER INSERT ON t WHEN new.state = \"odd\" BEGIN SELECT \"text\"; END;",
    "SELECT state, name FROM t, v"
)]
fn dump_restores_what_was_there(#[case] schema: &str, #[case] query: &str, #[values("yaml", "sql")] format: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (app, again) = (folder.path().join("app.db"), folder.path().join("again.db"));
    Connection::open(&app).unwrap().execute_batch(schema).unwrap();
    let dumped = run(&["dump", "app.db", "--out", "fixtures", "--format", format], folder.path());
    assert_eq!(dumped.code, Some(0), "{}", dumped.text);
    let seeded = run(&["seed", "fixtures", "--into", "again.db"], folder.path());
    assert_eq!(seeded.code, Some(0), "{}", seeded.text);
    let rows = |file: &Path| {
        let database = Connection::open(file).unwrap();
        let mut select = database.prepare(query).unwrap();
        let rows = select.query_map([], |row| Ok(shown(row.get_ref(0)?) + " " + &shown(row.get_ref(1)?)));
        let rows: Vec<String> = rows.unwrap().map(Result::unwrap).collect();
        rows
    };
    assert!(!rows(&app).is_empty());
    assert_eq!(rows(&again), rows(&app), "{}", fs::read_to_string(folder.path().join("fixtures/schema.sql")).unwrap());
    let check = Connection::open(&again).unwrap();
    assert_eq!(check.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap(), "ok");
    check.close().unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing else is beside");
}

#[test]
fn dump_of_some_rows_has_virtual_tables_whole() {
    let folder = tempfile::tempdir().unwrap();
    let schema = "CREATE TABLE parent (a); CREATE TABLE child (id INTEGER PRIMARY KEY, a REFERENCES parent);
        CREATE TABLE pages (id INTEGER PRIMARY KEY, title); INSERT INTO pages VALUES (1, 'reed'), (2, 'moss');
        CREATE VIRTUAL TABLE found USING fts5 (title, content='pages', content_rowid='id');
        CREATE VIRTUAL TABLE docs USING fts4 (body, languageid='language');
        INSERT INTO docs (docid, body, language) VALUES (3, 'moss', 1), (7, 'moss', 2);
        INSERT INTO found (found) VALUES ('rebuild');";
    Connection::open(folder.path().join("app.db")).unwrap().execute_batch(schema).unwrap();
    let tables = ["--table", "docs", "--table", "pages", "--table", "child"];
    for part in [tables.as_slice(), &[&tables[..], &["--rows", "1"]].concat()] {
        let out = format!("out{}", part.len());
        let dumped = run(&[&["dump", "app.db", "--out", &out], part].concat(), folder.path());
        assert_eq!(dumped.code, Some(0), "{}", dumped.text);
        assert!(dumped.text.contains("rows docs 2\nrows found 0\n"), "{}", dumped.text);
        let seeded = run(&["seed", &out, "--into", &format!("{out}.db")], folder.path());
        assert_eq!(seeded.code, Some(0), "{}", seeded.text);
        let database = Connection::open(folder.path().join(format!("{out}.db"))).unwrap();
        let of_language = "SELECT docid FROM docs WHERE docs MATCH 'moss' AND language = 2";
        assert_eq!(database.query_row(of_language, [], |row| row.get::<_, i64>(0)).unwrap(), 7);
    }
}

#[test]
fn failed_dump_leaves_nothing() {
    let folder = folder(&[("garbage.db", "no database"), ("full/a.txt", "kept")]);
    for (name, schema) in [("app.db", SCHEMA), ("index.db", "CREATE VIRTUAL TABLE posts USING fts5(body, content='')")]
    {
        Connection::open(folder.path().join(name)).unwrap().execute_batch(schema).unwrap();
    }
    let mut runs = Vec::new();
    for arguments in [
        ["dump", "garbage.db", "--out", "new"].as_slice(),
        &["dump", "missing.db", "--out", "new"],
        &["dump", "app.db", "--out", "full"],
        &["dump", "index.db", "--out", "new", "--rows", "1"],
        &["dump", "app.db", "--out", "new", "--table", "usres"],
    ] {
        let run = run(arguments, folder.path());
        assert_eq!(run.code, Some(2), "{}", run.text);
        assert!(!folder.path().join("new").exists(), "{arguments:?}");
        assert_eq!(fs::read_dir(folder.path().join("full")).unwrap().count(), 1);
        runs.push(run);
    }
    assert_snapshot("dump_errors", &runs);
}

#[test]
fn unusable_path_exits_with_2() {
    let seeds = three_mistakes();
    let mut runs = Vec::new();
    for arguments in
        [["seed", ".", "--into", "no/new.db"].as_slice(), &["seed", "nosuch", "--into", "new.db"], &["check", "nosuch"]]
    {
        let run = run(arguments, seeds.path());
        assert_eq!(run.code, Some(2), "{}", run.text);
        runs.push(run);
    }
    assert_snapshot("unusable_paths", &runs);
}

#[cfg(unix)]
#[test]
fn file_name_is_not_a_uri() {
    let seeds = folder(&[("schema.sql", SCHEMA)]);
    let run = run(&["seed", ".", "--into", "file:x.db?mode=memory"], seeds.path());
    assert_eq!(run.code, Some(0), "{}", run.text);
    assert!(seeds.path().join("file:x.db?mode=memory").is_file());
}

#[test]
fn violated_check_is_named() {
    let seeds = folder(&[
        ("schema.sql", "CREATE TABLE users (age INTEGER CONSTRAINT adult CHECK (age > 17))"),
        ("users.json", r#"[{"age": 3}, {"age": 18}, {"age": 4}]"#),
    ]);
    let run = run(&["check", "."], seeds.path());
    assert_eq!(run.text.matches("CHECK constraint failed: adult; change the row").count(), 2, "{}", run.text);
}

#[test]
fn errors_past_100_are_counted() {
    let rows = format!("[{}]", vec![r#"{"nmae": 1}"#; 150].join(","));
    let seeds = folder(&[("schema.sql", SCHEMA), ("users.json", &rows)]);
    let run = run(&["check", "."], seeds.path());
    assert!(run.text.ends_with("and 50 more\nsqlite-fixtures: 150 errors in .\n"), "{}", run.text);
    let error = Template::from_folder(seeds.path()).uncached().memory().unwrap_err();
    let error = error.seed_error().unwrap();
    assert_eq!(error.all().count(), 100);
    assert!(error.to_string().ends_with("\nand 50 more"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn full_stdout_does_not_panic() {
    let full = || fs::File::create("/dev/full").unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sqlite-fixtures"));
    let run = Run::of(command.arg("check").arg(fixtures).stdout(full()));
    assert_eq!(run.code, Some(2), "{}", run.text);
    assert!(run.text.contains("the result cannot be printed"), "{}", run.text);
    let status = Command::new(env!("CARGO_BIN_EXE_sqlite-fixtures"))
        .args(["leaks", "--", "sh", "-c", "exit 7"])
        .stdout(full())
        .stderr(full())
        .status();
    assert_eq!(status.unwrap().code(), Some(7), "nothing takes the place of the command's own code");
}

#[test]
fn layers_are_taken_in_order() {
    let made = folder(&[
        ("schema/migrations/1_users.sql", SCHEMA),
        ("base/users.json", r#"{"alice": {"name": "Alice"}}"#),
        ("more/posts.json", r#"[{"author_id": "alice", "title": "On tides"}]"#),
        ("more/last/tags.json", r#"[{"name": "sea"}]"#),
    ]);
    let layers = ["base", "more", "more/last/tags.json", "--schema", "schema"];
    let checked = run(&[&["check"], &layers[..]].concat(), made.path());
    assert_eq!(checked.text, "base, more, more/last/tags.json: no errors in 3 tables, 3 rows\n");
    let seeded = run(&[&["seed"], &layers[..], &["--into", "new.db"]].concat(), made.path());
    assert_eq!((seeded.code, seeded.text.as_str()), (Some(0), "rows posts 1\nrows tags 1\nrows users 1\n"));
    // The order matters to scripts alone, and to nothing that refers to a later layer.
    assert_eq!(run(&["check", "more", "base", "--schema", "schema/migrations"], made.path()).code, Some(0));
    assert_eq!(run(&["check", "more", "--schema", "schema/migrations/1_users.sql"], made.path()).code, Some(1));
    let without = run(&["check", "base", "more"], made.path());
    assert!(without.text.contains("the folder has neither `schema.sql` nor `migrations/`"), "{}", without.text);
}

/// A database holds no labels, but the ids that labels stand for.
#[test]
fn labels_of_earlier_loads_are_known() {
    let made = folder(&[
        ("base/schema.sql", SCHEMA),
        ("base/users.json", r#"{"alice": {"name": "Alice"}, "bob": {"id": 7, "name": "Bob"}}"#),
        (
            "more/posts.json",
            r#"[{"author_id": "alice", "title": "On tides"}, {"author": "alice", "title": "On moss"}]"#,
        ),
        ("wrong/posts.json", r#"[{"author_id": "bob", "title": "On salt"}]"#),
    ]);
    assert_eq!(run(&["seed", "base", "--into", "test.db"], made.path()).code, Some(0));
    let seeded = run(&["seed", "more", "--into", "test.db"], made.path());
    assert_eq!((seeded.code, seeded.text.as_str()), (Some(0), "rows posts 2\nrows tags 0\nrows users 2\n"));
    let authors = "SELECT count(*) FROM posts JOIN users ON users.id = author_id WHERE name = 'Alice'";
    let made_of = Connection::open(made.path().join("test.db")).unwrap();
    assert_eq!(made_of.query_row(authors, [], |row| row.get::<_, i64>(0)).unwrap(), 2);
    // Its row has another id.
    let wrong = run(&["seed", "wrong", "--into", "test.db"], made.path());
    assert_eq!(wrong.code, Some(1), "{}", wrong.text);
    assert!(wrong.text.contains("neither a key nor a label of `users`"), "{}", wrong.text);
}

#[test]
fn schema_describes_tables_for_editors() {
    let made = folder(&[
        (
            "schema.sql",
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, born DATE, upper AS (upper(name)));
             CREATE TABLE countries (code TEXT PRIMARY KEY) WITHOUT ROWID;
             CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES users,
                 country TEXT REFERENCES countries, title TEXT NOT NULL DEFAULT '', tags TEXT CHECK (json_valid(tags)));",
        ),
        ("users.json", r#"{"alice": {"name": "Alice"}, "bob": {"name": "Bob"}}"#),
        ("countries.json", r#"[{"code": "NO"}, {"code": "IS"}]"#),
        ("posts.yaml", "- {author: alice, country: NO}\n"),
    ]);
    let all = run(&["schema", "."], made.path());
    assert_eq!(all.code, Some(0), "{}", all.text);
    assert_snapshot("schema", &[all]);
    let users = run(&["schema", ".", "--table", "USERS"], made.path());
    let users: serde_json::Value = serde_json::from_str(&users.text).unwrap();
    assert_eq!(users["$ref"], "#/definitions/users");
    let unknown = run(&["schema", ".", "--table", "user"], made.path());
    assert_eq!(unknown.code, Some(2), "{}", unknown.text);
    assert!(unknown.text.contains("there is no table `user`; did you mean `users`?"), "{}", unknown.text);
    assert_eq!(run(&["schema", "."], three_mistakes().path()).code, Some(1));
}
