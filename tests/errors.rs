//! The texts of errors, as people read them.
//!
//! Each folder of `tests/bad` holds an error; its text is beside it. Errors that no folder can cause have their texts in
//! `tests/errors`. A text begins with the variants of `SeedErrorKind`.
//! `INSTA_UPDATE=always cargo test --all-features --test errors` writes the texts anew; read the difference before you keep it.

use common::{chain, dump};
use rstest::rstest;
use sqlite_fixtures::{
    Seeds, Template,
    rusqlite::Connection,
    seed::{SeedError, SeedErrorKind},
};
use std::{
    collections::BTreeSet,
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

/// Compares a text with the file `NAME.snap` in this folder of `tests/`. An older system library words some errors differently,
/// and does not know all places.
fn assert_snapshot(folder: &str, name: &str, text: &str) {
    if !cfg!(feature = "bundled") {
        return;
    }
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// The error and its causes, below the kinds of the errors of the load.
fn text(error: &(dyn Error + 'static)) -> String {
    let (mut kinds, mut cause) = (String::new(), Some(error));
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<SeedError>() {
            let all: Vec<_> = error.all().map(|error| kind(error.kind())).collect();
            kinds = all.join(", ") + "\n";
            break;
        }
        cause = error.source();
    }
    kinds + &of_any_platform(&chain(error))
}

/// A text without the place of the crate, and without the words of the operating system.
fn of_any_platform(text: &str) -> String {
    let root = env::var("CARGO_MANIFEST_DIR").unwrap();
    let mut lines = String::new();
    for line in text.lines() {
        let is_of_system = line.contains("(os error ");
        let line = line.replace(&root, "CRATE").replace(&root.replace('\\', "/"), "CRATE");
        lines += if is_of_system { "caused by: an error of the system" } else { &line };
        lines.push('\n');
    }
    lines
}

/// The name of the variant.
fn kind(kind: &SeedErrorKind) -> String {
    format!("{kind:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

#[rstest]
fn bad_folder(
    #[files("tests/bad/*")]
    #[dirs]
    #[exclude(r"\.snap")]
    folder: PathBuf,
) {
    // Not every platform has such names and links.
    let name = folder.file_name().unwrap().to_str().unwrap();
    if !cfg!(unix) && (name.contains("quotes") || name.contains("symbolic_link")) {
        return;
    }
    let error = Template::from_folder(&folder).memory().expect_err("the folder holds an error");
    let text = text(&error).replace("CRATE/tests/bad", "tests/bad");
    match missing_feature(&folder) {
        Some(feature) if folder.join("schema.sql").exists() => {
            assert!(text.contains(&format!("needs the crate feature `{feature}`")), "{text}");
            return;
        }
        _ => assert_snapshot("bad", folder.file_name().unwrap().to_str().unwrap(), &text),
    }
    assert_nothing_is_applied(&folder);
}

/// The kinds that have no text: they need another SQLite, or a disk that fails in the middle of a load.
const WITHOUT_TEXT: [&str; 2] = ["NotRestored", "OldSqlite"];

#[test]
fn every_kind_has_a_text() {
    let source = fs::read_to_string("src/seed/error/kind.rs").unwrap();
    let (_, variants) = source.split_once("pub enum SeedErrorKind {\n").unwrap();
    let (variants, _) = variants.split_once("\n}").unwrap();
    let variants: BTreeSet<String> = variants
        .lines()
        .filter_map(|line| {
            line.strip_prefix("    ").filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
        })
        .map(|line| line.chars().take_while(char::is_ascii_alphanumeric).collect())
        .collect();
    assert!(variants.len() > 30, "{variants:?}");
    let mut without: BTreeSet<&str> = variants.iter().map(String::as_str).collect();
    let texts: Vec<String> = ["tests/bad", "tests/errors"].iter().flat_map(|folder| texts(Path::new(folder))).collect();
    for text in &texts {
        for kind in text.lines().next().unwrap().split(", ") {
            without.remove(kind);
        }
    }
    assert_eq!(without.into_iter().collect::<Vec<_>>(), WITHOUT_TEXT);
}

/// The texts in a folder, without the headers of their files.
fn texts(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.extension().is_some_and(|extension| extension == "snap") {
            assert!(
                !folder.ends_with("bad") || path.with_extension("").is_dir(),
                "{}: the folder is gone",
                path.display()
            );
            texts.push(fs::read_to_string(path).unwrap().rsplit_once("\n---\n").unwrap().1.to_owned());
        }
    }
    texts
}

/// Where the schema is right, the seeds are loaded into a database that has rows, which must stay as it is.
fn assert_nothing_is_applied(folder: &Path) {
    let Ok(schema) = fs::read_to_string(folder.join("schema.sql")) else { return };
    let mut connection = Connection::open_in_memory().unwrap();
    if connection.execute_batch(&schema).is_err() {
        return;
    }
    let before = dump(&connection);
    let seeds: Seeds = seeds(folder).into_iter().collect();
    if !seeds.is_empty() {
        assert!(seeds.load(&mut connection).is_err());
    }
    assert_eq!(dump(&connection), before);
    assert!(connection.is_autocommit());
}

fn seeds(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && !path.ends_with("schema.sql"))
        .collect();
    files.sort();
    files
}

/// The feature that the files need and this build lacks.
fn missing_feature(folder: &Path) -> Option<&'static str> {
    let has_base64 = |file: &PathBuf| fs::read_to_string(file).is_ok_and(|text| text.contains("BASE64="));
    let format = seeds(folder).iter().find_map(|file| match file.extension()?.to_str()? {
        "csv" | "tsv" if !cfg!(feature = "csv") => Some("csv"),
        "json" | "jsonl" if !cfg!(feature = "json") => Some("json"),
        "toml" if !cfg!(feature = "toml") => Some("toml"),
        "yaml" if !cfg!(feature = "yaml") => Some("yaml"),
        _ => None,
    });
    format.or_else(|| {
        let needs_base64 = !cfg!(feature = "base64") && seeds(folder).iter().any(has_base64);
        needs_base64.then_some("base64")
    })
}

#[cfg(feature = "json")]
mod of_code {
    use super::{assert_snapshot, text};
    use common::folder;
    use serde::{Deserialize, Serialize};
    use sqlite_fixtures::{Engine, Seeds, Session, SessionFactory, rusqlite::Connection, seed::SeedError};
    use std::{collections::BTreeMap, error::Error, fs::File, path::Path};

    const SCHEMA: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, age INT);
        CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER REFERENCES users, title TEXT);";

    /// Compares the text of an error; a folder of this run is `FOLDER`, a place in this file `HERE`.
    fn shown(name: &str, error: &(dyn Error + 'static), folder: Option<&Path>) {
        let mut text = text(error);
        if let Some(folder) = folder {
            let folder = folder.to_str().unwrap();
            text = text.replace(folder, "FOLDER").replace(&folder.replace('\\', "/"), "FOLDER");
        }
        if let Some((before, place)) = text.split_once("tests/errors.rs:") {
            text = format!(
                "{before}HERE:{}",
                place.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ':')
            );
        }
        assert_snapshot("errors", name, &text);
    }

    fn session() -> Session {
        let session = SessionFactory::new(Engine::memory().unwrap()).unwrap().open().unwrap();
        session.execute_batch(SCHEMA).unwrap();
        session
    }

    fn load(path: &Path) -> SeedError {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        Seeds::from(path).load(&mut connection).unwrap_err()
    }

    #[test]
    fn missing_folder() {
        shown("folder_that_is_not_there", &load(Path::new("no/such/folder")), None);
        let folder = folder(&[]);
        shown("absolute_folder_that_is_not_there", &load(&folder.path().join("none")), Some(folder.path()));
    }

    #[cfg(not(feature = "csv"))]
    #[test]
    fn missing_feature() {
        let folder = folder(&[("users.csv", "name\nAlice\n")]);
        shown("missing_feature", &load(folder.path()), Some(folder.path()));
    }

    #[test]
    fn large_file() {
        let folder = folder(&[]);
        File::create(folder.path().join("users.json")).unwrap().set_len((256 << 20) + 1).unwrap();
        shown("file_that_is_too_large", &load(folder.path()), Some(folder.path()));
    }

    #[test]
    fn invalid_database() {
        let folder = folder(&[("app.db", &"no database ".repeat(1_000)), ("users.json", r#"[{"name": "Alice"}]"#)]);
        let error =
            Seeds::from(folder.path().join("users.json")).load_into_file(folder.path().join("app.db")).unwrap_err();
        shown("file_that_is_no_database", &error, Some(folder.path()));
    }

    #[test]
    fn errors_past_100_are_counted() {
        let rows: Vec<String> = (0..102).map(|number| format!(r#"{{"nmae": "user {number}"}}"#)).collect();
        let folder = folder(&[("users.json", &format!("[{}]", rows.join(",\n")))]);
        let text = load(folder.path()).to_string();
        assert_eq!(text.matches("there is no such column").count(), 100);
        assert!(text.ends_with("\nand 2 more"), "{text}");
    }

    #[test]
    fn script_inside_a_transaction() {
        let folder = folder(&[("users.sql", "BEGIN; INSERT INTO users (name) VALUES ('Alice'); COMMIT;")]);
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        let transaction = connection.transaction().unwrap();
        let error = Seeds::from(folder.path()).load_in(&transaction).unwrap_err();
        shown("script_inside_a_transaction", &error, Some(folder.path()));
    }

    #[test]
    fn script_beside_another_connection() {
        let folder = folder(&[("users.sql", "BEGIN; INSERT INTO users (name) VALUES ('Alice'); COMMIT; SELECT 1")]);
        let file = folder.path().join("app.db");
        let mut connection = Connection::open(&file).unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        connection.busy_timeout(std::time::Duration::ZERO).unwrap();
        // A reader in the middle of it, which lets nobody write.
        let reader = Connection::open(&file).unwrap();
        reader.execute_batch("PRAGMA locking_mode = NORMAL; BEGIN; SELECT * FROM users").unwrap();
        let error = Seeds::from(folder.path().join("users.sql")).load(&mut connection).unwrap_err();
        shown("script_beside_another_connection", &error, Some(folder.path()));
    }

    #[test]
    fn invalid_rows() {
        #[derive(Serialize)]
        enum Shape {
            Circle { radius: f64 },
            Point(f64, f64),
        }
        let session = session();
        for (name, error) in [
            ("row_that_is_a_number", session.insert("users", &7).unwrap_err()),
            ("row_that_is_a_variant", session.insert("users", &Shape::Circle { radius: 1.0 }).unwrap_err()),
            ("row_that_is_a_variant_of_a_tuple", session.insert("users", &Shape::Point(1.0, 2.0)).unwrap_err()),
            ("key_that_is_no_text", session.insert("users", &BTreeMap::from([((1, 2), 3)])).unwrap_err()),
            ("integer_of_64_bits", session.insert("users", &BTreeMap::from([("age", u64::MAX)])).unwrap_err()),
            (
                "column_of_the_code_that_is_unknown",
                session.insert("users", &BTreeMap::from([("nmae", 1)])).unwrap_err(),
            ),
            ("label_of_the_code_that_is_unknown", {
                session.insert("users", &BTreeMap::from([("_label", "alice"), ("name", "Alice")])).unwrap();
                session.insert("posts", &BTreeMap::from([("author_id", "alcie")])).unwrap_err()
            }),
        ] {
            assert!(error.position().unwrap().to_string().starts_with("tests/errors.rs:"), "{error}");
            shown(name, &error, None);
        }
    }

    /// Rows of the code all stand at one place: that does not make two mistakes one.
    #[test]
    fn unknown_columns_of_code_are_separate_errors() {
        let rows = [BTreeMap::from([("nmae", 1)]), BTreeMap::from([("aeg", 2)]), BTreeMap::from([("nmae", 3)])];
        let error = session().insert("users", &rows).unwrap_err();
        let columns: Vec<_> = error.all().map(|error| error.column().unwrap()).collect();
        assert_eq!(columns, ["nmae", "aeg"]);
    }

    #[test]
    fn failed_serialize() {
        struct Broken;
        impl Serialize for Broken {
            fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(serde::ser::Error::custom("the sensor is off"))
            }
        }
        shown("row_that_does_not_serialize", &session().insert("users", &Broken).unwrap_err(), None);
    }

    #[test]
    fn failed_deserialize() {
        #[derive(Debug, Deserialize)]
        struct User {
            #[expect(dead_code, reason = "it is never read")]
            name: String,
            #[expect(dead_code, reason = "it is never read")]
            age: u8,
        }
        let session = session();
        session.insert("users", &BTreeMap::from([("_label", "alice"), ("name", "Alice"), ("age", "old")])).unwrap();
        for (name, error) in [
            ("value_of_another_type", session.rows::<User>("users").unwrap_err()),
            ("rows_of_no_table", session.rows::<User>("user").unwrap_err()),
            ("rows_without_a_field", session.select::<User>("SELECT name FROM users", []).unwrap_err()),
            ("rows_of_several_columns", session.rows::<i64>("users").unwrap_err()),
            ("query_that_is_refused", session.select::<i64>("SELECT nmae FROM users", []).unwrap_err()),
            ("row_of_no_label", session.row::<User>("users", "alcie").unwrap_err()),
            ("nested_value_that_is_no_json", session.select::<(Vec<u8>,)>("SELECT 'a, b' AS tags", []).unwrap_err()),
        ] {
            shown(name, &error, None);
        }
    }

    #[test]
    fn unknown_labels() {
        let session = session();
        let none = session.id("users", "alice").unwrap_err();
        shown("label_of_a_table_without_labels", &none, None);
        session.insert("users", &BTreeMap::from([("_label", "alice"), ("name", "Alice")])).unwrap();
        shown("label_that_is_misspelt", &session.id("users", "alcie").unwrap_err(), None);
        shown("label_that_is_unknown", &session.id("users", "zacharias").unwrap_err(), None);
        shown("label_of_a_table_that_is_misspelt", &session.id("user", "alice").unwrap_err(), None);
        shown("key_of_another_type", &session.key::<String>("users", "alice").unwrap_err(), None);
    }
}
