//! The sections of a migration that hold its way up and its way down; only the way up runs.

use std::ops::Range;

/// The comments of migration tools that begin a way up and a way down: goose, sql-migrate (also in its old spelling), micrate, dbmate and
/// rambler.
const TOOLS: [[&str; 2]; 6] = [
    ["+goose up", "+goose down"],
    ["+migrate up", "+migrate down"],
    ["+gorp up", "+gorp down"],
    ["+micrate up", "+micrate down"],
    ["migrate:up", "migrate:down"],
    ["rambler up", "rambler down"],
];

/// Comments of plain words: sqlite of npm, node-pg-migrate, shmig, aerich, Play.
const WORDS: [[&str; 2]; 4] =
    [["up", "down"], ["up migration", "down migration"], ["upgrade", "downgrade"], ["ups", "downs"]];

/// What needs no way up before it: tern, `MyBatis`.
const DOWN_ALONE: [&str; 2] = ["---- create above / drop below ----", "//@undo"];

/// What ends a statement without a semicolon: goose, sql-migrate, micrate.
const ENDS: [&str; 3] = ["+goose statementend", "+migrate statementend", "+micrate statementend"];

/// What stands around the words of a mark: `-- ==== UP ====`, `-- @UP`, `-- !Ups`, `-- Up:`.
const DECORATION: [char; 7] = ['-', '=', '!', '@', ':', '*', ' '];

/// Whether a comment is a mark of one tool, or may also be a comment like any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Tool,
    Words,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Up(Spelling),
    Down(Spelling),
    DownAlone,
    EndOfStatement,
}

impl Mark {
    /// The mark that a line is, if it is one.
    fn parse(line: &str) -> Option<Self> {
        let line = line.trim();
        let comment = line.strip_prefix("--")?.to_ascii_lowercase();
        let is = |mark: &str| line.eq_ignore_ascii_case(mark) || comment.trim() == mark;
        if DOWN_ALONE.into_iter().any(is) {
            return Some(Self::DownAlone);
        }
        let words: Vec<&str> = comment.trim_matches(DECORATION).split_ascii_whitespace().collect();
        // Options may follow: `transaction:false`, `notransaction`.
        let is_option = |word: &&&str| word.contains(':') || **word == "notransaction";
        let options = words.iter().skip(1).rev().take_while(is_option).count();
        let spelled = words[..words.len() - options].join(" ");
        if ENDS.contains(&&*spelled) {
            return Some(Self::EndOfStatement);
        }
        let all = words.join(" ");
        // A description may follow: `-- Down: drop it`.
        let is_described =
            |mark: &str| all.strip_prefix(mark).is_some_and(|rest| rest.starts_with(':') || rest.starts_with(" ("));
        let find = |marks: &[[&str; 2]], spelling, is: &dyn Fn(&str) -> bool| {
            marks.iter().find_map(|[up, down]| match (is(up), is(down)) {
                (true, _) => Some(Self::Up(spelling)),
                (_, true) => Some(Self::Down(spelling)),
                _ => None,
            })
        };
        find(&TOOLS, Spelling::Tool, &|mark| spelled == mark)
            .or_else(|| find(&WORDS, Spelling::Words, &|mark| spelled == mark))
            .or_else(|| find(&WORDS[..2], Spelling::Words, &is_described))
    }
}

/// Whether a line is a mark of plain words without a description.
fn is_bare(line: &str) -> bool {
    let words = line.trim().trim_matches(DECORATION);
    WORDS.iter().flatten().any(|mark| words.eq_ignore_ascii_case(mark))
}

/// The sections of a script, as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Sections {
    /// How the way up was begun.
    up: Option<Spelling>,
}

impl Sections {
    /// Where the script goes on behind the section that undoes it, if that begins between these places, where no statement is. Only a
    /// script that has begun a section before has one.
    pub(super) fn behind_way_down(&mut self, text: &str, between: Range<usize>) -> Option<usize> {
        let is_first = between.start == 0;
        let before = self.up;
        for (at, line) in lines(text, between) {
            let Some(mark) = Mark::parse(line) else { continue };
            match mark {
                Mark::Up(Spelling::Tool) => self.up = Some(Spelling::Tool),
                // Plain words are a mark only before the first statement.
                Mark::Up(Spelling::Words) if is_first => self.up = self.up.or(Some(Spelling::Words)),
                // They may also describe, one below the other, what the file does.
                Mark::Down(Spelling::Words) if before.is_none() && !is_bare(line) => {}
                down if self.ends_way_up(down) => return Some(self.next_way_up(text, at + line.len())),
                _ => {}
            }
        }
        None
    }

    fn next_way_up(&self, text: &str, after: usize) -> usize {
        let next = lines(text, after..text.len()).find(|(_, line)| match Mark::parse(line) {
            Some(Mark::Up(Spelling::Words)) => self.up == Some(Spelling::Words) && is_bare(line),
            mark => mark == Some(Mark::Up(Spelling::Tool)),
        });
        next.map_or(text.len(), |(at, _)| at)
    }

    /// The first mark in a statement at which it may end without a semicolon. A statement that SQLite takes as a whole ends there only if
    /// the mark is one of a tool.
    pub(super) fn end_in(&self, text: &str, statement: Range<usize>, is_valid: bool) -> Option<usize> {
        if is_valid && self.up != Some(Spelling::Tool) {
            return None;
        }
        let ends = |(_, line): &(usize, &str)| {
            Mark::parse(line)
                .is_some_and(|mark| self.ends_way_up(mark) || self.up.is_some() && mark == Mark::EndOfStatement)
        };
        lines(text, statement).find(ends).map(|(at, _)| at)
    }

    fn ends_way_up(&self, mark: Mark) -> bool {
        match mark {
            Mark::Down(spelling) => self.up == Some(spelling),
            Mark::DownAlone => true,
            Mark::Up(_) | Mark::EndOfStatement => false,
        }
    }
}

/// The lines that begin between these places, and where. What stands behind a statement on its line is none.
fn lines(text: &str, between: Range<usize>) -> impl Iterator<Item = (usize, &str)> {
    let mut at = between.start;
    let is_line = at == 0 || text.as_bytes()[at - 1] == b'\n';
    let placed = text[between].split_inclusive('\n').map(move |line| {
        at += line.len();
        (at - line.len(), line)
    });
    placed.skip(usize::from(!is_line))
}
