//! The rules of the house, as tests: rooms look down only, unsafe code stays in its rooms, files are small.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The list in the documentation of `src/lib.rs`: each room, and those that it may look into.
fn house() -> BTreeMap<String, BTreeSet<String>> {
    let lib = fs::read_to_string("src/lib.rs").unwrap();
    lib.lines()
        .filter_map(|line| {
            let (room, below) = line.strip_prefix("//! ")?.split_once(" <- ")?;
            let room = room.split_whitespace().next()?.to_owned();
            let below = below.split(", ").filter(|room| *room != "nothing").map(|room| room.trim().to_owned());
            Some((room, below.collect()))
        })
        .collect()
}

fn sources() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(Path::new("src"), &mut found);
    found.sort();
    found
}

/// The room of a file: `src/seed/json.rs` is in `seed`.
fn room(path: &Path) -> String {
    let below = path.strip_prefix("src").unwrap().components().next().unwrap().as_os_str().to_string_lossy();
    below.trim_end_matches(".rs").to_owned()
}

/// The code of a file, without its comments and its own tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// In which room each public name at the root lives.
fn exports() -> BTreeMap<String, String> {
    let lib = code(Path::new("src/lib.rs")).replace('\n', " ");
    let mut found = BTreeMap::new();
    for export in lib.split("pub use ").skip(1) {
        let export = export.split(';').next().unwrap();
        let Some((room, names)) = export.split_once("::") else { continue };
        for name in names.trim_matches(['{', '}', ' ']).split(',').filter(|name| !name.trim().is_empty()) {
            found.insert(name.trim().to_owned(), room.to_owned());
        }
    }
    found
}

/// The rooms that a text looks into: `crate::room::…`, `crate::Name`, and both inside braces.
fn looks_into(code: &str, rooms: &BTreeSet<String>, exports: &BTreeMap<String, String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for part in code.split("crate::").skip(1) {
        // The names right behind `crate::`, or at the first level of its braces.
        let mut names = Vec::new();
        if let Some(inside) = part.strip_prefix('{') {
            let (mut depth, mut name) = (0_i32, String::new());
            for letter in inside.chars() {
                match letter {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => names.push(std::mem::take(&mut name)),
                    _ if depth == 0 => name.push(letter),
                    _ => {}
                }
            }
            names.push(name);
        } else {
            names.push(part.to_owned());
        }
        for name in names {
            let name: String =
                name.trim().chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
            if let Some(room) = rooms.get(&name).or_else(|| exports.get(&name)) {
                found.insert(room.clone());
            }
        }
    }
    found
}

#[test]
fn rooms_look_only_into_those_below_them() {
    let house = house();
    let (rooms, exports) = (house.keys().cloned().collect(), exports());
    assert!(exports.len() > 20, "{exports:?}");
    let (mut faults, mut looks) = (Vec::new(), BTreeMap::<String, BTreeSet<String>>::new());
    for path in sources() {
        let room = room(&path);
        if room == "lib" {
            continue;
        }
        let below = house.get(&room).unwrap_or_else(|| panic!("{} is in no room of src/lib.rs", path.display()));
        for other in looks_into(&code(&path), &rooms, &exports) {
            if other != room && !below.contains(&other) {
                faults.push(format!("{} looks into `{other}`", path.display()));
            }
            looks.entry(room.clone()).or_default().insert(other);
        }
    }
    // What starts the command line names the crate, not a room.
    for (room, below) in house.iter().filter(|(room, _)| *room != "bin") {
        for other in below.iter().filter(|other| !looks.get(room).is_some_and(|looks| looks.contains(*other))) {
            faults.push(format!("`{room}` does not look into `{other}`, as the list says"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// A check that cannot fail is a defect: here it fails.
#[test]
fn a_look_upwards_is_noticed() {
    let (rooms, exports) = (house().keys().cloned().collect(), exports());
    let looks = |code| looks_into(code, &rooms, &exports).into_iter().collect::<Vec<_>>();
    assert_eq!(looks("use crate::session::Session;"), ["session"]);
    assert_eq!(
        looks("use crate::{error::{chain, nearest}, Session,\n    ledger::book};"),
        ["error", "ledger", "session"]
    );
    assert_eq!(looks("fn f() -> crate::Template {}"), ["template"]);
    assert_eq!(looks("use std::error::Error;"), [""; 0]);
}

#[test]
fn the_list_of_rooms_has_no_circle() {
    let house = house();
    let order: Vec<_> = {
        let lib = fs::read_to_string("src/lib.rs").unwrap();
        let listed = lib
            .lines()
            .filter_map(|line| line.strip_prefix("//! ")?.split_once(" <- ").map(|(room, _)| room.to_owned()));
        listed.map(|room| room.split_whitespace().next().unwrap().to_owned()).collect()
    };
    for (place, room) in order.iter().enumerate() {
        for below in &house[room] {
            assert!(order[..place].contains(below), "`{room}` is listed above `{below}`");
        }
    }
}

#[test]
fn unsafe_code_stays_in_the_rooms_named_for_it() {
    const ROOMS: &[&str] = &[
        "src/ledger/addresses.rs",
        "src/ledger/exit.rs",
        "src/ledger/start.rs",
        "src/ledger/witness.rs",
        "src/sqlite",
        "src/template/mapped.rs",
        "src/vfs/shim",
    ];
    for path in sources() {
        let unsafe_code = code(&path).contains("unsafe");
        assert!(!unsafe_code || ROOMS.iter().any(|room| path.starts_with(room)), "{}", path.display());
    }
}

#[test]
fn only_the_fixtures_know_rstest() {
    for path in sources() {
        assert!(path == Path::new("src/fixtures.rs") || !code(&path).contains("rstest"), "{}", path.display());
    }
}

#[test]
fn a_file_is_small_enough_to_hold_in_the_head() {
    for path in sources() {
        let lines = code(&path).lines().filter(|line| !line.trim().is_empty()).count();
        assert!(lines <= 250, "{} has {lines} lines of code", path.display());
    }
}
