//! Migrations of many tools: which run, in which order, and that no way down does.

use crate::{made, run};
use common::folder;
use rstest::rstest;
use sqlite_fixtures::rusqlite::Connection;
use std::fs;

/// Migrations that add columns make these, in their order.
#[track_caller]
fn assert_columns(table: &str, files: &[(&str, &str)], expected: &[&str]) {
    let made = made(files);
    assert_eq!(made.rows(&format!("SELECT name FROM pragma_table_info('{table}')")), expected);
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
    let open = crate::made(&[("schema.sql", "CREATE TABLE a (b); BEGIN; INSERT INTO a VALUES (1);")]);
    open.assert_error("dir/schema.sql:1:28", "ends inside a transaction");
}

#[test]
fn versions_of_several_numbers_are_in_numeric_order() {
    assert_columns(
        "a",
        &[
            ("migrations/V1__a.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY);"),
            ("migrations/V1.10__c.sql", "ALTER TABLE a RENAME COLUMN x TO y;"),
            ("migrations/V1.7__b.sql", "ALTER TABLE a ADD COLUMN x;"),
            ("migrations/U1.7__b.sql", "ALTER TABLE a DROP COLUMN x;"),
        ],
        &["id", "y"],
    );
    let same = made(&[("migrations/001_a.sql", "CREATE TABLE a (b);"), ("migrations/1_b.sql", "CREATE TABLE b (c);")]);
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
    crate::made(&[("migrations/0001_post.sql", &twice)])
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
    assert_columns(
        "a",
        &[
            ("migrations/10_b/up.sql", "ALTER TABLE a ADD COLUMN last;"),
            ("migrations/2_a/up.sql", "CREATE TABLE a (first);"),
            ("migrations/9_a.sql", "ALTER TABLE a ADD COLUMN middle;"),
        ],
        &["first", "middle", "last"],
    );
}

#[test]
fn old_and_new_versions_of_diesel_are_in_the_order_of_their_dates() {
    assert_columns(
        "users",
        &[
            ("migrations/20160107082941_users/up.sql", "CREATE TABLE users (id);"),
            ("migrations/2018-05-05-141421_name/up.sql", "ALTER TABLE users ADD COLUMN name;"),
            ("migrations/20190101000000_age/up.sql", "ALTER TABLE users ADD COLUMN age;"),
        ],
        &["id", "name", "age"],
    );
}

#[test]
fn numbers_inside_names_are_no_versions_beside_such_that_begin_them() {
    assert_columns(
        "users",
        &[
            ("migrations/Script0001 - Users.sql", "CREATE TABLE users (id);"),
            ("migrations/Script0002 - Add 3 columns.sql", "ALTER TABLE users ADD COLUMN a;"),
            ("migrations/Script0010 - Add 1 column.sql", "ALTER TABLE users ADD COLUMN b;"),
        ],
        &["id", "a", "b"],
    );
    // Where no name begins with one, they are versions.
    assert_columns(
        "users",
        &[
            ("migrations/create_users_1.sql", "CREATE TABLE users (id);"),
            ("migrations/add_names_2.sql", "ALTER TABLE users ADD COLUMN a;"),
            ("migrations/init.sql", "ALTER TABLE users ADD COLUMN b;"),
        ],
        &["id", "a", "b"],
    );
    made(&[("migrations/create_001.sql", "SELECT 1"), ("migrations/drop_001.sql", "SELECT 1")])
        .assert_error("dir/migrations/drop_001.sql", "has the same version");
    assert_columns(
        "users",
        &[
            ("migrations/patch2.sql", "CREATE TABLE users (id);"),
            ("migrations/patch10.sql", "ALTER TABLE users ADD COLUMN a;"),
        ],
        &["id", "a"],
    );
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
    assert_columns(
        "g",
        &[
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
        ],
        &["b", "e", "temp"],
    );
}
