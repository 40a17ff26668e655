//! Reads the journal of a process, which may have ended in any way, and says what it left open.

use super::{
    FORMAT, SUFFIX,
    error::{Fault, JournalError},
    leak::{Kind, Leak},
    line::parse,
    placed,
};
use crate::position::Position;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// What a journal says.
#[derive(Debug)]
pub(crate) struct Read {
    path: PathBuf,
    /// Whether its process still runs, and writes to it.
    runs: bool,
    executable: PathBuf,
    slide: usize,
    /// Whether the checks were switched off.
    pub is_off: bool,
    /// How many handles were opened.
    pub opened: u64,
    pub leaks: Vec<Leak>,
    /// Why the check of that process cannot be relied on.
    pub faults: Vec<String>,
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
pub(crate) fn read(path: &Path) -> Result<Read, JournalError> {
    let error = |fault| JournalError { path: path.to_owned(), fault };
    let file = File::open(path).map_err(|source| error(Fault::Read(source)))?;
    // Asked first: what is written later is not missed.
    let runs = match file.try_lock_shared() {
        Ok(()) => false,
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(source)) => return Err(error(Fault::Read(source))),
    };
    let text = io::read_to_string(&file).map_err(|source| {
        error(if source.kind() == io::ErrorKind::InvalidData {
            Fault::Damaged { line: 1 }
        } else {
            Fault::Read(source)
        })
    })?;
    Reader::default().read(path, &text, runs).map_err(error)
}

/// What has been read so far.
#[derive(Default)]
struct Reader {
    process: String,
    opened: u64,
    live: BTreeMap<u64, Leak>,
    /// The number of the last that was opened: none is left out.
    last: Option<u64>,
    /// Those that were open at the clean end.
    ended: Option<BTreeSet<u64>>,
    faults: Vec<String>,
    env_denies: bool,
}

impl Reader {
    fn read(mut self, path: &Path, text: &str, runs: bool) -> Result<Read, Fault> {
        let damaged = |line: usize| Fault::Damaged { line: line + 1 };
        // A line that has no end was cut off.
        let whole = text.strip_suffix('\n').ok_or_else(|| damaged(text.lines().count().saturating_sub(1)))?;
        let mut lines = whole.split('\n').enumerate();
        let head = lines.next().and_then(|(_, line)| parse(line)).ok_or_else(|| damaged(0))?;
        let head: Vec<&str> = head.iter().map(String::as_str).collect();
        let &["journal", format, id, executable, level, slide] = head.as_slice() else {
            return Err(match head.as_slice() {
                ["journal", format, ..] if *format != FORMAT => Fault::Format((*format).to_owned()),
                _ => damaged(0),
            });
        };
        if format != FORMAT {
            return Err(Fault::Format(format.to_owned()));
        }
        let executable = PathBuf::from(executable);
        self.process = format!("{} (process {id})", executable.file_name().unwrap_or_default().to_string_lossy());
        self.env_denies = level == "deny";
        for (number, line) in lines {
            let fields = parse(line).ok_or_else(|| damaged(number))?;
            self.note(&fields).ok_or_else(|| damaged(number))?;
        }
        Ok(Read {
            path: path.to_owned(),
            runs,
            executable,
            slide: usize::from_str_radix(slide, 16).map_err(|_| damaged(0))?,
            is_off: level == "off",
            opened: self.opened,
            faults: std::mem::take(&mut self.faults),
            leaks: self.leaks(runs),
        })
    }

    /// Takes a line in; `None` where it makes no sense.
    fn note(&mut self, fields: &[String]) -> Option<()> {
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let (kind, fields) = fields.split_first()?;
        // What a forked child has from its parent is not its own.
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
                let &[_, file, line, column] = fields else { return None };
                let place = Position::new(file, line.parse().ok()?, column.parse().ok()?);
                if let Some(leak) = self.live.get_mut(&number()?) {
                    leak.place = Some(place);
                }
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
            place: None,
            kind: Kind::Open,
            statements: Vec::new(),
            process: self.process.clone(),
            number,
            calls: Vec::new(),
            is_off: level == "off" && !self.env_denies,
        };
        match (opener, fields) {
            ("session", &[file, line, column]) => {
                leak.place = Some(Position::new(file, line.parse().ok()?, column.parse().ok()?));
            }
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

    /// What was left open, whoever is to blame.
    fn leaks(self, runs: bool) -> Vec<Leak> {
        let Self { live, ended, .. } = self;
        let left = live.into_values().filter(|leak| !leak.is_off);
        match ended {
            Some(ended) => left.filter(|leak| ended.contains(&leak.number)).collect(),
            None if runs => left.collect(),
            None => left.map(|leak| Leak { kind: Kind::UncleanEnd, ..leak }).collect(),
        }
    }
}

impl Read {
    /// Finds the places that the process could not resolve itself, and writes them into its journal, so that it can be judged
    /// where the executable is not.
    pub(crate) fn resolve(&mut self, mut place: impl FnMut(&Path, usize, &[usize]) -> Option<Position>) {
        let mut lines = Vec::new();
        for leak in &mut self.leaks {
            if leak.place.is_none() && !leak.calls.is_empty() {
                leak.place = place(&self.executable, self.slide, &leak.calls);
                if let Some(place) = &leak.place {
                    lines.extend(placed(leak.number, place).finish());
                }
            }
        }
        if !self.runs
            && !lines.is_empty()
            && let Ok(mut file) = File::options().append(true).open(&self.path)
        {
            // Whoever can only read the journal still has the place here.
            let _ = file.write_all(&lines);
        }
    }
}
