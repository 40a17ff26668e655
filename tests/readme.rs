//! The README and the guides do what they say: their tests are taken from the pages, built outside the workspace, and run.
//!
//! Code of the guides that is no test runs as documentation tests.

use common::package::Package;
use std::{fs, path::Path};

const README: &str = include_str!("../README.md");
const CLIENTS: &str = include_str!("../docs/clients.md");
const COMING_FROM: &str = include_str!("../docs/coming-from.md");
const FIXTURES: &str = include_str!("../docs/fixtures-and-templates.md");
const LEAKS: &str = include_str!("../docs/leaks.md");

/// The pages whose tests are run, each with a name for its module.
const GUIDES: [(&str, &str); 4] = [
    ("clients", CLIENTS),
    ("coming_from", COMING_FROM),
    ("fixtures", FIXTURES),
    ("seeds", include_str!("../docs/seeds.md")),
];

/// A code block, with the text between it and the one before.
struct Block {
    language: &'static str,
    before: &'static str,
    code: &'static str,
}

fn blocks(page: &'static str) -> Vec<Block> {
    let mut parts = page.split("\n```");
    let mut before = parts.next().unwrap();
    let mut found = Vec::new();
    while let (Some(block), Some(after)) = (parts.next(), parts.next()) {
        let (language, code) = block.split_once('\n').unwrap();
        found.push(Block { language, before, code });
        before = after;
    }
    found
}

/// The code blocks of a page in this language.
fn code(page: &'static str, language: &str) -> Vec<&'static str> {
    blocks(page).into_iter().filter(|block| block.language == language).map(|block| block.code).collect()
}

/// The block whose file is the last name in backticks before it.
fn file(page: &'static str, name: &str) -> String {
    let found = blocks(page).into_iter().find(|block| block.before.rsplit('`').nth(1) == Some(name));
    found.unwrap_or_else(|| panic!("no block is `{name}`")).code.to_owned() + "\n"
}

/// The tests of the guides, each block in a module, and how many they are. The macro for fixtures needs a module, so documentation tests
/// ignore its blocks.
fn tests_of_guides() -> (String, usize) {
    let (mut modules, mut count) = (String::new(), 0);
    for (page, text) in GUIDES {
        let is_code = |block: &Block| block.language == "rust" || block.code.contains("fixtures!(");
        for (number, Block { code, .. }) in blocks(text).into_iter().filter(is_code).enumerate() {
            let tests = code.matches("#[rstest]").count() + code.matches("#[test]").count();
            if tests > 0 {
                modules += &format!("mod {page}_{number} {{\n{code}\n}}\n");
                count += tests;
            }
        }
    }
    (modules, count)
}

/// Added to the README's test that leaks: those whose reports the guide shows, and nine clean ones.
const MORE_LEAKS: &str = r#"
#[rstest]
fn forgets_a_statement(sessions: SessionFactory) {
    let reader = sessions.open().unwrap();
    std::mem::forget(reader.prepare("SELECT name FROM users").unwrap());
}

#[rstest]
fn forgets_a_connection(sessions: SessionFactory) {
    std::mem::forget(sqlite_fixtures::rusqlite::Connection::open(sessions.engine().uri()).unwrap());
}

#[rstest]
fn forgets_another(_sessions: SessionFactory) {
    std::mem::forget(sqlite_fixtures::rusqlite::Connection::open_in_memory().unwrap());
}

#[rstest]
fn clean(sessions: SessionFactory, #[values(1, 2, 3, 4, 5, 6, 7, 8, 9)] _number: i32) {
    let _reader = sessions.open().unwrap();
}
"#;

#[test]
fn examples_run_and_leaks_are_reported_as_shown() {
    let version = "version = \"0.1\"";
    let manifest = file(README, "Cargo.toml");
    assert!(manifest.contains(version));
    let manifest = manifest.replace(version, &format!("path = {:?}", env!("CARGO_MANIFEST_DIR")))
        + "serde = { version = \"1\", features = [\"derive\"] }\n"
        + "tokio = { version = \"1\", features = [\"macros\", \"rt\"] }\n"
        + "[workspace]\n[profile.dev.package.libsqlite3-sys]\nopt-level = 3\n";
    let (guides, count) = tests_of_guides();
    let tests = code(README, "rust");
    let files = [
        ("Cargo.toml", manifest),
        ("src/lib.rs", String::new()),
        ("fixtures/schema.sql", file(README, "schema.sql")),
        ("fixtures/users.yaml", file(README, "users.yaml")),
        ("fixtures/posts.csv", file(README, "posts.csv")),
        ("fixtures/crowded/users.yaml", file(FIXTURES, "fixtures/crowded/users.yaml")),
        ("migrations/0001_tags.sql", file(FIXTURES, "migrations/0001_tags.sql")),
        ("seeds/tags.sql", file(COMING_FROM, "seeds/tags.sql")),
        ("tests/blog.rs", tests[0].to_owned()),
        ("tests/leak.rs", format!("{}\n{MORE_LEAKS}", tests[1])),
        ("tests/guides.rs", guides),
    ];
    let package = Package::build("consumer", &files.map(|(path, text)| (path.to_owned(), text)));

    let green = package.run("blog", &[], &[]);
    assert_eq!(green.code, Some(0), "{}", green.text);
    assert!(green.text.contains(code(README, "text")[0]), "{}", green.text);
    let green = package.run("guides", &[], &[]);
    assert_eq!(green.code, Some(0), "{}", green.text);
    assert!(green.text.contains(&format!("{count} passed")), "{}", green.text);

    let red = package.run("leak", &["--exact", "forgets_a_session"], &[]);
    assert_eq!(red.code, Some(101), "{}", red.text);
    let (result, report) = code(README, "text")[1].split_once("\n\n---- forgets_a_session stdout ----\n").unwrap();
    assert!(red.text.contains(result) && red.text.contains(report), "{}", red.text);
    let shown = code(LEAKS, "text");
    for (test, report) in ["forgets_a_session", "forgets_a_statement", "forgets_a_connection"].iter().zip(&shown) {
        let red = package.run("leak", &["--exact", test], &[]);
        assert_eq!(red.code, Some(101), "{}", red.text);
        assert!(red.text.contains(report), "{report}\n is not what is printed:\n{}", red.text);
    }
    let warned = package.run("leak", &["--exact", "forgets_another"], &[]);
    assert_eq!(warned.code, Some(0), "{}", warned.text);
    assert!(warned.text.contains(shown[3]), "{}", warned.text);
    assert_eq!((code(LEAKS, "rust")[0], shown.len()), (tests[1], 4));

    let parallel = [
        "--test-threads=8",
        "--skip",
        "forgets_a_connection",
        "--skip",
        "forgets_a_statement",
        "--skip",
        "forgets_another",
    ];
    let red = package.run("leak", &parallel, &[]);
    assert_eq!(red.code, Some(101), "{}", red.text);
    assert!(red.text.contains("9 passed; 1 failed"), "{}", red.text);
    assert!(red.text.contains(result), "{}", red.text);
}

/// They need crates that are no dependencies of ours.
#[test]
fn examples_of_other_clients_are_taken_from_tests() {
    let tests = [
        "clients/tests/diesel.rs",
        "clients/tests/rusqlite_migration.rs",
        "clients/tests/sea_orm.rs",
        "clients/tests/sqlx.rs",
        "pools/tests/pools.rs",
    ];
    let tests = tests.map(|name| fs::read_to_string(Path::new("benches/peers").join(name)).unwrap()).concat();
    let examples = code(CLIENTS, "rust,ignore");
    assert!(!examples.is_empty());
    for line in examples.into_iter().flat_map(str::lines) {
        assert!(tests.contains(line), "{line}");
    }
}

#[test]
fn links_between_pages_lead_to_files() {
    let mut count = 0;
    for page in fs::read_dir("docs").unwrap().map(|page| page.unwrap().path()).chain(["README.md".into()]) {
        let text = fs::read_to_string(&page).unwrap();
        let inline = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let defined = text.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: ")).map(|(_, link)| link);
        for link in inline.chain(defined).filter(|link| !link.starts_with("https://")) {
            assert!(page.with_file_name(link).is_file(), "{}: {link}", page.display());
            count += 1;
        }
    }
    assert!(count > 15, "{count}");
}

#[test]
fn settings_and_fixtures_are_documented() {
    for word in ["KEEP", "LEAKS", "OUTSIDE", "TEMPLATE", "UNORDERED", "BACKTRACE", "JOURNALS"] {
        assert!(FIXTURES.contains(&format!("`SQLITE_FIXTURES_{word}=")), "{word}");
    }
    for fixture in ["session", "sessions", "engine", "async_session"] {
        assert!(FIXTURES.contains(&format!("| `{fixture}` |")), "{fixture}");
    }
}
