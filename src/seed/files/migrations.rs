//! The scripts that make the schema of a folder: `schema.sql`, or migrations in the order of their versions.

use super::folder::{SCHEMA, files, inside, name_of, unread};
use super::text::shown;
use crate::position::{Position, sort_by};
use crate::seed::error::SeedError;
use crate::seed::error::kind::SeedErrorKind;
use std::path::{Component, Path, PathBuf};
use std::{env, fs};

const MIGRATIONS: &str = "migrations";

/// The schema scripts of a folder: `schema.sql`, or its migrations, or those of the crate.
pub(crate) fn schema(folder: &Path) -> Result<Vec<PathBuf>, SeedError> {
    let error = |fault| SeedError::new(fault).at(Position::whole(folder));
    let script = folder.join(SCHEMA);
    let migrations = folder.join(MIGRATIONS);
    match (script.is_file(), migrations.is_dir()) {
        _ if is_migrations(folder) => in_order(folder),
        (true, false) => inside(folder, &script).map(|()| vec![script]),
        (false, true) => inside(folder, &migrations).and_then(|()| in_order(&migrations)),
        (true, true) => Err(error(SeedErrorKind::TwoSchemas)),
        (false, false) => match migrations_above(folder) {
            Some(migrations) => in_order(&migrations),
            None => Err(error(SeedErrorKind::NoSchema)),
        },
    }
}

/// Whether a folder has a schema of its own.
pub(crate) fn has_schema(folder: &Path) -> bool {
    folder.join(SCHEMA).is_file() || folder.join(MIGRATIONS).is_dir()
}

/// Whether a folder is one of migrations, which hold no seeds.
pub(crate) fn is_migrations(folder: &Path) -> bool {
    name_of(folder) == MIGRATIONS && !has_schema(folder)
}

/// The folder `migrations` beside a folder of the crate, or above it, up to the crate's own.
fn migrations_above(folder: &Path) -> Option<PathBuf> {
    let root = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env::current_dir().unwrap_or_default(), PathBuf::from);
    let leads_out = folder.components().any(|part| part == Component::ParentDir);
    let is_in_crate = |above: &Path| !leads_out && (folder.is_relative() || above.starts_with(&root));
    let mut above = folder.ancestors().skip(1).enumerate();
    above.find_map(|(steps, above)| {
        let migrations = above.join(MIGRATIONS);
        ((steps == 0 || is_in_crate(above)) && migrations.is_dir()).then_some(migrations)
    })
}

/// The migrations of a folder in the order of their versions: scripts, or folders with an `up.sql` (diesel) or a `migration.sql`
/// (Prisma). Those that undo one are left out.
pub(crate) fn in_order(folder: &Path) -> Result<Vec<PathBuf>, SeedError> {
    let mut found: Vec<(String, PathBuf)> = Vec::new();
    let files = files(folder)?;
    let names: Vec<String> = files.iter().map(|path| name_of(path)).collect();
    for (path, name) in files.iter().zip(&names) {
        if is_sql(name) && !undoes(name, &names) {
            found.push((name.clone(), path.clone()));
        }
    }
    let mut others = files;
    others.retain(|path| is_in_another_language(path));
    for entry in fs::read_dir(folder).map_err(|source| unread(folder, source))? {
        let path = entry.map_err(|source| unread(folder, source))?.path();
        if !path.is_dir() {
            continue;
        }
        let scripts = ["up.sql", "migration.sql"].map(|script| path.join(script));
        match scripts.into_iter().find(|script| script.is_file()) {
            Some(script) => {
                inside(folder, &path)?;
                found.push((name_of(&path), script));
            }
            None if path.is_symlink() => inside(folder, &path)?,
            None => add_migrations_below(&path, &mut others)?,
        }
    }
    // Where one name begins with a version, a number inside another is not a version: `add_2_columns.sql`.
    let begins = |name: &str| Version::new(name).is_some_and(|version| version.at == 0);
    let some_begin = found.iter().any(|(name, _)| begins(name)) || others.iter().any(|path| begins(&name_of(path)));
    let version = |name: &str| Version::new(name).filter(|version| !some_begin || version.at == 0);
    // What else has a version would be missing from the schema, unless it belongs to a script of this version.
    let known: Vec<_> = found.iter().filter_map(|(name, _)| version(name)).collect();
    for path in &others {
        let is_missing = |name: &str| version(name).is_some_and(|version| !known.contains(&version));
        let name = name_of(path);
        let above = path.parent().filter(|parent| *parent != folder).map(name_of);
        if is_repeatable(&name) || is_missing(&name) || above.is_some_and(|above| is_missing(&above)) {
            return Err(SeedError::new(SeedErrorKind::NotAMigration).at(Position::whole(shown(path))));
        }
    }
    for (_, path) in &found {
        inside(folder, path)?;
    }
    if found.is_empty() {
        return Err(SeedError::new(SeedErrorKind::NoMigrations).at(Position::whole(folder)));
    }
    let mut found: Vec<_> =
        found.into_iter().map(|(name, path)| (version(&name).map(|version| version.numbers), name, path)).collect();
    // Those without a version come last.
    sort_by(&mut found, |(one, one_name, _), (two, two_name, _)| {
        (one.is_none(), one, one_name).cmp(&(two.is_none(), two, two_name))
    });
    for pair in found.windows(2) {
        if let [(Some(one), _, first), (Some(two), _, second)] = pair
            && one == two
        {
            let kind = SeedErrorKind::DuplicateVersion { first: Position::whole(shown(first)) };
            return Err(SeedError::new(kind).at(Position::whole(shown(second))));
        }
    }
    Ok(found.into_iter().map(|(_, _, path)| path).collect())
}

/// Adds what may be a migration in the folders below, where it is not run.
fn add_migrations_below(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), SeedError> {
    let files = files(folder)?;
    let names: Vec<String> = files.iter().map(|path| name_of(path)).collect();
    let is_migration =
        |path: &&PathBuf| is_in_another_language(path) || is_sql(&name_of(path)) && !undoes(&name_of(path), &names);
    found.extend(files.iter().filter(is_migration).cloned());
    for entry in fs::read_dir(folder).map_err(|source| unread(folder, source))? {
        let path = entry.map_err(|source| unread(folder, source))?.path();
        if path.is_dir() && !path.is_symlink() {
            add_migrations_below(&path, found)?;
        }
    }
    Ok(())
}

fn is_sql(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".sql")
}

/// Whether a file is in a language other than SQL, in which some libraries have migrations too.
fn is_in_another_language(path: &Path) -> bool {
    const EXTENSIONS: [&str; 33] = [
        "bat", "cjs", "clj", "cmd", "coffee", "cr", "cs", "cts", "edn", "ex", "exs", "fizz", "go", "groovy", "java",
        "js", "kt", "lua", "mjs", "mts", "php", "pl", "ps1", "psql", "py", "rb", "rs", "scala", "sh", "ts", "xml",
        "yaml", "yml",
    ];
    path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

/// Whether a script of a folder undoes a migration: `down.sql`, `1_a.down.sql`, `1_a_down.sql` beside `1_a_up.sql`, `1_a.rollback.sql` as
/// yoyo has it, `1.undo.a.sql` as postgrator, or Flyway's `U1__a.sql` beside `V1__a.sql`, which is a migration of its own in refinery.
fn undoes(name: &str, names: &[String]) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_flyways = name.starts_with('U') && name.contains("__") && is_digit(&name[1..]);
    if is_flyways {
        return names.iter().any(|other| other.starts_with('V') && Version::new(other) == Version::new(name));
    }
    let stem = lower.trim_end_matches(".sql");
    if let Some(up) =
        ["_", "-"].iter().find_map(|dash| Some(format!("{}{dash}up.sql", stem.strip_suffix(&format!("{dash}down"))?)))
    {
        return names.iter().any(|other| other.eq_ignore_ascii_case(&up));
    }
    let parts: Vec<&str> = stem.split('.').collect();
    parts.last().is_some_and(|last| ["down", "undo", "rollback", "revert"].contains(last))
        || parts.get(1) == Some(&"undo")
}

/// Flyway's repeatable migrations have no version, and run last.
fn is_repeatable(name: &str) -> bool {
    name.starts_with("R__")
}

/// The version of a migration: the first number in its name, with those that follow it behind a dot, an underscore or a dash.
/// `0002_users.sql` is 2, `V1.10__users.sql` is 1, 10, and `add_2fa.sql` has none.
#[derive(Debug, PartialEq, Eq)]
struct Version {
    numbers: Vec<u128>,
    /// Where in the name it begins, with its `V`.
    at: usize,
}

impl Version {
    fn new(name: &str) -> Option<Self> {
        if is_repeatable(name) {
            return None;
        }
        let is_part = char::is_alphanumeric;
        let mut words = name.char_indices().filter(|&(at, letter)| is_part(letter) && !name[..at].ends_with(is_part));
        words.find_map(|(at, _)| Some(Self { numbers: Self::numbers(&name[at..])?, at }))
    }

    /// The numbers that a text begins with, behind a word that is put before versions.
    fn numbers(text: &str) -> Option<Vec<u128>> {
        const PREFIXES: [&str; 11] =
            ["v", "u", "r", "m", "version", "script", "patch", "migration", "step", "update", "schema"];
        let text = text.to_ascii_lowercase();
        let mut rest = text.trim_start_matches(|letter: char| letter.is_ascii_lowercase());
        let prefix = &text[..text.len() - rest.len()];
        if !prefix.is_empty() && !PREFIXES.contains(&prefix) {
            return None;
        }
        let mut numbers: Vec<u128> = Vec::new();
        // How many digits each number has, and what parts them.
        let mut shape = String::new();
        loop {
            let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
            let (digits, after) = rest.split_at(end);
            let Ok(number) = digits.parse() else { break };
            let tail = after.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(after.len());
            // `20240101T1200` goes on with the time.
            let is_date = after.starts_with('t') && is_digit(&after[1..]);
            // `001b` is between `001` and `002`.
            let is_suffixed = tail == 1 && prefix.is_empty() && !is_date;
            // `2fa` is a word.
            if tail > 0 && !is_date && !is_suffixed {
                break;
            }
            numbers.push(number);
            shape += &digits.len().to_string();
            if is_suffixed {
                numbers.push(u128::from(after.as_bytes()[0]));
                break;
            }
            // Two separators end a version.
            let goes_on = is_date || after.starts_with(['.', '_', '-']);
            if !goes_on || !is_digit(&after[1..]) {
                break;
            }
            shape += &after[..1];
            rest = &after[1..];
        }
        // diesel ignores the dashes of its older versions, `2018-05-05-141421`.
        if shape == "4-2-2-6" {
            let digits: String = text.chars().filter(char::is_ascii_digit).take(14).collect();
            return Some(vec![digits.parse().ok()?]);
        }
        // 1.0 is 1.
        while numbers.len() > 1 && numbers.last() == Some(&0) {
            numbers.pop();
        }
        (!numbers.is_empty()).then_some(numbers)
    }
}

fn is_digit(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
#[path = "../../../tests/unit/seed_files_migrations.rs"]
mod tests;
