//! The line that a mistake is in, with a mark under what is wrong.

use crate::position::Position;
use std::fmt;

/// A line of a text, or the part of a long line around a place; its number; and the column of the place in this part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Excerpt {
    pub text: String,
    pub line: u32,
    pub column: u32,
}

/// A place with its line; a whole file and a call in code have none.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub position: Position,
    pub excerpt: Option<Excerpt>,
}

impl From<Position> for Place {
    fn from(position: Position) -> Self {
        Self { position, excerpt: None }
    }
}

/// How many characters of a line are shown.
const WIDEST: usize = 100;

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = usize::try_from(self.column).unwrap_or(1).saturating_sub(1);
        let letters: Vec<char> =
            self.text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        let at = at.min(letters.len());
        let from = if letters.len() > WIDEST { at.saturating_sub(WIDEST / 2) } else { 0 };
        let to = letters.len().min(from + WIDEST);
        let more = |is_more: bool| if is_more { "…" } else { "" };
        let shown: String = letters[from..to].iter().collect();
        let before: usize = letters[from..at].iter().map(|letter| width(*letter)).sum();
        let marked = &letters[at..to][..token(&letters[at..to])];
        let marked = marked.iter().map(|letter| width(*letter)).sum::<usize>().max(1);
        let gutter = self.line.to_string();
        let (start, end) = (more(from > 0), more(to < letters.len()));
        writeln!(f, "  {gutter} | {start}{}{end}", shown.trim_end())?;
        let indent = before + usize::from(from > 0);
        write!(f, "  {:1$} | {2:indent$}{3}", "", gutter.len(), "", "^".repeat(marked))
    }
}

/// The length of the token that begins here: a quoted text, or what precedes the next separator.
fn token(letters: &[char]) -> usize {
    match letters.first() {
        Some(quote @ ('"' | '\'' | '`')) => {
            letters[1..].iter().position(|letter| letter == quote).map_or(letters.len(), |end| end + 2)
        }
        Some(first) if first.is_alphanumeric() || "_-+.$!&*".contains(*first) => {
            let ends = |letter: &char| ",;:=()[]{}\"'".contains(*letter) || letter.is_whitespace();
            letters.iter().position(ends).unwrap_or(letters.len()).max(1)
        }
        Some(_) => 1,
        None => 0,
    }
}

/// How many columns of a terminal a character takes: two in East Asian scripts and for emoji, none for combining characters.
fn width(letter: char) -> usize {
    match u32::from(letter) {
        0x0300..=0x036f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f680..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}
