//! The main job, as the README's first command runs it.
#![cfg(feature = "json")]

use common::{folder, package};
use sqlite_fixtures::rusqlite::Connection;
use std::path::Path;

/// What `cargo run --example quickstart -- arguments` prints, and its exit code.
fn quickstart(arguments: &[&Path]) -> (Option<i32>, String, String) {
    let mut cargo = package::cargo(Path::new(env!("CARGO_MANIFEST_DIR")));
    cargo.args(["run", "--quiet", "--offline", "--example", "quickstart", "--"]).args(arguments);
    let output = cargo.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn sample_prints_rows_and_one_leak() {
    let (code, out, err) = quickstart(&[]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    for number in 1..=4 {
        assert!(out.contains(&format!("test {number} wrote 1 row and sees: test {number}\n")), "{out}");
    }
    assert!(out.contains("opened at examples/quickstart.rs:"), "{out}");
    let last: Vec<_> = out.lines().rev().take(11).collect();
    assert_eq!(last[0], "sessions opened=10 closed=9 leaked=1");
    assert_eq!(last[1], "rows reviews 4");
    assert_eq!(last[10], "rows authors 5");
}

#[test]
fn script_of_a_database_loads_completely() {
    let mut script = "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n".to_owned();
    script += "CREATE TABLE [Order Details] (id INTEGER PRIMARY KEY, [order] INTEGER REFERENCES orders, note TEXT);\n";
    for id in 0..4_000 {
        script += &format!("INSERT INTO [Order Details] VALUES ({id}, {}, 'it''s; number {id}');\n", id % 1_000);
    }
    script += "CREATE TABLE orders (id INTEGER PRIMARY KEY);\n";
    for id in 0..1_000 {
        script += &format!("INSERT INTO orders VALUES ({id});\n");
    }
    script += "CREATE TRIGGER t AFTER DELETE ON orders BEGIN SELECT 1; END;\nCOMMIT;\n";

    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&script).unwrap();
    let rows = |table: &str| -> i64 {
        connection.query_row(&format!("SELECT count(*) FROM [{table}]"), [], |row| row.get(0)).unwrap()
    };
    let (code, out, err) = quickstart(&[folder(&[("schema.sql", &script)]).path()]);
    assert_eq!(code, Some(0), "{err}");
    let expected = format!(
        "rows Order Details {}\nrows orders {}\nsessions opened=10 closed=9 leaked=1\n",
        rows("Order Details"),
        rows("orders")
    );
    assert!(out.ends_with(&expected), "{out}");
}

#[test]
fn bad_folder_exits_with_1() {
    let missing = quickstart(&[Path::new("/no/such/folder")]);
    assert_eq!(missing.0, Some(1));
    assert!(missing.2.contains("/no/such/folder: there is no such file or folder"), "{}", missing.2);

    let bad = quickstart(&[folder(&[("schema.sql", "CREATE TABEL t (a)")]).path()]);
    assert_eq!(bad.0, Some(1));
    assert!(
        bad.2.contains("schema.sql:1:8: SQLite cannot prepare this statement") || !cfg!(feature = "bundled"),
        "{}",
        bad.2
    );
}
