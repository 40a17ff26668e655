//! Folders as real projects have them: the commands `check` and `seed` say the same, and what they make is right.

use common::{folder, package::Run};
use rstest::rstest;
use sqlite_fixtures::rusqlite::{self, Connection, types::ValueRef};
use std::{fs, path::Path, process::Command};
use tempfile::TempDir;

fn run(arguments: &[&str], folder: &Path) -> Run {
    Run::of(Command::new(env!("CARGO_BIN_EXE_sqlite-fixtures")).args(arguments).current_dir(folder))
}

/// A seed folder, what the commands say of it, and the database that they make.
struct Made {
    folder: TempDir,
    code: i32,
    text: String,
}

fn made(files: &[(&str, &str)]) -> Made {
    let folder = folder(
        &files
            .iter()
            .map(|(name, text)| (format!("dir/{name}"), *text))
            .map(|(name, text)| (&*name.leak(), text))
            .collect::<Vec<_>>(),
    );
    let check = run(&["check", "dir"], folder.path());
    let seed = run(&["seed", "dir", "--into", "test.db"], folder.path());
    assert_eq!(check.code, seed.code, "{}\n{}", check.text, seed.text);
    let errors = |run: &Run| {
        let ends = ["rows ", "sqlite-fixtures: ", "dir: no errors"];
        let lines =
            run.text.lines().filter(|line| line.contains("warning") || !ends.iter().any(|end| line.starts_with(end)));
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    assert_eq!(errors(&check), errors(&seed));
    let expected = usize::from(seed.code == Some(0)) + 1;
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), expected, "the database alone beside the folder");
    Made { code: seed.code.unwrap(), text: check.text, folder }
}

impl Made {
    fn database(&self) -> Connection {
        assert_eq!(self.code, 0, "{}", self.text);
        Connection::open(self.folder.path().join("test.db")).unwrap()
    }

    /// The rows of a query, with a bar between columns.
    fn rows(&self, sql: &str) -> Vec<String> {
        let database = self.database();
        let mut query = database.prepare(sql).unwrap();
        let columns = query.column_count();
        let shown = |value: ValueRef<'_>| match value {
            ValueRef::Null => "NULL".to_owned(),
            ValueRef::Integer(integer) => integer.to_string(),
            ValueRef::Real(real) => format!("{real:?}"),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            ValueRef::Blob(blob) => format!("{blob:x?}"),
        };
        let rows = query.query_map([], |row| {
            Ok((0..columns).map(|column| shown(row.get_ref(column).unwrap())).collect::<Vec<_>>().join("|"))
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    #[track_caller]
    fn assert_error(&self, position: &str, message: &str) {
        assert_eq!(self.code, 1, "{}", self.text);
        let line = self.text.lines().find(|line| line.starts_with(position));
        assert!(line.is_some_and(|line| line.contains(message)), "{position} … {message}\n{}", self.text);
    }
}

const CONTENT: &str = "CREATE TABLE pages_content (id INTEGER PRIMARY KEY, title TEXT);
    CREATE VIRTUAL TABLE pages USING fts5 (title, content='pages_content', content_rowid='id');";

#[test]
fn table_with_the_name_of_a_shadow_table_is_a_table() {
    let rows = made(&[("schema.sql", CONTENT), ("pages_content.csv", "id,title\n1,reed\n")]);
    assert_eq!(rows.rows("SELECT * FROM pages_content"), ["1|reed"]);
    assert!(rows.text.contains("2 tables"), "{}", rows.text);
    let script = format!(
        "{CONTENT} INSERT INTO pages_content VALUES (2, 'sedge'); INSERT INTO pages (pages) VALUES ('rebuild');"
    );
    assert_eq!(made(&[("schema.sql", &script)]).rows("SELECT rowid FROM pages ('sedge')"), ["2"]);
    let later = "CREATE VIRTUAL TABLE pages USING fts5 (title, content=''); CREATE TABLE pages_content (a); CREATE TABLE words_data (a);
        CREATE VIRTUAL TABLE words USING fts5vocab ('pages', 'row');";
    let made = made(&[("schema.sql", later), ("words_data.csv", "a\nx\n")]);
    assert_eq!(made.rows("SELECT a FROM words_data"), ["x"]);
}

#[test]
fn true_shadow_table_takes_no_rows() {
    let made =
        made(&[("schema.sql", "CREATE VIRTUAL TABLE pages USING fts5 (title)"), ("pages_data.csv", "id,block\n9,x\n")]);
    made.assert_error("dir/pages_data.csv:1:1", "there is no such table");
}

/// `.dump` of a database with a full-text index and a trigger that fills it.
#[test]
fn dump_of_the_shell_takes_rows() {
    let shell = "PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE songs (id INTEGER PRIMARY KEY, line TEXT);
INSERT INTO songs VALUES(1,'low tide');
PRAGMA writable_schema=ON;
INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES('table','songs_fts','songs_fts',0,'CREATE VIRTUAL TABLE songs_fts USING fts5(line, content=''songs'', content_rowid=''id'')');
CREATE TABLE IF NOT EXISTS 'songs_fts_data'(id INTEGER PRIMARY KEY, block BLOB);
INSERT INTO songs_fts_data VALUES(1,X'');
INSERT INTO songs_fts_data VALUES(10,X'00000000000000');
CREATE TABLE IF NOT EXISTS 'songs_fts_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS 'songs_fts_docsize'(id INTEGER PRIMARY KEY, sz BLOB);
CREATE TABLE IF NOT EXISTS 'songs_fts_config'(k PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO songs_fts_config VALUES('version',4);
CREATE TRIGGER songs_ai AFTER INSERT ON songs BEGIN INSERT INTO songs_fts (rowid, line) VALUES (new.id, new.line); END;
PRAGMA writable_schema=OFF;
COMMIT;
";
    let made = made(&[("schema.sql", shell), ("songs.csv", "id,line\n7,high tide\n")]);
    assert_eq!(made.rows("SELECT * FROM songs"), ["1|low tide", "7|high tide"]);
    assert_eq!(made.rows("SELECT rowid FROM songs_fts ('tide')"), ["7"]);
}

#[test]
fn migration_may_end_the_transaction_of_its_runner() {
    let rebuild = "-- The runner is in a transaction.
        COMMIT;
        PRAGMA foreign_keys = OFF;
        BEGIN;
        CREATE TABLE new_boats (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
        INSERT INTO new_boats SELECT * FROM boats; DROP TABLE boats; ALTER TABLE new_boats RENAME TO boats;
        COMMIT TRANSACTION;
        PRAGMA foreign_keys = ON;
        BEGIN TRANSACTION;";
    let first = "CREATE TABLE boats (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE oars (id INTEGER PRIMARY KEY, boat_id REFERENCES boats (id) ON DELETE CASCADE);
        INSERT INTO boats VALUES (1, 'Tern'); INSERT INTO oars VALUES (1, 1);";
    let made = made(&[("migrations/1_first.sql", first), ("migrations/2_rebuild.sql", rebuild)]);
    assert_eq!(made.rows("SELECT boats.id, name, oars.id FROM boats JOIN oars ON boat_id = boats.id"), ["1|Tern|1"]);
    let open = self::made(&[("schema.sql", "CREATE TABLE a (b); BEGIN; INSERT INTO a VALUES (1);")]);
    open.assert_error("dir/schema.sql:1:28", "ends inside a transaction");
}

#[test]
fn text_in_double_quotes_is_as_in_production() {
    let schema = r#"CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT NOT NULL CHECK (state IN ("new", "done")) DEFAULT "new");
        CREATE VIEW codes AS SELECT "J-" || id AS code FROM jobs;
        CREATE TABLE log (what TEXT);
        CREATE TRIGGER born AFTER INSERT ON jobs WHEN new.state = "done" BEGIN INSERT INTO log VALUES ("born done"); END;"#;
    let files = [
        ("schema.sql", schema),
        ("jobs.csv", "id,state\n3,done\n"),
        ("more.sql", r#"INSERT INTO jobs (id, state) VALUES (4, "new");"#),
        ("zz.json", r#"{"log": [{"what": "RAW=(SELECT max(code) FROM codes)"}]}"#),
    ];
    let made = made(&files);
    assert_eq!(made.rows("SELECT what FROM log"), ["born done", "J-4"]);
}

#[test]
fn value_for_a_generated_column_is_an_error_at_its_place() {
    let schema = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, upper TEXT AS (upper(name)) STORED, low TEXT AS (lower(name)));";
    let made = made(&[
        ("schema.sql", schema),
        ("users.yml", "one:\n  name: Ann\n  upper: ANN\n"),
        ("z.json", r#"{"users": [{"low": "x"}]}"#),
    ]);
    made.assert_error("dir/users.yml:3:3", "column `upper`: SQLite computes this column; leave it out");
    made.assert_error("dir/z.json:1:13", "column `low`: SQLite computes this column; leave it out");
    let trigger = "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE log (w);
        CREATE TRIGGER t AFTER INSERT ON a BEGIN INSERT INTO log (none) VALUES (new.id); END;";
    let wrong = self::made(&[("schema.sql", trigger), ("a.csv", "id\n1\n")]);
    wrong.assert_error("dir/a.csv:2:1", "SQLite cannot insert into this table: table log has no column named none");
}

#[test]
fn label_makes_a_key_of_several_columns_as_in_rails() {
    let schema =
        r#"CREATE TABLE "orders" ("shop_id" integer, "id" integer, "status" varchar, PRIMARY KEY ("shop_id", "id"));"#;
    let made = made(&[
        ("schema.sql", schema),
        ("orders.yml", "first:\n  status: paid\nsecond:\n  status: lost\nthird:\n  shop_id: 5\n"),
    ]);
    let expected = ["5|262424366", "309456473|618912946", "908005739|742269655"];
    assert_eq!(made.rows("SELECT shop_id, id FROM orders ORDER BY shop_id")[1..], expected[1..]);
    assert!(made.rows("SELECT shop_id, id FROM orders ORDER BY shop_id")[0].starts_with("5|"));
}

#[test]
fn label_does_not_stand_for_a_key_of_several_columns() {
    let schema = "CREATE TABLE seats (hall INTEGER, number INTEGER, PRIMARY KEY (hall, number));
        CREATE TABLE tickets (id INTEGER PRIMARY KEY, hall INTEGER, seat_id INTEGER,
            FOREIGN KEY (hall, seat_id) REFERENCES seats (hall, number));";
    let made = made(&[
        ("schema.sql", schema),
        ("seats.json", r#"{"front": {"hall": 1, "number": 2}}"#),
        ("tickets.json", r#"{"mine": {"seat": "front"}}"#),
    ]);
    made.assert_error("dir/tickets.json:1:19", "the key of `seats` has several columns (`hall`, `number`)");
}

#[test]
fn yaml_has_the_numbers_of_its_older_version() {
    let schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, r REAL, s TEXT);";
    let rows = "- {n: 0644, r: 1_000.5, s: \"0644\"}\n- {n: 1_000, r: 6.5e3, s: 1.2.3}\n- {n: 0b101, r: -0.5, s: 2020-01-01}\n- {n: -017, r: 0, s: 12:30}\n- {n: 0o17, r: 089, s: '1_000'}\n";
    let made = made(&[("schema.sql", schema), ("t.yaml", rows)]);
    let expected = ["420|1000.5|0644", "1000|6500.0|1.2.3", "5|-0.5|2020-01-01", "-15|0.0|12:30", "15|89.0|1_000"];
    assert_eq!(made.rows("SELECT n, r, s FROM t ORDER BY id"), expected);
}

/// What one version of YAML takes for a number or a boolean, and the other for a text, is what the column makes of it.
#[test]
fn column_decides_what_the_versions_of_yaml_read_differently() {
    let schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT, i INTEGER, r REAL, b BOOLEAN, x);";
    let values = [
        "12e5",
        "1234567e890",
        "1.5e3",
        "0o17",
        "1,000",
        "yes",
        "Off",
        "-0x1F",
        "12345678901234567890",
        "1_000",
        "true",
    ];
    let rows: String = values.iter().map(|value| format!("- s: {value}\n")).collect();
    let expected =
        ["12e5", "1234567e890", "1.5e3", "0o17", "1,000", "yes", "Off", "-0x1F", "12345678901234567890", "1000", "1"];
    assert_eq!(made(&[("schema.sql", schema), ("t.yaml", &rows)]).rows("SELECT s FROM t ORDER BY id"), expected);
    let values = ["12e5", "1.5e3", "0o17", "1,000", "yes", "Off", "-0x1F"];
    let rows: String = values.iter().map(|value| format!("- i: {value}\n  r: {value}\n  x: {value}\n")).collect();
    let expected = [
        "1200000|1200000.0|1200000.0",
        "1500|1500.0|1500.0",
        "15|15.0|15",
        "1000|1000.0|1,000",
        "1|1.0|yes",
        "0|0.0|Off",
        "-31|-31.0|-0x1F",
    ];
    assert_eq!(made(&[("schema.sql", schema), ("t.yaml", &rows)]).rows("SELECT i, r, x FROM t ORDER BY id"), expected);
    // Numeric too by SQLite's rule, but of another type.
    let others = "CREATE TABLE t (id INTEGER PRIMARY KEY, country STRING, n STRING, photo BLOB)";
    let rows = "- {country: NO, n: 1_000}\n- {country: on, n: 7}\n- {country: x, photo: [010, 0b11, 1_0, +1]}\n";
    let expected = ["NO|1000|NULL", "on|7|NULL", "x|NULL|[8, 3, a, 1]"];
    assert_eq!(
        made(&[("schema.sql", others), ("t.yaml", rows)]).rows("SELECT country, n, photo FROM t ORDER BY id"),
        expected
    );
    let rows = "- b: yes\n- b: f\n- b: T\n- b: 'n'\n- b: off\n- b: true\n";
    assert_eq!(
        made(&[("schema.sql", schema), ("t.yaml", rows)]).rows("SELECT b FROM t ORDER BY id"),
        ["1", "0", "1", "0", "0", "1"]
    );
    made(&[("schema.sql", schema), ("t.yaml", "- i: 12345678901234567890\n")])
        .assert_error("dir/t.yaml:1:6", "quote it to keep it as text");
    made(&[("schema.sql", schema), ("t.yaml", "- r: .nan\n")])
        .assert_error("dir/t.yaml:1:6", "SQLite cannot store NaN");
    made(&[("schema.sql", schema), ("t.yaml", "a:\n  s: {\n    \"x\": \"y\"\n  }\n")])
        .assert_error("dir/t.yaml:4:3", "a line inside brackets has more");
}

#[test]
fn versions_of_several_numbers_are_in_numeric_order() {
    let made = made(&[
        ("migrations/V1__a.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY);"),
        ("migrations/V1.10__c.sql", "ALTER TABLE a RENAME COLUMN x TO y;"),
        ("migrations/V1.7__b.sql", "ALTER TABLE a ADD COLUMN x;"),
        ("migrations/U1.7__b.sql", "ALTER TABLE a DROP COLUMN x;"),
    ]);
    assert_eq!(made.rows("SELECT name FROM pragma_table_info('a')"), ["id", "y"]);
    let same =
        self::made(&[("migrations/001_a.sql", "CREATE TABLE a (b);"), ("migrations/1_b.sql", "CREATE TABLE b (c);")]);
    same.assert_error("dir/migrations/1_b.sql", "dir/migrations/001_a.sql has the same version");
}

#[rstest]
#[case::goose("-- +goose Up\n-- +goose StatementBegin\n", "-- +goose StatementEnd\n-- +goose Down\n")]
#[case::dbmate("-- migrate:up transaction:false\n", "-- migrate:down\n")]
#[case::sql_migrate("-- +migrate Up\n", "-- +migrate Down\n")]
#[case::spaced("--   +goose Up\n", "  --+GOOSE DOWN\n")]
fn way_down_in_the_same_file_does_not_run(#[case] up: &str, #[case] down: &str) {
    let script = format!(
        "{up}CREATE TABLE post (id INTEGER PRIMARY KEY, title TEXT);\n\n{down}DROP TABLE post;\nNOT EVEN SQL\n"
    );
    let made = made(&[("migrations/0001_post.sql", &script)]);
    assert_eq!(made.rows("SELECT name FROM sqlite_schema"), ["post"]);
    let twice = format!("{script}{up}CREATE TABLE more (a);\nSELEC;\n");
    self::made(&[("migrations/0001_post.sql", &twice)])
        .assert_error(&format!("dir/migrations/0001_post.sql:{}:1", twice.lines().count()), "near \"SELEC\"");
}

#[rstest]
#[case::rambler("-- rambler up\n", "-- rambler down\n")]
#[case::node_pg_migrate("-- Up Migration\n", "-- Down Migration\n")]
#[case::sqlite_of_npm("---------\n-- Up\n---------\n", "---------\n-- Down\n---------\n")]
#[case::two_spaces("-- +goose  Up\n", "-- +goose  Down\n")]
#[case::description("-- Up: the posts\n", "-- Down (drop them)\n")]
#[case::node_pg_migrate_with_more("--- Up Migration\n", "--- Down Migration: drop\n")]
#[case::tern("", "---- create above / drop below ----\n")]
#[case::mybatis("-- // posts\n", "-- //@UNDO\n")]
#[case::mybatis_without_a_space("", "--//@UNDO\n")]
#[case::sql_migrate_of_old("-- +gorp Up\n", "-- +gorp Down\n")]
#[case::micrate("-- +micrate Up\n", "-- +micrate Down\n")]
#[case::shmig("-- Migration: post\n-- ====  UP  ====\n", "-- ==== DOWN ====\n")]
#[case::aerich("-- upgrade --\n", "-- downgrade --\n")]
#[case::play("-- !Ups\n", "-- !Downs\n")]
#[case::at("-- @UP\n", "-- @DOWN\n")]
fn way_down_of_other_libraries_does_not_run(#[case] up: &str, #[case] down: &str) {
    let script = format!("{up}CREATE TABLE post (id INTEGER PRIMARY KEY);\n{down}DROP TABLE post;\n");
    assert_eq!(made(&[("migrations/0001_post.sql", &script)]).rows("SELECT name FROM sqlite_schema"), ["post"]);
}

/// The way down is a whole, whatever its comments say.
#[rstest]
#[case::words_beside_a_mark("-- +goose Up\n-- Up: the posts\n", "-- +goose Down\n")]
#[case::words_in_the_way_down(
    "-- +goose Up\n",
    "-- +goose Down\n-- up: nothing\n-- ups\n-- Up migrations are undone here\n"
)]
#[case::mixed("-- Up\n", "-- Down migration\n")]
#[case::mixed_otherwise("-- Up migration\n", "-- Down\n")]
fn comments_do_not_end_a_way_down(#[case] up: &str, #[case] down: &str) {
    let script = format!("{up}CREATE TABLE post (a);\nCREATE TABLE more (a);\n{down}DROP TABLE post;\n");
    assert_eq!(made(&[("migrations/1_post.sql", &script)]).rows("SELECT name FROM sqlite_schema"), ["post", "more"]);
    let empty = format!("{up}\n{down}DROP TABLE post;\n");
    let files = [("migrations/1_post.sql", "CREATE TABLE post (a);"), ("migrations/2_none.sql", &*empty)];
    assert_eq!(made(&files).rows("SELECT name FROM sqlite_schema"), ["post"]);
}

#[rstest]
#[case::dbmate("-- migrate:up\n", "-- migrate:down\n")]
#[case::goose("-- +goose Up\n-- +goose StatementBegin\n", "-- +goose StatementEnd\n-- +goose Down\n")]
fn last_statement_of_the_way_up_needs_no_semicolon(#[case] up: &str, #[case] down: &str) {
    let script =
        format!("{up}CREATE TABLE post (a);\nINSERT INTO post SELECT 1\n{down}UNION SELECT 2;\nDROP TABLE post\n");
    assert_eq!(made(&[("migrations/1_post.sql", &script)]).rows("SELECT a FROM post"), ["1"]);
    // Where the comment may be one like any other, SQLite decides: it takes the statement as a whole.
    let script = "-- Up\nCREATE TABLE post (a);\nCREATE TABLE more (a)\n-- Down\nDROP TABLE post;\n";
    assert_eq!(made(&[("migrations/1_post.sql", script)]).rows("SELECT name FROM sqlite_schema"), ["post", "more"]);
    let tern = "CREATE TABLE post (a)\n---- create above / drop below ----\nDROP TABLE post;\n";
    assert_eq!(made(&[("migrations/1_post.sql", tern)]).rows("SELECT name FROM sqlite_schema"), ["post"]);
    let two =
        "-- +goose Up\n-- +goose StatementBegin\nCREATE TABLE a (b)\n-- +goose StatementEnd\nCREATE TABLE c (d);\n";
    assert_eq!(made(&[("migrations/1_a.sql", two)]).rows("SELECT name FROM sqlite_schema"), ["a", "c"]);
}

/// Only a comment between statements, of the mark alone, in a script that has begun a way up.
#[rstest]
#[case::after_a_statement("SELECT 1;\n-- Up\nSELECT 1;\n-- Down\nINSERT INTO doc VALUES (1);\n")]
#[case::words("-- Up and down\nSELECT 1;\n-- Down there\nINSERT INTO doc VALUES (1);\n")]
#[case::in_a_text("-- migrate:up\nINSERT INTO doc VALUES ('\n-- migrate:down\n');\n")]
#[case::in_a_statement("-- migrate:up\nINSERT INTO doc VALUES (1\n-- migrate:down\n);\n")]
#[case::longer_word("-- migrate:up\nSELECT 1;\n-- migrate:downloads are next\nINSERT INTO doc VALUES (1);\n")]
#[case::without_a_way_up("SELECT 1;\n-- migrate:down\nINSERT INTO doc VALUES (1);\n")]
#[case::descriptions("-- Up: fill doc\n-- Down: empty it\nINSERT INTO doc VALUES (1);\n")]
#[case::longer_words(
    "-- Up migrations only\nINSERT INTO doc VALUES (1);\n-- Down migrations live elsewhere\nSELECT 1;\n"
)]
#[case::words_with_descriptions(
    "-- Upgrade (2 -> 3)\nSELECT 1;\n-- Downgrade (see wiki)\nINSERT INTO doc VALUES (1);\n"
)]
#[case::in_a_view("-- up\nCREATE VIEW v AS SELECT 1 AS a\n-- down\nWHERE 1 > 0;\nINSERT INTO doc VALUES (1);\n")]
#[case::behind_a_statement("-- migrate:up\nSELECT 1; -- migrate:down\nINSERT INTO doc VALUES (1);\n")]
fn what_only_looks_like_a_way_down_runs(#[case] script: &str) {
    let made =
        made(&[("schema.sql", "CREATE TABLE doc (a)"), ("a.sql", &format!("{script}INSERT INTO doc VALUES (2)"))]);
    assert_eq!(made.rows("SELECT count(*) FROM doc"), ["2"]);
}

/// In refinery `U` is a migration of its own, in Flyway it undoes the `V` of its version.
#[test]
fn migration_of_refinery_runs() {
    let table = |name: &str| format!("CREATE TABLE {name} (id INTEGER PRIMARY KEY);");
    let made = made(&[
        ("migrations/V1__users.sql", &table("users")),
        ("migrations/U2__posts.sql", &table("posts")),
        ("migrations/V10__tags.sql", "ALTER TABLE posts RENAME TO tags;"),
        ("migrations/V11.down.time.sql", "CREATE TABLE down_time (a);"),
        ("migrations/R__1_view.sql", "CREATE VIEW all_tags AS SELECT * FROM tags;"),
    ]);
    assert_eq!(made.rows("SELECT name FROM sqlite_schema ORDER BY name"), ["all_tags", "down_time", "tags", "users"]);
}

#[test]
fn migration_that_cannot_run_is_an_error() {
    let users = ("migrations/V1__users.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY);");
    made(&[users, ("migrations/V2__names.rs", "")]).assert_error("dir/migrations/V2__names.rs", "is no script");
    made(&[users, ("migrations/later/V2__names.sql", "SELECT 1;")])
        .assert_error("dir/migrations/later/V2__names.sql", "is no script in the folder itself");
    made(&[users, ("migrations/2024/q1/V2__names.sql", "SELECT 1;")])
        .assert_error("dir/migrations/2024/q1/V2__names.sql", "is no script in the folder itself");
    for deep in ["more/0002_b/up.sql", "0002_b/users.sql"] {
        let path = format!("migrations/{deep}");
        made(&[users, (&path, "SELECT 1;")]).assert_error(&format!("dir/{path}"), "is no script in the folder itself");
    }
    for other in ["0001_users.py", "v2/0001_users.sql"] {
        let path = format!("migrations/{other}");
        made(&[("migrations/init.sql", "SELECT 1;"), (&path, "")]).assert_error(&format!("dir/{path}"), "is no script");
    }
    made(&[users, ("migrations/views/R__names.sql", "SELECT 1;")])
        .assert_error("dir/migrations/views/R__names.sql", "is no script in the folder itself");
    made(&[users, ("migrations/V2__names.up.fizz", "")])
        .assert_error("dir/migrations/V2__names.up.fizz", "is no script");
    // What only runs a script of its version, modules, and what was left behind.
    let made =
        made(&[users, ("migrations/V1__users.rs", ""), ("migrations/mod.rs", ""), ("migrations/old/V1.sql", "")]);
    assert_eq!(made.rows("SELECT name FROM sqlite_schema"), ["users"]);
}

#[test]
fn way_down_in_a_file_of_its_own_does_not_run() {
    let (up, down) = ("CREATE TABLE post (id INTEGER PRIMARY KEY);", "DROP TABLE post;");
    for (up_name, down_name) in [
        ("1_post/up.sql", "1_post/down.sql"),
        ("2018-05-05-141421_post/up.sql", "2018-05-05-141421_post/down.sql"),
        ("1_post.up.sql", "1_post.down.sql"),
        ("001.do.post.sql", "001.undo.post.sql"),
        ("V1__post.sql", "U1__post.sql"),
        ("20240101_post/migration.sql", "20240101_post/down.sql"),
        ("1_post_up.sql", "1_post_down.sql"),
        ("0001.post.sql", "0001.post.rollback.sql"),
        ("up.sql", "down.sql"),
    ] {
        let files = [(format!("migrations/{up_name}"), up), (format!("migrations/{down_name}"), down)];
        let made = made(&files.each_ref().map(|(name, text)| (name.as_str(), *text)));
        assert_eq!(made.rows("SELECT name FROM sqlite_schema"), ["post"], "{up_name}");
    }
    // In the order of their versions, among scripts.
    let made = made(&[
        ("migrations/10_b/up.sql", "ALTER TABLE a ADD COLUMN last;"),
        ("migrations/2_a/up.sql", "CREATE TABLE a (first);"),
        ("migrations/9_a.sql", "ALTER TABLE a ADD COLUMN middle;"),
    ]);
    assert_eq!(made.rows("SELECT name FROM pragma_table_info('a')"), ["first", "middle", "last"]);
}

#[test]
fn old_and_new_versions_of_diesel_are_in_the_order_of_their_dates() {
    let made = made(&[
        ("migrations/20160107082941_users/up.sql", "CREATE TABLE users (id);"),
        ("migrations/2018-05-05-141421_name/up.sql", "ALTER TABLE users ADD COLUMN name;"),
        ("migrations/20190101000000_age/up.sql", "ALTER TABLE users ADD COLUMN age;"),
    ]);
    assert_eq!(made.rows("SELECT name FROM pragma_table_info('users')"), ["id", "name", "age"]);
}

#[test]
fn numbers_inside_names_are_no_versions_beside_such_that_begin_them() {
    let made = made(&[
        ("migrations/Script0001 - Users.sql", "CREATE TABLE users (id);"),
        ("migrations/Script0002 - Add 3 columns.sql", "ALTER TABLE users ADD COLUMN a;"),
        ("migrations/Script0010 - Add 1 column.sql", "ALTER TABLE users ADD COLUMN b;"),
    ]);
    assert_eq!(made.rows("SELECT name FROM pragma_table_info('users')"), ["id", "a", "b"]);
    // Where no name begins with one, they are versions.
    let made = self::made(&[
        ("migrations/create_users_1.sql", "CREATE TABLE users (id);"),
        ("migrations/add_names_2.sql", "ALTER TABLE users ADD COLUMN a;"),
        ("migrations/init.sql", "ALTER TABLE users ADD COLUMN b;"),
    ]);
    assert_eq!(made.rows("SELECT name FROM pragma_table_info('users')"), ["id", "a", "b"]);
    self::made(&[("migrations/create_001.sql", "SELECT 1"), ("migrations/drop_001.sql", "SELECT 1")])
        .assert_error("dir/migrations/drop_001.sql", "has the same version");
    let made = self::made(&[
        ("migrations/patch2.sql", "CREATE TABLE users (id);"),
        ("migrations/patch10.sql", "ALTER TABLE users ADD COLUMN a;"),
    ]);
    assert_eq!(made.rows("SELECT name FROM pragma_table_info('users')"), ["id", "a"]);
}

#[test]
fn folder_of_migrations_alone_has_no_seeds() {
    let once = "CREATE TABLE IF NOT EXISTS a (b); INSERT INTO a VALUES (1);";
    let files = folder(&[
        ("migrations/1_a.up.sql", once),
        ("migrations/1_a.down.sql", "DROP TABLE a;"),
        ("m/1_a.sql", "CREATE TABLE a (b); INSERT INTO a VALUES (1);"),
        ("rows/a.csv", "b\n2\n"),
        ("both/schema.sql", "CREATE TABLE a (b); INSERT INTO a VALUES (1);"),
        ("both/a.csv", "b\n2\n"),
    ]);
    for (arguments, rows) in [
        (&["migrations"][..], "1"),
        (&["./migrations/"], "1"),
        (&["migrations", "rows"], "2"),
        (&["--schema", "migrations"], "1"),
        (&["m", "--schema", "m"], "1"),
        (&["m", "--schema", "./m"], "1"),
        (&["--schema", "m"], "1"),
        (&["--schema", "m", "--with", "rows"], "2"),
        (&["m", "--schema", "rows/../m"], "1"),
        (&["--schema", "both", "both"], "2"),
    ] {
        let _ = fs::remove_file(files.path().join("new.db"));
        let check = run(&[&["check"], arguments].concat(), files.path());
        assert_eq!(check.code, Some(0), "{arguments:?} {}", check.text);
        let seed = run(&[&["seed", "--into", "new.db"], arguments].concat(), files.path());
        assert_eq!(seed.code, Some(0), "{arguments:?} {}", seed.text);
        let database = Connection::open(files.path().join("new.db")).unwrap();
        let counted: i64 = database.query_row("SELECT count(*) FROM a", [], |row| row.get(0)).unwrap();
        assert_eq!(counted.to_string(), rows, "{arguments:?}");
    }
}

#[test]
fn scripts_change_tables_in_every_way() {
    let made = made(&[
        ("migrations/1_a.sql", "CREATE TABLE a (b, c, d, main, temp); CREATE TEMP TABLE t (b, c);"),
        (
            "migrations/2_a.sql",
            "ALTER TABLE a DROP COLUMN c; ALTER TABLE main.a DROP COLUMN main; ALTER TABLE t DROP COLUMN c;",
        ),
        (
            "migrations/3_a.sql",
            "ALTER TABLE a RENAME COLUMN d TO e; ALTER TABLE a ADD COLUMN f; ALTER TABLE a RENAME TO g;",
        ),
        ("x.sql", "ALTER TABLE g DROP COLUMN f; INSERT INTO g VALUES (1, 2, 3);"),
    ]);
    assert_eq!(made.rows("SELECT name FROM pragma_table_info('g')"), ["b", "e", "temp"]);
}

#[test]
fn dump_with_a_child_first_and_without_pragmas_is_a_schema() {
    let dump = "BEGIN TRANSACTION; CREATE TABLE c (p REFERENCES p (id)); INSERT INTO \"c\" VALUES (1);
        CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO \"p\" VALUES (1); COMMIT;";
    let made = made(&[("schema.sql", dump)]);
    assert_eq!(made.rows("SELECT count(*) FROM c JOIN p"), ["1"]);
    assert!(!made.text.contains("warning"), "{}", made.text);
}

#[test]
fn broken_reference_of_the_schema_is_one_warning() {
    let schema = "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES p (id));
        INSERT INTO c VALUES (1, 7), (2, 8);";
    let made = made(&[("schema.sql", schema), ("p.csv", "id\n1\n")]);
    assert_eq!(made.rows("SELECT count(*) FROM c"), ["2"]);
    assert_eq!(made.text.matches("warning").count(), 1, "{}", made.text);
    assert!(made.text.contains("warning: the schema leaves 2 broken references:"), "{}", made.text);
    assert!(
        made.text.contains("table `c`, rowid 1, made by a script or a trigger, `p_id` = 7: no such row in `p`"),
        "{}",
        made.text
    );
    let new = self::made(&[("schema.sql", schema), ("c.csv", "id,p_id\n3,9\n")]);
    new.assert_error("1 broken reference:", "1 broken reference");
    assert!(new.text.contains("dir/c.csv:2:3: table `c`, `p_id` = 9"), "{}", new.text);
}

#[test]
fn empty_file_does_nothing() {
    let made = made(&[
        ("migrations/0001_a.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY);"),
        ("migrations/0002_for_another_database.sql", ""),
        ("a.yml", ""),
        ("b.csv", "\n"),
        ("c.json", " \n"),
        ("d.yml", "# nothing yet\n"),
        ("e.sql", "-- nothing yet"),
        ("f.toml", ""),
    ]);
    assert_eq!(made.rows("SELECT name FROM sqlite_schema"), ["a"]);
}

#[test]
fn messages_say_what_is_the_case() {
    let schema = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER REFERENCES users (id));";
    let unlabelled =
        made(&[("schema.sql", schema), ("users.csv", "id,name\n1,Ann\n"), ("posts.csv", "author_id\nann\n")]);
    unlabelled.assert_error(
        "dir/posts.csv:2:1",
        "this is neither a key nor a label of `users`; correct it, label the row that it means, or add that row",
    );
    let text = made(&[("schema.sql", schema), ("users.csv", "id,name\nabc,Ann\n")]);
    text.assert_error(
        "dir/users.csv:2:1",
        "column `id`, value `abc`: an INTEGER PRIMARY KEY holds integers only; give one, or a label for the row in place of its key",
    );
    let semicolons = made(&[("schema.sql", schema), ("users.csv", "id;name\n1;Ann\n")]);
    semicolons.assert_error(
        "dir/users.csv:1:3",
        "invalid CSV: the fields are separated by semicolons; save the file with commas",
    );
}

#[test]
fn more_seeds_are_checked_as_with_layers() {
    let schema = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);";
    let files =
        [("dir/schema.sql", schema), ("dir/users.csv", "id,name\n1,Ann\n"), ("more/users.csv", "id,name\n1,Bob\n")];
    let folder = folder(&files);
    let check = run(&["check", "dir", "--with", "more"], folder.path());
    assert_eq!(check.code, Some(1), "{}", check.text);
    assert!(
        check.text.contains("more/users.csv:2:1: table `users`, column `id`, value `1`: PRIMARY KEY constraint failed"),
        "{}",
        check.text
    );
    fs::write(folder.path().join("more/users.csv"), "id,name\n2,Bob\n").unwrap();
    let seed = run(&["seed", "dir", "--with", "more/users.csv", "--into", "test.db"], folder.path());
    assert_eq!((seed.code, seed.text.as_str()), (Some(0), "rows users 2\n"));
}

/// As application databases are: `made` looks for files beside the database.
#[test]
fn nothing_is_left_beside_a_wal_database() {
    let made = made(&[
        ("schema.sql", "PRAGMA journal_mode = WAL; CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT);"),
        ("a.csv", "id,t\n1,x\n"),
    ]);
    assert_eq!(made.rows("PRAGMA journal_mode"), ["wal"]);
    fs::write(made.folder.path().join("dir/a.csv"), "id,t\n2,y\n").unwrap();
    let again = run(&["seed", "dir", "--into", "test.db"], made.folder.path());
    assert_eq!((again.code, again.text.as_str()), (Some(0), "rows a 2\n"));
    let dumped = run(&["dump", "test.db", "--out", "out"], made.folder.path());
    assert_eq!(dumped.code, Some(0), "{}", dumped.text);
    assert_eq!(fs::read_dir(made.folder.path()).unwrap().count(), 3, "two folders and the database");
}

/// What a dump of this database restores, in each format.
fn restored(sql: &str) -> Vec<(Connection, TempDir)> {
    ["yaml", "json", "csv", "sql"]
        .into_iter()
        .map(|format| {
            let files = folder(&[]);
            Connection::open(files.path().join("a.db")).unwrap().execute_batch(sql).unwrap();
            for arguments in [&["dump", "a.db", "--out", "o", "--format", format][..], &["seed", "o", "--into", "b.db"]]
            {
                let run = run(arguments, files.path());
                assert_eq!(run.code, Some(0), "{format}: {}", run.text);
            }
            let restored = Connection::open(files.path().join("b.db")).unwrap();
            (restored, files)
        })
        .collect()
}

#[rstest]
#[case::trigger_on_a_shadow_table(
    "CREATE VIRTUAL TABLE f USING fts5 (x); CREATE TABLE log (w); INSERT INTO f VALUES ('a'), ('b');
     CREATE TRIGGER ft AFTER INSERT ON f_content BEGIN INSERT INTO log VALUES (new.c0); END;",
    "SELECT count(*) || (SELECT count(*) FROM f('a')) || (SELECT count(*) FROM sqlite_schema WHERE name = 'ft') FROM log",
    "011"
)]
#[case::sequence_of_a_dropped_table(
    "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT); DROP TABLE a; CREATE TABLE b (x); INSERT INTO b VALUES (1);",
    "SELECT count(*) FROM b",
    "1"
)]
#[case::computed_keys(
    "CREATE TABLE p (id TEXT PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p TEXT REFERENCES p (id));
     INSERT INTO p VALUES ('a'), (x'00ff'), ('RAW=1'); INSERT INTO c VALUES (1, 'a'), (2, 'RAW=1'), (3, x'00ff');",
    "SELECT group_concat(typeof(c.p) || quote(c.p), ' ') FROM c JOIN p ON p.id = c.p",
    "text'a' text'RAW=1' blobX'00FF'"
)]
#[case::integer_in_an_untyped_key(
    "CREATE TABLE p (id PRIMARY KEY, n); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id));
     INSERT INTO p VALUES (1, 'a'), ('1', 'b'); INSERT INTO c VALUES (1, 1);",
    "SELECT group_concat(typeof(id), ' ') || (SELECT n FROM c JOIN p ON p.id = c.p) FROM p",
    "integer texta"
)]
#[case::many_nuls(
    "CREATE TABLE b (v); INSERT INTO b VALUES (replace(hex(zeroblob(400)), '0', char(0)))",
    "SELECT length(CAST(v AS BLOB)) || typeof(v) FROM b",
    "800text"
)]
#[case::key_of_two_columns_for_one(
    "CREATE TABLE p (a, b, PRIMARY KEY (a, b)); CREATE TABLE c (id INTEGER PRIMARY KEY, p TEXT REFERENCES p);
     PRAGMA foreign_keys = OFF; INSERT INTO c VALUES (1, 'x');",
    "SELECT p FROM c",
    "x"
)]
#[case::trigger_with_the_name_of_a_table(
    "CREATE TABLE a (v); CREATE TRIGGER f AFTER INSERT ON a BEGIN SELECT 1; END; CREATE VIRTUAL TABLE f USING fts5 (x);
     INSERT INTO f VALUES ('a');",
    "SELECT count(*) || (SELECT type FROM sqlite_schema WHERE name = 'f' AND tbl_name = 'a') FROM f('a')",
    "1trigger"
)]
#[case::hidden_rowid(
    "CREATE TABLE r (id INTEGER PRIMARY KEY, rowid, _rowid_, oid); INSERT INTO r VALUES (7, 1, 2, 3);",
    "SELECT id || rowid || _rowid_ || oid FROM r",
    "7123"
)]
fn dump_restores(#[case] sql: &str, #[case] query: &str, #[case] expected: &str) {
    for (restored, _files) in restored(sql) {
        let shown: rusqlite::types::Value = restored.query_row(query, [], |row| row.get(0)).unwrap();
        let shown = match shown {
            rusqlite::types::Value::Integer(integer) => integer.to_string(),
            rusqlite::types::Value::Text(text) => text,
            other => format!("{other:?}"),
        };
        assert_eq!(shown, expected);
    }
}
