//! Dumps: those of SQLite's shell as a schema, and our own, which restore what was there.

use crate::{made, run};
use common::folder;
use rstest::rstest;
use sqlite_fixtures::rusqlite::{self, Connection};
use tempfile::TempDir;

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
fn dump_with_a_child_first_and_without_pragmas_is_a_schema() {
    let dump = "BEGIN TRANSACTION; CREATE TABLE c (p REFERENCES p (id)); INSERT INTO \"c\" VALUES (1);
        CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO \"p\" VALUES (1); COMMIT;";
    let made = made(&[("schema.sql", dump)]);
    assert_eq!(made.rows("SELECT count(*) FROM c JOIN p"), ["1"]);
    assert!(!made.text.contains("warning"), "{}", made.text);
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
