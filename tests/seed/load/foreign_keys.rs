//! Which broken references a load reports, and where.

use crate::*;

#[test]
fn mismatched_foreign_key_is_not_checked() {
    let schema = "CREATE TABLE p (name TEXT); CREATE TABLE c (p TEXT REFERENCES p (name)); INSERT INTO c VALUES ('x');
        CREATE TABLE q (id INTEGER PRIMARY KEY); CREATE TABLE d (q INTEGER REFERENCES q);";
    let loaded = Template::from_folder(folder(&[("schema.sql", schema)]).path()).session();
    assert_eq!(one::<i64>(&loaded, "SELECT count(*) FROM c"), 1);
    let files = folder(&[("schema.sql", schema), ("d.sql", "INSERT INTO d VALUES (1)")]);
    let error = Template::from_folder(files.path()).memory().unwrap_err();
    assert_eq!(broken_references(error.seed_error().unwrap()).len(), 1, "the others are checked all the same");
}

#[cfg(feature = "json")]
#[test]
fn key_beside_a_mismatched_one_is_checked() {
    let schema = "CREATE TABLE p (id, name); INSERT INTO p VALUES (1, 'a'); CREATE TABLE o (id INTEGER PRIMARY KEY);
        CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p (id), o REFERENCES o (id));";
    let files = [("schema.sql", schema), ("c.json", r#"[{"id": 1, "p": 1, "o": 5}]"#), ("b.sql", "SELECT 1")];
    for files in [&files[..2], &files] {
        let error = Template::from_folder(folder(files).path()).memory().unwrap_err();
        let broken = broken_references(error.seed_error().unwrap());
        assert_eq!(broken.iter().map(|broken| &*broken.parent).collect::<Vec<_>>(), ["o"]);
    }
}

#[cfg(feature = "json")]
#[test]
fn row_that_replaces_a_broken_one_is_checked() {
    let mut connection = Connection::open_in_memory().unwrap();
    let schema = "CREATE TABLE p (id INTEGER PRIMARY KEY);
        CREATE TABLE c (id INTEGER PRIMARY KEY ON CONFLICT REPLACE, p INTEGER REFERENCES p);
        PRAGMA foreign_keys = OFF; INSERT INTO c VALUES (1, 98), (2, 98); PRAGMA foreign_keys = ON";
    connection.execute_batch(schema).unwrap();
    let folder = folder(&[("c.json", r#"[{"id": 1, "p": 99}]"#)]);
    let error = Seeds::from(folder.path()).load(&mut connection).unwrap_err();
    let broken = broken_references(&error);
    assert_eq!(broken.iter().map(|broken| &*broken.columns[0].1).collect::<Vec<_>>(), ["99"]);
}

#[cfg(feature = "json")]
#[test]
fn shadow_table_may_be_a_parent() {
    let mut connection = Connection::open_in_memory().unwrap();
    let schema = "CREATE VIRTUAL TABLE docs USING fts5 (body); INSERT INTO docs VALUES ('moss');
        CREATE TABLE note (id INTEGER PRIMARY KEY, doc REFERENCES docs_content (id));";
    connection.execute_batch(schema).unwrap();
    let rows = folder(&[("note.json", r#"[{"id": 1, "doc": 1}]"#)]);
    Seeds::from(rows.path()).load(&mut connection).unwrap();
    let rows = folder(&[("note.json", r#"[{"id": 2, "doc": 2}]"#)]);
    let error = Seeds::from(rows.path()).load(&mut connection).unwrap_err();
    assert!(!broken_references(&error)[0].parent_is_missing, "{error}");
}

#[cfg(feature = "json")]
#[test]
fn earlier_broken_references_are_ignored() {
    let folder = folder(&[("users.json", r#"{"bob": null}"#)]);
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(BLOG).unwrap();
    connection
        .execute_batch("PRAGMA foreign_keys = OFF; INSERT INTO posts (author_id) VALUES (99); PRAGMA foreign_keys = ON")
        .unwrap();
    Seeds::from(folder.path()).load(&mut connection).unwrap();
}

#[cfg(feature = "json")]
#[test]
fn earlier_without_rowid_does_not_hide_new() {
    let mut connection = Connection::open_in_memory().unwrap();
    let schema = "CREATE TABLE p (id INTEGER PRIMARY KEY);
        CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p) WITHOUT ROWID;
        PRAGMA foreign_keys = OFF; INSERT INTO c VALUES (1, 98); PRAGMA foreign_keys = ON";
    connection.execute_batch(schema).unwrap();
    let folder = folder(&[("c.json", r#"[{"id": 2, "p": 99}]"#)]);
    let error = Seeds::from(folder.path()).load(&mut connection).unwrap_err();
    assert!(broken_references(&error).iter().any(|broken| broken.columns[0].1 == "99"), "{error}");
}

/// SQL that is asked again gives another value.
#[cfg(feature = "json")]
#[test]
fn computed_reference_keeps_its_place_and_value() {
    let (_, loaded) = blog(&[
        ("users.json", r#"[{"id": 3, "name": "Cleo"}]"#),
        (
            "posts.json",
            "[{\"author_id\": 3},\n {\"author_id\": \"RAW=CASE WHEN EXISTS (SELECT 1 FROM posts WHERE title = 'last') THEN 3 ELSE 42 END\"},\n {\"author_id\": 3, \"title\": \"last\"}]",
        ),
    ]);
    let error = loaded.unwrap_err();
    let [broken] = broken_references(&error) else { panic!("{error}") };
    assert_eq!(broken.columns, [("author_id".to_owned(), "42".to_owned())]);
    assert_eq!(broken.position.as_ref().map(line_and_column), Some((2, 16)), "{error}");
}

/// The text of CSV is a number in the database.
#[cfg(feature = "json")]
#[cfg(feature = "csv")]
#[test]
fn place_survives_scripts_unless_the_row_is_replaced() {
    let load = |script: &str| {
        let mut connection = Connection::open_in_memory().unwrap();
        let schema =
            "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p)";
        connection.execute_batch(schema).unwrap();
        let folder = folder(&[("c.csv", "id,p\n7,98\n"), ("d.sql", script)]);
        let error = Seeds::from(folder.path()).load(&mut connection).unwrap_err();
        let [broken] = broken_references(&error) else { panic!("{error}") };
        (broken.position.as_ref().map(line), broken.columns[0].1.clone())
    };
    assert_eq!(load("SELECT 1"), (Some(2), "98".to_owned()));
    assert_eq!(load("DELETE FROM c; INSERT INTO c VALUES (7, 99)"), (None, "99".to_owned()));
}

#[cfg(feature = "json")]
#[test]
fn row_ignored_by_a_trigger_is_not_blamed() {
    let mut connection = Connection::open_in_memory().unwrap();
    let schema = "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p, passed);
        CREATE TRIGGER t BEFORE INSERT ON c WHEN new.passed BEGIN SELECT RAISE(IGNORE); END";
    connection.execute_batch(schema).unwrap();
    let folder = folder(&[("c.json", "[{\"p\": 99},\n {\"p\": 98, \"passed\": 1}]")]);
    let error = Seeds::from(folder.path()).load(&mut connection).unwrap_err();
    let [broken] = broken_references(&error) else { panic!("{error}") };
    assert_eq!((broken.columns[0].1.as_str(), broken.position.as_ref().map(line)), ("99", Some(1)), "{error}");
}

#[cfg(feature = "json")]
#[test]
fn first_100_broken_references_are_reported() {
    let mut connection = Connection::open_in_memory().unwrap();
    let columns: Vec<_> = (0..20).map(|number| format!("c{number} INTEGER REFERENCES p")).collect();
    let schema = format!("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c ({})", columns.join(", "));
    connection.execute_batch(&schema).unwrap();
    let row = (0..20).map(|number| format!("\"c{number}\": 1")).collect::<Vec<_>>().join(", ");
    let rows = vec![format!("{{{row}}}"); 2_000].join(",\n");
    let folder = folder(&[("c.json", &format!("[{rows}]"))]);
    let error = Seeds::from(folder.path()).load(&mut connection).unwrap_err();
    assert_eq!(broken_references(&error).len(), 100);
    assert!(broken_references(&error).iter().all(|broken| broken.position.as_ref().is_some_and(|at| line(at) < 6)));
    let said = error.to_string();
    assert!(said.starts_with("40000 broken references:") && said.contains("\n  and 39900 more\n"), "{said}");
}
