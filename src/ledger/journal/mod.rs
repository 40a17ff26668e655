//! The record on disk of one process, which outlives it however it ends.
//!
//! It is kept where `SQLITE_FIXTURES_JOURNALS` names a folder, as the command `sqlite-fixtures leaks` does. What is written to
//! a file survives the process that wrote it, so each line is written as its event happens. [`line`] is the form of a line,
//! [`read`] reads a journal into [`leak`]s, [`error`] is what can be wrong with one. A process that cannot write its journal
//! ends at once, since nobody could trust it.

#[cfg(feature = "cli")]
mod error;
#[cfg(feature = "cli")]
pub(crate) mod leak;
mod line;
#[cfg(feature = "cli")]
pub(crate) mod read;

use super::{Entry, State, addresses, entry::Opener};
use crate::{position::Position, settings::Leaks};
use line::Line;
use std::{
    env,
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    process,
};

/// Raised when a line means something else than before.
pub(super) const FORMAT: &str = "1";

/// How the name of a journal ends.
pub(crate) const SUFFIX: &str = ".journal";

pub(super) struct Journal {
    file: File,
    folder: PathBuf,
    level: Option<Leaks>,
    /// The process whose journal it is. A forked child has another.
    process: u32,
    /// Ends the process when a line cannot be written.
    fail: fn(&str) -> !,
}

impl Journal {
    /// Starts the journal of this process in `folder`. Its lock is held for as long as the process lives. `fail` ends the
    /// process when a later line cannot be written.
    pub(super) fn start(folder: &Path, level: Option<Leaks>, fail: fn(&str) -> !) -> io::Result<Self> {
        let executable = env::current_exe()?;
        let prefix = format!("{}-", executable.file_stem().unwrap_or_default().to_string_lossy());
        let mut builder = tempfile::Builder::new();
        // Who makes places of it afterwards adds lines, and must not be written over.
        builder.prefix(&prefix).suffix(SUFFIX).append(true);
        let (file, _) = builder.tempfile_in(folder)?.keep()?;
        // Who reads it has it for a moment.
        file.lock()?;
        let mut journal = Self { file, folder: folder.to_owned(), level, process: process::id(), fail };
        let line = Line::new("journal")
            .field(FORMAT)
            .field(journal.process)
            .field(executable.display())
            .field(level_word(level))
            .field(format_args!("{:x}", addresses::slide()));
        journal.file.write_all(&line.finish())?;
        Ok(journal)
    }

    pub(super) fn opened(&mut self, entry: &Entry) {
        let mut line = Line::new("opened").field(entry.number).field(entry.test().unwrap_or_default());
        line = line.field(level_word(entry.leaks()));
        self.write(match &entry.opener {
            Opener::Factory { location, .. } => {
                line.field("session").field(location.file()).field(location.line()).field(location.column())
            }
            Opener::Client(client, _) => {
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

    /// How a handle stands that is not freed.
    pub(super) fn stands(&mut self, number: u64, state: &State) {
        let line = match state {
            State::CloseRefused(statements) => statements.iter().fold(Line::new("refused").field(number), Line::field),
            _ => return,
        };
        self.write(line);
    }

    pub(super) fn ignored(&mut self, number: u64) {
        self.write(Line::new("ignored").field(number));
    }

    /// The place of a client's opening, where the process itself has resolved it.
    pub(super) fn placed(&mut self, number: u64, place: &Position) {
        self.write(placed(number, place));
    }

    /// The clean end: what is open, and why the check cannot be relied on, if it cannot.
    pub(super) fn ended(mut self, leaks: &[Entry], faults: &[String]) {
        for fault in faults {
            self.write(Line::new("fault").field(fault));
        }
        self.write(leaks.iter().fold(Line::new("ended"), |line, entry| line.field(entry.number)));
        // The lock is held until the process has gone.
        std::mem::forget(self.file);
    }

    fn write(&mut self, line: Line) {
        let own = if self.process == process::id() {
            Ok(())
        } else {
            // What its parent has open is the parent's.
            Self::start(&self.folder, self.level, self.fail).map(|own| *self = own)
        };
        if let Err(error) = own.and_then(|()| self.file.write_all(&line.finish())) {
            (self.fail)(&format!("the journal of the ledger cannot be written, so leaks could go unseen: {error}"));
        }
    }
}

pub(super) fn placed(number: u64, place: &Position) -> Line {
    let (line, column) = (place.line().unwrap_or_default(), place.column().unwrap_or_default());
    Line::new("placed").field(number).field(place.file().display()).field(line).field(column)
}

fn level_word(level: Option<Leaks>) -> String {
    level.map(|level| level.to_string()).unwrap_or_default()
}
