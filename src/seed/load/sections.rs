//! The sections of a migration that hold its way up and its way down; only the way up runs.

use std::ops::Range;

/// The comments that begin the sections of a migration which make and undo it: goose, sql-migrate, dbmate, rambler, node-pg-migrate,
/// and sqlite of npm.
const SECTIONS: [[&str; 2]; 6] = [
    ["+goose up", "+goose down"],
    ["+migrate up", "+migrate down"],
    ["migrate:up", "migrate:down"],
    ["rambler up", "rambler down"],
    ["up migration", "down migration"],
    ["up", "down"],
];

/// The one of tern, which needs none before it.
const DOWN: &str = "---- create above / drop below ----";

/// A section of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Up,
    Down,
}

impl Section {
    /// The section that a line begins: a comment with the mark, and options (`transaction:false`, `notransaction`).
    fn begun_by(line: &str) -> Option<Self> {
        if line.trim_end() == DOWN {
            return Some(Self::Down);
        }
        let comment = line.trim_start().strip_prefix("--")?.to_ascii_lowercase();
        let is_option = |word: &&str| word.contains(':') || *word == "notransaction";
        let words: Vec<&str> = comment.split_ascii_whitespace().collect();
        let options = words.iter().skip(1).rev().take_while(|word| is_option(word)).count();
        let mark = words[..words.len() - options].join(" ");
        SECTIONS.iter().find_map(|[up, down]| match &*mark {
            mark if mark == *up => Some(Self::Up),
            mark if mark == *down => Some(Self::Down),
            _ => None,
        })
    }
}

/// Where the script goes on behind the section that undoes it, if that begins between these places, where no statement is. Only a
/// script that has begun a section before has one.
pub(super) fn behind_way_down(text: &str, between: Range<usize>, has_sections: &mut bool) -> Option<usize> {
    let between_start = between.start;
    let mut at = between_start;
    // What stands behind a statement on its line is no mark.
    let is_at_line = at == 0 || text.as_bytes()[at - 1] == b'\n';
    for (number, line) in text[between].split_inclusive('\n').enumerate() {
        at += line.len();
        match Section::begun_by(line).filter(|_| number > 0 || is_at_line) {
            // A comment of one plain word is a mark only before the first statement.
            Some(Section::Up) => *has_sections |= between_start == 0 || !is_plain(line),
            Some(Section::Down) if *has_sections || line.trim_end() == DOWN => return Some(next_way_up(text, at)),
            _ => {}
        }
    }
    None
}

fn is_plain(line: &str) -> bool {
    line.trim_start_matches([' ', '\t', '-']).trim_end().eq_ignore_ascii_case("up")
}

fn next_way_up(text: &str, mut at: usize) -> usize {
    let lines = text[at..].split_inclusive('\n');
    at += lines.take_while(|line| Section::begun_by(line) != Some(Section::Up)).map(str::len).sum::<usize>();
    at
}
