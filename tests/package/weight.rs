//! What the crate adds to its users' builds.

use common::package::{Package, cargo};
use std::collections::BTreeSet;

/// The crates that a package with these dependencies compiles, on this platform.
fn crates(name: &str, dependencies: &str) -> BTreeSet<String> {
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n{dependencies}"
    );
    let folder = Package::write(name, &[("Cargo.toml".to_owned(), manifest), ("src/lib.rs".to_owned(), String::new())]);
    let arguments = ["tree", "--offline", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"];
    let output = cargo(&folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).unwrap();
    listed.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn default_features_add_at_most_nine_crates() {
    let theirs = "rusqlite = { version = \">=0.31, <0.44\", default-features = false, features = [\"bundled\"] }\ntempfile = \"3\"\nrstest = \"0.28\"\n";
    let ours = format!("{theirs}sqlite-fixtures = {{ path = \"{}\" }}\n", env!("CARGO_MANIFEST_DIR"));
    let (with, without) = (crates("weight-with", &ours), crates("weight-without", theirs));
    assert!(without.contains("rusqlite") && with.contains("sqlite-fixtures"), "{with:?}");
    let own = ["sqlite-fixtures", "weight-with"];
    let added: Vec<_> = with.difference(&without).filter(|name| !own.contains(&name.as_str())).collect();
    assert!(!added.is_empty() && added.len() <= 9, "{added:?}");
}
