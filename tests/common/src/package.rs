//! Builds a package outside the workspace and runs its tests one by one.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

/// A package that was built, and its test binaries.
pub struct Package {
    folder: PathBuf,
    /// What nextest must know of it.
    lists: PathBuf,
    binaries: BTreeMap<String, PathBuf>,
}

/// What a test did in a process of its own.
pub struct Run {
    pub code: Option<i32>,
    pub text: String,
}

impl Run {
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self { code: output.status.code(), text: text_of(&output) }
    }

    /// Demands that the runner which runs this says failure.
    pub fn assert_red(&self) {
        assert_eq!(self.code, Some(if under_nextest() { 100 } else { 101 }), "{}", self.text);
    }
}

/// Whether nextest runs this: planted tests are then run by it too.
pub fn under_nextest() -> bool {
    env::var_os("NEXTEST").is_some()
}

impl Package {
    /// Builds what is in `files`, with our own lock file, so that nothing is fetched.
    pub fn build(name: &str, files: &[(String, String)]) -> Self {
        // Under nextest every test builds; the first does the work while the others wait.
        let lock = fs::File::create(temporary().join(format!("{name}.lock"))).unwrap();
        lock.lock().unwrap();
        Self::at(Self::write(name, files), &[])
    }

    /// Builds a package that is there, or some targets of it.
    pub fn at(folder: PathBuf, targets: &[&str]) -> Self {
        let mut build = cargo(&folder);
        build.args(["test", "--offline", "--no-run", "--message-format=json"]).args(targets);
        let output = build.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let binaries = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .filter_map(|line| {
                let message: serde_json::Value = serde_json::from_str(line).ok()?;
                if message["target"]["kind"] != serde_json::json!(["test"]) {
                    return None;
                }
                let name = message["target"]["name"].as_str()?;
                Some((name.to_owned(), PathBuf::from(message["executable"].as_str()?)))
            })
            .collect();
        let lists = temporary().join(folder.file_name().unwrap()).join("nextest");
        if under_nextest() {
            let list = ["nextest", "list", "--offline", "--list-type", "binaries-only", "--message-format", "json"];
            fs::create_dir_all(&lists).unwrap();
            for (file, arguments) in [
                ("binaries.json", &[&list[..], targets].concat()[..]),
                ("cargo.json", &["metadata", "--offline", "--format-version", "1"]),
            ] {
                let output = cargo(&folder).args(arguments).output().unwrap();
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                fs::write(lists.join(file), output.stdout).unwrap();
            }
        }
        Self { folder, lists, binaries }
    }

    /// Writes the files, and our own lock file beside them.
    pub fn write(name: &str, files: &[(String, String)]) -> PathBuf {
        let folder = temporary().join(name);
        for (path, text) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            write_if_changed(&path, text);
        }
        // A test file of an earlier version.
        for entry in fs::read_dir(folder.join("tests")).into_iter().flatten().flatten() {
            if !files.iter().any(|(path, _)| folder.join(path) == entry.path()) {
                fs::remove_file(entry.path()).unwrap();
            }
        }
        write_if_changed(&folder.join("Cargo.lock"), &fs::read_to_string(root().join("Cargo.lock")).unwrap());
        folder
    }

    /// Runs a test binary in a clean environment but for `settings`.
    pub fn run(&self, binary: &str, arguments: &[&str], settings: &[(&str, &str)]) -> Run {
        Run::of(&mut self.command(binary, arguments, settings))
    }

    /// A single test in a process of its own, under the runner that runs this: the binary itself, as `cargo test` starts it, or
    /// nextest.
    pub fn test(&self, binary: &str, test: &str, settings: &[(&str, &str)]) -> Command {
        if !under_nextest() {
            return self.command(binary, &["--exact", test], settings);
        }
        self.nextest(&format!("binary(={binary}) & test(={test})"), settings)
    }

    /// All tests of a binary, likewise.
    pub fn test_all(&self, binary: &str) -> Command {
        if under_nextest() { self.nextest(&format!("binary(={binary})"), &[]) } else { self.command(binary, &[], &[]) }
    }

    fn nextest(&self, expression: &str, settings: &[(&str, &str)]) -> Command {
        let mut command = cargo(&self.folder);
        command
            .args(["nextest", "run", "--no-fail-fast", "--cargo-metadata"])
            .arg(self.lists.join("cargo.json"))
            .arg("--binaries-metadata")
            .arg(self.lists.join("binaries.json"))
            .args(["-E", expression])
            .envs(settings.iter().copied());
        command
    }

    /// A test binary in a clean environment but for `settings`, not yet started.
    pub fn command(&self, binary: &str, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
        let mut command = Command::new(&self.binaries[binary]);
        clean(&mut command)
            .current_dir(&self.folder)
            .env("CARGO_MANIFEST_DIR", &self.folder)
            .envs(settings.iter().copied())
            .args(arguments);
        command
    }
}

/// The package `tests/planted`, whose tests are run one by one, each in a process of its own.
pub fn planted() -> &'static Package {
    static PACKAGE: OnceLock<Package> = OnceLock::new();
    PACKAGE.get_or_init(|| {
        let root = root();
        let paths = [
            "Cargo.toml",
            "src/lib.rs",
            "fixtures/schema.sql",
            "fixtures/users.json",
            "more/users.json",
            "tests/clean.rs",
            "tests/clients.rs",
            "tests/endings.rs",
            "tests/shapes.rs",
            "tests/linked.rs",
            "tests/lints.rs",
            "tests/storage.rs",
            "tests/planted.rs",
            "tests/template.rs",
            "vendor/helper/Cargo.toml",
            "vendor/helper/src/lib.rs",
        ];
        let files = paths.map(|path| {
            let text = fs::read_to_string(root.join("tests/planted").join(path)).unwrap();
            (path.to_owned(), text.replace("../../../..", "../..").replace("../..", root.to_str().unwrap()))
        });
        Package::build("planted", &files)
    })
}

/// Cargo, in a folder, with our own target folder, so that nothing is compiled twice.
pub fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    clean(&mut command).current_dir(folder).env("CARGO_TARGET_DIR", target());
    command
}

/// The folder of the crate.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

/// The target folder of the test that runs: it is `target/PROFILE/deps/TEST`.
fn target() -> PathBuf {
    env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned()
}

/// Where tests may write that want to find it again.
fn temporary() -> PathBuf {
    let folder = target().join("tmp");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// `sqlite-fixtures leaks ARGUMENTS -- COMMAND`, in the folder and the environment of the command.
pub fn leaks(sqlite_fixtures: &str, arguments: &[&str], command: &Command) -> Command {
    let mut judge = Command::new(sqlite_fixtures);
    judge.arg("leaks").args(arguments).arg("--").arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => judge.env(name, value),
            None => judge.env_remove(name),
        };
    }
    judge.current_dir(command.get_current_dir().unwrap());
    judge
}

/// Takes away what the outer runner and the person at the terminal have set.
fn clean(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let outer = ["NEXTEST", "SQLITE_FIXTURES_", "CARGO_PKG", "CARGO_MANIFEST", "RUST_BACKTRACE", "RUST_TEST"];
        if outer.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command
}

/// Unchanged files keep their time, so that cargo does not build again.
fn write_if_changed(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return;
    }
    fs::write(path, text).unwrap();
}

fn text_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
