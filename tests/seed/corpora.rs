//! What the fuzzer has found worth keeping, loaded again: see `tests/fuzz`.

mod load;

use std::{fs, path::PathBuf};

fn corpus(target: &str) -> Vec<PathBuf> {
    let folder = format!("tests/fuzz/corpus/{target}");
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() > 10, "{target}: {}", files.len());
    files
}

fn replay(extension: &str) {
    for file in corpus(extension) {
        println!("{}", file.display());
        load::load(extension, &fs::read(file).unwrap());
    }
}

#[test]
fn csv() {
    replay("csv");
}

#[test]
fn tsv() {
    replay("tsv");
}

#[test]
fn json() {
    replay("json");
}

#[test]
fn jsonl() {
    replay("jsonl");
}

#[test]
fn toml() {
    replay("toml");
}

#[test]
fn yaml() {
    replay("yaml");
}

#[test]
fn sql() {
    replay("sql");
}
