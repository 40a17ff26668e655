//! `sqlite-fixtures leaks`: runs a test command, then judges the journals of all its processes.

use super::{Failure, UNABLE, baseline::Baseline, judge::judge, print, self_test};
use crate::{
    ledger::{exit, journal::read::journals, write_stderr},
    report::leaks::Verdict,
    settings::{JOURNALS, LEAKS},
    storage::{self, TempFolder},
};
use clap::{Args, Subcommand, ValueEnum};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf, absolute};
use std::process::{Command, ExitCode, ExitStatus};
use std::{env, fs};

/// Run a test command, then fail if any of its processes left a session open.
///
/// Every SQLite connection counts that was opened in a process which links sqlite-fixtures, by any code, even if the process was
/// killed.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Exit code:
  that of COMMAND, if it failed; else
  0  no leaks
  1  a session leaked, or was open when its process was killed
  2  the check could not be made: no journal at all, a damaged one, checks switched off

Examples:
  sqlite-fixtures leaks -- cargo test
  sqlite-fixtures leaks --format junit --output leaks.xml -- cargo nextest run
  sqlite-fixtures leaks --write-baseline known.json -- cargo test   # adopt the check with the leaks of today
  sqlite-fixtures leaks --baseline known.json -- cargo test         # and allow no new ones
  sqlite-fixtures leaks --journals shard-1 -- cargo nextest run --partition count:1/2
  sqlite-fixtures leaks report shard-1 shard-2                      # one report for all shards"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    output: Output,
    /// Keep the journals of the processes in this folder.
    #[arg(long, value_name = "DIR")]
    journals: Option<PathBuf>,
    /// Plant leaks, and exit with 0 only if they are found.
    #[arg(long, conflicts_with_all = ["command", "journals"])]
    self_test: bool,
    /// What the self-test plants.
    #[arg(long, hide = true)]
    plant: Option<self_test::Plant>,
    /// The test command.
    #[arg(last = true, required_unless_present_any = ["self_test", "plant"])]
    command: Vec<OsString>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Judge journals that were kept, such as those of the shards of one run.
    Report {
        #[command(flatten)]
        output: Output,
        /// Folders with journals, searched recursively.
        #[arg(required = true, value_name = "DIR")]
        folders: Vec<PathBuf>,
    },
}

/// The form of the report, and the leaks that are known.
#[derive(Debug, Args)]
struct Output {
    /// The format of the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write the report to a file instead of printing it.
    #[arg(long = "output", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Ignore the leaks in this file, which `--write-baseline` wrote.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the leaks that are found to a file, as known.
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    /// Lines of text.
    #[default]
    Human,
    /// `{"leaks": [{"test", "file", "line", "kind", "sql", "process"}]}`, null where not known.
    Json,
    /// A JUnit XML file, for CI servers.
    Junit,
    /// Workflow annotations on GitHub.
    Github,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    if let Some(plant) = arguments.plant {
        return Ok(plant.run());
    }
    exit::register();
    if arguments.self_test {
        return self_test::run();
    }
    if let Some(Action::Report { output, folders }) = arguments.action {
        let baseline = output.read_baseline()?;
        let (mut all, mut faults) = (BTreeSet::new(), Vec::new());
        for folder in &folders {
            match journals(folder) {
                Ok(found) if found.is_empty() => faults.push(format!("{} has no journal in it", folder.display())),
                Ok(found) => all.extend(found),
                Err(error) => faults.push(format!("{}: {error}", folder.display())),
            }
        }
        return Ok(output.conclude(baseline, judge(&all, faults), ExitCode::SUCCESS));
    }
    let output = arguments.output;
    // Before the tests run, which may take long.
    let baseline = output.read_baseline()?;
    let (folder, _lock) = journal_folder(arguments.journals)?;
    let earlier = journals(&folder)?;
    // Known leaks must not fail their tests: only the baseline says which are known.
    let only_warn = baseline.is_some() || output.write_baseline.is_some();
    let status = execute(&arguments.command, &folder, only_warn)?;
    // From here on no error may replace the exit code of the command.
    let (found, faults) = match journals(&folder) {
        Ok(found) => (found.difference(&earlier).cloned().collect::<BTreeSet<_>>(), Vec::new()),
        Err(error) => (BTreeSet::new(), vec![format!("{}: {error}", folder.display())]),
    };
    if found.is_empty() && faults.is_empty() && !status.success() {
        write_stderr(
            "the command failed before a test of a suite that links sqlite-fixtures ran, so nothing was checked",
        );
        return Ok(exit_code(status));
    }
    Ok(output.conclude(baseline, judge(&found, faults), exit_code(status)))
}

/// The folder of the journals: the user's, or a temporary one, which is removed at exit. All processes that this one starts inherit
/// the lock: if this one is killed, the temporary folder stays until they have ended.
fn journal_folder(folder: Option<PathBuf>) -> Result<(PathBuf, Option<File>), Failure> {
    if let Some(path) = folder {
        let path = absolute(path)?;
        storage::create(&path).map_err(|error| format!("no journals can be written to {}: {error}", path.display()))?;
        return Ok((path, None));
    }
    let folder = TempFolder::new_in(&absolute(env::temp_dir())?)?;
    let lock = storage::create_file(&folder.path().join("command.lock"))?;
    lock.lock()?;
    // Elsewhere only the locks of the journals protect the folder.
    #[cfg(target_os = "linux")]
    rustix::io::fcntl_setfd(&lock, rustix::io::FdFlags::empty())?;
    Ok((folder.path().to_owned(), Some(lock)))
}

/// Runs the test command with a journal for each of its processes.
fn execute(command: &[OsString], journals: &Path, only_warn: bool) -> Result<ExitStatus, Failure> {
    let [program, arguments @ ..] = command else { return Err("there is no test command; add one after `--`".into()) };
    let mut command = Command::new(program);
    command.args(arguments).env(JOURNALS, journals);
    if only_warn && env::var_os(LEAKS).is_none() {
        command.env(LEAKS, "warn");
    }
    command.status().map_err(|error| format!("{} could not be run: {error}", program.display()).into())
}

/// The exit code that a shell would give.
fn exit_code(status: ExitStatus) -> ExitCode {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    let code = status.code().or(signal.map(|signal| 128 + signal)).unwrap_or(1);
    // A code that does not fit must not become success.
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

impl Output {
    fn read_baseline(&self) -> Result<Option<Baseline>, Failure> {
        self.baseline.as_deref().map(Baseline::read).transpose()
    }

    /// Writes the report. Returns the exit code: that of the test command if it failed.
    fn conclude(&self, baseline: Option<Baseline>, mut verdict: Verdict, command: ExitCode) -> ExitCode {
        if let Some(path) = &self.write_baseline {
            let written = if verdict.faults.is_empty() {
                write(path, &verdict.baseline())
            } else {
                Err(format!("{} was not written, since leaks may be missing from it", path.display()))
            };
            verdict.faults.extend(written.err());
        }
        if let Some(baseline) = baseline {
            baseline.apply(&mut verdict);
        } else if self.write_baseline.is_some() {
            verdict.known = std::mem::take(&mut verdict.leaks).len();
        }
        let text = match self.format {
            Format::Human => verdict.human(),
            Format::Json => verdict.json(),
            Format::Junit => verdict.junit(),
            Format::Github => verdict.github(),
        };
        // Printed for people, the report has the faults so far.
        let is_printed = self.file.is_none() && matches!(self.format, Format::Human);
        let printed = if is_printed { verdict.faults.len() } else { 0 };
        verdict.faults.extend(match &self.file {
            Some(path) => write(path, &text).err(),
            None => print(&text).err().map(|error| error.to_string()),
        });
        for fault in &verdict.faults[printed..] {
            write_stderr(&format!("the check could not be made: {fault}"));
        }
        if command != ExitCode::SUCCESS {
            command
        } else if !verdict.leaks.is_empty() {
            ExitCode::FAILURE
        } else if verdict.faults.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(UNABLE)
        }
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{} cannot be written: {error}", path.display()))
}
