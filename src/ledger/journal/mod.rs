//! The record on disk of one process, which survives it however it ends.
//!
//! It is kept if `SQLITE_FIXTURES_JOURNALS` names a folder, as under the command `sqlite-fixtures leaks`. Each line is written
//! when its event happens. [`read`] reads a journal into [`leak`]s. A process that cannot write
//! its journal ends at once, since nothing could be concluded from it.

#[cfg(feature = "cli")]
pub(crate) mod leak;
#[cfg(feature = "cli")]
pub(crate) mod read;

use super::line::Line;
use super::stack::addresses;
use super::{Entry, State, entry::Opener};
use crate::{position::Position, settings::Leaks};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::{env, io, process};

/// Incremented when a line changes its meaning.
const FORMAT: &str = "3";

/// The suffix of the name of a journal.
const SUFFIX: &str = ".journal";

pub(super) struct Journal {
    file: File,
    folder: PathBuf,
    level: Option<Leaks>,
    /// The process whose journal it is; a forked child has its own.
    process: u32,
    /// Ends the process when a line cannot be written.
    fail: fn(&str) -> !,
}

impl Journal {
    /// Starts the journal of this process in `folder`. It is locked until the process ends. `fail` ends the process when a later
    /// line cannot be written.
    pub(super) fn start(folder: &Path, level: Option<Leaks>, fail: fn(&str) -> !) -> io::Result<Self> {
        let executable = env::current_exe()?;
        let prefix = format!("{}-", executable.file_stem().unwrap_or_default().to_string_lossy());
        let mut builder = tempfile::Builder::new();
        // The command appends positions, which must not be overwritten.
        builder.prefix(&prefix).suffix(SUFFIX).append(true);
        let (file, _) = builder.tempfile_in(folder)?.keep()?;
        // A reader may hold the lock for a moment.
        file.lock()?;
        let mut journal = Self { file, folder: folder.to_owned(), level, process: process::id(), fail };
        let line = Line::new("journal")
            .field(FORMAT)
            .field(journal.process)
            .field(executable.display())
            .field(level_word(level))
            .field(format_args!("{:x}", addresses::load_bias()));
        journal.file.write_all(&line.finish())?;
        Ok(journal)
    }

    #[cfg(unix)]
    pub(super) fn descriptor(&self) -> i32 {
        std::os::fd::AsRawFd::as_raw_fd(&self.file)
    }

    pub(super) fn opened(&mut self, entry: &Entry) {
        let line = Line::new("opened").field(entry.number).field(entry.test().unwrap_or_default());
        let line = line.field(level_word(entry.leaks()));
        self.write(match &entry.opener {
            Opener::Factory(location, _) => {
                line.field("session").field(location.file()).field(location.line()).field(location.column())
            }
            Opener::Client(client) => {
                let running: Vec<&str> = entry.running().collect();
                let calls: Vec<String> = client.addresses.iter().map(|address| format!("{address:x}")).collect();
                line.field("client")
                    .field(client.thread.as_deref().unwrap_or_default())
                    .field(&client.database)
                    .field(running.join(" "))
                    .field(calls.join(" "))
            }
        });
    }

    pub(super) fn freed(&mut self, number: u64) {
        self.write(Line::new("freed").field(number));
    }

    /// The state of a handle that is not freed.
    pub(super) fn state(&mut self, number: u64, state: &State) {
        if let State::CloseRefused(statements) = state {
            self.write(statements.iter().fold(Line::new("refused").field(number), Line::field));
        }
    }

    pub(super) fn ignored(&mut self, number: u64) {
        self.write(Line::new("ignored").field(number));
    }

    /// A file outside the folders of tests, which a connection has opened or attached.
    pub(super) fn outside(&mut self, number: u64, path: &str) {
        self.write(Line::new("outside").field(number).field(path));
    }

    /// The position of a client's opening, if the process itself has resolved it.
    pub(super) fn position(&mut self, number: u64, position: &Position) {
        self.write(position_line(number, position));
    }

    /// The clean end: what is open, and why the check may be incomplete.
    pub(super) fn ended<'e>(mut self, leaks: impl Iterator<Item = &'e Entry>, faults: &[String]) {
        for fault in faults {
            self.write(Line::new("fault").field(fault));
        }
        self.write(leaks.fold(Line::new("ended"), |line, entry| line.field(entry.number)));
        // The lock is held until the process has gone.
        std::mem::forget(self.file);
    }

    fn write(&mut self, line: Line) {
        let own = if self.process == process::id() {
            Ok(())
        } else {
            Self::start(&self.folder, self.level, self.fail).map(|own| *self = own)
        };
        if let Err(error) = own.and_then(|()| self.file.write_all(&line.finish())) {
            (self.fail)(&format!("the journal of the ledger cannot be written, so leaks could be missed: {error}"));
        }
    }
}

fn position_line(number: u64, position: &Position) -> Line {
    let (line, column) = (position.line().unwrap_or_default(), position.column().unwrap_or_default());
    Line::new("placed").field(number).field(position.file().display()).field(line).field(column)
}

fn level_word(level: Option<Leaks>) -> String {
    level.map(|level| level.to_string()).unwrap_or_default()
}
