//! Folders as real projects have them: the commands `check` and `seed` say the same, and what they make is right.

mod dumps;
mod migrations;

use common::{folder, package::Run};
use sqlite_fixtures::rusqlite::{Connection, types::ValueRef};
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
