//! Splits a SQL script into its statements, so that each is prepared from its own text: SQLite copies all that it is
//! given at every statement, which makes a long script quadratic.

use super::mentions::{Mentions, Reader, Word};

/// A statement and where it starts, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    pub text: &'a str,
    pub start: usize,
    pub mentions: Mentions,
}

/// The statements of a script, without white space and comments before them; each ends with its semicolon or with the
/// script.
///
/// A semicolon ends a statement unless it stands in a literal, a name, a comment or the body of a trigger, which ends at
/// `; END ;` (as [`sqlite3_complete`](https://sqlite.org/c3ref/complete.html) has it).
pub(crate) fn statements(script: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut tokens = Tokens { bytes: script.as_bytes(), at: 0 };
    std::iter::from_fn(move || {
        let mut start = None;
        let mut head = Head::Start;
        // How far the end of a trigger has been seen: its last semicolon, its END.
        let (mut semicolon, mut end) = (false, false);
        let mut reader = Reader::default();
        while let Some((at, token)) = tokens.next() {
            match token {
                Token::Semicolon => {
                    let Some(start) = start else { continue };
                    if head != Head::Trigger || end {
                        return Some(Piece { text: &script[start..tokens.at], start, mentions: reader.mentions() });
                    }
                    (semicolon, end) = (true, false);
                }
                Token::Word(word) => {
                    start.get_or_insert(at);
                    head.push(word);
                    reader.push(Word::Bare(word));
                    (semicolon, end) = (false, semicolon && word.eq_ignore_ascii_case(b"END"));
                }
                Token::Other | Token::Quoted(_) | Token::Open | Token::OpenVariable => {
                    reader.push(match token {
                        Token::Quoted(name) => Word::Quoted(name),
                        Token::Open => Word::Open,
                        Token::OpenVariable => Word::OpenVariable,
                        _ => Word::Other,
                    });
                    start.get_or_insert(at);
                    head.push(b"");
                    (semicolon, end) = (false, false);
                }
            }
        }
        start.map(|start| Piece { text: script[start..].trim_end(), start, mentions: reader.mentions() })
    })
}

/// What the first words of a statement say of it, as `sqlite3_complete` has it.
#[derive(Clone, Copy, PartialEq)]
enum Head {
    Start,
    Explain,
    Create,
    Trigger,
    Other,
}

impl Head {
    fn push(&mut self, word: &[u8]) {
        let is = |names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name.as_bytes()));
        *self = match self {
            Self::Start if is(&["EXPLAIN"]) => Self::Explain,
            Self::Start | Self::Explain if is(&["CREATE"]) => Self::Create,
            // `QUERY PLAN`, or what SQLite will not understand.
            Self::Explain if !is(&["EXPLAIN", "TEMP", "TEMPORARY", "TRIGGER", "END"]) => Self::Explain,
            Self::Create if is(&["TEMP", "TEMPORARY"]) => Self::Create,
            Self::Create if is(&["TRIGGER"]) => Self::Trigger,
            Self::Trigger => Self::Trigger,
            _ => Self::Other,
        };
    }
}

enum Token<'a> {
    Semicolon,
    Word(&'a [u8]),
    /// What stands between quotes: a text, or a name, also that of a function.
    Quoted(&'a [u8]),
    /// What opens the arguments of a function, among others.
    Open,
    /// What opens the name of a variable.
    OpenVariable,
    Other,
}

/// The tokens of SQL, as far as the ends of statements need them; white space and comments are passed over.
struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    fn next(&mut self) -> Option<(usize, Token<'a>)> {
        loop {
            let at = self.at;
            let rest = &self.bytes[at..];
            match *rest.first()? {
                b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' => self.at += 1,
                // SQLite passes over a byte-order mark.
                0xef if rest.starts_with("\u{feff}".as_bytes()) => self.at += "\u{feff}".len(),
                b'-' if rest.get(1) == Some(&b'-') => self.skip_past(b"\n", 2),
                b'/' if rest.get(1) == Some(&b'*') => self.skip_past(b"*/", 2),
                b';' => {
                    self.at += 1;
                    return Some((at, Token::Semicolon));
                }
                // A doubled quote reads as two literals side by side, which ends at the same place.
                quote @ (b'\'' | b'"' | b'`') => {
                    self.skip_past(&[quote], 1);
                    return Some((at, Token::Quoted(self.quoted(at))));
                }
                b'[' => {
                    self.skip_past(b"]", 1);
                    return Some((at, Token::Quoted(self.quoted(at))));
                }
                b'(' => {
                    self.at += 1;
                    let token = if self.is_behind_variable(at) { Token::OpenVariable } else { Token::Open };
                    return Some((at, token));
                }
                byte if is_word(byte) => {
                    let length = rest.iter().take_while(|byte| is_word(**byte)).count();
                    self.at += length;
                    return Some((at, Token::Word(&rest[..length])));
                }
                _ => {
                    self.at += 1;
                    return Some((at, Token::Other));
                }
            }
        }
    }

    /// Whether a variable ends there: `$a`, `@a`, `:a`, `#a`, with `::` inside.
    fn is_behind_variable(&self, end: usize) -> bool {
        let is_part = |byte: &u8| is_word(*byte) || matches!(byte, b'@' | b':' | b'#');
        let name = self.bytes[..end].iter().rposition(|byte| !is_part(byte)).map_or(0, |before| before + 1);
        let name = &self.bytes[name..end];
        name.starts_with(b"$") || name.iter().any(|byte| !is_word(*byte))
    }

    /// What stands between the quote at `start` and the one just passed.
    fn quoted(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start + 1..self.at - 1).unwrap_or_default()
    }

    /// Goes behind the next `end` that starts at least `from` bytes on, or to the end of the script.
    fn skip_past(&mut self, end: &[u8], from: usize) {
        let rest = &self.bytes[(self.at + from).min(self.bytes.len())..];
        let found = match end {
            [byte] => rest.iter().position(|candidate| candidate == byte),
            _ => rest.windows(end.len()).position(|window| window == end),
        };
        self.at = found.map_or(self.bytes.len(), |found| self.at + from + found + end.len());
    }
}

/// Bytes of identifiers and keywords; all bytes beyond ASCII are.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// Asserts what is true of any script: its statements come in order, each is a part of it, each but the last is one that SQLite takes
/// for complete, and between them there is nothing but white space, comments and semicolons.
#[cfg(any(test, fuzzing))]
pub fn assert_split(script: &str) {
    let mut end = 0;
    let mut pieces = statements(script).peekable();
    while let Some(Piece { text, start, .. }) = pieces.next() {
        assert_eq!(script.get(start..start + text.len()), Some(text));
        let between = &script[end..start];
        assert!(statements(between).next().is_none(), "{between:?} is passed over");
        end = start + text.len();
        // To SQLite's C interface a NUL is the end.
        if pieces.peek().is_some() && !text.contains('\0') {
            assert!(crate::sqlite::is_complete(text), "{text:?} is no whole statement");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{assert_split, statements};
    use proptest::prelude::*;

    fn split(script: &str) -> Vec<&str> {
        statements(script).map(|piece| piece.text).collect()
    }

    #[test]
    fn a_semicolon_ends_a_statement_unless_it_is_quoted_or_commented() {
        assert_eq!(split("SELECT 1; SELECT 2"), ["SELECT 1;", "SELECT 2"]);
        assert_eq!(split(" ;; -- a;b\n /* ; */ SELECT 1 ; -- end;"), ["SELECT 1 ;"]);
        assert_eq!(
            split("SELECT 'a;''b;', \";\", `;`, [;]; SELECT 2;"),
            ["SELECT 'a;''b;', \";\", `;`, [;];", "SELECT 2;"]
        );
        assert_eq!(split(""), [""; 0]);
        assert_eq!(split("SELECT 'open; "), ["SELECT 'open;"]);
    }

    #[test]
    fn a_trigger_ends_where_its_body_does() {
        let trigger = "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN \
            SELECT CASE WHEN 1 THEN 2 END; UPDATE a SET b = 1; END;";
        assert_eq!(split(&format!("{trigger} SELECT 1;")), [trigger, "SELECT 1;"]);
        assert_eq!(split("CREATE TABLE trigger_log (a); SELECT 1;").len(), 2);
        assert_eq!(split("EXPLAIN CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END; SELECT 1").len(), 2);
    }

    /// What the fuzzer has found worth keeping.
    #[test]
    fn the_corpus_is_split() {
        let files: Vec<_> = std::fs::read_dir("tests/fuzz/corpus/sql").unwrap().collect();
        assert!(files.len() > 10);
        for file in files {
            if let Ok(script) = std::fs::read_to_string(file.unwrap().path()) {
                assert_split(&script);
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_split_without_a_panic_and_in_order(script in "[;'\"\\[\\]a-zé \n*/-]{0,80}") {
            assert_split(&script);
        }

        #[test]
        fn quoted_statements_come_back_one_by_one(literals in prop::collection::vec("[^\0]{0,12}", 1..8)) {
            let statements: Vec<_> =
                literals.iter().map(|literal| format!("SELECT '{}';", literal.replace('\'', "''"))).collect();
            let script = statements.join(" ");
            prop_assert_eq!(split(&script), statements);
        }
    }
}
