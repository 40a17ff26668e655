//! Which files are read, and which are refused.

use crate::*;
#[cfg(unix)]
use std::os::unix::fs::symlink;

#[test]
fn migrations_run_in_order() {
    let folder = folder(&[
        ("migrations/V2__name.sql", "ALTER TABLE t ADD COLUMN b DEFAULT 'two'"),
        ("migrations/V10__more.sql", "ALTER TABLE t ADD COLUMN c DEFAULT 'ten'"),
        ("migrations/V1__init.sql", "CREATE TABLE t (a)"),
        ("migrations/V10__more.down.sql", "DROP TABLE t"),
        ("t.sql", "INSERT INTO t (a) VALUES (1)"),
    ]);
    let session = Template::from_folder(folder.path()).session();
    let names: String = one(&session, "SELECT group_concat(name, ' ') FROM pragma_table_info('t')");
    assert_eq!(names, "a b c");
}

#[test]
fn other_files_are_ignored() {
    let folder = folder(&[
        ("schema.sql", "CREATE TABLE t (a)"),
        (".gitkeep", ""),
        ("README.md", "notes"),
        ("other/u.json", "not even JSON"),
    ]);
    let session = Template::from_folder(folder.path()).session();
    assert_eq!(one::<i64>(&session, "SELECT count(*) FROM t"), 0);
}

#[test]
fn missing_path_lists_where_it_looked() {
    let error = Seeds::from("no/such/folder").load(&mut Connection::open_in_memory().unwrap()).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("no/such/folder") && message.contains("CARGO_MANIFEST_DIR"), "{message}");
    let root = std::env::var("CARGO_MANIFEST_DIR").unwrap().replace('\\', "/");
    assert!(message.contains(&format!("{root}/no/such/folder")), "{message}");
}

#[cfg(feature = "json")]
#[test]
fn value_may_be_in_a_sidecar() {
    let schema = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, photo BLOB, about TEXT, note)";
    let users = r#"{"alice": {"photo": "FILE=alice.png", "about": "FILE=about/alice.md", "note": "FILE=alice.png"}}"#;
    let folder = folder(&[
        ("schema.sql", schema),
        ("users.json", users),
        ("files/alice.png", "\0png"),
        ("files/about/alice.md", "# Zoë\n"),
    ]);
    let shown = |folder: &Path| -> String {
        let session = Template::from_folder(folder).session();
        one(&session, "SELECT quote(photo) || ' ' || quote(about) || ' ' || typeof(note) FROM users")
    };
    assert_eq!(shown(folder.path()), "x'00706E67' '# Zoë\n' blob".replace("x'", "X'"));
    fs::write(folder.path().join("files/alice.png"), "new").unwrap();
    assert_eq!(shown(folder.path()), "X'6E6577' '# Zoë\n' blob", "the image is built again");
}

#[cfg(feature = "yaml")]
#[test]
fn yaml_tag_names_a_sidecar() {
    let (connection, labels) =
        blog(&[("users.yaml", "alice: {name: !file names/alice}"), ("files/names/alice", "Alice")]);
    labels.unwrap();
    assert_eq!(one::<String>(&connection, "SELECT CAST(name AS TEXT) FROM users"), "Alice");
}

#[test]
fn rows_from_code_name_no_sidecar() {
    let session = SessionFactory::new(Engine::memory().unwrap()).unwrap();
    let session = session.open().unwrap();
    session.execute_batch(BLOG).unwrap();
    session.insert("users", &std::collections::BTreeMap::from([("name", "FILE=../secret")])).unwrap();
    assert_eq!(one::<String>(&session, "SELECT name FROM users"), "FILE=../secret");
}

/// SQLite limits a row as a whole.
#[cfg(feature = "json")]
#[test]
fn sidecar_may_be_large() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE t (name TEXT CHECK (name = trim(name)), one BLOB, two BLOB)").unwrap();
    let large = "x".repeat(1_000_000);
    let row = r#"[{"name": "n", "one": "FILE=large", "two": "FILE=large"}]"#;
    Seeds::from(folder(&[("t.json", row), ("files/large", &large)]).path()).load(&mut connection).unwrap();
    let size: i64 = connection.query_row("SELECT length(one) + length(two) FROM t", [], |row| row.get(0)).unwrap();
    assert_eq!(size, 2_000_000);
}

#[test]
fn large_file_is_not_read() {
    for name in ["notes.sql", "notes.json"] {
        let folder = folder(&[]);
        fs::File::create(folder.path().join(name)).unwrap().set_len((256 << 20) + 1).unwrap();
        let error = load_notes(folder.path()).unwrap_err();
        let expected = if cfg!(feature = "json") || name == "notes.sql" { "larger than 256 MiB" } else { "feature" };
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn symlink_stays_in_its_folder() {
    let outside = folder(&[("secret.sql", "INSERT INTO notes (text) VALUES ('secret')"), ("schema.sql", NOTES)]);
    let leads_out = |error: &SeedError| error.to_string().contains("symbolic link leads out of the folder");
    let seeds = folder(&[]);
    symlink(outside.path().join("secret.sql"), seeds.path().join("notes.sql")).unwrap();
    let error = load_notes(seeds.path()).unwrap_err();
    assert!(leads_out(&error), "{error}");

    let beside = folder(&[("secret.sql", "INSERT INTO notes (text) VALUES ('secret')"), ("seeds/README.md", "")]);
    symlink("../secret.sql", beside.path().join("seeds/notes.sql")).unwrap();
    let error = load_notes(&beside.path().join("seeds")).unwrap_err();
    assert!(leads_out(&error), "{error}");

    let seeds = folder(&[("others/notes.sql", "INSERT INTO notes (text) VALUES ('inside')")]);
    symlink("others/notes.sql", seeds.path().join("notes.sql")).unwrap();
    let loaded = load_notes(seeds.path()).unwrap();
    assert!(common::dump(&loaded).contains("'inside'"));

    let template = |folder: &Path| Template::from_folder(folder).memory();
    let is_refused = |built: Result<_, sqlite_fixtures::template::TemplateError>| {
        built.is_err_and(|error| leads_out(error.seed_error().unwrap()))
    };
    let linked = folder(&[]);
    symlink(outside.path().join("schema.sql"), linked.path().join("schema.sql")).unwrap();
    assert!(is_refused(template(linked.path())));
    let linked = folder(&[]);
    symlink(outside.path(), linked.path().join("migrations")).unwrap();
    assert!(is_refused(template(linked.path())));
    // A link that its author names is what is meant.
    let named = folder(&[]);
    symlink(outside.path(), named.path().join("fixtures")).unwrap();
    assert!(template(&named.path().join("fixtures")).is_ok());
}

#[cfg(unix)]
#[cfg(feature = "json")]
#[test]
fn sidecar_stays_in_its_folder() {
    let outside = folder(&[("secret", "secret")]);
    let seeds = folder(&[("files/photo", "photo"), ("files/more/photo", "photo"), ("secret", "secret")]);
    fs::remove_file(seeds.path().join("secret")).unwrap();
    fs::create_dir(seeds.path().join("secrets")).unwrap();
    fs::write(seeds.path().join("secrets/secret"), "secret").unwrap();
    symlink(outside.path().join("secret"), seeds.path().join("files/link")).unwrap();
    symlink(outside.path(), seeds.path().join("files/links")).unwrap();
    symlink("../secrets", seeds.path().join("files/beside")).unwrap();
    symlink("/dev/zero", seeds.path().join("files/zero")).unwrap();
    let absolute = outside.path().join("secret").display().to_string();
    for (name, why) in [
        ("../secrets/secret", "without `..`"),
        ("more/../../secrets/secret", "without `..`"),
        (absolute.as_str(), "without `..`"),
        ("", "without `..`"),
        (".", "without `..`"),
        ("link", "leads out of the folder"),
        ("links/secret", "leads out of the folder"),
        ("beside/secret", "leads out of the folder"),
        ("zero", "leads out of the folder"),
        ("more", "no such file"),
        ("nothing", "no such file"),
        ("a\0b", "no such file"),
    ] {
        let json = serde_json::json!([{ "text": format!("FILE={name}") }]).to_string();
        fs::write(seeds.path().join("notes.json"), json).unwrap();
        let error = load_notes(seeds.path()).expect_err(name);
        assert!(error.to_string().contains(why), "{name}: {error}");
        assert!(error.to_string().contains("notes.json:1:"), "{error}");
    }
    fs::write(seeds.path().join("notes.json"), r#"[{"text": "FILE=more/photo"}]"#).unwrap();
    assert!(common::dump(&load_notes(seeds.path()).unwrap()).contains("x'70686f746f'"));
    // A template looks at all of them, to see when one changes.
    fs::write(seeds.path().join("schema.sql"), NOTES).unwrap();
    let error = Template::from_folder(seeds.path()).memory().unwrap_err();
    assert!(error.seed_error().unwrap().to_string().contains("leads out of the folder"), "{error}");
}
