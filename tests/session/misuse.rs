//! What must not compile: each file of `tests/session/misuse` is refused, for the reason in its first line, where it is marked.

use common::package::{self, Package};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

#[test]
fn misuse_does_not_compile() {
    let mut files = vec![
        (
            "Cargo.toml".to_owned(),
            format!(
                "[package]\nname = \"misuse\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
                 sqlite-fixtures = {{ path = {:?} }}\n[profile.dev.package.libsqlite3-sys]\nopt-level = 3\n",
                env!("CARGO_MANIFEST_DIR")
            ),
        ),
        ("src/lib.rs".to_owned(), String::new()),
    ];
    let mut expected = BTreeMap::new();
    for entry in fs::read_dir("tests/session/misuse").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let code = text.strip_prefix("//! ").unwrap().split_once(": ").unwrap().0.to_owned();
        let line = text.lines().position(|line| line.ends_with("// error")).unwrap() + 1;
        files.push((format!("tests/{name}.rs"), text));
        expected.insert(name, BTreeSet::from([(code, line)]));
    }
    assert!(expected.len() >= 8, "{expected:?}");
    let folder = Package::write("misuse", &files);
    assert_eq!(errors(&folder), expected);
}

/// The errors of each test target: their codes and lines.
fn errors(folder: &Path) -> BTreeMap<String, BTreeSet<(String, usize)>> {
    let output = package::cargo(folder)
        .args(["check", "--offline", "--tests", "--keep-going", "--message-format=json"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let mut found: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let message: serde_json::Value = serde_json::from_str(line).unwrap();
        let diagnostic = &message["message"];
        let (Some("error"), Some(code)) = (diagnostic["level"].as_str(), diagnostic["code"]["code"].as_str()) else {
            continue;
        };
        let spans = diagnostic["spans"].as_array().unwrap();
        let primary = spans.iter().find(|span| span["is_primary"] == true).unwrap();
        let line = usize::try_from(primary["line_start"].as_u64().unwrap()).unwrap();
        let target = message["target"]["name"].as_str().unwrap().to_owned();
        found.entry(target).or_default().insert((code.to_owned(), line));
    }
    found
}
