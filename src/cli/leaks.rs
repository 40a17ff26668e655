//! Runs a test command, then judges the journals of all its processes.

use super::{Failure, UNABLE, baseline::Baseline, complain, judge::judge, print, self_test};
use crate::{
    ledger::{exit, journal::read::journals},
    report::leaks::Verdict,
    settings::{JOURNALS, LEAKS},
    storage::{self, Temporary},
};
use clap::{Args, Subcommand, ValueEnum};
use std::{
    collections::BTreeSet,
    env,
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, ExitCode, ExitStatus},
};

/// Run a test command, then fail if any of its processes left a session open.
///
/// Every SQLite handle counts that was opened in a process which links sqlite-fixtures, whoever opened it, also where the
/// process was killed.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Exit code:
  that of COMMAND, if it failed; else
  1  a session leaked, or was open when its process was killed
  2  the check could not be made: no journal at all, a damaged one, checks switched off
  0  else

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
    shown: Shown,
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
        shown: Shown,
        /// Folders with journals, also below them.
        #[arg(required = true, value_name = "DIR")]
        folders: Vec<PathBuf>,
    },
}

/// How the verdict is shown, and against what it is held.
#[derive(Debug, Args)]
struct Shown {
    /// The form of the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write the report into a file instead of printing it.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Pass over the leaks that this file lists, as `--write-baseline` wrote it.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the leaks that are found into a file, as known from now on.
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    /// Lines that people read.
    #[default]
    Human,
    /// `{"leaks": [{"test", "file", "line", "kind", "sql", "process"}]}`, null where not known.
    Json,
    /// A file that CI servers show.
    Junit,
    /// Workflow annotations on GitHub.
    Github,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    if let Some(plant) = arguments.plant {
        return Ok(plant.run());
    }
    exit::run_at_exit(storage::remove_all);
    if arguments.self_test {
        return self_test::run();
    }
    if let Some(Action::Report { shown, folders }) = arguments.action {
        let shown = shown.ready()?;
        let (mut all, mut faults) = (BTreeSet::new(), Vec::new());
        for folder in &folders {
            match journals(folder) {
                Ok(found) if found.is_empty() => faults.push(format!("{} has no journal in it", folder.display())),
                Ok(found) => all.extend(found),
                Err(error) => faults.push(format!("{}: {error}", folder.display())),
            }
        }
        return Ok(shown.conclude(judge(&all, faults), ExitCode::SUCCESS));
    }
    // Read before the tests run, which may take long.
    let shown = arguments.shown.ready()?;
    let folder = Journals::new(arguments.journals)?;
    let earlier = journals(&folder.path)?;
    let status = execute(&arguments.command, &folder.path, shown.leaves_verdict_to_command())?;
    // From here on nothing may take the place of the command's own code.
    let (found, faults) = match journals(&folder.path) {
        Ok(found) => (found.difference(&earlier).cloned().collect(), Vec::new()),
        Err(error) => (BTreeSet::new(), vec![format!("{}: {error}", folder.path.display())]),
    };
    Ok(shown.conclude(judge(&found, faults), code(status)))
}

/// The folder that journals are kept in: the user's, or one that goes with this process.
struct Journals {
    path: PathBuf,
    temporary: Option<Temporary>,
    /// Held by this process and by all that it starts: where it is killed and they go on, nobody removes their folder.
    _lock: Option<File>,
}

impl Journals {
    fn new(given: Option<PathBuf>) -> Result<Self, Failure> {
        let absolute = |path| std::path::absolute(path);
        if let Some(path) = given {
            let path = absolute(path)?;
            storage::create(&path)
                .map_err(|error| format!("no journals can be kept in {}: {error}", path.display()))?;
            return Ok(Self { path, temporary: None, _lock: None });
        }
        let temporary = Temporary::new_in(&absolute(env::temp_dir())?)?;
        let lock = storage::create_file(&temporary.path().join("command.lock"))?;
        lock.lock()?;
        // Elsewhere the journals themselves are what is seen to be in use.
        #[cfg(target_os = "linux")]
        rustix::io::fcntl_setfd(&lock, rustix::io::FdFlags::empty())?;
        Ok(Self { path: temporary.path().to_owned(), temporary: Some(temporary), _lock: Some(lock) })
    }
}

impl Drop for Journals {
    fn drop(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            let _ = temporary.remove();
        }
    }
}

/// Runs the test command with a journal for each of its processes.
fn execute(command: &[OsString], journals: &Path, only_warn: bool) -> Result<ExitStatus, Failure> {
    let [program, arguments @ ..] = command else { return Err("no test command was given".into()) };
    let mut command = Command::new(program);
    command.args(arguments).env(JOURNALS, journals);
    if only_warn && env::var_os(LEAKS).is_none() {
        command.env(LEAKS, "warn");
    }
    command.status().map_err(|error| format!("{} could not be run: {error}", program.display()).into())
}

/// The status of a command as a shell gives it.
fn code(status: ExitStatus) -> ExitCode {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    let code = status.code().or(signal.map(|signal| 128 + signal)).unwrap_or(1);
    // Where a status is wider than ours, failure must not become success.
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// What was asked for, with the files read.
struct Ready {
    shown: Shown,
    baseline: Option<Baseline>,
}

impl Shown {
    fn ready(self) -> Result<Ready, Failure> {
        let baseline = self.baseline.as_deref().map(Baseline::read).transpose()?;
        Ok(Ready { shown: self, baseline })
    }
}

impl Ready {
    /// Whether a known leak must not fail its test, so that the command can say whether it is known.
    fn leaves_verdict_to_command(&self) -> bool {
        self.baseline.is_some() || self.shown.write_baseline.is_some()
    }

    /// Shows the verdict, and gives the exit code: that of the test command if it failed.
    fn conclude(self, mut verdict: Verdict, ended: ExitCode) -> ExitCode {
        let Self { shown, baseline } = self;
        if let Some(path) = &shown.write_baseline {
            let written = if verdict.is_sure() {
                write(path, &verdict.json())
            } else {
                Err(format!("{} was not written, since leaks may be missing from it", path.display()))
            };
            verdict.faults.extend(written.err());
        }
        if let Some(baseline) = baseline {
            baseline.pass_over(&mut verdict);
        } else if shown.write_baseline.is_some() {
            verdict.known = std::mem::take(&mut verdict.leaks).len();
        }
        let text = match shown.format {
            Format::Human => verdict.human(),
            Format::Json => verdict.json(),
            Format::Junit => verdict.junit(),
            Format::Github => verdict.github(),
        };
        let told = verdict.faults.len();
        match &shown.output {
            Some(path) => verdict.faults.extend(write(path, &text).err()),
            None => verdict.faults.extend(print(&text).err().map(|error| error.to_string())),
        }
        // A report for people has told of those before it.
        let told = if shown.output.is_none() && matches!(shown.format, Format::Human) { told } else { 0 };
        verdict.faults[told..].iter().for_each(|fault| complain(&format!("the check could not be made: {fault}")));
        if ended != ExitCode::SUCCESS {
            ended
        } else if !verdict.leaks.is_empty() {
            ExitCode::FAILURE
        } else if verdict.is_sure() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(UNABLE)
        }
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{} cannot be written: {error}", path.display()))
}
