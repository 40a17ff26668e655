//! Mistakes in fixture folders: one folder a mistake, with what is said of it in the `.txt` beside.
//!
//! `BLESS=1 cargo test --all-features --test bad_input` writes what is said now; read the difference before you keep it.

use common::{chain, dump};
use rstest::rstest;
use sqlite_fixtures::{Seeds, Template, rusqlite::Connection};
use std::{env, fs, path::PathBuf};

#[rstest]
fn a_mistake_is_told_at_its_place_and_nothing_is_applied(#[files("tests/bad/*.txt")] expected: PathBuf) {
    let folder = expected.with_extension("");
    let error = Template::from_folder(&folder).memory().expect_err("the folder holds a mistake");
    let said = chain(&error);
    if let Some(feature) = missing_feature(&folder).filter(|_| folder.join("schema.sql").exists()) {
        assert!(said.contains(&format!("needs the crate feature `{feature}`")), "{said}");
        return;
    }
    let root = env!("CARGO_MANIFEST_DIR");
    let said = said.replace(&format!("{root}/"), "");
    // An older system library says some things in other words, and not where.
    if cfg!(feature = "bundled") {
        if env::var_os("BLESS").is_some() {
            fs::write(&expected, &said).unwrap();
        }
        assert_eq!(said, fs::read_to_string(expected).unwrap());
    }
    nothing_is_applied(&folder);
}

#[test]
fn every_mistake_has_its_message() {
    for entry in fs::read_dir("tests/bad").unwrap() {
        let path = entry.unwrap().path();
        assert!(path.with_extension("txt").exists() && path.with_extension("").is_dir(), "{}", path.display());
    }
}

/// Where the schema is right, the seeds are loaded into a database that has rows, which must stay as it is.
fn nothing_is_applied(folder: &PathBuf) {
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

fn seeds(folder: &PathBuf) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && !path.ends_with("schema.sql"))
        .collect();
    files.sort();
    files
}

/// What the files need that this build does not read.
fn missing_feature(folder: &PathBuf) -> Option<&'static str> {
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
