//! A load reports all errors at once, but not those that only follow from another.

use crate::{blog, line_and_column, one};
use common::folder;
use sqlite_fixtures::{Seeds, rusqlite::Connection, seed::SeedError};

/// The places of all mistakes, with the line of each and the beginning of what is said.
fn mistakes(files: &[(&str, &str)]) -> Vec<String> {
    let (connection, loaded) = blog(files);
    let error = loaded.unwrap_err();
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM users"), 0, "nothing is applied");
    let shown = error.to_string();
    let each = |mistake: &SeedError| {
        let position = mistake.position().unwrap();
        assert!(shown.contains(&position.to_string()), "{shown}");
        let file = position.file().file_name().unwrap().to_str().unwrap().to_owned();
        let line = mistake.source_line().map(|line| format!("{line}|")).unwrap_or_default();
        let (row, column) = line_and_column(position);
        format!("{file}:{row}:{column}|{line}")
    };
    error.all().map(each).collect()
}

#[test]
fn errors_of_all_files_are_reported() {
    let found = mistakes(&[
        ("cities.csv", "name,country\nParis,FR\nOslo\n"),
        ("countries.yaml", "france:\n  name: \"France\n"),
        ("posts.json", r#"[{"author_id": "bob", "titel": "x"}, {"author_id": "alcie"}, {"author_id": "alice"}]"#),
        ("users.json", r#"{"alice": {"name": "Alice"}, "bob": {"nmae": "Bob"}, "carol": 7}"#),
    ]);
    let posts = r#"[{"author_id": "bob", "titel": "x"}, {"author_id": "alcie"}, {"author_id": "alice"}]"#;
    let users = r#"{"alice": {"name": "Alice"}, "bob": {"nmae": "Bob"}, "carol": 7}"#;
    let expected = [
        "cities.csv:3:1|Oslo|".to_owned(),
        "countries.yaml:2:9|  name: \"France|".to_owned(),
        format!("posts.json:1:23|{posts}|"),
        format!("posts.json:1:52|{posts}|"),
        format!("users.json:1:38|{users}|"),
        format!("users.json:1:63|{users}|"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn consequences_are_not_reported() {
    // The label may be in the file that cannot be read, the country in the row that was refused.
    let found = mistakes(&[
        ("cities.csv", "name,country\nParis,FR\nRome,IT\n"),
        ("countries.json", r#"[{"code": "FR", "nmae": "France"}]"#),
        ("posts.json", r#"[{"author_id": "alice"}, {"author_id": "zoe"}]"#),
        ("users.yaml", "alice:\n  name: \"Alice\n"),
    ]);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].starts_with("countries.json:1:17|"), "{found:?}");
    assert!(found[1].starts_with("posts.json:1:40|"), "{found:?}");
    assert!(found[2].starts_with("users.yaml:2:"), "{found:?}");
}

#[test]
fn rollback_ends_the_load() {
    let mut connection = Connection::open_in_memory().unwrap();
    let schema = "CREATE TABLE t (a INTEGER PRIMARY KEY ON CONFLICT ROLLBACK); INSERT INTO t VALUES (1);";
    connection.execute_batch(schema).unwrap();
    let folder = folder(&[("t.json", r#"[{"a": 2}, {"b": 3}, {"a": 1}, {"a": 4}, {"c": 5}]"#)]);
    let error = Seeds::from(folder.path()).load(&mut connection).unwrap_err();
    assert_eq!(error.all().count(), 2, "{error}");
    assert_eq!(one::<i64>(&connection, "SELECT count(*) FROM t"), 1);
    let transaction = connection.transaction().unwrap();
    assert!(Seeds::from(folder.path()).load_in(&transaction).is_err());
}

#[test]
fn at_most_100_errors_are_kept() {
    let rows: Vec<String> = (0..300).map(|number| format!(r#"{{"no": {number}}}"#)).collect();
    assert_eq!(mistakes(&[("users.json", &format!("[{}]", rows.join(",\n")))]).len(), 100);
}
