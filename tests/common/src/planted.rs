//! The tests of the package `tests/planted`, and the places that reports must name.

use crate::package::{Run, planted};

/// A planted test: its binary, and its name.
#[derive(Debug, Clone, Copy)]
pub struct Planted(pub &'static str, pub &'static str);

const LIB: &str = include_str!("../../planted/src/lib.rs");

impl Planted {
    fn source(self) -> &'static str {
        match self.0 {
            "planted" => include_str!("../../planted/tests/planted.rs"),
            "clients" => include_str!("../../planted/tests/clients.rs"),
            "endings" => include_str!("../../planted/tests/endings.rs"),
            "linked" => include_str!("../../planted/tests/linked.rs"),
            other => panic!("no sources of {other}"),
        }
    }

    /// Runs it in a process of its own, under the runner that runs this.
    pub fn run(self, settings: &[(&str, &str)]) -> Run {
        Run::of(&mut planted().test(self.0, self.1, settings))
    }

    /// The file and the line of the leak.
    pub fn place(self) -> (String, usize) {
        let name = self.1.split("::").next().unwrap();
        // Where the test itself does not open what leaks.
        let mark = format!("// leak of {name}");
        for (file, source) in [("src/lib.rs".to_owned(), LIB), (format!("tests/{}.rs", self.0), self.source())] {
            if let Some(line) = source.lines().position(|line| line.ends_with(&mark)) {
                return (file, line + 1);
            }
        }
        let lines: Vec<_> = self.source().lines().collect();
        let start = lines.iter().position(|line| line.contains(&format!("fn {name}("))).unwrap();
        // The mark is in the body, or on the attribute above.
        let above = lines[..start].iter().rposition(|line| line.is_empty()).unwrap();
        let line = lines.iter().enumerate().skip(above).find(|(_, line)| line.ends_with("// leak")).unwrap().0;
        (format!("tests/{}.rs", self.0), line + 1)
    }

    /// Demands that a report names its place and its test.
    pub fn assert_reported(self, run: &Run) {
        let (file, line) = self.place();
        let place = format!("opened at {file}:{line}:");
        assert!(run.text.contains(&place), "{place}\n{}", run.text);
        assert!(run.text.contains(&format!("by test `{}`", self.1)), "{}", run.text);
    }
}
