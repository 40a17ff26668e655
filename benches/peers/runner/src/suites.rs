//! Builds the suites and runs them.

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The ways to get a fresh database, each a suite.
pub const WAYS: [&str; 8] = ["empty", "ours", "handrolled", "copy", "migration", "diesel", "sqlx_ours", "sqlx"];

/// What runs a suite's tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Runner {
    /// The binary itself, all tests in one process, as `cargo test` starts it.
    Direct,
    /// `cargo nextest run`, a process for each test.
    Nextest,
}

/// Suites that are built.
pub struct Suites {
    binaries: BTreeMap<String, PathBuf>,
    metadata: tempfile::TempDir,
}

impl Suites {
    pub fn build() -> Result<Self> {
        let built = output(cargo().args(["test", "-p", "suites", "--tests", "--no-run", "--message-format=json"]))?;
        let mut binaries = BTreeMap::new();
        for line in built.lines() {
            let message: serde_json::Value = serde_json::from_str(line)?;
            if let (Some(name), Some(path)) = (message["target"]["name"].as_str(), message["executable"].as_str()) {
                binaries.insert(name.to_owned(), path.into());
            }
        }
        let metadata = tempfile::tempdir()?;
        let list = ["nextest", "list", "-p", "suites", "--list-type", "binaries-only", "--message-format", "json"];
        fs::write(metadata.path().join("binaries.json"), output(cargo().args(list))?)?;
        fs::write(metadata.path().join("cargo.json"), output(cargo().args(["metadata", "--format-version", "1"]))?)?;
        Ok(Self { binaries, metadata })
    }

    /// Runs a suite, all of whose hundred tests must pass, and gives the time that took.
    pub fn run(&self, runner: Runner, way: &str) -> Result<Duration> {
        let mut command = match runner {
            Runner::Direct => {
                let binary = self.binaries.get(way).ok_or_else(|| format!("no suite `{way}` was built"))?;
                let mut command = Command::new(binary);
                command.current_dir("suites").env("CARGO_MANIFEST_DIR", env::current_dir()?.join("suites"));
                command
            }
            Runner::Nextest => {
                let mut command = cargo();
                command.args(["nextest", "run", "--no-fail-fast", "-E", &format!("binary(={way})")]);
                command.arg("--cargo-metadata").arg(self.metadata.path().join("cargo.json"));
                command.arg("--binaries-metadata").arg(self.metadata.path().join("binaries.json"));
                command
            }
        };
        let start = Instant::now();
        let ran = command.output()?;
        let time = start.elapsed();
        let text = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
        if !ran.status.success() || !text.contains("100 passed") {
            return Err(format!("the suite `{way}` did not pass its hundred tests:\n{text}").into());
        }
        Ok(time)
    }

    /// Removes the images of templates, so that the next run is a cold one.
    pub fn forget_templates(&self) -> io::Result<()> {
        let target = self.binaries.values().next().and_then(|binary| binary.ancestors().nth(3));
        match fs::remove_dir_all(target.unwrap_or(Path::new("target")).join("sqlite-fixtures/templates")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.stderr(std::process::Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{command:?} failed").into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
