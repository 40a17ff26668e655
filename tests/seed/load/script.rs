//! SQL scripts as seed files.

use crate::*;
use rstest::rstest;

#[test]
fn script_keeps_its_transactions_and_pragmas() {
    let (connection, labels) = blog(&[(
        "dump.sql",
        "PRAGMA foreign_keys=OFF; BEGIN TRANSACTION; INSERT INTO posts VALUES (1, 1, 'x'); \
         INSERT INTO users VALUES (1, 'a'); COMMIT; PRAGMA foreign_keys=ON; VACUUM;",
    )]);
    labels.unwrap();
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM posts"), 1);
}

#[rstest]
#[case("COMMIT")]
#[case("BEGIN; DELETE FROM users; COMMIT")]
#[case("DELETE FROM users; rollback")]
#[case("DELETE FROM users; END TRANSACTION")]
fn script_keeps_the_callers_transaction(#[case] script: &str) {
    let folder = folder(&[("evil.sql", script)]);
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(BLOG).unwrap();
    let transaction = connection.transaction().unwrap();
    transaction.execute_batch("INSERT INTO users VALUES (1, 'a')").unwrap();
    let error = Seeds::from(folder.path()).load_in(&transaction).unwrap_err();
    assert!(error.to_string().contains("inside a transaction of the caller"), "{error}");
    assert_eq!(one::<i64>(&transaction, "SELECT count(*) FROM users"), 1);
    assert_eq!(one::<i64>(&transaction, "PRAGMA defer_foreign_keys"), 0, "as it was");
    transaction.rollback().unwrap();
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM users"), 0);
}

#[test]
fn script_keeps_the_callers_savepoint() {
    for script in
        ["ROLLBACK /* TO */", "RELEASE sqlite_fixtures", "ROLLBACK TO theirs", "SAVEPOINT a", "/* a */ commit", "END"]
    {
        let files = folder(&[("a.sql", &format!("INSERT INTO users (name) VALUES ('half');\n{script};"))]);
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(BLOG).unwrap();
        let transaction = connection.transaction().unwrap();
        transaction.execute_batch("SAVEPOINT theirs; INSERT INTO users (name) VALUES ('theirs')").unwrap();
        let error = Seeds::from(files.path()).load_in(&transaction).unwrap_err();
        assert!(error.to_string().contains("inside a transaction of the caller"), "{script}: {error}");
        assert!(!transaction.is_autocommit());
        assert_eq!(one::<String>(&transaction, "SELECT group_concat(name) FROM users"), "theirs");
    }
}

#[rstest]
#[case::attach("ATTACH '{}/out.db' AS x; CREATE TABLE x.t (a)")]
#[case::vacuum_into("VACUUM INTO '{}/out.db'")]
#[case::vacuum_main_into("VACUUM /* */ main INTO '{}/out.db'")]
fn script_cannot_write_another_file(#[case] script: &str) {
    let out = tempfile::tempdir().unwrap();
    let script = script.replace("{}", out.path().to_str().unwrap());
    let (connection, labels) = blog(&[("evil.sql", &script)]);
    let error = labels.unwrap_err();
    assert!(error.to_string().contains("cannot attach or write other files"), "{error}");
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
    connection.execute_batch("ATTACH ':memory:' AS still_allowed").unwrap();
}

#[test]
fn script_cannot_load_an_extension() {
    let (_, labels) = blog(&[("evil.sql", "SELECT load_extension('evil')")]);
    assert!(labels.is_err());
}

#[test]
fn long_script_loads() {
    use std::fmt::Write;
    let mut script = String::new();
    for id in 0..20_000 {
        writeln!(script, "INSERT INTO users VALUES ({id}, 'user; {id}');").unwrap();
    }
    let (connection, labels) = blog(&[("users.sql", &script)]);
    labels.unwrap();
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM users"), 20_000);
}

#[cfg(feature = "json")]
#[test]
fn rows_see_columns_added_by_a_script() {
    let (connection, labels) = blog(&[
        ("a.json.sql", "SELECT 1"),
        ("countries.json", r#"{"nl": null}"#),
        ("more.sql", "ALTER TABLE users ADD COLUMN age INTEGER; ALTER TABLE countries ADD COLUMN size INTEGER"),
        ("users.json", r#"{"bob": {"age": 42}}"#),
    ]);
    labels.unwrap();
    assert_eq!(one::<i64>(&connection, "SELECT age FROM users"), 42);
}
