//! Which files a seed folder holds, and in which order.

use super::{format::Format, sidecar::FILES, text::shown};
use crate::position::{Position, sort_by};
use crate::seed::error::SeedError;
use crate::seed::error::kind::SeedErrorKind;
use std::path::{Component, Path, PathBuf};
use std::{env, fs, io};

const SCHEMA: &str = "schema.sql";
const MIGRATIONS: &str = "migrations";
/// The file in which DbUnit lists its tables.
const ORDERING: &str = "table-ordering.txt";

/// Whether a file is in a folder of DbUnit.
#[cfg(feature = "csv")]
pub(crate) fn is_dbunit_folder(file: &Path) -> bool {
    file.with_file_name(ORDERING).is_file()
}

/// Finds a path of the crate under test.
///
/// A relative path is below `CARGO_MANIFEST_DIR`, which cargo and nextest set at run time; without it (a debugger, an executable
/// started by hand) below the current folder, or the nearest folder above the executable that has it.
pub(crate) fn locate(path: &Path) -> Result<PathBuf, SeedError> {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let (current, executable) = (env::current_dir().unwrap_or_default(), env::current_exe().unwrap_or_default());
    let candidates = candidates(path, manifest.as_deref(), &current, &executable);
    match candidates.iter().find(|candidate| candidate.exists()) {
        Some(found) => Ok(found.clone()),
        None => Err(SeedError::new(SeedErrorKind::NotFound { looked_in: candidates, is_relative: path.is_relative() })
            .at(Position::whole(path))),
    }
}

fn candidates(path: &Path, manifest: Option<&Path>, current: &Path, executable: &Path) -> Vec<PathBuf> {
    match manifest {
        _ if path.is_absolute() => vec![path.to_owned()],
        Some(manifest) => vec![manifest.join(path)],
        None => [current].into_iter().chain(executable.ancestors().skip(1)).map(|folder| folder.join(path)).collect(),
    }
}

/// The schema scripts of a folder: `schema.sql`, or its migrations, or those of the crate.
pub(crate) fn schema(folder: &Path) -> Result<Vec<PathBuf>, SeedError> {
    let error = |fault| SeedError::new(fault).at(Position::whole(folder));
    let script = folder.join(SCHEMA);
    let migrations = folder.join(MIGRATIONS);
    match (script.is_file(), migrations.is_dir()) {
        (true, false) => inside(folder, &script).map(|()| vec![script]),
        (false, true) => inside(folder, &migrations).and_then(|()| self::migrations(&migrations)),
        (true, true) => Err(error(SeedErrorKind::TwoSchemas)),
        (false, false) => match migrations_above(folder) {
            Some(migrations) => self::migrations(&migrations),
            None => Err(error(SeedErrorKind::NoSchema)),
        },
    }
}

/// Whether a folder has a schema of its own.
#[cfg(feature = "cli")]
pub(crate) fn has_schema(folder: &Path) -> bool {
    folder.join(SCHEMA).is_file() || folder.join(MIGRATIONS).is_dir()
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

/// The migrations of a folder, in the order of their versions: scripts, or folders with an `up.sql` (diesel) or a `migration.sql`
/// (Prisma). Those that undo one are left out.
pub(crate) fn migrations(folder: &Path) -> Result<Vec<PathBuf>, SeedError> {
    let mut found: Vec<(Option<Vec<u128>>, String, PathBuf)> = Vec::new();
    let files = files(folder)?;
    let names: Vec<String> = files.iter().map(|path| name_of(path)).collect();
    for (path, name) in files.iter().zip(&names) {
        if is_sql(name) && !undoes(name, &names) {
            found.push((version(name), name.clone(), path.clone()));
        }
    }
    let mut others = files;
    others.retain(|path| is_program(path));
    for entry in fs::read_dir(folder).map_err(|source| unread(folder, source))? {
        let path = entry.map_err(|source| unread(folder, source))?.path();
        if !path.is_dir() {
            continue;
        }
        let scripts = ["up.sql", "migration.sql"].map(|script| path.join(script));
        match scripts.into_iter().find(|script| script.is_file()) {
            Some(script) => {
                inside(folder, &path)?;
                found.push((version(&name_of(&path)), name_of(&path), script));
            }
            None => others.extend(self::files(&path)?.into_iter().filter(|file| is_sql(&name_of(file)))),
        }
    }
    // What else has a version would be missing from the schema, unless it belongs to a script of this version.
    for path in &others {
        let version = version(&name_of(path));
        if version.is_some() && !found.iter().any(|(known, ..)| *known == version) {
            return Err(SeedError::new(SeedErrorKind::NotAMigration).at(Position::whole(shown(path))));
        }
    }
    for (_, _, path) in &found {
        inside(folder, path)?;
    }
    if found.is_empty() {
        return Err(SeedError::new(SeedErrorKind::NoMigrations).at(Position::whole(folder)));
    }
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

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn is_sql(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".sql")
}

/// Whether a file is source code, as some libraries have migrations too.
fn is_program(path: &Path) -> bool {
    const LANGUAGES: [&str; 14] =
        ["cjs", "cs", "ex", "exs", "go", "java", "js", "kt", "mjs", "php", "py", "rb", "rs", "ts"];
    path.extension().is_some_and(|extension| LANGUAGES.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

/// Whether a script of a folder undoes a migration: `down.sql`, `1_a.down.sql`, `1.undo.a.sql` as postgrator has it, or Flyway's
/// `U1__a.sql` beside `V1__a.sql`, which is a migration of its own in refinery.
fn undoes(name: &str, names: &[String]) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_flyways = name.starts_with('U') && name.contains("__") && is_digit(&name[1..]);
    if is_flyways {
        return names.iter().any(|other| other.starts_with('V') && version(other) == version(name));
    }
    let stem: Vec<&str> = lower.trim_end_matches(".sql").split('.').collect();
    stem.last().is_some_and(|last| matches!(*last, "down" | "undo")) || stem.get(1) == Some(&"undo")
}

/// The version of a migration: the first numbers in its name that are words of their own, with a dot, an underscore or a dash
/// between them. `0002_users.sql` is 2, `V1.10__users.sql` is 1, 10, and `add_2fa.sql` has none.
fn version(name: &str) -> Option<Vec<u128>> {
    // Flyway's repeatable migrations have none.
    if name.starts_with("R__") {
        return None;
    }
    // Without the letter that Flyway and others put before it.
    let name = name.strip_prefix(['V', 'v', 'U', 'R', 'm', 'M']).filter(|rest| is_digit(rest)).unwrap_or(name);
    let mut numbers: Vec<u128> = Vec::new();
    let mut rest = name;
    loop {
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        match word.parse() {
            Ok(number) => numbers.push(number),
            Err(_) if numbers.is_empty() => {}
            Err(_) => break,
        }
        // Two separators end a version.
        let separators = after.len() - after.trim_start_matches(|letter: char| !letter.is_ascii_alphanumeric()).len();
        let is_over = separators != 1 || !after.starts_with(['.', '_', '-']);
        if after.is_empty() || !numbers.is_empty() && is_over {
            break;
        }
        rest = &after[separators..];
    }
    // 1.0 is 1.
    while numbers.len() > 1 && numbers.last() == Some(&0) {
        numbers.pop();
    }
    (!numbers.is_empty()).then_some(numbers)
}

fn is_digit(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
}

/// The seed files at a path: the file itself, or those of a folder in the order of their names.
///
/// In a folder, the schema, other folders, hidden files and `*.md` are ignored; any other file must be a seed file.
pub(crate) fn seeds(path: &Path) -> Result<Vec<PathBuf>, SeedError> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut seeds = files(path)?;
    seeds.retain(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        name != SCHEMA && name != ORDERING && !name.starts_with('.') && !name.ends_with(".md")
    });
    sort_by(&mut seeds, PathBuf::cmp);
    for seed in &seeds {
        inside(path, seed)?;
    }
    Ok(seeds)
}

/// The files in a folder, and links to nothing, which are errors.
fn files(folder: &Path) -> Result<Vec<PathBuf>, SeedError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|source| unread(folder, source))? {
        let path = entry.map_err(|source| unread(folder, source))?.path();
        if path.is_file() || path.is_symlink() && !path.exists() {
            files.push(path);
        }
    }
    Ok(files)
}

/// The files with values of the seeds in a folder.
pub(crate) fn files_beside(folder: &Path) -> Result<Vec<PathBuf>, SeedError> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), SeedError> {
        for entry in fs::read_dir(folder).map_err(|source| unread(folder, source))? {
            let path = entry.map_err(|source| unread(folder, source))?.path();
            inside(root, &path)?;
            if path.is_dir() && path.is_symlink() {
                // A change of what it leads to would go unnoticed.
                return Err(SeedError::new(SeedErrorKind::LinkLeavesFolder).at(Position::whole(&path)));
            } else if path.is_file() {
                found.push(path);
            } else if path.is_dir() {
                walk(root, &path, found)?;
            }
        }
        Ok(())
    }
    let (files, mut found) = (folder.join(FILES), Vec::new());
    if files.is_dir() {
        inside(folder, &files)?;
        walk(&files, &files, &mut found)?;
    }
    sort_by(&mut found, PathBuf::cmp);
    Ok(found)
}

/// Rejects a symbolic link that leads out of its folder.
fn inside(folder: &Path, path: &Path) -> Result<(), SeedError> {
    if !path.is_symlink() {
        return Ok(());
    }
    let real = |path: &Path| path.canonicalize().map_err(|source| unread(path, source));
    if real(path)?.starts_with(real(folder)?) {
        return Ok(());
    }
    Err(SeedError::new(SeedErrorKind::LinkLeavesFolder).at(Position::whole(path)))
}

fn unread(path: &Path, source: io::Error) -> SeedError {
    SeedError::new(SeedErrorKind::Read(source)).at(Position::whole(path))
}

/// The format of a file, by its extension.
pub(crate) fn format(path: &Path) -> Result<Format, SeedError> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match extension.as_str() {
        "sql" => Ok(Format::Sql),
        "csv" => Ok(Format::Csv),
        "tsv" => Ok(Format::Tsv),
        "json" => Ok(Format::Json),
        "jsonl" | "ndjson" => Ok(Format::JsonLines),
        "toml" => Ok(Format::Toml),
        "yaml" | "yml" => Ok(Format::Yaml),
        _ => Err(SeedError::new(SeedErrorKind::UnknownFormat).at(Position::whole(path))),
    }
}

#[cfg(test)]
#[path = "../../../tests/unit/seed_files_folder.rs"]
mod tests;
