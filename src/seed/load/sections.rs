//! The sections of a migration that hold its way up and its way down; only the way up runs.

use std::ops::Range;

/// The comments of migration tools that begin a way up and a way down: goose, sql-migrate (also in its old spelling), micrate, dbmate,
/// rambler, node-pg-migrate.
const TOOLS: [[&str; 2]; 7] = [
    ["+goose up", "+goose down"],
    ["+migrate up", "+migrate down"],
    ["+gorp up", "+gorp down"],
    ["+micrate up", "+micrate down"],
    ["migrate:up", "migrate:down"],
    ["rambler up", "rambler down"],
    ["up migration", "down migration"],
];

/// Comments of one word: sqlite of npm, shmig, aerich, Play.
const WORDS: [[&str; 2]; 3] = [["up", "down"], ["upgrade", "downgrade"], ["ups", "downs"]];

/// What needs no way up before it: tern, `MyBatis`.
const DOWN_ALONE: [&str; 2] = ["---- create above / drop below ----", "//@undo"];

/// What ends a statement without a semicolon: goose, sql-migrate, micrate.
const ENDS: [&str; 3] = ["+goose statementend", "+migrate statementend", "+micrate statementend"];

/// How sure it is that a comment is a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Tool,
    Word,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Up(Spelling),
    Down(Spelling),
    DownAlone,
    EndOfStatement,
}

impl Mark {
    /// The mark that a line is: a comment of these words, and options (`transaction:false`, `notransaction`).
    fn of(line: &str) -> Option<Self> {
        let line = line.trim().to_ascii_lowercase();
        let comment = line.strip_prefix("--")?;
        if DOWN_ALONE.iter().any(|down| line == *down || comment.trim() == *down) {
            return Some(Self::DownAlone);
        }
        let decoration = |letter: char| "-=!@:*".contains(letter);
        let spelled = comment.trim_start_matches(|letter: char| letter == ' ' || decoration(letter));
        let words: Vec<&str> = spelled
            .split_ascii_whitespace()
            .map(|word| word.trim_matches(decoration))
            .filter(|word| !word.is_empty())
            .collect();
        let is_option = |word: &&&str| word.contains(':') || **word == "notransaction";
        let options = words.iter().skip(1).rev().take_while(is_option).count();
        let text = words[..words.len() - options].join(" ");
        if ENDS.contains(&&*text) {
            return Some(Self::EndOfStatement);
        }
        let find = |marks: &[[&str; 2]], spelling, is: &dyn Fn(&str) -> bool| {
            marks.iter().find_map(|[up, down]| match (is(up), is(down)) {
                (true, _) => Some(Self::Up(spelling)),
                (_, true) => Some(Self::Down(spelling)),
                _ => None,
            })
        };
        // node-pg-migrate reads no further than its two words.
        let is_tools = |mark: &str| text == mark || mark.ends_with(" migration") && text.starts_with(mark);
        // A description follows the word behind a colon, or in parentheses.
        let is_word = |mark: &str| {
            spelled.strip_prefix(mark).is_some_and(|rest| {
                rest.starts_with(':')
                    || rest.trim_start().starts_with('(')
                    || rest.trim_matches(|c| c == ' ' || decoration(c)).is_empty()
            })
        };
        find(&TOOLS, Spelling::Tool, &is_tools).or_else(|| find(&WORDS, Spelling::Word, &is_word))
    }
}

/// The sections of a script, as far as it was read.
#[derive(Debug, Default)]
pub(super) struct Sections {
    up: Option<Spelling>,
}

impl Sections {
    /// Where the script goes on behind the section that undoes it, if that begins between these places, where no statement is. Only a
    /// script that has begun a section before has one.
    pub(super) fn behind_way_down(&mut self, text: &str, between: Range<usize>) -> Option<usize> {
        let is_first = between.start == 0;
        for (at, line) in lines(text, between) {
            match Mark::of(line) {
                // A comment of one word is a mark only before the first statement.
                Some(Mark::Up(spelling)) if is_first || spelling == Spelling::Tool => self.up = Some(spelling),
                Some(down) if self.ends_way_up(down) => {
                    let next_up = |(_, line): &(usize, &str)| matches!(Mark::of(line), Some(Mark::Up(_)));
                    let next = lines(text, at + line.len()..text.len()).find(next_up);
                    return Some(next.map_or(text.len(), |(at, _)| at));
                }
                _ => {}
            }
        }
        None
    }

    /// The first mark between these places at which a statement without a semicolon may end.
    pub(super) fn next_end(&self, text: &str, within: Range<usize>) -> Option<usize> {
        self.up?;
        let ends = |(_, line): &(usize, &str)| {
            Mark::of(line).is_some_and(|mark| mark == Mark::EndOfStatement || self.ends_way_up(mark))
        };
        lines(text, within).find(ends).map(|(at, _)| at)
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
