//! Reads the journal of a process, which may have ended in any way.

use super::leak::{Kind, Leak};
use super::{FORMAT, SUFFIX, position_line};
use crate::ledger::line::parse;
use crate::position::{Position, debug_is_chain};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

/// What a journal contains.
#[derive(Debug)]
pub(crate) struct Contents {
    path: PathBuf,
    /// Whether its process still runs, and writes to it.
    is_running: bool,
    executable: PathBuf,
    load_bias: usize,
    /// Whether the checks were switched off.
    pub is_off: bool,
    /// How many connections were opened.
    pub opened: u64,
    pub leaks: Vec<Leak>,
    /// The openings of files outside the folders of tests, which are their databases.
    pub outside: Vec<Leak>,
    /// Why the check of that process may be incomplete.
    pub faults: Vec<String>,
}

/// A journal that cannot be used.
pub(crate) struct JournalError {
    path: PathBuf,
    kind: ErrorKind,
}

enum ErrorKind {
    Read(io::Error),
    Damaged { line: usize },
    Format(String),
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.kind {
            ErrorKind::Read(_) => write!(f, "{path}: the journal cannot be read; make it readable"),
            ErrorKind::Damaged { line } => write!(f, "{path}:{line}: the journal is damaged; run the tests again"),
            ErrorKind::Format(format) => write!(
                f,
                "{path}: the journal has format {format}, not {FORMAT}; install the version of this command that the tests were built with"
            ),
        }
    }
}

debug_is_chain!(JournalError);

impl Error for JournalError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            ErrorKind::Read(source) => Some(source),
            ErrorKind::Damaged { .. } | ErrorKind::Format(_) => None,
        }
    }
}

/// The journals in a folder and in those below it, in the order of their names.
pub(crate) fn journals(folder: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(journals(&path)?);
        } else if path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(SUFFIX)) {
            found.insert(path);
        }
    }
    Ok(found)
}

/// Reads one journal.
pub(crate) fn read(path: &Path) -> Result<Contents, JournalError> {
    read_locked(path).map_err(|kind| JournalError { path: path.to_owned(), kind })
}

fn read_locked(path: &Path) -> Result<Contents, ErrorKind> {
    let file = File::open(path).map_err(ErrorKind::Read)?;
    // Before the text is read, so that nothing written in between is missed.
    let is_running = match file.try_lock_shared() {
        Ok(()) => false,
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(error)) => return Err(ErrorKind::Read(error)),
    };
    let text = io::read_to_string(&file).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => ErrorKind::Damaged { line: 1 },
        _ => ErrorKind::Read(error),
    })?;
    let damaged = |index: usize| ErrorKind::Damaged { line: index + 1 };
    // A line without an end was cut off.
    let whole = text.strip_suffix('\n').ok_or_else(|| damaged(text.lines().count().saturating_sub(1)))?;
    let mut lines = whole.split('\n').enumerate();
    let head = lines.next().and_then(|(_, line)| parse(line)).ok_or_else(|| damaged(0))?;
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    match head.as_slice() {
        ["journal", format, ..] if *format != FORMAT => return Err(ErrorKind::Format((*format).to_owned())),
        _ => {}
    }
    let &["journal", _, id, executable, level, load_bias] = head.as_slice() else { return Err(damaged(0)) };
    let executable = PathBuf::from(executable);
    let mut reader = Reader {
        process: format!("{} (process {id})", executable.file_name().unwrap_or_default().to_string_lossy()),
        env_denies: level == "deny",
        ..Reader::default()
    };
    for (index, line) in lines {
        parse(line).and_then(|fields| reader.apply(&fields)).ok_or_else(|| damaged(index))?;
    }
    Ok(Contents {
        path: path.to_owned(),
        is_running,
        executable,
        load_bias: usize::from_str_radix(load_bias, 16).map_err(|_| damaged(0))?,
        is_off: level == "off",
        opened: reader.opened,
        faults: std::mem::take(&mut reader.faults),
        outside: std::mem::take(&mut reader.outside),
        leaks: reader.leaks(is_running),
    })
}

/// What the lines so far say.
#[derive(Default)]
struct Reader {
    process: String,
    opened: u64,
    live: BTreeMap<u64, Leak>,
    /// The number of the last connection; none is omitted.
    last: Option<u64>,
    /// Those that were open at the clean end.
    ended: Option<BTreeSet<u64>>,
    faults: Vec<String>,
    outside: Vec<Leak>,
    env_denies: bool,
    /// The first test that aborted the process.
    aborted_by: Option<String>,
}

impl Reader {
    /// Applies a line; `None` if it is invalid.
    fn apply(&mut self, fields: &[String]) -> Option<()> {
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let (kind, fields) = fields.split_first()?;
        // A forked child does not own what its parent has opened.
        let is_known = |number| self.last.is_none_or(|last| number <= last);
        let number = || fields.first()?.parse::<u64>().ok().filter(|number| *kind == "opened" || is_known(*number));
        match *kind {
            "opened" => {
                let leak = self.opening(number()?, &fields[1..])?;
                if self.last.is_some_and(|last| leak.number != last + 1) {
                    return None;
                }
                self.last = Some(leak.number);
                self.opened += 1;
                self.live.insert(leak.number, leak);
            }
            "freed" | "ignored" => {
                self.live.remove(&number()?);
            }
            "refused" => {
                if let Some(leak) = self.live.get_mut(&number()?) {
                    leak.kind = Kind::CloseRefused;
                    leak.statements = fields[1..].iter().map(|sql| (*sql).to_owned()).collect();
                }
            }
            "placed" => {
                let number = number()?;
                let position = position(&fields[1..])?;
                if let Some(leak) = self.live.get_mut(&number) {
                    leak.position = Some(position);
                }
            }
            "outside" => {
                if let Some(opening) = self.live.get(&number()?) {
                    let path = (*fields.get(1)?).to_owned();
                    self.outside.push(Leak { database: Some(path), ..opening.clone() });
                }
            }
            "aborted" => {
                let test = (*fields.first()?).to_owned();
                self.aborted_by.get_or_insert(test);
            }
            "fault" => self.faults.push((*fields.first()?).to_owned()),
            "ended" => {
                let open: BTreeSet<u64> = fields.iter().map(|number| number.parse().ok()).collect::<Option<_>>()?;
                if open.last() > self.last.as_ref() {
                    return None;
                }
                self.ended = Some(open);
            }
            _ => return None,
        }
        Some(())
    }

    fn opening(&self, number: u64, fields: &[&str]) -> Option<Leak> {
        let known = |field: &str| (!field.is_empty()).then(|| field.to_owned());
        let (&[test, level, opener], fields) = fields.split_first_chunk()?;
        let mut leak = Leak {
            test: known(test),
            running: Vec::new(),
            thread: None,
            database: None,
            position: None,
            kind: Kind::Open,
            statements: Vec::new(),
            process: self.process.clone(),
            aborted_by: None,
            number,
            calls: Vec::new(),
            is_off: level == "off" && !self.env_denies,
        };
        match (opener, fields) {
            ("session", fields) => leak.position = Some(position(fields)?),
            ("client", &[thread, database, running, calls]) => {
                leak.thread = known(thread);
                leak.database = known(database);
                leak.running = running.split_whitespace().map(str::to_owned).collect();
                let calls = calls.split_whitespace().map(|call| usize::from_str_radix(call, 16).ok());
                leak.calls = calls.collect::<Option<_>>()?;
            }
            _ => return None,
        }
        Some(leak)
    }

    fn leaks(self, is_running: bool) -> Vec<Leak> {
        let Self { live, ended, aborted_by, .. } = self;
        let mut leaks: Vec<Leak> = live.into_values().filter(|leak| !leak.is_off).collect();
        match ended {
            Some(ended) => leaks.retain(|leak| ended.contains(&leak.number)),
            None if is_running => {}
            None => {
                for leak in &mut leaks {
                    leak.kind = Kind::UncleanEnd;
                    leak.aborted_by.clone_from(&aborted_by);
                }
                // What the test had open that is at fault comes first.
                leaks.sort_by_key(|leak| leak.aborted_by.is_some() && leak.test != leak.aborted_by);
            }
        }
        leaks
    }
}

fn position(fields: &[&str]) -> Option<Position> {
    let &[file, line, column] = fields else { return None };
    Some(Position::new(file, line.parse().ok()?, column.parse().ok()?))
}

impl Contents {
    /// Resolves the positions that the process could not resolve itself, and appends them to its journal, so that it can be read
    /// where the executable is missing.
    pub(crate) fn resolve(&mut self, mut resolve: impl FnMut(&Path, usize, &[usize]) -> Option<Position>) {
        let mut lines = Vec::new();
        for leak in self.leaks.iter_mut().chain(&mut self.outside) {
            if leak.position.is_none() && !leak.calls.is_empty() {
                leak.position = resolve(&self.executable, self.load_bias, &leak.calls);
                if let Some(position) = &leak.position {
                    lines.extend(position_line(leak.number, position).finish());
                }
            }
        }
        if !self.is_running
            && !lines.is_empty()
            && let Ok(mut file) = File::options().append(true).open(&self.path)
        {
            // The journal may be read-only.
            let _ = file.write_all(&lines);
        }
    }
}
