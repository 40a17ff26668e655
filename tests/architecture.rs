//! The rules of ARCHITECTURE.md as tests: imports point down, files form no circle, unsafe code stays in its rooms.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// A module, as the parts of its path.
type Module = Vec<String>;

/// The rooms of a picture in ARCHITECTURE.md, bottom up: the lines `name/   what it is` of its code block after a heading.
fn rooms(heading: &str) -> Vec<String> {
    let page = fs::read_to_string("ARCHITECTURE.md").unwrap();
    let block = page.split_once(heading).and_then(|(_, rest)| rest.split("```").nth(1)).unwrap();
    let names = block.lines().filter_map(|line| line.split_once("  "));
    names
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, _)| name.trim_end_matches('/').trim_end_matches(".rs").to_owned())
        .collect()
}

fn sources() -> BTreeMap<Module, PathBuf> {
    fn walk(folder: &Path, found: &mut BTreeMap<Module, PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let below = path.strip_prefix("src").unwrap().with_extension("");
                let mut module: Module =
                    below.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
                if ["mod", "lib"].contains(&module.last().unwrap().as_str()) {
                    module.pop();
                }
                found.insert(module, path);
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(Path::new("src"), &mut found);
    found.retain(|module, _| module.first().is_none_or(|room| room != "bin"));
    found
}

/// The code of a file, without its comments and its own tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The paths of a use tree: `a::{b, c::{d, e}}` has three.
fn paths(tree: &str) -> Vec<Module> {
    let tree = tree.trim();
    let Some((head, inside)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap();
        return vec![path.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()];
    };
    let head = paths(head.trim().trim_end_matches("::")).remove(0);
    let inside = inside.trim_end().trim_end_matches('}');
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, letter) in inside.char_indices().chain([(inside.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = &inside[start..at];
                start = (at + 1).min(inside.len());
                if !part.trim().is_empty() {
                    found.extend(paths(part).into_iter().map(|path| [head.clone(), path].concat()));
                }
            }
            _ => {}
        }
    }
    found
}

/// The paths into the crate that a file names: in its `use` declarations, but for those that only re-export, and elsewhere.
fn named(code: &str, module: &Module, modules: &BTreeSet<Module>) -> Vec<Module> {
    let mut found = Vec::new();
    let mut rest = String::new();
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        let declared = line.trim_start();
        let Some(at) = declared.starts_with("use ").then_some(4) else {
            if !declared.starts_with("pub") || !declared.contains("use ") {
                rest.push_str(line);
                rest.push('\n');
                continue;
            }
            let mut line = declared;
            while !line.contains(';') {
                line = lines.next().unwrap();
            }
            continue;
        };
        let mut tree = declared[at..].to_owned();
        while !tree.contains(';') {
            tree.push_str(lines.next().unwrap());
        }
        found.extend(paths(tree.trim_end().trim_end_matches(';')));
    }
    for start in ["crate::", "super::"] {
        for (at, _) in rest.match_indices(start) {
            let path: String =
                rest[at..].chars().take_while(|letter| letter.is_alphanumeric() || "_:".contains(*letter)).collect();
            // An exported macro is in the root by the rules of the language, and its variables name what the caller has.
            if rest[at + path.len()..].starts_with(['!', '$']) {
                continue;
            }
            found.extend(paths(path.trim_end_matches(':')));
        }
    }
    found.into_iter().filter_map(|path| resolve(&path, module, modules)).collect()
}

/// A path as it is from the crate's root; `None` for one of another crate.
fn resolve(path: &Module, module: &Module, modules: &BTreeSet<Module>) -> Option<Module> {
    let supers = path.iter().take_while(|part| *part == "super").count();
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "super" => Some([&module[..module.len() - supers], &path[supers..]].concat()),
        "self" => Some([module.as_slice(), &path[1..]].concat()),
        first => {
            let child = [module.as_slice(), &[first.to_owned()]].concat();
            modules.contains(&child).then(|| [module.as_slice(), path].concat())
        }
    }
}

/// Which files import which, each by its module; and the names that are imported through `lib.rs`.
fn imports() -> (BTreeMap<Module, BTreeSet<Module>>, Vec<String>) {
    let sources = sources();
    let modules: BTreeSet<Module> = sources.keys().cloned().collect();
    let (mut arrows, mut through_root) = (BTreeMap::<Module, BTreeSet<Module>>::new(), Vec::new());
    for (module, path) in sources.iter().filter(|(module, _)| !module.is_empty()) {
        for target in named(&code(path), module, &modules) {
            let file = (0..=target.len()).rev().map(|length| target[..length].to_vec()).find(|at| modules.contains(at));
            match file {
                Some(file) if file.is_empty() => {
                    through_root.push(format!("{}: {}", path.display(), target.join("::")));
                }
                Some(file) if file != *module => {
                    arrows.entry(module.clone()).or_default().insert(file);
                }
                _ => {}
            }
        }
    }
    (arrows, through_root)
}

/// The arrows that do not point down: from a room to one that is above it in the list, or in no list. `room` gives the room of
/// a file, if it is in one of these.
fn not_down(
    arrows: &BTreeMap<Module, BTreeSet<Module>>,
    rooms: &[String],
    room: impl Fn(&Module) -> Option<String>,
) -> Vec<String> {
    let floor = |module: &Module| room(module).map(|room| rooms.iter().position(|other| *other == room));
    let mut faults = Vec::new();
    for (from, targets) in arrows {
        for to in targets.iter().filter(|to| room(from).is_some() && room(to).is_some() && room(from) != room(to)) {
            if floor(from).flatten().is_none() || floor(to).flatten() >= floor(from).flatten() {
                faults.push(format!("{} -> {}", from.join("::"), to.join("::")));
            }
        }
    }
    faults
}

/// The files that lie on a circle of imports. What a file shares with the `mod.rs` above it is one room's business.
fn on_a_circle(arrows: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<Module> {
    let none = BTreeSet::new();
    let next = |module: &Module| {
        let from = module.clone();
        let targets = arrows.get(module).unwrap_or(&none).iter();
        targets.filter(move |to| !to.starts_with(&from) && !from.starts_with(to))
    };
    let reaches = |start: &Module| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![start.clone()]);
        while let Some(module) = open.pop() {
            open.extend(next(&module).filter(|to| seen.insert((*to).clone())).cloned());
        }
        seen.contains(start)
    };
    arrows.keys().filter(|module| reaches(module)).cloned().collect()
}

const ROOMS: &str = "## The rooms";
const SEED_ROOMS: &str = "## The rooms of `seed/`";

#[test]
fn every_room_is_in_the_picture() {
    let listed: BTreeSet<String> = rooms(ROOMS).into_iter().collect();
    let found: BTreeSet<String> = sources().keys().filter_map(|module| module.first().cloned()).collect();
    assert_eq!(listed, found);
    let listed: BTreeSet<String> = rooms(SEED_ROOMS).into_iter().collect();
    let seed = sources().into_keys().filter(|module| module.len() > 1 && module[0] == "seed");
    assert_eq!(listed, seed.map(|module| module[1].clone()).collect());
}

#[test]
fn rooms_import_only_from_those_below() {
    let (arrows, through_root) = imports();
    assert!(arrows.len() > 80, "{}", arrows.len());
    assert_eq!(not_down(&arrows, &rooms(ROOMS), |module| module.first().cloned()), [""; 0]);
    assert_eq!(through_root, [""; 0]);
}

#[test]
fn rooms_of_seed_import_only_from_those_below() {
    let room = |module: &Module| if module[0] == "seed" { module.get(1).cloned() } else { None };
    assert_eq!(not_down(&imports().0, &rooms(SEED_ROOMS), room), [""; 0]);
}

#[test]
fn files_form_no_circle() {
    assert_eq!(on_a_circle(&imports().0), BTreeSet::new());
}

#[test]
fn planted_imports_are_found() {
    let module = |path: &str| -> Module { path.split("::").map(str::to_owned).collect() };
    let modules = ["a", "a::b", "a::c", "d"].map(module).into_iter().collect();
    let named = |code| named(code, &module("a::b"), &modules).iter().map(|path| path.join("::")).collect::<Vec<_>>();
    assert_eq!(named("use crate::d::Name;"), ["d::Name"]);
    assert_eq!(named("use super::{c::{One, Two},\n    Three};"), ["a::c::One", "a::c::Two", "a::Three"]);
    assert_eq!(named("fn f() -> crate::Name {}"), ["Name"]);
    assert_eq!(named("pub use crate::d::{Name,\n    Other};\nuse std::fmt;"), [""; 0]);

    let arrow = |from: &str, to: &str| (module(from), BTreeSet::from([module(to)]));
    let arrows = BTreeMap::from([arrow("a::b", "d"), arrow("a::c", "a::d"), arrow("a::d", "a::c")]);
    let rooms = ["a", "d"].map(str::to_owned);
    assert_eq!(not_down(&arrows, &rooms, |module| module.first().cloned()), ["a::b -> d"]);
    assert_eq!(on_a_circle(&arrows), BTreeSet::from(["a::c", "a::d"].map(module)));
}

#[test]
fn unsafe_code_stays_in_its_rooms() {
    const UNSAFE: &[&str] = &[
        "src/ledger/abort.rs",
        "src/ledger/stack/addresses.rs",
        "src/ledger/process/exit.rs",
        "src/ledger/hook.rs",
        "src/load.rs",
        "src/sqlite",
        "src/template/mapped.rs",
        "src/vfs/shim",
    ];
    for path in sources().into_values() {
        let is_unsafe = code(&path).contains("unsafe");
        assert!(!is_unsafe || UNSAFE.iter().any(|room| path.starts_with(room)), "{}", path.display());
    }
}

#[test]
fn only_fixtures_know_rstest() {
    for path in sources().into_values() {
        assert!(path == Path::new("src/fixtures.rs") || !code(&path).contains("rstest"), "{}", path.display());
    }
}
